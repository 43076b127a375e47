/** Limits that traffic met between two looks at the counters (limits.ts), as findings of the health log. */
import type { HealthFinding } from './health-finding.js';
import type { Counters } from './health-measures.js';
import type { Setting } from './health-words.js';
import { isToldByHealth, type Limit, limits } from './limits.js';

const told = limits.filter(isToldByHealth);

/** How often each of these limits was met from `before` to `now`; those that were not met have a count of 0. */
export function limitFindings(before: Counters, now: Counters, where: Setting): HealthFinding[] {
  const since = (name: string): number => Math.max(0, (now[name] ?? 0) - (before[name] ?? 0));
  const of = since('decoder.pkts');
  return told
    .filter(({ liveOnly }) => where === 'live' || liveOnly !== true)
    .map((limit) => {
      const count = since(limit.counter);
      return {
        kind: 'limit' as const,
        counter: limit.counter,
        keys: [...limit.keys],
        count,
        of,
        rate: of === 0 ? 0 : Math.min(1, count / of),
        threshold: 0,
        ...wordsOf(limit, count),
      };
    });
}

function wordsOf(
  { what, effect, keys, remedy }: Limit,
  count: number,
): Pick<HealthFinding, 'summary' | 'cause' | 'remedy'> {
  const times = count === 0 ? 'not met any more' : count === 1 ? 'met once' : `met ${count} times`;
  return {
    summary: `limit of ${what}: ${times}`,
    cause: effect,
    remedy: remedy ?? `raise ${keys.join(' or ')}, unless someone floods the network`,
  };
}
