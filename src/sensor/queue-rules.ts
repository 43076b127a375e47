/**
 * What the firewall does with packets when nobody answers their queue: `--queue-bypass` of iptables (iptables-extensions(8),
 * NFQUEUE), the flag `bypass` of nftables. A sensor that is to fail open must not rely on a rule that does not.
 */
import { spawnSync } from 'node:child_process';
import type { NfqueueConfig } from '../capture/nfqueue-config.js';
import { PeccaryError } from '../core/errors.js';
import type { Log } from '../core/log.js';

export interface QueueRule {
  tool: string;
  /** As listed. */
  text: string;
  from: number;
  to: number;
  bypass: boolean;
}

const Listings: readonly (readonly [tool: string, ...args: string[]])[] = [
  ['iptables-save'],
  ['ip6tables-save'],
  ['nft', 'list', 'ruleset'],
];

/** Milliseconds that a listing may take, and bytes that it may have. */
const ListingMs = 10_000;
const ListingBytes = 64 << 20;

/** Rules of iptables-save or ip6tables-save that name a queue. */
export function iptablesQueueRules(tool: string, text: string): QueueRule[] {
  return text.split('\n').flatMap((line) => {
    const bare = line.replace(/"[^"]*"/g, '""');
    if (!/^-A .*-j NFQUEUE\b/.test(bare)) return [];
    const m = /--queue-(?:num|balance) (\d+)(?::(\d+))?/.exec(bare);
    const from = Number(m?.[1] ?? 0);
    const bypass = /--queue-bypass\b/.test(bare);
    return [{ tool, text: line, from, to: Number(m?.[2] ?? from), bypass }];
  });
}

/** Rules of `nft list ruleset` that name a queue (nft(8), "QUEUE STATEMENT"). */
export function nftQueueRules(text: string): QueueRule[] {
  return text.split('\n').flatMap((line) => {
    const m = /(?:^|[\s}])queue(?=\s|$)(.*)$/.exec(line.replace(/"[^"]*"/g, '""').replace(/#.*$/, ''));
    if (m === null || /^\s*(?:table|chain|set|map)\s/.test(line)) return [];
    const n = /(?:\bnum|\bto)\s+(\d+)(?:-(\d+))?/.exec(m[1]);
    const from = Number(n?.[1] ?? 0);
    return [{ tool: 'nft', text: line.trim(), from, to: Number(n?.[2] ?? from), bypass: /\bbypass\b/.test(m[1]) }];
  });
}

/** All rules of this network namespace that name a queue; null when no tool could list them. */
export function listQueueRules(): QueueRule[] | null {
  const out: QueueRule[] = [];
  let listed = false;
  for (const [tool, ...args] of Listings) {
    const { status, stdout } = spawnSync(tool, args, { encoding: 'utf8', timeout: ListingMs, maxBuffer: ListingBytes });
    if (status !== 0) continue;
    listed = true;
    out.push(...(tool === 'nft' ? nftQueueRules(stdout) : iptablesQueueRules(tool, stdout)));
  }
  return listed ? out : null;
}

/**
 * Compares the rules of the sensor's queues with what it is configured to do. Throws PeccaryError('config') when it is to
 * fail open and a rule does not; tells what else does not fit.
 */
export function checkQueueRules({ queues, failOpen }: NfqueueConfig, rules: QueueRule[] | null, log: Log): void {
  if (rules === null) {
    const why = 'the rules of the firewall could not be listed (iptables-save, nft)';
    if (failOpen) throw new PeccaryError('config', `nfq.fail-open: ${why}, so nobody knows whether they have a bypass`);
    log('warning', why);
    return;
  }
  const own = rules.filter((rule) => queues.some((queue) => queue >= rule.from && queue <= rule.to));
  const closed = own.find((rule) => !rule.bypass);
  if (failOpen && closed !== undefined) {
    throw new PeccaryError(
      'config',
      `nfq.fail-open: without the sensor nothing would pass: the rule "${closed.text}" (${closed.tool}) has no bypass; ` +
        'add --queue-bypass (nft: flags bypass), or set nfq.fail-open to no',
    );
  }
  const open = own.find((rule) => rule.bypass);
  if (!failOpen && open !== undefined) {
    log(
      'warning',
      `while the sensor is not there, traffic passes: the rule "${open.text}" (${open.tool}) has a bypass`,
    );
  }
  for (const queue of queues) {
    if (rules.some((rule) => queue >= rule.from && queue <= rule.to)) continue;
    log('warning', `no rule of the firewall sends packets to queue ${queue}`);
  }
}
