/**
 * Content codings (RFC 9110, section 8.4) of a body, undone layer after layer as tolerantly as clients do it: gzip
 * named deflate and the reverse, raw deflate, odd gzip headers, damaged or cut streams. What cannot be decoded at
 * all is passed on as it is.
 *
 * Until a layer has produced its first byte the input is kept (`lead`), so that another reading can start over.
 */
import { closeHandle } from '../addon/handles.js';
import { Compression, InflateStatus, inflate, inflateProgress, openInflate } from '../addon/inflate.js';
import { allocBlock, freeBlock } from '../applayer/pool.js';
import { counter, counts } from '../core/counters.js';
import { dv, ScratchPart, u8 } from '../core/memory.js';

const mem = u8;
const words = dv;
const made = inflateProgress;
const cOpen = counter('http.decoders_open');
const cBombs = counter('http.compression_bombs');

export const enum Coding {
  Gzip = 0,
  Deflate = 1,
  Lzma = 2,
  Brotli = 3,
}

/** Bits of DecoderChain.faults: what went wrong since they were last read. */
export const enum DecodeFault {
  /** A stream was damaged. */
  Damaged = 1,
  /** Out of proportion to the input, or too slow. */
  Bomb = 2,
  LzmaMemory = 4,
}

const enum DecodeLimit {
  Layers = 16,
  /** Readings tried in turn after the first one fails. */
  Retries = 3,
  /** Input kept until the first output. */
  Lead = 4096,
  /** Header of the .lzma format, and what its decoder takes besides the dictionary. */
  LzmaHeader = 13,
  LzmaState = 0x4_0000,
  /** Output room of one layer. */
  Room = 0x8000,
  RoomOff = ScratchPart.HttpOff + 0x4_0000,
  /** Output may be this many times the input, above the bomb limit. */
  BombRatio = 2048,
}

const enum LayerState {
  /** Nothing read yet: which format is not decided. */
  Start = 0,
  Reading = 1,
  /** The stream has ended; the rest is dropped. */
  Ended = 2,
  /** Not decoded: bytes pass as they are. */
  Passing = 3,
}

class Layer {
  coding: Coding = Coding.Gzip;
  state: LayerState = LayerState.Start;
  handle = 0;
  /** Readings tried. */
  tries = 0;
  raw = false;
  produced = false;
  /** Start of the input, kept until something was produced. */
  leadOff = 0;
  leadLen = 0;
  /** Bytes of a gzip header to pass over in this reading. */
  skip = 0;
}

/** Where decoded bytes go. */
export type Sink = (off: number, len: number) => void;

/** Bytes of a gzip header that zlib would not take (RFC 1952, section 2.3), as far as they are known; 0: none. */
function headerLength(off: number, len: number): number {
  if (len < 4 || mem[off] !== 0x1f || mem[off + 1] !== 0x8b || mem[off + 3] === 0) return 0;
  const flags = mem[off + 3];
  let n = 10;
  if (flags & 0x18) {
    while (n < len && mem[off + n] !== 0) n++;
    n++;
  } else if (flags & 0x02) n = 12;
  return n > len ? 0 : n;
}

export class DecoderChain {
  private readonly layers: Layer[] = [];
  private count = 0;
  faults = 0;
  /** Bytes given to the chain and got from it. */
  input = 0;
  output = 0;
  private spentUs = 0;
  private bombLimit = 0;
  private timeLimitUs = 0;
  private lzmaMemlimit = 0;
  private lzmaOn = false;

  /** Makes the chain ready for a body. */
  open(bombLimit: number, timeLimitUs: number, lzmaOn: boolean, lzmaMemlimit: number): void {
    this.bombLimit = bombLimit;
    this.timeLimitUs = timeLimitUs;
    this.lzmaOn = lzmaOn;
    this.lzmaMemlimit = lzmaMemlimit;
    this.count = this.input = this.output = this.spentUs = this.faults = 0;
    counts[cOpen]++;
  }

  get size(): number {
    return this.count;
  }

  /** Adds a layer behind those there are. False at the limit of 16. */
  add(coding: Coding): boolean {
    if (this.count === DecodeLimit.Layers) return false;
    let layer = this.layers[this.count];
    if (layer === undefined) this.layers[this.count] = layer = new Layer();
    this.count++;
    layer.coding = coding;
    layer.state = coding === Coding.Lzma && !this.lzmaOn ? LayerState.Passing : LayerState.Start;
    layer.handle = layer.tries = layer.leadLen = layer.skip = 0;
    layer.raw = coding === Coding.Deflate;
    layer.produced = false;
    return true;
  }

  /** Decodes input and gives the sink what comes out. */
  take(off: number, len: number, sink: Sink): void {
    this.input += len;
    const before = performance.now();
    this.run(0, off, len, sink);
    this.spentUs += (performance.now() - before) * 1000;
    if (this.timeLimitUs !== 0 && this.spentUs > this.timeLimitUs) this.bomb(LayerState.Passing);
  }

  /** The body has ended: input too short to decide about passes as it is. */
  end(sink: Sink): void {
    for (let i = 0; i < this.count; i++) {
      const layer = this.layers[i];
      if (layer.state !== LayerState.Start || layer.leadLen === 0) continue;
      this.start(i, layer, sink, true);
    }
  }

  close(): void {
    for (let i = 0; i < this.count; i++) {
      this.drop(this.layers[i]);
      this.dropLead(this.layers[i]);
    }
    this.count = 0;
    counts[cOpen]--;
    chains.push(this);
  }

  private bomb(state: LayerState): void {
    for (let i = 0; i < this.count; i++) {
      const layer = this.layers[i];
      this.drop(layer);
      this.dropLead(layer);
      layer.state = state;
    }
    this.timeLimitUs = 0;
    this.faults |= DecodeFault.Bomb;
    counts[cBombs]++;
  }

  private drop(layer: Layer): void {
    if (layer.handle > 0) closeHandle(layer.handle);
    layer.handle = 0;
  }
  private dropLead(layer: Layer): void {
    if (layer.leadLen !== 0) freeBlock(layer.leadOff, DecodeLimit.Lead);
    layer.leadLen = 0;
  }

  private keepLead(layer: Layer, off: number, len: number): boolean {
    if (layer.leadLen + len > DecodeLimit.Lead) return false;
    if (layer.leadLen === 0) {
      layer.leadOff = allocBlock(DecodeLimit.Lead);
      if (layer.leadOff === 0) return false;
    }
    mem.copyWithin(layer.leadOff + layer.leadLen, off, off + len);
    layer.leadLen += len;
    return true;
  }

  /** Output of layer `i`. */
  private emit(i: number, off: number, len: number, sink: Sink): void {
    if (len === 0) return;
    if (i + 1 < this.count) {
      this.run(i + 1, off, len, sink);
      return;
    }
    this.output += len;
    sink(off, len);
    if (this.output > this.bombLimit && this.output > DecodeLimit.BombRatio * this.input) this.bomb(LayerState.Ended);
  }

  private run(i: number, off: number, len: number, sink: Sink): void {
    const layer = this.layers[i];
    switch (layer.state) {
      case LayerState.Ended:
        return;
      case LayerState.Passing:
        this.emit(i, off, len, sink);
        return;
      case LayerState.Start:
        if (layer.coding === Coding.Lzma) {
          this.startLzma(i, layer, off, len, sink);
          return;
        }
        // Two bytes tell gzip from zlib.
        if (layer.leadLen + len < 2 && layer.leadLen === 0) {
          this.keepLead(layer, off, len);
          return;
        }
        if (layer.leadLen !== 0) {
          if (!this.keepLead(layer, off, len)) return;
          this.start(i, layer, sink, false);
          return;
        }
        this.openLayer(layer, off, len);
        this.decode(i, layer, off, len, sink);
        return;
      default:
        this.decode(i, layer, off, len, sink);
    }
  }

  /**
   * Collects the header of the .lzma format and lowers the dictionary it asks for to the limit: a stream that never
   * looks back further decodes all the same, any other one fails.
   */
  private startLzma(i: number, layer: Layer, off: number, len: number, sink: Sink): void {
    const n = Math.min(len, DecodeLimit.LzmaHeader - layer.leadLen);
    if (!this.keepLead(layer, off, n)) return;
    if (layer.leadLen < DecodeLimit.LzmaHeader) return;
    if (words.getUint32(layer.leadOff + 1, true) > this.lzmaMemlimit) {
      words.setUint32(layer.leadOff + 1, this.lzmaMemlimit, true);
    }
    this.openLayer(layer, layer.leadOff, layer.leadLen);
    this.read(i, layer, layer.leadOff, layer.leadLen, sink);
    if (len > n) this.run(i, off + n, len - n, sink);
  }

  /** Reads the lead from its beginning. */
  private start(i: number, layer: Layer, sink: Sink, last: boolean): void {
    const off = layer.leadOff;
    const len = layer.leadLen;
    if (last && len < 2) {
      layer.state = LayerState.Passing;
      this.emit(i, off, len, sink);
      return;
    }
    this.openLayer(layer, off, len);
    this.read(i, layer, off, len, sink);
  }

  private openLayer(layer: Layer, off: number, len: number): void {
    this.drop(layer);
    let format = Compression.Deflate;
    let limit = 0;
    if (layer.coding === Coding.Lzma) {
      format = Compression.LzmaAlone;
      limit = this.lzmaMemlimit + DecodeLimit.LzmaState;
    } else if (layer.coding === Coding.Brotli) format = Compression.Brotli;
    else if (!layer.raw) {
      const at = off + layer.skip;
      format = len - layer.skip >= 2 && mem[at] === 0x1f && mem[at + 1] === 0x8b ? Compression.Gzip : Compression.Zlib;
    }
    layer.handle = openInflate(format, limit);
    layer.state = LayerState.Reading;
  }

  /** Input after the format was decided: kept as lead while nothing was produced. */
  private decode(i: number, layer: Layer, off: number, len: number, sink: Sink): void {
    if (!layer.produced && !this.keepLead(layer, off, len)) {
      // So much input and not a byte out of it: no stream does that.
      layer.produced = true;
      this.dropLead(layer);
    }
    this.read(i, layer, off, len, sink);
  }

  private read(i: number, layer: Layer, from: number, count: number, sink: Sink): void {
    const room = DecodeLimit.RoomOff + i * DecodeLimit.Room;
    let off = from;
    let len = count;
    // A whole reading starts behind a gzip header that zlib did not take.
    if (layer.skip !== 0 && off === layer.leadOff) {
      const skip = Math.min(layer.skip, len);
      off += skip;
      len -= skip;
    }
    for (;;) {
      const status =
        layer.handle > 0 ? inflate(layer.handle, off, len, room, DecodeLimit.Room) : InflateStatus.DataError;
      const got = layer.handle > 0 ? made[1] : 0;
      off += layer.handle > 0 ? made[0] : 0;
      len -= layer.handle > 0 ? made[0] : 0;
      if (got !== 0) {
        if (!layer.produced) {
          layer.produced = true;
          this.dropLead(layer);
        }
        this.emit(i, room, got, sink);
        // The chain may have been stopped as a bomb meanwhile.
        if (layer.state !== LayerState.Reading) return;
      }
      if (status === InflateStatus.Ok) return;
      if (status === InflateStatus.OutputFull) continue;
      if (status === InflateStatus.End) {
        layer.state = LayerState.Ended;
        this.drop(layer);
        this.dropLead(layer);
        return;
      }
      this.failed(i, layer, status, sink);
      return;
    }
  }

  private failed(i: number, layer: Layer, status: InflateStatus, sink: Sink): void {
    this.faults |= status === InflateStatus.MemoryLimit ? DecodeFault.LzmaMemory : DecodeFault.Damaged;
    this.drop(layer);
    if (layer.produced) {
      layer.state = LayerState.Ended;
      return;
    }
    const zlib = layer.coding === Coding.Gzip || layer.coding === Coding.Deflate;
    if (zlib && layer.tries < DecodeLimit.Retries) {
      if (layer.tries > 0) layer.raw = !layer.raw;
      layer.tries++;
      layer.skip = headerLength(layer.leadOff, layer.leadLen);
      this.openLayer(layer, layer.leadOff, layer.leadLen);
      this.read(i, layer, layer.leadOff, layer.leadLen, sink);
      return;
    }
    layer.state = LayerState.Passing;
    const off = layer.leadOff;
    const len = layer.leadLen;
    this.emit(i, off, len, sink);
    this.dropLead(layer);
  }
}

const chains: DecoderChain[] = [];

/** A chain without layers. */
export function takeChain(): DecoderChain {
  return chains.pop() ?? new DecoderChain();
}
