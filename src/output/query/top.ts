/** What fired most, or who and what was concerned most often, in one database or several. */
import { type AddressRange, addressText } from '../address-bytes.js';
import type { Condition } from '../store/condition.js';
import type { Database } from '../store/open.js';
import { spanOf } from '../store/select.js';
import { countsOf, hasValue, type TopField, topOf } from '../store/top.js';
import { type AlertFilter, questionOf } from './filter.js';

export type TopBy = 'signature' | 'src' | 'dst' | 'client' | 'host' | 'url' | 'user-agent' | 'category' | 'asn';

/** A row of `alerts top`: the value (an address as bytes) and, by signature, its numbers. */
export interface TopRow {
  count: number;
  value: string | Buffer;
  /** null: not looked up, past the first TimesMost rows. */
  firstUs: number | null;
  lastUs: number | null;
  gid?: number;
  sid?: number;
  severity?: number;
}

/** Rows that get the times of their first and last alert: each is a question of its own. */
const TimesMost = 1000;
/** Rows beyond the last that are compared with it by time. */
const TiesMost = 64;

const fields: Record<Exclude<TopBy, 'asn' | 'signature' | 'category'>, TopField> = {
  src: 'src',
  dst: 'dst',
  client: 'client',
  host: 'host',
  url: 'url',
  'user-agent': 'user_agent',
};

export const topKeys: TopBy[] = ['signature', 'src', 'dst', 'client', 'host', 'url', 'user-agent', 'category', 'asn'];

export interface Asked {
  db: Database;
  filter: AlertFilter;
}

/** One value, where it was counted. */
interface Counted {
  row: Pick<TopRow, 'value' | 'gid' | 'sid' | 'severity'>;
  count: number;
  /** By question. */
  signatures: Map<number, number[]>;
}

interface Question {
  db: Database;
  c: Condition;
}

const questionsOf = (asked: readonly Asked[]): Question[] =>
  asked.map(({ db, filter }) => ({ db, c: questionOf(db, filter) }));

/** The most frequent values among the alerts that pass; `limit` -1: all. */
export function topAlerts(asked: readonly Asked[], by: Exclude<TopBy, 'asn'>, limit: number): TopRow[] {
  const questions = questionsOf(asked);
  if (by === 'signature' || by === 'category') return topRules(questions, by, limit);
  if (questions.length === 1 && limit >= 0 && limit <= TimesMost) {
    return ordered(topOf(questions[0].db, questions[0].c, fields[by], limit) as TopRow[]);
  }
  return topValues(questions, fields[by], limit);
}

function ordered(rows: TopRow[]): TopRow[] {
  return rows.sort((a, b) => b.count - a.count || (b.lastUs ?? 0) - (a.lastUs ?? 0));
}

/** The greatest, with the times of the first of them. */
function greatest<T extends { count: number }>(
  all: Iterable<T>,
  limit: number,
  row: (t: T) => TopRow,
  parts: (t: T) => { db: Database; c: Condition }[],
): TopRow[] {
  const sorted = [...all].sort((a, b) => b.count - a.count);
  let end = limit < 0 ? sorted.length : Math.min(limit, sorted.length);
  // Of those that are as frequent as the last, the latest are told.
  for (let more = 0; end > 0 && more < TiesMost && sorted[end]?.count === sorted[end - 1].count; more++) end++;
  const chosen = sorted.slice(0, end);
  const rows = chosen.map((t, i): TopRow => {
    if (i >= TimesMost) return row(t);
    const found = parts(t)
      .map(({ db, c }) => spanOf(db, c))
      .filter((s) => s !== null);
    const firstUs = found.length === 0 ? null : Math.min(...found.map((s) => s.firstUs));
    const lastUs = found.length === 0 ? null : Math.max(...found.map((s) => s.lastUs));
    return { ...row(t), firstUs, lastUs };
  });
  return limit < 0 ? ordered(rows) : ordered(rows).slice(0, limit);
}

/** Revisions of a rule are one, and so are rules of one category. */
function topRules(questions: readonly Question[], by: 'signature' | 'category', limit: number): TopRow[] {
  const all = new Map<string, Counted>();
  questions.forEach(({ db, c }, q) => {
    const rule = db.prepare('SELECT gid, sid, msg, severity, category FROM signature WHERE id = ?');
    for (const [id, n] of countsOf(db, c, 'signature')) {
      const { gid, sid, msg, severity, category } = rule.get(id) as Record<string, never>;
      const key = by === 'category' ? category : `${gid}:${sid}:${msg}`;
      const row = by === 'category' ? { value: category } : { value: msg, gid, sid, severity };
      const known = all.get(key) ?? { row, count: 0, signatures: new Map() };
      known.count += n;
      known.signatures.set(q, [...(known.signatures.get(q) ?? []), id as number]);
      all.set(key, known);
    }
  });
  return greatest(
    all.values(),
    limit,
    ({ row, count }) => ({ count, ...row, firstUs: null, lastUs: null }),
    ({ signatures }) =>
      Array.from(signatures, ([q, ids]) => {
        const { db, c } = questions[q];
        return { db, c: { and: [{ field: 'signature', ids }, c] } };
      }),
  );
}

function topValues(questions: readonly Question[], field: TopField, limit: number): TopRow[] {
  const all = new Map<string, { value: string | Buffer; count: number }>();
  const address = field === 'src' || field === 'dst' || field === 'client';
  for (const { db, c } of questions) {
    const text = db.prepare('SELECT value FROM text WHERE id = ?').pluck();
    for (const [key, n] of countsOf(db, c, field)) {
      const value = address ? addressOf(key) : ((text.get(key) as string | undefined) ?? '');
      const name = typeof value === 'string' ? value : value.toString('latin1');
      const known = all.get(name);
      if (known === undefined) all.set(name, { value, count: n });
      else known.count += n;
    }
  }
  return greatest(
    all.values(),
    limit,
    (t) => ({ ...t, firstUs: null, lastUs: null }),
    ({ value }) => questions.map(({ db, c }) => ({ db, c: { and: [hasValue(field, value), c] } })),
  );
}

/** The address that countsOf of the store names. */
export function addressOf(key: number | string): Buffer {
  if (typeof key === 'string') return Buffer.from(key, 'hex');
  const v4 = Buffer.alloc(4);
  v4.writeUInt32BE(key, 0);
  return v4;
}

/** The networks with the most alerts as sources; `nameOf` tells the network of an address. */
export function topNetworks(asked: readonly Asked[], nameOf: (address: string) => string, limit: number): TopRow[] {
  const questions = questionsOf(asked);
  const networks = new Map<string, { value: string; count: number; ranges: AddressRange[] }>();
  for (const { db, c } of questions) {
    for (const [key, n] of countsOf(db, c, 'src')) {
      const address = addressOf(key);
      const value = nameOf(addressText(address));
      const network = networks.get(value) ?? { value, count: 0, ranges: [] };
      network.count += n;
      network.ranges.push({ lo: address, hi: address });
      networks.set(value, network);
    }
  }
  return greatest(
    networks.values(),
    limit,
    ({ value, count }) => ({ count, value, firstUs: null, lastUs: null }),
    ({ ranges }) => questions.map(({ db, c }) => ({ db, c: { and: [{ field: 'src', ranges }, c] } })),
  );
}
