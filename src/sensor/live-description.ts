/** What a sensor is to listen on, or to answer, from its options and configuration. */
import type { Batch, PacketSource, SourceStatus } from '../capture/batch.js';
import { capPackage } from '../capture/cap-feed.js';
import { type LiveInterface, liveChecksums, liveInterfaces, liveThreads } from '../capture/live-config.js';
import { type NfqueueConfig, nfqueueConfig, queueName } from '../capture/nfqueue-config.js';
import { PacketRing } from '../capture/packet-ring.js';
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
  /** The ring that npm's cap fills on the main thread (capture/cap-feed.ts); null: libpcap in the worker. */
  capRing: SharedArrayBuffer | null;
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
  /** --capture: by what interfaces are captured. */
  capture: 'libpcap' | 'cap';
}

/** Throws PeccaryError when there is nothing, or both. */
export function describeLive(settings: Settings, { interfaces, queues, bpf, capture }: LiveChoice): LiveDescription {
  if (capture === 'cap') {
    if (queues.length > 0)
      throw new PeccaryError('usage', '--capture cap has no meaning with -q: queues are no interfaces');
    capPackage();
  }
  if (queues.length === 0) {
    const capRing = capture === 'cap' ? new PacketRing().shared : null;
    return { interfaces: liveInterfaces(settings, interfaces, bpf), nfqueue: null, capRing };
  }
  if (interfaces.length > 0) throw new PeccaryError('usage', '-q and -i cannot be combined: start a sensor for each');
  if (bpf !== null) throw new PeccaryError('usage', '--bpf has no meaning with -q: the firewall rule chooses packets');
  return { interfaces: [], nfqueue: nfqueueConfig(settings, queues), capRing: null };
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
  if (live.capRing !== null) {
    if (asked === null || asked === 1) return 1;
    const why = 'the package cap loads in one thread only and cannot divide the traffic';
    throw new PeccaryError('usage', `--capture cap has one worker: ${why}; leave out --workers or --capture`);
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

/** Suricata's name for the way of capturing. */
export function captureModeOf({ nfqueue, capRing }: LiveDescription): string {
  if (nfqueue !== null) return 'NFQ';
  return capRing === null ? 'AF_PACKET_DEV' : 'PCAP_DEV';
}

/** Told once when `--capture cap` starts. */
export const CapNote =
  '--capture cap: what the kernel or an interface drops is not known, and an interface that goes away ends the process ' +
  '(--supervise starts it again)';

/** The counters without those that the capture cannot know: a 0 would say that nothing was dropped. */
export function countedBy({ capRing }: LiveDescription, counters: Record<string, number>): Record<string, number> {
  if (capRing === null) return counters;
  const kernels = ['capture.kernel_packets', 'capture.kernel_drops', 'capture.kernel_ifdrops'];
  return Object.fromEntries(Object.entries(counters).filter(([name]) => !kernels.includes(name)));
}
