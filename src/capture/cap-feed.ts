/**
 * The half of `--capture cap` that runs on the main thread: npm's cap emits events and loads in one thread only, so it
 * cannot be pulled from the pipeline's. Its packets go into a bounded ring that CapSource reads. What it cannot do (no
 * counts of drops, no capture times, the end of the process when an interface goes away) is in RATIONALE.md.
 */
import { createRequire } from 'node:module';
import { PeccaryError } from '../core/errors.js';
import { LinkType } from '../protocol/link-type.js';
import type { LiveInterface } from './live-config.js';
import { type CaptureNote, InterfaceCell, remedy } from './live-source.js';
import { PacketRing, RecordKind } from './packet-ring.js';

const enum FeedLimit {
  /** Bytes of a packet; cap captures no more. */
  SnapLen = 65_535,
  /** Packets after which a waiting worker is woken though more are there. */
  Wake = 64,
  /**
   * Milliseconds that cap may go on emitting packets: as long as the kernel has more it does not return to the event loop,
   * and a sensor that never does hears no signal. The interface is then opened anew.
   */
  BurstMs = 1000,
  /** Milliseconds between attempts to open an interface anew. */
  RetryMs = 500,
}

/** What is used of the package, which has no types. */
interface CapHandle {
  open(device: string, filter: string, bufferSize: number, buffer: Buffer): string;
  close(): boolean;
  on(event: 'packet', listener: (bytes: number, truncated: boolean) => void): void;
}

type CapPackage = { Cap: new () => CapHandle };

/** The package's names of link types. */
const linkTypes: Record<string, number> = {
  NULL: LinkType.Null,
  ETHERNET: LinkType.Ethernet,
  LINKTYPE_LINUX_SLL: LinkType.LinuxSll,
  RAW: LinkType.Raw,
};

/** The optional package. Throws PeccaryError, naming the remedy, where it is not installed. */
export function capPackage(): CapPackage {
  try {
    return createRequire(import.meta.url)('cap') as CapPackage;
  } catch (e) {
    const why = (e as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND' ? '' : ` (${(e as Error).message})`;
    const text = `--capture cap needs the optional package cap${why}: npm install cap, or leave out --capture`;
    throw new PeccaryError('usage', text);
  }
}

export class CapFeed {
  private readonly ring: PacketRing;
  private readonly taps: Tap[];

  /**
   * Opens the interfaces. `shared`: memory of the ring; `cells`: InterfaceCell.Stride of each interface. Throws
   * PeccaryError, naming the remedy, when one cannot be opened.
   */
  constructor(list: readonly LiveInterface[], shared: SharedArrayBuffer, cells: Float64Array, note: CaptureNote) {
    this.ring = new PacketRing(shared);
    const library = capPackage();
    this.taps = list.map((config, i) => new Tap(library, config, i, this.ring, cells, note));
    try {
      for (const tap of this.taps) tap.open();
    } catch (e) {
      this.close();
      throw e;
    }
  }

  close(): void {
    for (const tap of this.taps) tap.close();
  }
}

/** One interface. */
class Tap {
  private handle: CapHandle | null = null;
  private linkType = 0;
  private readonly buffer = Buffer.alloc(FeedLimit.SnapLen);
  /** Packets since the event loop came round, and when the first of them came; 0: none. */
  private burst = 0;
  private burstMs = 0;
  private retry: NodeJS.Immediate | undefined;
  private retryLater: NodeJS.Timeout | undefined;

  constructor(
    private readonly library: CapPackage,
    private readonly config: LiveInterface,
    private readonly index: number,
    private readonly ring: PacketRing,
    private readonly cells: Float64Array,
    private readonly note: CaptureNote,
  ) {}

  open(): void {
    const { name, bpf, ringBytes } = this.config;
    const handle = new this.library.Cap();
    let link: string;
    try {
      link = handle.open(name, bpf ?? '', ringBytes, this.buffer);
    } catch (e) {
      const { message } = e as Error;
      throw new PeccaryError('capture', `${name}: cap: ${message}${remedy(message)}`);
    }
    this.handle = handle;
    const linkType = linkTypes[link];
    if (linkType === undefined) throw new PeccaryError('capture', `${name}: cap does not know its link type: ${link}`);
    this.linkType = linkType;
    this.cells[this.index * InterfaceCell.Stride + InterfaceCell.Up] = 1;
    handle.on('packet', (bytes) => this.take(bytes));
  }

  close(): void {
    clearImmediate(this.retry);
    clearTimeout(this.retryLater);
    this.handle?.close();
    this.handle = null;
  }

  private take(bytes: number): void {
    const { ring } = this;
    if (this.handle === null || ring.consumerClosed) return;
    const nowMs = Date.now();
    const data = this.buffer.subarray(0, bytes);
    if (!ring.push(RecordKind.Packet, data, bytes, this.linkType, this.index, nowMs * 1000)) {
      this.cells[this.index * InterfaceCell.Stride + InterfaceCell.RingFull]++;
    }
    if (this.burst++ === 0) {
      this.burstMs = performance.now();
      setImmediate(() => this.rest());
    }
    if (this.burst % FeedLimit.Wake !== 0) return;
    ring.notify();
    if (performance.now() - this.burstMs > FeedLimit.BurstMs) this.interrupt();
  }

  /** The event loop has come round. */
  private rest(): void {
    this.burst = 0;
    this.ring.notify();
  }

  /** Ends a burst; what the kernel has of it is lost. */
  private interrupt(): void {
    this.close();
    this.cells[this.index * InterfaceCell.Stride + InterfaceCell.Reopened]++;
    this.retry = setImmediate(() => this.reopen());
  }

  private reopen(): void {
    try {
      this.open();
    } catch (e) {
      this.cells[this.index * InterfaceCell.Stride + InterfaceCell.Up] = 0;
      this.note('warning', `${(e as Error).message}; trying again`);
      this.retryLater = setTimeout(() => this.reopen(), FeedLimit.RetryMs);
    }
  }
}
