/** Alerts of the same source shortly before and after an alert. */
import type { Condition } from '../store/condition.js';
import type { Database } from '../store/open.js';
import { countAlertsOf, selectAlerts } from '../store/select.js';
import { type AlertRow, rowById } from './list.js';

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
  const { timeUs, src } = alert;
  const own: Condition = { field: 'src', ranges: [{ lo: src, hi: src }] };
  const c: Condition = { and: [{ field: 'time', since: timeUs - NeighbourUs, until: timeUs + NeighbourUs }, own] };
  const nearest = (newest: boolean): AlertRow[] => {
    const rows: AlertRow[] = [];
    for (const { id } of selectAlerts(db, c, { newest, after: alert })) {
      const row = rowById(db, id);
      if (row !== null && rows.push(row) === Each) break;
    }
    return rows;
  };
  return { before: nearest(true).reverse(), after: nearest(false), count: countAlertsOf(db, c) };
}
