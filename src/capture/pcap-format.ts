/** Classic pcap files (draft-ietf-opsawg-pcap): a 24-byte header, then a header of 16 bytes before each packet. */
import { dv } from '../core/memory.js';
import { type Batch, BatchLimit } from './batch.js';
import { type CaptureFormat, FormatStatus, Magic } from './format.js';
import type { Window } from './window.js';

const view = dv;

export const enum PcapHeader {
  Len = 24,
  VersionMajor = 4,
  /** The low 16 bits; above lie FCS length and flags. */
  LinkType = 20,
}

const enum RecordHeader {
  Len = 16,
  PatchedLen = 24,
  Seconds = 0,
  Fraction = 4,
  CapLen = 8,
  WireLen = 12,
}

/** The only major version there is. */
const Version = 2;

export class PcapFormat implements CaptureFormat {
  message = '';
  readonly recordOff = -1;
  private started = false;
  private linkType = 0;
  private readonly little: boolean;
  private readonly headerLen: number;
  /** Microseconds in a unit of the fraction. */
  private readonly unit: number;

  constructor(magic: number) {
    this.little = magic === Magic.MicroLe || magic === Magic.NanoLe || magic === Magic.PatchedLe;
    this.headerLen =
      magic === Magic.PatchedBe || magic === Magic.PatchedLe ? RecordHeader.PatchedLen : RecordHeader.Len;
    this.unit = magic === Magic.NanoBe || magic === Magic.NanoLe ? 1e-3 : 1;
  }

  fill(window: Window, batch: Batch): FormatStatus {
    if (!this.started) {
      const status = this.start(window);
      if (status !== FormatStatus.BatchFull) return status;
    }
    const { off, capLen, wireLen, tsUs, linkType } = batch;
    const { little, headerLen, unit, linkType: link } = this;
    const end = window.end;
    let pos = window.pos;
    let n = batch.count;
    let status = FormatStatus.BatchFull;
    while (n < BatchLimit.Packets) {
      if (end - pos < headerLen) {
        status = FormatStatus.NeedMore;
        break;
      }
      const len = view.getUint32(pos + RecordHeader.CapLen, little);
      if (len > BatchLimit.CapLen) {
        this.message = `the record claims ${len} captured bytes, more than ${BatchLimit.CapLen}`;
        status = FormatStatus.Fault;
        break;
      }
      if (end - pos - headerLen < len) {
        status = FormatStatus.NeedMore;
        break;
      }
      off[n] = pos + headerLen;
      capLen[n] = len;
      wireLen[n] = view.getUint32(pos + RecordHeader.WireLen, little);
      tsUs[n] =
        view.getUint32(pos + RecordHeader.Seconds, little) * 1e6 +
        view.getUint32(pos + RecordHeader.Fraction, little) * unit;
      linkType[n] = link;
      n++;
      pos += headerLen + len;
    }
    batch.count = n;
    window.pos = pos;
    return status;
  }

  /** Reads the file header; BatchFull means "done, go on". */
  private start(window: Window): FormatStatus {
    if (window.end - window.pos < PcapHeader.Len) return FormatStatus.NeedMore;
    const major = view.getUint16(window.pos + PcapHeader.VersionMajor, this.little);
    if (major !== Version) {
      this.message = `pcap version ${major} is unknown (${Version} is the only one)`;
      return FormatStatus.Fault;
    }
    this.linkType = view.getUint32(window.pos + PcapHeader.LinkType, this.little) & 0xffff;
    window.pos += PcapHeader.Len;
    this.started = true;
    return FormatStatus.BatchFull;
  }
}
