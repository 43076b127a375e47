/**
 * Alerts of one source and signature that follow each other within a time, as one. Alerts are walked from the newest to
 * the oldest, so that the first groups are there before all alerts have been read.
 */
import type { Database } from '../store/open.js';
import { selectAlerts } from '../store/select.js';
import { type AlertFilter, questionOf } from './filter.js';

export interface AlertGroup {
  count: number;
  firstUs: number;
  lastUs: number;
  gid: number;
  sid: number;
  signature: string;
  severity: number;
  src: Buffer;
  /** The newest alert, and the database it is in. */
  newestId: number;
  source: number;
  /** How many destinations there are, counted up to DistinctMax, and that of the newest alert. */
  destinations: number;
  dst: Buffer;
}

/** An alert as far as grouping looks at it. */
export interface GroupedAlert {
  id: number;
  timeUs: number;
  src: Buffer;
  dst: Buffer;
  gid: number;
  sid: number;
  signature: string;
  severity: number;
  source: number;
}

/** Destinations told apart in a group. */
export const DistinctMax = 1000;
/** Groups that may still grow; past this the one that grew longest ago is closed. */
const OpenMax = 100_000;

/** Alerts that pass, the newest first. */
export function* walkAlerts(db: Database, f: AlertFilter, source: number): Generator<GroupedAlert> {
  const one = db.prepare('SELECT id, time_us AS timeUs, src, dst, signature_id FROM alert WHERE id = ?');
  const rules = new Map<number, Pick<GroupedAlert, 'gid' | 'sid' | 'signature' | 'severity'>>();
  const rule = db.prepare('SELECT gid, sid, msg AS signature, severity FROM signature WHERE id = ?');
  for (const { id } of selectAlerts(db, questionOf(db, f), { newest: true })) {
    const row = one.get(id) as
      | (Pick<GroupedAlert, 'id' | 'timeUs' | 'src' | 'dst'> & { signature_id: number })
      | undefined;
    if (row === undefined) continue;
    let r = rules.get(row.signature_id);
    if (r === undefined) {
      r = rule.get(row.signature_id) as Pick<GroupedAlert, 'gid' | 'sid' | 'signature' | 'severity'>;
      rules.set(row.signature_id, r);
    }
    const { timeUs, src, dst } = row;
    yield { id, timeUs, src, dst, ...r, source };
  }
}

interface Open {
  group: AlertGroup;
  seen: Set<string>;
}

/** What the alerts of a group have in common. */
function keyOf(a: GroupedAlert): string {
  return `${a.gid}:${a.sid}:${a.src.toString('latin1')}:${a.signature}`;
}

/**
 * The `limit` groups (-1: all) with the newest alerts, of alerts from the newest to the oldest. Alerts of a group are at
 * most `withinUs` from the next.
 */
export function groupAlerts(alerts: Iterable<GroupedAlert>, withinUs: number, limit: number): AlertGroup[] {
  const out: AlertGroup[] = [];
  const open = new Map<string, Open>();
  /** Groups among the first `limit` that may still grow. */
  let growing = 0;
  for (const a of alerts) {
    const key = keyOf(a);
    const known = open.get(key);
    if (known !== undefined && known.group.firstUs - a.timeUs <= withinUs) {
      grow(known, a);
      // The end of the map is what grew last.
      open.delete(key);
      open.set(key, known);
      continue;
    }
    if (known !== undefined) {
      growing--;
      open.delete(key);
    }
    for (const [oldKey, o] of open) {
      if (open.size < OpenMax && o.group.firstUs - a.timeUs <= withinUs) break;
      open.delete(oldKey);
      growing--;
    }
    const full = limit >= 0 && out.length >= limit;
    if (full && growing <= 0) break;
    if (full) continue;
    const group = begin(a);
    out.push(group);
    open.set(key, { group, seen: new Set([a.dst.toString('latin1')]) });
    growing++;
  }
  return out;
}

function begin(a: GroupedAlert): AlertGroup {
  const { id, timeUs, gid, sid, signature, severity, src, dst, source } = a;
  return {
    count: 1,
    firstUs: timeUs,
    lastUs: timeUs,
    gid,
    sid,
    signature,
    severity,
    src,
    dst,
    newestId: id,
    source,
    destinations: 1,
  };
}

function grow(o: Open, a: GroupedAlert): void {
  o.group.count++;
  o.group.firstUs = a.timeUs;
  if (o.seen.size < DistinctMax) o.seen.add(a.dst.toString('latin1'));
  o.group.destinations = o.seen.size;
}
