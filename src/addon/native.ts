/**
 * Loads the native addon on first use and types what it exports. Other folders use the files beside this one,
 * never this one: commands that need nothing native never load it.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PeccaryError } from '../core/errors.js';
import { u8 } from '../core/memory.js';
import { packageRoot } from '../core/package-root.js';

/** What a library says of a pattern, filter or file that it refuses. `index` is -1 where it has no meaning. */
export interface Refusal {
  /** Which pattern (Hyperscan), or where in the pattern (PCRE2). */
  index: number;
  message: string;
}

/** Live native handles of the whole process. */
export interface HandleCounts {
  hsDatabase: number;
  hsStream: number;
  pcre: number;
  decompressor: number;
  pcap: number;
  bpf: number;
  magic: number;
  injector: number;
  nfqueue: number;
  datagram: number;
}

/** Size and shape of a compiled Hyperscan database. */
export interface DatabaseInfo {
  /** Bytes of the database; bytes of one stream's state (0 for block mode). */
  size: number;
  streamSize: number;
  /** Hyperscan's own description: version, features, mode. */
  info: string;
}

/** What Hyperscan knows of one expression; maxWidth -1: unbounded. Flags are 0 or 1. */
export interface ExpressionInfo {
  minWidth: number;
  maxWidth: number;
  unordered: number;
  matchesAtEod: number;
  matchesOnlyAtEod: number;
}

export interface PcreInfo {
  /** Capture groups, without the whole match. */
  captures: number;
  /** No shorter subject can match. */
  minLength: number;
  jit: boolean;
  names: [name: string, group: number][];
}

/** Settings of a live capture; see pcap(3). */
export interface LiveOptions {
  snapLen: number;
  promisc: boolean;
  /** Kernel buffer, bytes; 0 leaves libpcap's default. */
  bufferSize: number;
  /** Packet buffer timeout, milliseconds. */
  timeoutMs: number;
  immediate: boolean;
}

/** Settings of a packet queue. */
export interface NfqOptions {
  /** Bytes of a packet at most (NfqLimit.Copy). */
  copyRange: number;
  /** Packets that may wait for their verdict. */
  queueLen: number;
  /** Bytes of the socket's buffer; 0 leaves the system's default. */
  bufferSize: number;
  /** Segments that the kernel has joined come as one. */
  gso: boolean;
  /** What does not fit into the queue passes. */
  failOpen: boolean;
}

export interface NfqState {
  /** The last error in words, '' none. */
  fault: string;
  /** Verdicts for packets that were gone. */
  refused: number;
}

export interface PcapStats {
  received: number;
  dropped: number;
  ifDropped: number;
}

/** The functions of the .node file as they are; meaning and units stand at the wrappers. */
export interface Native {
  bindMemory(memory: Uint8Array): void;
  closeHandle(handle: number): boolean;
  acquireHandle(handle: number): boolean;
  handleCounts(): HandleCounts;
  versions(): Record<string, string>;

  hsCompile(
    bytes: Uint8Array,
    ends: Uint32Array,
    flags: Uint32Array,
    ids: Uint32Array,
    mode: number,
    literal: number,
  ): number | Refusal;
  hsExpressionInfo(pattern: Uint8Array, flags: number): ExpressionInfo | Refusal;
  hsSerialize(database: number): Buffer;
  hsDeserialize(bytes: Uint8Array): number | Refusal;
  hsDatabaseInfo(database: number): DatabaseInfo;
  hsValidPlatform(): boolean;
  bindScan(jobs: Uint32Array, results: Uint32Array): void;
  scan(jobCount: number, firstJob: number): number;
  hsStreamOpen(database: number): number;
  hsStreamEnd(stream: number, job: number): number;
  hsStreamReset(stream: number): void;

  pcreCheck(pattern: Uint8Array, options: number): Refusal | null;
  pcreCompile(pattern: Uint8Array, options: number, matchLimit: number, depthLimit: number): number | Refusal;
  pcreInfo(handle: number): PcreInfo;
  bindPcre(ovector: Uint32Array): void;
  pcreMatch(handle: number, off: number, len: number, start: number, options: number): number;

  inflateOpen(format: number, memoryLimit: number, propsOff: number): number;
  inflateReset(handle: number): number;
  bindInflate(progress: Uint32Array): void;
  inflate(handle: number, inOff: number, inLen: number, outOff: number, outLen: number): number;

  pcapOpenFile(path: string): number | Refusal;
  pcapOpenLive(device: string, options: LiveOptions): number | Refusal;
  pcapRead(
    handle: number,
    arenaOff: number,
    arenaLen: number,
    waitMs: number,
    off: Uint32Array,
    capLen: Uint32Array,
    wireLen: Uint32Array,
    tsUs: Float64Array,
  ): number;
  pcapError(handle: number): string;
  pcapOffset(handle: number): number;
  pcapLinkType(handle: number): number;
  pcapFileno(handle: number): number;
  pcapStats(handle: number): PcapStats | Refusal;
  pcapFanout(handle: number, group: number, program: Uint32Array): number | Refusal;
  pcapInject(handle: number, off: number, len: number): Refusal | undefined;
  pcapSetFilter(handle: number, filter: string): Refusal | undefined;

  bpfCompile(filter: string, linkType: number, snapLen: number): number | Refusal;
  bpfMatch(handle: number, off: number, len: number, wireLen: number): boolean;

  rawOpen(mark: number, device: string): number | Refusal;
  rawSend(handle: number, off: number, len: number, ipVersion: number, addressOff: number): number;
  linkOpen(device: string): number | Refusal;
  linkSend(handle: number, off: number, len: number): number;
  linkAddress(handle: number, off: number): void;

  nfqOpen(queues: Uint32Array, options: NfqOptions): number | Refusal;
  nfqRead(
    handle: number,
    arenaOff: number,
    arenaLen: number,
    waitMs: number,
    off: Uint32Array,
    capLen: Uint32Array,
    wireLen: Uint32Array,
    tsUs: Float64Array,
    meta: Uint32Array,
  ): number;
  nfqVerdict(handle: number, rows: Uint32Array, count: number): boolean;
  nfqState(handle: number): NfqState;

  datagramOpen(path: string, sendBuffer: number): number | Refusal;
  datagramSend(handle: number, bytes: Uint8Array): number;

  keepCapabilities(set: number): Refusal | undefined;
  limitCapabilities(set: number, ambient: number): Refusal | undefined;

  magicOpen(path: string): number | Refusal;
  magicOf(handle: number, off: number, len: number): string | null;
}

let loaded: Native | undefined;

/** PECCARY_ADDON, or build/Release/peccary.node of the package. */
function addonPath(): string {
  const chosen = process.env.PECCARY_ADDON;
  if (chosen !== undefined && chosen !== '') return chosen;
  return join(packageRoot(), 'build', 'Release', 'peccary.node');
}

/**
 * The addon, loaded and bound to the memory of src/core/memory.ts on the first call in this thread.
 * Throws PeccaryError when it is not built or does not load.
 */
export function native(): Native {
  if (loaded !== undefined) return loaded;
  const path = addonPath();
  if (!existsSync(path)) throw new PeccaryError('runtime', `${path} is missing: run "npm run build" to make it`);
  try {
    loaded = createRequire(import.meta.url)(path) as Native;
  } catch (e) {
    const why = e instanceof Error ? e.message : String(e);
    throw new PeccaryError('runtime', `${path} does not load (${why}): run "npm run build" to make it anew`);
  }
  loaded.bindMemory(u8);
  return loaded;
}

/** Whether a compiling call was refused. */
export function isRefusal(x: unknown): x is Refusal {
  return typeof x === 'object' && x !== null && 'message' in x;
}
