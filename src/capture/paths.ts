/** Turns the paths a user names into an ordered list of capture files. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PeccaryError } from '../core/errors.js';
import { Batch, SourceStatus } from './batch.js';
import { FileReader } from './file-reader.js';

const enum Limit {
  /** Files of one run: an origin index is 16 bits. */
  Files = 65_535,
  /** Directories within directories. */
  Depth = 32,
  /** Bytes read of each file of a directory to find its first packet. */
  Peek = 1 << 16,
}

/** What a capture file is usually called. */
const CaptureName = /\.(pcap|pcapng|cap)(\.gz|\.zst)?$/i;

export interface CaptureList {
  files: string[];
  /** Bytes of all files as stored; 0 when standard input is among them. */
  bytesTotal: number;
}

interface Found {
  path: string;
  size: number;
  firstUs: number;
}

/**
 * Files in the order given; a directory stands for the captures under it (told by their content, hidden ones not),
 * in order of their first packet's time, those without packets last. '-' is standard input.
 * Throws PeccaryError for what is not there, and for a directory without captures.
 */
export function listCaptures(paths: readonly string[]): CaptureList {
  const files: string[] = [];
  let bytesTotal = 0;
  for (const path of paths) {
    if (path === '-') {
      files.push(path);
      continue;
    }
    const found = isDirectory(path) ? capturesUnder(path) : [{ path, size: statSync(path).size }];
    for (const f of found) {
      files.push(f.path);
      bytesTotal += f.size;
    }
    if (files.length > Limit.Files) throw new PeccaryError('usage', `more than ${Limit.Files} capture files`);
  }
  return { files, bytesTotal: files.includes('-') ? 0 : bytesTotal };
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (e) {
    throw new PeccaryError('usage', `${path} cannot be read: ${(e as Error).message}`);
  }
}

function capturesUnder(dir: string): Found[] {
  const found: Found[] = [];
  const batch = new Batch();
  walk(dir, 0, (path, size) => {
    const firstUs = firstPacketUs(path, batch);
    if (firstUs !== null) found.push({ path, size, firstUs });
  });
  if (found.length === 0) throw new PeccaryError('usage', `no capture file under ${dir}`);
  return found.sort((a, b) => a.firstUs - b.firstUs || (a.path < b.path ? -1 : 1));
}

function walk(dir: string, depth: number, visit: (path: string, size: number) => void): void {
  if (depth > Limit.Depth) throw new PeccaryError('usage', `${dir} lies more than ${Limit.Depth} directories deep`);
  for (const entry of entriesOf(dir)) {
    const path = join(dir, entry.name);
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory()) walk(path, depth + 1, visit);
    else if (entry.isFile() || entry.isSymbolicLink()) {
      // Links to directories are not followed: they may lead in circles.
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat?.isFile() === true) visit(path, stat.size);
    }
  }
}

function entriesOf(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (e) {
    throw new PeccaryError('usage', `${dir} cannot be read: ${(e as Error).message}`);
  }
}

/**
 * Time of the first packet, Infinity when there is none. Null when the file is no capture or cannot be read, unless its
 * name says that it is one: then it is taken, so that reading it names the fault.
 */
function firstPacketUs(path: string, batch: Batch): number | null {
  let reader: FileReader;
  try {
    reader = new FileReader(path, Limit.Peek);
  } catch {
    return unreadable(path);
  }
  const status = reader.next(batch);
  reader.close();
  if (!reader.isCapture) return unreadable(path);
  return status === SourceStatus.Packets ? batch.tsUs[0] : Number.POSITIVE_INFINITY;
}

function unreadable(path: string): number | null {
  return CaptureName.test(path) ? Number.POSITIVE_INFINITY : null;
}
