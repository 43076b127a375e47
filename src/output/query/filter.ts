/**
 * Filters of questions about alerts, and what they ask of the store. A filter is a list of conditions that all hold; the
 * values of one condition are alternatives.
 */
import type { AddressRange } from '../address-bytes.js';
import type { Condition as Asked } from '../store/condition.js';
import type { Database } from '../store/open.js';
import { joined, type Where } from './where.js';
import type { TextTerm } from './words.js';

/** Inclusive. */
export interface Span {
  lo: number;
  hi: number;
}

export type TextField = 'signature' | 'category' | 'host' | 'url' | 'user-agent';

export type Condition =
  /** gid null: any. */
  | { on: 'sid'; list: { gid: number | null; sid: number }[] }
  | { on: 'gid' | 'severity' | 'port' | 'status'; list: Span[] }
  /** 1: blocked. */
  | { on: 'action'; list: (0 | 1)[] }
  /** `src`: the packet's source or the real client; `ip`: either side or the real client. */
  | { on: 'src' | 'dst' | 'ip'; list: AddressRange[] }
  /** Text within the field, in any case (of ASCII letters). */
  | { on: TextField; list: string[] }
  | { on: 'method' | 'tag'; list: string[] }
  /** EVE's flow_id; the alert's own number. */
  | { on: 'flow' | 'id'; list: number[] }
  /** All terms of one of the lists, in message, URL, host, heads or payload. */
  | { on: 'text'; list: TextTerm[][] };

/** What has been done about an alert. `open`: not archived. */
export type TriageState = 'open' | 'archived' | 'escalated' | 'all';
export const triageStates: TriageState[] = ['open', 'archived', 'escalated', 'all'];

export interface AlertFilter {
  /** Run ids; null: all. */
  runs: number[] | null;
  /** Microseconds, inclusive; null: open. */
  sinceUs: number | null;
  untilUs: number | null;
  state: TriageState;
  all: Condition[];
  /** Of these none holds. */
  none: Condition[];
}

export const anyAlert: AlertFilter = { runs: null, sinceUs: null, untilUs: null, state: 'all', all: [], none: [] };

const orOf = (list: readonly Asked[]): Asked => (list.length === 1 ? list[0] : { or: list });

/** Rows of `signature` that pass. The table is small. */
function signatures(db: Database, { sql, values }: Where): Asked {
  const ids = db
    .prepare(`SELECT id FROM signature WHERE ${sql}`)
    .pluck()
    .all(...values) as number[];
  return { field: 'signature', ids };
}

/** `%text%` with LIKE's own characters taken literally (ESCAPE '\\'). */
const like = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

function likes(columns: string[], texts: string[]): Where {
  const each = texts.flatMap((t) => columns.map((c) => ({ sql: `${c} LIKE ? ESCAPE '\\'`, values: [like(t)] })));
  return joined(each, 'OR');
}

function spansOf(column: string, spans: Span[]): Where {
  return joined(
    spans.map((s) => ({ sql: `${column} BETWEEN ? AND ?`, values: [s.lo, s.hi] })),
    'OR',
  );
}

function sids(list: Extract<Condition, { on: 'sid' }>['list']): Where {
  const one = (s: { gid: number | null; sid: number }): Where =>
    s.gid === null ? { sql: 'sid = ?', values: [s.sid] } : { sql: '(sid = ? AND gid = ?)', values: [s.sid, s.gid] };
  return joined(list.map(one), 'OR');
}

function words(terms: TextTerm[]): Asked {
  return { and: terms.map(({ text, prefix }) => ({ field: 'text', text, prefix })) };
}

function askedOf(db: Database, c: Condition): Asked {
  switch (c.on) {
    case 'sid':
      return signatures(db, sids(c.list));
    case 'gid':
    case 'severity':
      return signatures(db, spansOf(c.on, c.list));
    case 'signature':
      return signatures(db, likes(['msg'], c.list));
    case 'category':
      return signatures(db, likes(['category', 'classtype'], c.list));
    case 'port':
    case 'status':
      return { field: c.on, spans: c.list };
    case 'action':
      return orOf(c.list.map((value) => ({ field: 'blocked', value })));
    case 'src':
      return {
        or: [
          { field: 'src', ranges: c.list },
          { field: 'client', ranges: c.list },
        ],
      };
    case 'dst':
    case 'ip':
      return { field: c.on, ranges: c.list };
    case 'host':
      return orOf(c.list.map((has) => ({ field: 'host', has })));
    case 'url':
      return orOf(c.list.map((has) => ({ field: 'url', has })));
    case 'user-agent':
      return orOf(c.list.map((has) => ({ field: 'user_agent', has })));
    case 'method':
      return { field: 'method', words: c.list };
    case 'flow':
    case 'id':
      return { field: c.on, ids: c.list };
    case 'text':
      return orOf(c.list.map(words));
    case 'tag':
      return { field: 'tag', tags: c.list };
  }
}

/** null: no matter. */
function stateOf(db: Database, state: TriageState): Asked | null {
  if (state === 'all') return null;
  if (state !== 'open') return { field: 'mark', is: state };
  // Without archived alerts columns answer alone.
  const some = db.prepare('SELECT 1 FROM triage WHERE archived = 1 LIMIT 1').get();
  return some === undefined ? null : { not: { field: 'mark', is: 'archived' } };
}

/** What the filter asks of the store. */
export function questionOf(db: Database, f: AlertFilter): Asked {
  const all: Asked[] = [];
  if (f.sinceUs !== null || f.untilUs !== null) all.push({ field: 'time', since: f.sinceUs, until: f.untilUs });
  if (f.runs !== null) all.push({ field: 'run', ids: f.runs });
  all.push(...f.all.map((c) => askedOf(db, c)));
  // A field that an alert does not have is not what the filter names.
  all.push(...f.none.map((c) => ({ not: askedOf(db, c) })));
  const state = stateOf(db, f.state);
  if (state !== null) all.push(state);
  return { and: all };
}
