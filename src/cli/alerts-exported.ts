/** Which alerts `alerts export` is about. */
import { exportAlerts, type StoredAlert } from '../output/query/alert.js';
import type { AlertFilter } from '../output/query/filter.js';
import { merged, type Source } from '../output/query/sources.js';
import type { FilterFlags } from './alerts-filters.js';
import { type DatabaseFlags, filtersOf } from './alerts-options.js';

export interface ExportFlags extends DatabaseFlags, FilterFlags {
  format: 'eve' | 'csv' | 'stix' | 'pcapng';
  limit: number;
}

/** An alert and the database it is of. */
export interface Exported {
  source: Source;
  alert: StoredAlert;
}

/** What is exported, the oldest first: archived alerts too, unless --state says otherwise. */
export function* exported(sources: Source[], flags: ExportFlags): Generator<Exported> {
  const limit = flags.limit === 0 ? -1 : flags.limit;
  const lists = filtersOf(sources, flags, 'all').map(({ source, filter }) => ofSource(source, filter, limit));
  let n = 0;
  for (const e of merged(lists, (a, b) => a.alert.record.tsUs - b.alert.record.tsUs)) {
    if (n++ === limit) return;
    yield e;
  }
}

function* ofSource(source: Source, filter: AlertFilter, limit: number): Generator<Exported> {
  for (const alert of exportAlerts(source.db, filter, limit)) yield { source, alert };
}
