/**
 * Which NFQUEUE queues an inline sensor answers and how: `-q` and the keys of `nfq` in suricata.yaml (Suricata manual,
 * "Setting up IPS with Netfilter", "Suricata.yaml", "NFQ").
 */
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';

const enum NfqueueLimit {
  /** Queues of one sensor. */
  Queues = 64,
  /** Largest number of a queue. */
  Number = 0xffff,
  /** Packets that may wait in the kernel for a verdict, a queue: the default and the most. */
  Length = 4096,
  LengthMax = 1 << 20,
  /** Bytes of the socket's buffer. */
  Buffer = 32 << 20,
  BufferMax = 1 << 30,
  /** Packets that are read and answered together, at most. */
  Batch = 256,
  /** Milliseconds of `nfq.stall-limit`: the default, the least and the most. */
  StallMs = 600,
  StallMin = 100,
  StallMax = 60_000,
  /** Mark of packets that the sensor itself sends, unless `nfq.own-mark` says otherwise. */
  OwnMark = 0x5043_0000,
}

/** What becomes of a packet that may pass. */
export const enum NfqMode {
  /** It goes its way. */
  Accept = 0,
  /** It goes through the chain once more, marked. */
  Repeat = 1,
  /** It goes to another queue. */
  Route = 2,
}

/** Plain data for the thread that opens the queues. */
export interface NfqueueConfig {
  queues: number[];
  mode: NfqMode;
  repeatMark: number;
  repeatMask: number;
  /** Set on packets of flows that are not looked at any more; mask 0: none is. */
  bypassMark: number;
  bypassMask: number;
  routeQueue: number;
  /** What finds no room in the queue, or comes while the sensor stands still or is gone, passes. */
  failOpen: boolean;
  length: number;
  bufferBytes: number;
  batch: number;
  /** Milliseconds that packets may wait while none is answered before a sensor that fails open is ended. */
  stallMs: number;
  /** Packets with this mark are the sensor's own and pass. */
  ownMark: number;
}

/** Numbers of `-q 0`, `-q 0:3` (a range, as --queue-balance has it). Throws PeccaryError('usage'). */
export function queueNumbers(args: readonly string[]): number[] {
  const out = new Set<number>();
  for (const arg of args) {
    const m = /^(\d{1,5})(?::(\d{1,5}))?$/.exec(arg);
    const from = Number(m?.[1]);
    const to = Number(m?.[2] ?? m?.[1]);
    if (m === null || from > to || to > NfqueueLimit.Number) {
      throw new PeccaryError('usage', `-q ${arg}: expected a queue number, or a range such as 0:3`);
    }
    if (to - from >= NfqueueLimit.Queues) tooMany();
    for (let n = from; n <= to; n++) out.add(n);
  }
  if (out.size > NfqueueLimit.Queues) tooMany();
  return [...out];
}

function tooMany(): never {
  throw new PeccaryError('usage', `a sensor answers ${NfqueueLimit.Queues} queues at most`);
}

/** Name of a queue, as EVE's in_iface. */
export function queueName(queue: number): string {
  return `NFQ#${queue}`;
}

/** Reads `nfq`. Throws PeccaryError('config') for a value that cannot be. */
export function nfqueueConfig(settings: Settings, queues: number[]): NfqueueConfig {
  const word = (key: string, fallback: number): number => settings.int(`nfq.${key}`, fallback, 0, 0xffff_ffff);
  const mode = readMode(settings);
  const bypassMark = word('bypass-mark', 0);
  const routeQueue = settings.int('nfq.route-queue', 0, 0, NfqueueLimit.Number);
  if (mode === NfqMode.Route && queues.includes(routeQueue)) {
    throw new PeccaryError('config', `nfq.route-queue: ${routeQueue} is one of the sensor's own queues`);
  }
  return {
    queues,
    mode,
    repeatMark: word('repeat-mark', 1),
    repeatMask: word('repeat-mask', 1),
    bypassMark,
    bypassMask: word('bypass-mask', bypassMark === 0 ? 0 : 0xffff_ffff),
    routeQueue,
    failOpen: settings.bool('nfq.fail-open', false),
    length: settings.int('nfq.queue-length', NfqueueLimit.Length, 1, NfqueueLimit.LengthMax),
    bufferBytes: settings.size('nfq.buffer-size', NfqueueLimit.Buffer, 1 << 16, NfqueueLimit.BufferMax),
    stallMs: settings.int('nfq.stall-limit', NfqueueLimit.StallMs, NfqueueLimit.StallMin, NfqueueLimit.StallMax),
    batch: settings.int('nfq.batchcount', 0, 0, NfqueueLimit.Batch) || NfqueueLimit.Batch,
    ownMark: word('own-mark', NfqueueLimit.OwnMark),
  };
}

function readMode(settings: Settings): NfqMode {
  const text = settings.string('nfq.mode', 'accept').toLowerCase();
  if (text === 'accept') return NfqMode.Accept;
  if (text === 'repeat') return NfqMode.Repeat;
  if (text === 'route') return NfqMode.Route;
  throw new PeccaryError('config', `nfq.mode: expected accept, repeat or route, found "${text}"`);
}
