/**
 * Filters of questions about alerts, as SQL with bound values only. A filter is a list of conditions that all hold; the
 * values of one condition are alternatives.
 *
 * The SQL speaks of `alert a` alone: what other tables hold is asked in subqueries, so that counts and groups can be
 * answered from an index of `alert` without its rows.
 */
import type { AddressRange } from '../address-bytes.js';
import { joined, marks, type Where } from './where.js';
import { type TextTerm, wordsWhere } from './words.js';

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

/** `%text%` with LIKE's own characters taken literally (ESCAPE '\'). */
const like = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

/** A range of one address column; the length keeps IPv4 and IPv6 apart, which share an order. */
function inRange(column: string, r: AddressRange): Where {
  if (r.lo.equals(r.hi)) return { sql: `a.${column} = ?`, values: [r.lo] };
  return { sql: `(a.${column} BETWEEN ? AND ? AND length(a.${column}) = ?)`, values: [r.lo, r.hi, r.lo.length] };
}

const addressColumns = { src: ['src', 'client'], dst: ['dst'], ip: ['src', 'dst', 'client'] };

function spansOf(column: string, spans: Span[]): Where {
  const one = (s: Span): Where =>
    s.lo === s.hi
      ? { sql: `${column} = ?`, values: [s.lo] }
      : { sql: `${column} BETWEEN ? AND ?`, values: [s.lo, s.hi] };
  return joined(spans.map(one), 'OR');
}

function ofSignature(w: Where): Where {
  return { sql: `a.signature_id IN (SELECT id FROM signature WHERE ${w.sql})`, values: w.values };
}

function ofTransaction(w: Where): Where {
  return { sql: `(a.flow_id, a.http_id) IN (SELECT flow_id, id FROM http WHERE ${w.sql})`, values: w.values };
}

function likes(columns: string[], texts: string[]): Where {
  const each = texts.flatMap((t) => columns.map((c) => ({ sql: `${c} LIKE ? ESCAPE '\\'`, values: [like(t)] })));
  return joined(each, 'OR');
}

function texts(field: TextField, list: string[]): Where {
  if (field === 'signature') return ofSignature(likes(['msg'], list));
  if (field === 'category') return ofSignature(likes(['category', 'classtype'], list));
  const { sql, values } = likes(['value'], list);
  const ids = `IN (SELECT id FROM text WHERE ${sql})`;
  if (field === 'user-agent') return ofTransaction({ sql: `user_agent_id ${ids}`, values });
  return { sql: `a.${field}_id ${ids}`, values };
}

function conditionOf(c: Condition): Where {
  switch (c.on) {
    case 'sid': {
      const one = (s: { gid: number | null; sid: number }): Where =>
        s.gid === null ? { sql: 'sid = ?', values: [s.sid] } : { sql: '(sid = ? AND gid = ?)', values: [s.sid, s.gid] };
      return ofSignature(joined(c.list.map(one), 'OR'));
    }
    case 'gid':
    case 'severity':
      return ofSignature(spansOf(c.on, c.list));
    case 'port':
      return joined([spansOf('a.src_port', c.list), spansOf('a.dst_port', c.list)], 'OR');
    case 'status':
      return ofTransaction(spansOf('status', c.list));
    case 'action':
      return { sql: `a.blocked IN (${marks(c.list)})`, values: c.list };
    case 'src':
    case 'dst':
    case 'ip':
      return joined(
        c.list.flatMap((r) => addressColumns[c.on].map((column) => inRange(column, r))),
        'OR',
      );
    case 'method':
      return ofTransaction({ sql: `method COLLATE NOCASE IN (${marks(c.list)})`, values: c.list });
    case 'flow':
      return { sql: `a.flow_id IN (SELECT id FROM flow WHERE flow_id IN (${marks(c.list)}))`, values: c.list };
    case 'text':
      return joined(c.list.map(wordsWhere), 'OR');
    case 'tag':
      return { sql: `a.id IN (SELECT alert_id FROM alert_tag WHERE tag IN (${marks(c.list)}))`, values: c.list };
    case 'id':
      return { sql: `a.id IN (${marks(c.list)})`, values: c.list };
    default:
      return texts(c.on, c.list);
  }
}

const states: Record<TriageState, string | null> = {
  open: 'a.id NOT IN (SELECT alert_id FROM triage WHERE archived = 1)',
  archived: 'a.id IN (SELECT alert_id FROM triage WHERE archived = 1)',
  escalated: 'a.id IN (SELECT alert_id FROM triage WHERE escalated = 1)',
  all: null,
};

/** `runs` of several are looked at row by row: an index by run would have to sort what it finds. */
export function whereOf(f: AlertFilter): Where {
  const all: Where[] = [];
  if (f.runs !== null) {
    const column = f.runs.length === 1 ? 'a.run_id' : '+a.run_id';
    all.push({ sql: `${column} IN (${marks(f.runs)})`, values: f.runs });
  }
  if (f.sinceUs !== null) all.push({ sql: 'a.time_us >= ?', values: [f.sinceUs] });
  if (f.untilUs !== null) all.push({ sql: 'a.time_us <= ?', values: [f.untilUs] });
  all.push(...f.all.map(conditionOf));
  // A field that an alert does not have is not what the filter names.
  for (const w of f.none.map(conditionOf)) all.push({ sql: `NOT coalesce(${w.sql}, 0)`, values: w.values });
  const state = states[f.state];
  if (state !== null) all.push({ sql: state, values: [] });
  return joined(all, 'AND');
}
