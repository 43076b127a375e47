/** Finds packets of flows in the capture files that `outputs.pcap-log` wrote, by their indexes (pcap-log.ts). */
import { closeSync, openSync, readSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { PeccaryError } from '../core/errors.js';
import type { FrameInfo } from './pcap-file.js';
import { captureFiles, IndexRow, indexSuffix } from './pcap-log.js';

/** Packet as pcap-file.ts writes it. */
export interface KeptPacket extends Omit<FrameInfo, 'origin'> {
  bytes: Uint8Array;
}

const enum File {
  /** Of pcap: where its link type is, length of a packet's header. */
  LinkType = 20,
  PcapPacket = 16,
  /** Of pcapng. */
  PcapngMagic = 0x0a0d_0d0a,
  InterfaceBlock = 1,
  BlockPacket = 28,
  RowsAtOnce = 8192,
  /** Files looked at after one that an alert names: the window may reach into the next. */
  After = 3,
}

/**
 * Packets of these flows (EVE's ids) in the files at `paths` and those that were written right after them, each once, file
 * by file. What is not there any more gives nothing; throws PeccaryError 'runtime' for what cannot be read.
 */
export function* flowPackets(paths: Iterable<string>, flows: ReadonlySet<number>): Generator<KeptPacket> {
  const files = new Set<string>();
  for (const path of paths) for (const file of filesFrom(resolve(path))) files.add(file);
  for (const file of files) yield* packetsOf(file, flows);
}

function filesFrom(path: string): string[] {
  const filename = join(dirname(path), basename(path).replace(/\.\d+(-\d+)?$/, ''));
  let all: string[];
  try {
    all = captureFiles(filename).map((f) => f.path);
  } catch {
    return [];
  }
  const at = all.indexOf(path);
  return at < 0 ? [] : all.slice(at, at + 1 + File.After);
}

function* packetsOf(path: string, flows: ReadonlySet<number>): Generator<KeptPacket> {
  const opened: number[] = [];
  try {
    for (const name of [path, `${path}${indexSuffix}`]) opened.push(openSync(name, 'r'));
    const [fd, index] = opened;
    const head = readAt(fd, 0, File.LinkType + 4);
    if (head.length < File.LinkType + 4) return;
    const linkTypes = head.readUInt32LE(0) === File.PcapngMagic ? [] : null;
    let end = 0;
    for (const row of indexRows(index)) {
      const offset = row.readDoubleLE(IndexRow.Offset);
      const length = row.readUInt32LE(IndexRow.Length);
      // What lies between packets of pcapng are its section and the interfaces that packets name by number.
      if (linkTypes !== null && offset > end) addInterfaces(linkTypes, readAt(fd, end, offset - end));
      end = offset + length;
      if (!flows.has(row.readDoubleLE(0))) continue;
      const packet = readAt(fd, offset, length);
      if (packet.length < length) return; // a killed process left the file shorter than its index
      yield linkTypes === null ? pcapPacket(packet, head.readUInt32LE(File.LinkType)) : blockPacket(packet, linkTypes);
    }
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return;
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

/** Adds the link types of the interfaces that these blocks describe. */
function addInterfaces(linkTypes: number[], blocks: Buffer): void {
  for (let at = 0; at + 12 <= blocks.length; at += Math.max(12, blocks.readUInt32LE(at + 4))) {
    if (blocks.readUInt32LE(at) === File.InterfaceBlock) linkTypes.push(blocks.readUInt16LE(at + 8));
  }
}

function pcapPacket(b: Buffer, linkType: number): KeptPacket {
  const tsUs = b.readUInt32LE(0) * 1e6 + b.readUInt32LE(4) / 1000;
  return { tsUs, wireLen: b.readUInt32LE(12), linkType, bytes: b.subarray(File.PcapPacket) };
}

function blockPacket(b: Buffer, linkTypes: readonly number[]): KeptPacket {
  const ns = (BigInt(b.readUInt32LE(12)) << 32n) | BigInt(b.readUInt32LE(16));
  const tsUs = Number(ns / 1_000_000_000n) * 1e6 + Number(ns % 1_000_000_000n) / 1000;
  const bytes = b.subarray(File.BlockPacket, File.BlockPacket + b.readUInt32LE(20));
  return { tsUs, wireLen: b.readUInt32LE(24), linkType: linkTypes[b.readUInt32LE(8)] ?? 0, bytes };
}
