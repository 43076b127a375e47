/**
 * Matches of the current packet that count towards a ban (`ban`, `bans.rules`): whatever a threshold or noalert
 * makes of their alerts, but not those that detection_filter lets go by or that are suppressed. Whoever takes them clears
 * them.
 */
import { counter, counts } from '../core/counters.js';
import type { Transaction } from '../http/transaction.js';
import { RuleCol } from '../rules/compile/layout.js';
import type { RuntimeRules } from '../rules/compile/tables.js';

const enum OffenceLimit {
  /** Offences of one packet; more are counted. */
  Packet = 64,
}

const cLost = counter('ban.offences_lost');

/** Offences of the packet. */
export let offenceCount = 0;
/** Number of the policy (RuntimeRules.bans), of the rule, and the transaction of each. */
export const offencePolicy = new Int32Array(OffenceLimit.Packet);
export const offenceRule = new Int32Array(OffenceLimit.Packet);
export const offenceTx: (Transaction | null)[] = new Array(OffenceLimit.Packet).fill(null);

/** Whether any rule leads to a ban. */
export let feedsBans = false;
/** Policies of each rule; null: none. */
let policies: (number[] | null)[] = [];

/** Takes the rules that detection works with. */
export function bindOffences(rules: RuntimeRules): void {
  feedsBans = rules.bans.length > 0;
  policies = [];
  offenceCount = 0;
  if (!feedsBans) return;
  const byId = new Map<string, number[]>();
  rules.bans.forEach((ban, number) => {
    for (const { gid, sid } of ban.rules) {
      const key = `${gid}:${sid}`;
      byId.set(key, [...(byId.get(key) ?? []), number]);
    }
  });
  policies = Array.from({ length: rules.count }, (_, rule) => {
    const at = rule * RuleCol.Stride;
    return byId.get(`${rules.table[at + RuleCol.Gid]}:${rules.table[at + RuleCol.Sid] >>> 0}`) ?? null;
  });
}

export function clearOffences(): void {
  offenceCount = 0;
}

export function noteOffence(rule: number, tx: Transaction | null): void {
  const all = policies[rule];
  if (all === null) return;
  for (let i = 0; i < all.length; i++) {
    if (offenceCount === OffenceLimit.Packet) {
      counts[cLost]++;
      return;
    }
    offencePolicy[offenceCount] = all[i];
    offenceRule[offenceCount] = rule;
    offenceTx[offenceCount++] = tx;
  }
}
