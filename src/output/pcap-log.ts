/**
 * The writer's side of `outputs.pcap-log`: packets into capture files FILENAME.SECONDS, the next one begun at `limit`
 * bytes, at HUP and with each run; the oldest go when there are more than `max-files` or more bytes than `max-size`, those
 * of earlier runs too.
 *
 * One file holds the packets of many flows, so that a flood of alerts costs neither a file each nor open files. Beside it
 * lies FILENAME.SECONDS.idx with a row a packet (flow id as float64, offset as float64, length as uint32, 0), by which the
 * packets of one alert's flow are found without reading all (pcap-flow.ts).
 *
 * A disk that is full holds up nothing else: packets that cannot be written are counted, and after a while it is tried again.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Frame } from './frame-batch.js';
import { CaptureWhat, type PcapLogOptions } from './pcap-config.js';
import { type FrameInfo, pcapHeader, pcapngHeader, pcapngInterface, pcapngPacket, pcapPacket } from './pcap-file.js';

export const enum IndexRow {
  Offset = 8,
  Length = 16,
  Bytes = 24,
}

const enum Limit {
  /** Bytes gathered before they are written. */
  Flush = 262_144,
  /** Milliseconds after a failure before it is tried again. */
  RetryMs = 1000,
  /** Interfaces of a file: link types times origins. */
  Interfaces = 65_535,
}

/** Suffix of the file that names the packets of each flow. */
export const indexSuffix = '.idx';

interface OpenFile {
  path: string;
  fd: number;
  index: number;
  /** Bytes written, of the file and of its index. */
  size: number;
  indexSize: number;
  /** null: pcapng. */
  linkType: number | null;
  /** pcapng: number of an interface by link type and origin. */
  interfaces: Map<string, number>;
}

export class PcapLog {
  fault: string | null = null;
  /** Packets written, lost, and files removed. */
  written = 0;
  lost = 0;
  removed = 0;
  private readonly options: PcapLogOptions;
  /** Origins are interfaces: several of them are told apart. */
  private readonly live: boolean;
  private origins: readonly string[] = [];
  private file: OpenFile | null = null;
  /** Packets of several link types have come: files are pcapng from now on. */
  private mixed = false;
  private parts: Buffer[] = [];
  private rows: Buffer[] = [];
  private bytes = 0;
  private gathered = 0;
  private retryMs = 0;

  constructor(options: PcapLogOptions, live: boolean) {
    this.options = options;
    this.live = live;
  }

  /** Each alert has packets in the file. */
  get namesAlerts(): boolean {
    return this.options.capture.what !== CaptureWhat.Tag;
  }

  useOrigins(names: readonly string[]): void {
    this.origins = names;
    if (this.live && names.length > 1) this.mixed = true;
  }

  /** The file that packets go to now; '' when there is none. */
  path(): string {
    if (this.file === null) this.open(null);
    return this.file?.path ?? '';
  }

  /** Takes a batch of packets (frame-batch.ts). */
  write(batch: Uint8Array): void {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
    for (let at = 0; at < batch.length; ) {
      const capLen = view.getUint32(at + Frame.CapLen, true);
      const info: FrameInfo = {
        tsUs: view.getFloat64(at, true),
        wireLen: view.getUint32(at + Frame.WireLen, true),
        linkType: view.getUint16(at + Frame.LinkType, true),
        origin: view.getUint16(at + Frame.Origin, true),
      };
      const from = at + Frame.Bytes;
      this.packet(view.getFloat64(at + Frame.FlowId, true), info, batch.subarray(from, from + capLen));
      at = from + capLen;
    }
  }

  flush(): void {
    const { file } = this;
    if (file === null || this.gathered === 0) return;
    const packets = this.gathered;
    try {
      writeAll(file.fd, this.parts);
      writeAll(file.index, this.rows);
      file.size += this.bytes;
      file.indexSize += this.rows.length * IndexRow.Bytes;
      this.written += packets;
      this.forget();
    } catch (e) {
      this.forget();
      this.lost += packets;
      this.fail(file, e as Error);
      return;
    }
    if (file.size + file.indexSize >= this.options.limit) this.close();
  }

  /** The next packet begins a new file. */
  reopen(): void {
    this.flush();
    this.close();
  }

  end(): void {
    this.reopen();
  }

  private packet(flowId: number, info: FrameInfo, bytes: Uint8Array): void {
    if (this.file !== null && !this.takes(this.file, info)) this.reopen();
    if (this.file === null) this.open(info.linkType);
    const { file } = this;
    if (file === null) {
      this.lost++;
      return;
    }
    const packet =
      file.linkType === null ? pcapngPacket(this.interfaceOf(file, info), info, bytes) : pcapPacket(info, bytes);
    const row = Buffer.alloc(IndexRow.Bytes);
    row.writeDoubleLE(flowId, 0);
    row.writeDoubleLE(file.size + this.bytes, IndexRow.Offset);
    row.writeUInt32LE(packet.length, IndexRow.Length);
    this.rows.push(row);
    this.put(packet);
    this.gathered++;
    const size = file.size + file.indexSize + this.bytes + this.rows.length * IndexRow.Bytes;
    if (this.bytes >= Limit.Flush || size >= this.options.limit) this.flush();
  }

  /** Whether the file can hold such a packet; a link type that it does not have makes all further ones pcapng. */
  private takes(file: OpenFile, { linkType }: FrameInfo): boolean {
    if (file.linkType === null) return file.interfaces.size < Limit.Interfaces;
    if (file.linkType === Unknown) this.begin(file, linkType);
    if (file.linkType === null || file.linkType === linkType) return true;
    this.mixed = true;
    return false;
  }

  private interfaceOf(file: OpenFile, { linkType, origin }: FrameInfo): number {
    const name = this.live ? (this.origins[origin] ?? '') : '';
    const key = `${linkType} ${name}`;
    const known = file.interfaces.get(key);
    if (known !== undefined) return known;
    const number = file.interfaces.size;
    file.interfaces.set(key, number);
    this.put(pcapngInterface(linkType, name));
    return number;
  }

  private put(bytes: Buffer): void {
    this.parts.push(bytes);
    this.bytes += bytes.length;
  }

  private forget(): void {
    this.parts = [];
    this.rows = [];
    this.bytes = this.gathered = 0;
  }

  /** Opens the next file; its header is written with its first packet, which says what it is (`linkType` null: not yet). */
  private open(linkType: number | null): void {
    if (performance.now() < this.retryMs) return;
    const { filename } = this.options;
    try {
      mkdirSync(dirname(filename), { recursive: true });
      const [path, fd] = create(filename);
      const index = openIndex(path, fd);
      this.file = { path, fd, index, size: 0, indexSize: 0, linkType: Unknown, interfaces: new Map() };
      this.makeRoom();
      this.fault = null;
    } catch (e) {
      this.fail(null, e as Error);
      return;
    }
    if (linkType !== null) this.begin(this.file, linkType);
  }

  private begin(file: OpenFile, linkType: number): void {
    file.linkType = this.mixed ? null : linkType;
    this.put(this.mixed ? pcapngHeader() : pcapHeader(linkType));
  }

  /** What was written of the file stays readable: it ends after its last whole packet. */
  private fail(file: OpenFile | null, e: Error): void {
    this.fault = `${file?.path ?? this.options.filename}: ${e.message}`;
    this.retryMs = performance.now() + Limit.RetryMs;
    if (file === null) return;
    try {
      ftruncateSync(file.fd, file.size);
      ftruncateSync(file.index, file.indexSize);
    } catch {
      // the reader meets a packet that is cut off, and says so
    }
    this.close();
  }

  private close(): void {
    if (this.file === null) return;
    closeSync(this.file.fd);
    closeSync(this.file.index);
    if (this.file.size === 0) this.remove(this.file.path);
    this.file = null;
  }

  /** Removes the oldest files until the others are few and small enough. */
  private makeRoom(): void {
    const { filename, maxFiles, maxBytes, limit } = this.options;
    if (maxFiles === 0 && maxBytes === 0) return;
    const files = captureFiles(filename).filter((f) => f.path !== this.file?.path);
    let count = files.length + 1;
    // The one that is written, or will be, counts with what it may become.
    let bytes = files.reduce((sum, f) => sum + f.bytes, limit);
    for (const { path, bytes: size } of files) {
      if ((maxFiles === 0 || count <= maxFiles) && (maxBytes === 0 || bytes <= maxBytes)) return;
      this.remove(path);
      this.removed++;
      count--;
      bytes -= size;
    }
  }

  private remove(path: string): void {
    for (const name of [path, `${path}${indexSuffix}`]) {
      try {
        unlinkSync(name);
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code !== 'ENOENT') this.fault = `${name}: ${(e as Error).message}`;
      }
    }
  }
}

/** The link type of a file whose first packet has not come. */
const Unknown = -1;

function writeAll(fd: number, parts: readonly Buffer[]): void {
  const bytes = Buffer.concat(parts);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/**
 * A new file of this second, with a number when it is not the first; its name comes after those that are there, also when
 * the clock was set back.
 */
function create(filename: string): [path: string, fd: number] {
  const now = Math.floor(Date.now() / 1000);
  const newest = captureFiles(filename).at(-1);
  const again = newest !== undefined && newest.second >= now;
  const second = again ? newest.second : now;
  for (let n = again ? newest.n + 1 : 0; ; n++) {
    const path = n === 0 ? `${filename}.${second}` : `${filename}.${second}-${n}`;
    try {
      return [path, openSync(path, 'wx', 0o640)];
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST') throw e;
    }
  }
}

/** Opens the index of a new file; without one the file is not begun. */
function openIndex(path: string, fd: number): number {
  try {
    return openSync(`${path}${indexSuffix}`, 'w', 0o640);
  } catch (e) {
    closeSync(fd);
    unlinkSync(path);
    throw e;
  }
}

interface CaptureFile {
  path: string;
  /** It and its index. */
  bytes: number;
  second: number;
  n: number;
}

/** Capture files of this name, the oldest first. */
export function captureFiles(filename: string): CaptureFile[] {
  const dir = dirname(filename);
  const base = basename(filename);
  const found: CaptureFile[] = [];
  for (const name of readdirSync(dir)) {
    const m = name.startsWith(`${base}.`) ? /^(\d{1,12})(?:-(\d{1,9}))?$/.exec(name.slice(base.length + 1)) : null;
    if (m === null) continue;
    const path = join(dir, name);
    found.push({
      path,
      bytes: sizeOf(path) + sizeOf(`${path}${indexSuffix}`),
      second: Number(m[1]),
      n: Number(m[2] ?? 0),
    });
  }
  return found.sort((a, b) => a.second - b.second || a.n - b.n);
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0; // it has gone meanwhile, or has no index
  }
}
