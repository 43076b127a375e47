/** The way of candidates while they are watched: an observer is told of each, a clock times each. */
import type { Packet } from '../decode/packet.js';
import { matchCount } from './matches.js';
import { observer, Watch, watch } from './recorder.js';
import { beginPacketClock, chargeRule, endPacketClock, isSuspended, now } from './rule-clock.js';

/** Runs `inspect`, the whole detection of a packet, under watch. */
export function watchPacket(p: Packet, inspect: () => void): void {
  const timed = (watch & Watch.Clock) !== 0;
  observer?.packet(p);
  if (timed) beginPacketClock(p.tsUs);
  inspect();
  if (timed) endPacketClock();
}

/** Runs `inspect` on the first `n` rules of `list` that are not suspended. */
export function watchRules(list: Int32Array, n: number, inspect: (rule: number) => void): void {
  const timed = (watch & Watch.Clock) !== 0;
  let at = timed ? now() : 0;
  for (let i = 0; i < n; i++) {
    const rule = list[i];
    if (timed && isSuspended(rule)) continue;
    const before = matchCount;
    observer?.begin(rule);
    inspect(rule);
    observer?.end(rule, matchCount !== before);
    if (!timed) continue;
    // The end of one rule is the beginning of the next: one reading of the clock a rule.
    const end = now();
    chargeRule(rule, end - at, matchCount !== before);
    at = end;
  }
}
