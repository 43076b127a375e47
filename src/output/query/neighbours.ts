/** Alerts of the same source shortly before and after an alert. */
import type { Database } from '../store/open.js';
import type { AlertRow } from './list.js';
import { rowById } from './list.js';

/** How far they may be, and how many of each side are told. */
export const NeighbourUs = 3600e6;
const Each = 5;

export interface Neighbours {
  /** The oldest first, without the alert itself. */
  before: AlertRow[];
  after: AlertRow[];
  /** Alerts of the source within the time, this one too. */
  count: number;
}

export function neighboursOf(db: Database, alert: { id: number; timeUs: number; src: Buffer }): Neighbours {
  const { id, timeUs, src } = alert;
  const ids = (order: string, compare: string, bound: number): number[] =>
    db
      .prepare(
        `SELECT id FROM alert WHERE src = ? AND (time_us, id) ${compare} (?, ?) AND time_us BETWEEN ? AND ?
         ORDER BY time_us ${order}, id ${order} LIMIT ${Each}`,
      )
      .pluck()
      .all(src, timeUs, id, Math.min(bound, timeUs), Math.max(bound, timeUs)) as number[];
  const rows = (list: number[]): AlertRow[] => list.map((n) => rowById(db, n)).filter((r) => r !== null);
  const count = db
    .prepare('SELECT count(*) FROM alert WHERE src = ? AND time_us BETWEEN ? AND ?')
    .pluck()
    .get(src, timeUs - NeighbourUs, timeUs + NeighbourUs) as number;
  return {
    before: rows(ids('DESC', '<', timeUs - NeighbourUs)).reverse(),
    after: rows(ids('ASC', '>', timeUs + NeighbourUs)),
    count,
  };
}
