/** Finds the packets of one flow in capture files that `outputs.pcap-log` wrote, by their indexes (pcap-log.ts). */
import { closeSync, openSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PeccaryError } from '../core/errors.js';
import { captureFiles, IndexRow, indexSuffix } from './pcap-log.js';

const enum File {
  /** Length of pcap's header; magic number of pcapng. */
  PcapHeader = 24,
  PcapngMagic = 0x0a0d_0d0a,
  RowsAtOnce = 8192,
  /** Files looked at after the one that the alert names: the window may reach into the next. */
  After = 3,
}

/**
 * A capture with the flow's packets alone, in the order in which they were written, of the file at `path` and those that
 * were written after it; null when there is none any more.
 */
export function flowCapture(path: string, flowId: number): Buffer | null {
  const parts: Buffer[] = [];
  let head: Buffer | null = null;
  for (const file of filesFrom(path)) {
    const found = packetsOf(file, flowId);
    if (found === null || found.packets.length === 0) continue;
    // Files of another form than the first cannot follow it; the window of one alert does not span such a change in practice.
    if (head !== null && !head.equals(found.head)) break;
    head ??= found.head;
    parts.push(...found.packets);
  }
  return head === null ? null : Buffer.concat([head, ...parts]);
}

function filesFrom(path: string): string[] {
  const filename = join(dirname(path), basename(path).replace(/\.\d+(-\d+)?$/, ''));
  let all: string[];
  try {
    all = captureFiles(filename).map((f) => f.path);
  } catch {
    return [];
  }
  const at = all.indexOf(join(path));
  return at < 0 ? [] : all.slice(at, at + 1 + File.After);
}

/** What stands before the packets of a file (of pcapng all its interfaces), and the flow's packets. */
function packetsOf(path: string, flowId: number): { head: Buffer; packets: Buffer[] } | null {
  const opened: number[] = [];
  try {
    for (const name of [path, `${path}${indexSuffix}`]) opened.push(openSync(name, 'r'));
    const [fd, index] = opened;
    const packets: Buffer[] = [];
    const blocks: Buffer[] = [];
    let end = 0;
    const magic = readAt(fd, 0, 4);
    if (magic.length < 4) return null;
    const isPcapng = magic.readUInt32LE(0) === File.PcapngMagic;
    for (const row of indexRows(index)) {
      const offset = row.readDoubleLE(IndexRow.Offset);
      const length = row.readUInt32LE(IndexRow.Length);
      // What lies between packets of pcapng are its section and the interfaces that packets name by number.
      if (isPcapng && offset > end) blocks.push(readAt(fd, end, offset - end));
      end = offset + length;
      if (row.readDoubleLE(0) !== flowId) continue;
      const packet = readAt(fd, offset, length);
      if (packet.length === length) packets.push(packet); // else a killed process left the file shorter than its index
    }
    return { head: isPcapng ? Buffer.concat(blocks) : readAt(fd, 0, File.PcapHeader), packets };
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new PeccaryError('runtime', `cannot read ${path}: ${(e as Error).message}`);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function readAt(fd: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
}

/** Rows of an index, read in pieces: that of a file of short packets is long. */
function* indexRows(fd: number): Generator<Buffer> {
  const piece = IndexRow.Bytes * File.RowsAtOnce;
  for (let at = 0; ; at += piece) {
    const rows = readAt(fd, at, piece);
    for (let i = 0; i + IndexRow.Bytes <= rows.length; i += IndexRow.Bytes) yield rows.subarray(i, i + IndexRow.Bytes);
    if (rows.length < piece) return;
  }
}
