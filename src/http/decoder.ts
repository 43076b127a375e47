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
import { Coding, headerLength, Layer, LayerState } from './decoder-layer.js';

const mem = u8;
const words = dv;
const made = inflateProgress;
const cOpen = counter('http.decoders_open');
const cBombs = counter('http.compression_bombs');
const cBytes = counter('http.decoder_bytes');
const cMemory = counter('http.decoder_memory_limit');

/** Bits of DecoderChain.faults: what went wrong since they were last read. */
export const enum DecodeFault {
  /** A stream was damaged. */
  Damaged = 1,
  /** Out of proportion to the input, or too much work. */
  Bomb = 2,
  LzmaMemory = 4,
  /** Bytes were left as they are, or left out behind the end of a stream. */
  NotDecoded = 8,
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

/**
 * `decompression-time-limit` is held by counting work, not time, so that results do not depend on the machine: about
 * what zlib does in a microsecond, what LZMA costs more, and what a call and a new stream cost besides.
 */
const enum DecodeWork {
  PerUs = 320,
  Lzma = 8,
  Call = 64,
  Open = 4096,
}

/** Where decoded bytes go. */
export type Sink = (off: number, len: number) => void;

export class DecoderChain {
  private readonly layers: Layer[] = [];
  private count = 0;
  faults = 0;
  /** Bytes given to the chain and got from it. */
  input = 0;
  output = 0;
  /** Work done and allowed (0: any), in bytes taken and given by all layers. */
  private work = 0;
  private workLimit = 0;
  private bombLimit = 0;
  private lzmaMemlimit = 0;
  private lzmaOn = false;

  /** Makes the chain ready for a body. */
  open(bombLimit: number, timeLimitUs: number, lzmaOn: boolean, lzmaMemlimit: number): void {
    this.bombLimit = bombLimit;
    this.workLimit = timeLimitUs * DecodeWork.PerUs;
    this.lzmaOn = lzmaOn;
    this.lzmaMemlimit = lzmaMemlimit;
    this.count = this.input = this.output = this.work = this.faults = 0;
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
    layer.produced = layer.gzip = layer.lowered = false;
    if (layer.state === LayerState.Passing) this.faults |= DecodeFault.NotDecoded;
    return true;
  }

  /** Decodes input and gives the sink what comes out. */
  take(off: number, len: number, sink: Sink): void {
    this.input += len;
    this.run(0, off, len, sink);
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
    this.workLimit = 0;
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
        this.faults |= DecodeFault.NotDecoded;
        return;
      case LayerState.Between:
        this.between(i, layer, off, len, sink);
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
      layer.lowered = true;
    }
    this.openLayer(layer, layer.leadOff, layer.leadLen);
    this.read(i, layer, layer.leadOff, layer.leadLen, sink);
    if (len > n) this.run(i, off + n, len - n, sink);
  }

  /** Bytes behind a member of gzip: opens another member, unless they are none (false). They are not taken yet. */
  private nextMember(layer: Layer, off: number, len: number): boolean {
    if (len < 2 || mem[off] !== 0x1f || mem[off + 1] !== 0x8b) {
      layer.state = LayerState.Ended;
      this.faults |= DecodeFault.NotDecoded;
      return false;
    }
    layer.skip = 0;
    this.openLayer(layer, off, len);
    return true;
  }

  /** The bytes of a piece behind a member; one byte alone does not tell what they are. */
  private between(i: number, layer: Layer, off: number, len: number, sink: Sink): void {
    if (layer.leadLen === 0 && len >= 2) {
      if (this.nextMember(layer, off, len)) this.read(i, layer, off, len, sink);
      return;
    }
    const n = Math.min(len, 2 - layer.leadLen);
    if (!this.keepLead(layer, off, n) || layer.leadLen < 2) return;
    if (this.nextMember(layer, layer.leadOff, 2)) {
      this.read(i, layer, layer.leadOff, 2, sink);
      this.dropLead(layer);
      if (len > n) this.run(i, off + n, len - n, sink);
    } else this.dropLead(layer);
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
    this.work += DecodeWork.Open;
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
    layer.gzip = format === Compression.Gzip;
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
      const took = layer.handle > 0 ? made[0] : 0;
      off += took;
      len -= took;
      if (got !== 0) {
        if (!layer.produced) {
          layer.produced = true;
          this.dropLead(layer);
        }
        this.emit(i, room, got, sink);
        // The chain may have been stopped as a bomb meanwhile.
        if (layer.state !== LayerState.Reading) return;
      }
      if (this.tooMuch(layer, took + got)) return;
      if (status === InflateStatus.Ok) return;
      if (status === InflateStatus.OutputFull) continue;
      if (status === InflateStatus.End) {
        layer.state = layer.gzip ? LayerState.Between : LayerState.Ended;
        this.drop(layer);
        this.dropLead(layer);
        layer.produced = true;
        if (len === 0) return;
        if (layer.state === LayerState.Ended) this.faults |= DecodeFault.NotDecoded;
        // One byte alone waits for the next piece.
        else if (len === 1) this.keepLead(layer, off, 1);
        else if (this.nextMember(layer, off, len)) continue;
        return;
      }
      this.failed(i, layer, status, sink);
      return;
    }
  }

  /** Counts the bytes that a call of a layer took and gave; stops the chain when they are more than they may be. */
  private tooMuch(layer: Layer, bytes: number): boolean {
    counts[cBytes] += bytes;
    const slow = layer.coding === Coding.Lzma ? DecodeWork.Lzma : 1;
    this.work += bytes * slow + DecodeWork.Call;
    if (this.workLimit === 0 || this.work <= this.workLimit) return false;
    this.bomb(LayerState.Passing);
    return true;
  }

  private failed(i: number, layer: Layer, status: InflateStatus, sink: Sink): void {
    // A stream that looks back further than the lowered dictionary goes is damaged for its decoder.
    if (status === InflateStatus.MemoryLimit || layer.lowered) {
      counts[cMemory]++;
      this.faults |= DecodeFault.LzmaMemory;
    } else this.faults |= DecodeFault.Damaged;
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
