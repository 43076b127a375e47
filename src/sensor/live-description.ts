/** What a sensor is to listen on, or to answer, from its options and configuration. */
import type { Batch, PacketSource, SourceStatus } from '../capture/batch.js';
import { type LiveInterface, liveChecksums, liveInterfaces, liveThreads } from '../capture/live-config.js';
import { type NfqueueConfig, nfqueueConfig, queueName } from '../capture/nfqueue-config.js';
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';
import type { ChecksumMode } from './checksums.js';
import type { LoadedConfig } from './config.js';
import { SharingLimit } from './sharing.js';

/** Plain data for the thread that opens it: either interfaces or queues. */
export interface LiveDescription {
  interfaces: LiveInterface[];
  /** Packet queues to answer instead: the sensor is inline. */
  nfqueue: NfqueueConfig | null;
}

/** Where a live worker's packets come from. */
export interface LiveInput extends PacketSource {
  next(batch: Batch, waitMs?: number): SourceStatus;
  /** Asks the kernel for its counts. */
  count(): void;
  /** Called once for each batch, when its packets have been processed: those that wait for a verdict get theirs. */
  settle(batch: Batch): void;
  /** Takes the handle of an interface that is back, which another thread has opened. */
  take?(index: number, handle: number): void;
}

/** Options that name it. */
export interface LiveChoice {
  /** -i; none: those of the configuration. */
  interfaces: string[];
  /** -q: numbers of NFQUEUE queues. */
  queues: number[];
  /** --bpf or null. */
  bpf: string | null;
}

/** Throws PeccaryError when there is nothing, or both. */
export function describeLive(settings: Settings, { interfaces, queues, bpf }: LiveChoice): LiveDescription {
  if (queues.length === 0) return { interfaces: liveInterfaces(settings, interfaces, bpf), nfqueue: null };
  if (interfaces.length > 0) throw new PeccaryError('usage', '-q and -i cannot be combined: start a sensor for each');
  if (bpf !== null) throw new PeccaryError('usage', '--bpf has no meaning with -q: the firewall rule chooses packets');
  return { interfaces: [], nfqueue: nfqueueConfig(settings, queues) };
}

/**
 * How many workers divide the traffic: `asked` (--workers), or as many as the configuration says (`threads`). Throws
 * PeccaryError for more than there may be, or queues.
 */
export function liveWorkers(settings: Settings, asked: number | null, live: LiveDescription): number {
  if (live.nfqueue !== null) {
    if (asked !== null && asked > 1)
      throw new PeccaryError('usage', '-q has one worker: start a sensor for each queue');
    return 1;
  }
  const names = live.interfaces.map((i) => i.name);
  const workers = asked ?? Math.min(liveThreads(settings, names), SharingLimit.Workers);
  if (workers <= SharingLimit.Workers) return workers;
  throw new PeccaryError('usage', `a sensor has ${SharingLimit.Workers} workers at most`);
}

/** Names of the interfaces or queues, as events and counts have them. */
export function liveNames({ interfaces, nfqueue }: LiveDescription): string[] {
  return nfqueue === null ? interfaces.map((i) => i.name) : nfqueue.queues.map(queueName);
}

/** Which checksums are verified when -k does not say: those of a queue that the kernel does not vouch for. */
export function defaultChecksums(settings: Settings, live: LiveDescription): ChecksumMode {
  return live.nfqueue === null ? liveChecksums(settings, live.interfaces[0]?.name ?? 'default') : 'all';
}

/** The configuration with what failing open means for exception policies that nobody has set: nothing is dropped. */
export function failingOpen(config: LoadedConfig, settings: Settings, live: LiveDescription): LoadedConfig {
  const { tree } = config;
  const chosen = settings.string('exception-policy', 'auto').toLowerCase() !== 'auto';
  if (live.nfqueue?.failOpen !== true || chosen || tree === null || typeof tree !== 'object') return config;
  return { ...config, tree: { ...tree, 'exception-policy': 'ignore' } };
}
