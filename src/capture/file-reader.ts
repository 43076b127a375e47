/** One capture file read by Peccary's own reader: opens, tells the format by its magic, fills batches, names faults. */
import { dv } from '../core/memory.js';
import { type Batch, type CaptureFault, SourceStatus } from './batch.js';
import { type CaptureFormat, FormatStatus, Magic } from './format.js';
import { type ByteInput, type Descriptor, openInput } from './input.js';
import { PcapFormat } from './pcap-format.js';
import { PcapngFormat } from './pcapng-format.js';
import { Window } from './window.js';

const view = dv;

/** The format that a file's first four bytes (big-endian) announce; null when it is no capture. */
function formatOf(magic: number): CaptureFormat | null {
  if (magic === Magic.Pcapng) return new PcapngFormat();
  return magic === Magic.MicroBe ||
    magic === Magic.MicroLe ||
    magic === Magic.NanoBe ||
    magic === Magic.NanoLe ||
    magic === Magic.PatchedBe ||
    magic === Magic.PatchedLe
    ? new PcapFormat(magic)
    : null;
}

export class FileReader {
  /** Whole packets delivered so far. */
  packets = 0;
  /** Damage met, after which there are no more packets. */
  fault: CaptureFault | null = null;
  /** Whether the first bytes were those of a capture (meaningful after the first `next`). */
  isCapture = false;
  readonly compression: 'none' | 'gzip' | 'zstd';
  private readonly source: Descriptor;
  private readonly input: ByteInput;
  private readonly window: Window;
  private format: CaptureFormat | null = null;

  /** Throws the system's error when the file cannot be opened. `block`: bytes read ahead, default WindowLimit.Block. */
  constructor(
    readonly path: string,
    block?: number,
  ) {
    const { input, source, compression } = openInput(path);
    this.input = input;
    this.source = source;
    this.compression = compression;
    this.window = new Window(input, block);
  }

  /** Bytes read of the file as stored. */
  get bytesRead(): number {
    return this.source.bytesRead;
  }

  /** Sets the batch's count, offsets, lengths, times and link types. At a fault: the packets before it, then End. */
  next(batch: Batch): SourceStatus.End | SourceStatus.Packets {
    batch.count = 0;
    while (this.fault === null) {
      if (this.format === null && !this.recognise()) break;
      const status = (this.format as CaptureFormat).fill(this.window, batch);
      if (status === FormatStatus.Fault) this.damage((this.format as CaptureFormat).message);
      // Packets refer to the window: they are handed out before it moves.
      if (batch.count > 0) break;
      if (status === FormatStatus.NeedMore && !this.window.refill()) {
        this.atEnd();
        break;
      }
    }
    this.packets += batch.count;
    if (this.fault !== null) this.fault.packet = this.packets;
    return batch.count > 0 ? SourceStatus.Packets : SourceStatus.End;
  }

  close(): void {
    this.input.close();
  }

  /** Reads the magic; false when there is none to be known. */
  private recognise(): boolean {
    const w = this.window;
    while (w.end - w.pos < 4) {
      if (w.refill()) continue;
      if (this.input.fault !== '') this.damage(this.input.fault);
      else this.damage(w.end === w.pos ? 'the file is empty' : 'the file is too short for a capture');
      return false;
    }
    this.format = formatOf(view.getUint32(w.pos));
    this.isCapture = this.format !== null;
    if (this.format === null) this.damage('this is no capture file (pcap or pcapng)');
    return this.isCapture;
  }

  private atEnd(): void {
    const left = this.window.end - this.window.pos;
    const cut = left > 0 || (this.format as CaptureFormat).recordOff >= 0;
    if (this.input.fault !== '') this.damage(this.input.fault);
    else if (cut) this.damage(`the file ends within a record (${left} bytes of it are there)`);
  }

  private damage(message: string): void {
    const recordOff = this.format?.recordOff ?? -1;
    const offset = recordOff >= 0 ? recordOff : this.window.fileOff(this.window.pos);
    this.fault = { file: this.path, packet: 0, offset, message };
  }
}
