/**
 * pcapng files (draft-ietf-opsawg-pcapng): sections of blocks, each `type, total length, body, total length`.
 * Reads Section Header, Interface Description, Enhanced, Simple and obsolete Packet Blocks; passes over all others.
 */
import { dv } from '../core/memory.js';
import { type Batch, BatchLimit } from './batch.js';
import { type CaptureFormat, FormatStatus } from './format.js';
import { InterfaceTable } from './pcapng-interfaces.js';
import { type Window, WindowLimit } from './window.js';

const view = dv;

const enum Block {
  SectionHeader = 0x0a0d0d0a,
  InterfaceDescription = 1,
  /** Obsolete Packet Block (draft appendix). */
  ObsoletePacket = 2,
  SimplePacket = 3,
  EnhancedPacket = 6,
  /** Type and total length; total length again at the end. */
  HeadLen = 8,
  TailLen = 4,
  MinLen = 12,
}

const enum ByteOrder {
  Off = 8,
  Magic = 0x1a2b3c4d,
  Swapped = 0x4d3c2b1a,
  MinLen = 28,
}

const enum Epb {
  Interface = 8,
  TimeHigh = 12,
  TimeLow = 16,
  CapLen = 20,
  WireLen = 24,
  Data = 28,
}

const enum Spb {
  WireLen = 8,
  Data = 12,
}

/** The only major version there is. */
const Version = 1;

export class PcapngFormat implements CaptureFormat {
  message = '';
  recordOff = -1;
  private little = false;
  private readonly interfaces = new InterfaceTable();
  /** Bytes of a long block of no interest still to pass over, before its tail; -1 when in none. */
  private skipLeft = -1;
  private skipTotal = 0;
  /** Time of the last packet: a Simple Packet Block has none of its own. */
  private lastUs = 0;

  fill(window: Window, batch: Batch): FormatStatus {
    while (batch.count < BatchLimit.Packets) {
      const status = this.skipLeft >= 0 ? this.skip(window) : this.block(window, batch);
      if (status !== FormatStatus.BatchFull) return status;
    }
    return FormatStatus.BatchFull;
  }

  /** Reads one block; BatchFull means "done, go on". */
  private block(window: Window, batch: Batch): FormatStatus {
    const pos = window.pos;
    const have = window.end - pos;
    if (have < Block.HeadLen) return FormatStatus.NeedMore;
    const type = view.getUint32(pos, this.little);
    if (type === Block.SectionHeader) {
      if (have < Block.MinLen) return FormatStatus.NeedMore;
      if (!this.byteOrder(pos)) return this.fault('the section header has no byte-order magic');
    }
    const total = view.getUint32(pos + 4, this.little);
    if (total < Block.MinLen || (total & 3) !== 0) return this.fault(`a block length of ${total} is impossible`);
    if (!isRead(type) && total > have) {
      // May be of any length: passed over in pieces.
      this.skipTotal = total;
      this.skipLeft = total - Block.TailLen;
      this.recordOff = window.fileOff(pos);
      return this.skip(window);
    }
    if (total > WindowLimit.Record) return this.fault(`a block of ${total} bytes is longer than ${WindowLimit.Record}`);
    if (total > have) return FormatStatus.NeedMore;
    if (view.getUint32(pos + total - Block.TailLen, this.little) !== total) {
      return this.fault('the two lengths of a block differ');
    }
    let status = FormatStatus.BatchFull;
    if (type === Block.EnhancedPacket) status = this.enhanced(pos, total, batch);
    else if (type === Block.InterfaceDescription) status = this.interface(pos, total);
    else if (type === Block.SectionHeader) status = this.section(pos, total);
    else if (type === Block.SimplePacket) status = this.simple(pos, total, batch);
    else if (type === Block.ObsoletePacket) status = this.obsolete(pos, total, batch);
    if (status === FormatStatus.BatchFull) window.pos = pos + total;
    return status;
  }

  private skip(window: Window): FormatStatus {
    const have = window.end - window.pos;
    const n = Math.min(have, this.skipLeft);
    window.pos += n;
    this.skipLeft -= n;
    if (this.skipLeft > 0 || window.end - window.pos < Block.TailLen) return FormatStatus.NeedMore;
    if (view.getUint32(window.pos, this.little) !== this.skipTotal)
      return this.fault('the two lengths of a block differ');
    window.pos += Block.TailLen;
    this.skipLeft = -1;
    this.recordOff = -1;
    return FormatStatus.BatchFull;
  }

  private byteOrder(pos: number): boolean {
    const magic = view.getUint32(pos + ByteOrder.Off);
    this.little = magic === ByteOrder.Swapped;
    return this.little || magic === ByteOrder.Magic;
  }

  private section(pos: number, total: number): FormatStatus {
    if (total < ByteOrder.MinLen) return this.fault(`a section header of ${total} bytes is too short`);
    const major = view.getUint16(pos + 12, this.little);
    if (major !== Version) return this.fault(`pcapng version ${major} is unknown (${Version} is the only one)`);
    this.interfaces.clear();
    return FormatStatus.BatchFull;
  }

  private interface(pos: number, total: number): FormatStatus {
    const message = this.interfaces.add(pos, total, this.little);
    return message === '' ? FormatStatus.BatchFull : this.fault(message);
  }

  private enhanced(pos: number, total: number, batch: Batch): FormatStatus {
    if (total < Epb.Data + Block.TailLen) return this.fault('an Enhanced Packet Block is too short');
    return this.packet(batch, pos, total, view.getUint32(pos + Epb.Interface, this.little));
  }

  private obsolete(pos: number, total: number, batch: Batch): FormatStatus {
    // The same places as in an Enhanced Packet Block, but for 16 bits of interface and 16 of drops.
    if (total < Epb.Data + Block.TailLen) return this.fault('a Packet Block is too short');
    return this.packet(batch, pos, total, view.getUint16(pos + Epb.Interface, this.little));
  }

  private packet(batch: Batch, pos: number, total: number, iface: number): FormatStatus {
    const little = this.little;
    if (iface >= this.interfaces.count) return this.fault(`a packet names interface ${iface}, which is not described`);
    const len = view.getUint32(pos + Epb.CapLen, little);
    if (len > total - Epb.Data - Block.TailLen) return this.fault(`a packet of ${len} bytes in a block of ${total}`);
    const us = this.interfaces.timeUs(
      iface,
      view.getUint32(pos + Epb.TimeHigh, little),
      view.getUint32(pos + Epb.TimeLow, little),
    );
    this.lastUs = us;
    return this.emit(batch, pos + Epb.Data, len, view.getUint32(pos + Epb.WireLen, little), us, iface);
  }

  private simple(pos: number, total: number, batch: Batch): FormatStatus {
    if (total < Spb.Data + Block.TailLen) return this.fault('a Simple Packet Block is too short');
    if (this.interfaces.count === 0) return this.fault('a packet names interface 0, which is not described');
    const wire = view.getUint32(pos + Spb.WireLen, this.little);
    const snap = this.interfaces.snapLen[0];
    // Section 4.4: the captured length is what the block holds, less padding, at most the snap length.
    const len = Math.min(wire, snap === 0 ? wire : snap);
    if (len > total - Spb.Data - Block.TailLen) return this.fault(`a packet of ${len} bytes in a block of ${total}`);
    return this.emit(batch, pos + Spb.Data, len, wire, this.lastUs, 0);
  }

  private emit(batch: Batch, off: number, len: number, wire: number, us: number, iface: number): FormatStatus {
    if (len > BatchLimit.CapLen)
      return this.fault(`the record claims ${len} captured bytes, more than ${BatchLimit.CapLen}`);
    const n = batch.count;
    batch.off[n] = off;
    batch.capLen[n] = len;
    batch.wireLen[n] = wire;
    batch.tsUs[n] = us;
    batch.linkType[n] = this.interfaces.linkType[iface];
    batch.count = n + 1;
    return FormatStatus.BatchFull;
  }

  private fault(message: string): FormatStatus {
    this.message = message;
    return FormatStatus.Fault;
  }
}

/** Block types that are held whole. */
function isRead(type: number): boolean {
  return (
    type === Block.EnhancedPacket ||
    type === Block.SimplePacket ||
    type === Block.ObsoletePacket ||
    type === Block.InterfaceDescription ||
    type === Block.SectionHeader
  );
}
