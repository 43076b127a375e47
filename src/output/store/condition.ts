/** What can be asked of alerts: the leaves are answered by columns and, for alerts that no column has yet, by SQL. */
import type { AddressRange } from '../address-bytes.js';

export type Mark = 'archived' | 'escalated' | 'commented';

export type Condition =
  /** Rows of `signature` and `run`. */
  | { field: 'signature' | 'run'; ids: readonly number[] }
  /** `ip`: source, destination or the real client; `actor`: the real client, else the flow's client, else the source. */
  | { field: 'src' | 'dst' | 'client' | 'actor' | 'ip'; ranges: readonly AddressRange[] }
  /** Inclusive. `port`: of either side. */
  | { field: 'src_port' | 'dst_port' | 'port' | 'status'; spans: readonly { lo: number; hi: number }[] }
  /** Whole words; of `method` in any case. */
  | { field: 'method' | 'proto'; words: readonly string[] }
  /** Text within, ASCII letters in any case; `exact`: the whole text as it is. */
  | { field: 'host' | 'url' | 'user_agent' | 'referer'; has: string; exact?: boolean }
  | { field: 'blocked'; value: 0 | 1 }
  /** EVE's flow_id. */
  | { field: 'flow'; ids: readonly number[] }
  /** Microseconds, inclusive; null: open. */
  | { field: 'time'; since: number | null; until: number | null }
  | { field: 'id'; ids: readonly number[] }
  /** What people did: a mark that an alert has, and any of these tags. */
  | { field: 'mark'; is: Mark }
  | { field: 'tag'; tags: readonly string[] }
  /** Words in message, host, URL, user agent, referer, payload, heads or bodies (fulltext.ts). */
  | { field: 'text'; text: string; prefix: boolean }
  | { and: readonly Condition[] }
  | { or: readonly Condition[] }
  | { not: Condition };

export type Leaf = Extract<Condition, { field: string }>;

/** Every alert. */
export const anything: Condition = { and: [] };
