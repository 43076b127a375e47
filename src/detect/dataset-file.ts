/** Files of data sets: one entry a line, strings in base64, hashes in hex, addresses as text; for datarep ",value" follows. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { dirname } from 'node:path';
import type { DatasetMatch } from '../rules/ir.js';

/** Bytes of an address as text in an ipv4 or ip set: what ip.src and ip.dst hold, latin-1. */
function addressKey(text: string, type: DatasetMatch['type']): string | null {
  if (isIPv4(text)) {
    return String.fromCharCode(...text.split('.').map(Number));
  }
  if (type === 'ipv4' || !isIPv6(text)) return null;
  // An IPv4 address in IPv6 form stands for what ip.src shows of an IPv4 packet.
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text);
  if (mapped !== null) return addressKey(mapped[1], type);
  const [head, tail] = text.split('::');
  const words = (s: string | undefined): number[] => (s ? s.split(':').map((w) => Number.parseInt(w, 16)) : []);
  const before = words(head);
  const after = words(tail);
  const all =
    tail === undefined ? before : [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return String.fromCharCode(...all.flatMap((w) => [w >>> 8, w & 0xff]));
}

/** The key of an entry as it stands in a file; null: it is none of this type. */
export function entryKey(text: string, type: DatasetMatch['type']): string | null {
  switch (type) {
    case 'string':
      return /^[A-Za-z0-9+/]+=*$/.test(text) ? Buffer.from(text, 'base64').toString('latin1') : null;
    case 'md5':
      return /^[0-9a-f]{32}$/i.test(text) ? Buffer.from(text, 'hex').toString('latin1') : null;
    case 'sha256':
      return /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex').toString('latin1') : null;
    default:
      return addressKey(text, type);
  }
}

/** Entries of a file as (key, reputation). A file that does not exist has none; a line that cannot be read is noted. */
export function readDataset(
  file: string,
  type: DatasetMatch['type'],
  note: (message: string) => void,
): [string, number][] {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (e) {
    note(`${file}: ${(e as Error).message}`);
    return [];
  }
  const out: [string, number][] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    if (line === '') return;
    const [value, rep] = line.split(',');
    const key = entryKey(value.trim(), type);
    if (key === null) note(`${file}:${i + 1}: not a ${type} entry`);
    else out.push([key, rep === undefined ? 0 : Number(rep)]);
  });
  return out;
}

/** A key as readDataset would read it. */
function entryText(key: string, type: DatasetMatch['type']): string {
  const bytes = Buffer.from(key, 'latin1');
  if (type === 'string') return bytes.toString('base64');
  if (type === 'md5' || type === 'sha256') return bytes.toString('hex');
  if (bytes.length === 4) return bytes.join('.');
  return bytes.toString('hex').replace(/(....)(?=.)/g, '$1:');
}

/** Writes a set, one entry a line; the file is whole or as it was before. */
export function writeDataset(
  file: string,
  type: DatasetMatch['type'],
  keys: Iterable<string>,
  note: (message: string) => void,
): void {
  let text = '';
  for (const key of keys) text += `${entryText(key, type)}\n`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  } catch (e) {
    note(`${file}: ${(e as Error).message}`);
  }
}
