/** How many stored alerts an entry of threshold.config would have hidden. */
import type { Condition } from '../store/condition.js';
import type { Database } from '../store/open.js';
import { countAlertsOf, selectAlerts } from '../store/select.js';

/** Alerts of one signature from a time on, in runs (null: all). */
export interface Asked {
  gid: number;
  sid: number;
  sinceUs: number;
  runs: number[] | null;
}

export type ThresholdType = 'limit' | 'threshold' | 'both';
export const thresholdTypes: ThresholdType[] = ['limit', 'threshold', 'both'];
export type ThresholdTrack = 'src' | 'dst' | 'both' | 'rule' | 'flow';
export const thresholdTracks: ThresholdTrack[] = ['src', 'dst', 'both', 'rule', 'flow'];

export interface ThresholdEntry {
  type: ThresholdType;
  track: ThresholdTrack;
  count: number;
  seconds: number;
}

export interface Hidden {
  /** Alerts of the signature in the time. */
  alerts: number;
  hidden: number;
}

/** Keys counted at once; past this the counts of all are forgotten. */
const KeysMax = 500_000;

function question(db: Database, a: Asked): Condition {
  const ids = db.prepare('SELECT id FROM signature WHERE gid = ? AND sid = ?').pluck().all(a.gid, a.sid) as number[];
  const all: Condition[] = [
    { field: 'time', since: a.sinceUs, until: null },
    { field: 'signature', ids },
  ];
  if (a.runs !== null) all.push({ field: 'run', ids: a.runs });
  return { and: all };
}

/** By a suppression of all alerts of the signature, or of those from or to one address. */
export function hiddenBySuppression(db: Database, asked: Asked, by: 'src' | 'dst' | null, address: Buffer): Hidden {
  const c = question(db, asked);
  const alerts = countAlertsOf(db, c);
  if (by === null) return { alerts, hidden: alerts };
  const ranges = [{ lo: address, hi: address }];
  return { alerts, hidden: countAlertsOf(db, { and: [c, { field: by, ranges }] }) };
}

interface Counted {
  startUs: number;
  n: number;
}

/** Whether one more alert is hidden; as Suricata counts. */
function isHidden(c: Counted, t: ThresholdEntry, nowUs: number): boolean {
  const over = nowUs > c.startUs + t.seconds * 1e6;
  if (over) {
    c.startUs = nowUs;
    c.n = 0;
  }
  c.n++;
  if (t.type === 'limit') return c.n > t.count;
  if (c.n !== t.count) return true;
  if (t.type === 'threshold') c.n = 0;
  return false;
}

/** By an event_filter. */
export function hiddenByThreshold(db: Database, asked: Asked, t: ThresholdEntry): Hidden {
  const one = db.prepare('SELECT src, dst, flow_id AS flow FROM alert WHERE id = ?');
  const keys: Record<ThresholdTrack, (r: { src: Buffer; dst: Buffer; flow: number | null }) => string | null> = {
    src: (r) => r.src.toString('latin1'),
    dst: (r) => r.dst.toString('latin1'),
    both: (r) =>
      [r.src, r.dst]
        .sort(Buffer.compare)
        .map((b) => b.toString('latin1'))
        .join(' '),
    rule: () => '',
    flow: (r) => (r.flow === null ? null : String(r.flow)),
  };
  const counted = new Map<string, Counted>();
  const out: Hidden = { alerts: 0, hidden: 0 };
  for (const { id, timeUs } of selectAlerts(db, question(db, asked), { newest: false })) {
    const row = one.get(id) as { src: Buffer; dst: Buffer; flow: number | null } | undefined;
    if (row === undefined) continue;
    out.alerts++;
    const key = keys[t.track](row);
    if (key === null) continue;
    let c = counted.get(key);
    if (c === undefined) {
      if (counted.size >= KeysMax) counted.clear();
      c = { startUs: timeUs, n: 0 };
      counted.set(key, c);
    }
    if (isHidden(c, t, timeUs)) out.hidden++;
  }
  return out;
}
