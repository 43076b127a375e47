/** EVE's stats event (Suricata user guide 7.0, "Event type: Stats"): counters nested by the parts of their names. */
import type { StatsRecord } from '../records.js';
import { timestamp } from './json.js';
import { statsNames } from './stats-names.js';

interface Nested {
  [key: string]: number | Nested;
}

/** Counters as a tree; names that Suricata does not have are left out. */
function statsTree(counters: Record<string, number>): Nested {
  const root: Nested = {};
  for (const [name, value] of Object.entries(counters)) {
    if (!statsNames.has(name)) continue;
    const parts = name.split('.');
    let node = root;
    for (let i = 0; i < parts.length - 1; i++) {
      const below = node[parts[i]];
      if (typeof below === 'object') node = below;
      else node = node[parts[i]] = {};
    }
    node[parts[parts.length - 1]] = Math.trunc(value);
  }
  return root;
}

export function statsEvent(r: StatsRecord): string {
  const stats = { uptime: Math.trunc(r.uptimeS), ...statsTree(r.counters) };
  return `{"timestamp":"${timestamp(r.tsUs)}","event_type":"stats","stats":${JSON.stringify(stats)}}\n`;
}
