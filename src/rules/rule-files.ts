/** Finding and reading rule files: names with * ? [ ], folders, plain or gzip. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PeccaryError } from '../core/errors.js';

const enum RuleFileLimit {
  /** Bytes of one rule file, unpacked. */
  Size = 1024 * 1024 * 1024,
}

/**
 * Paths that each name stands for, in alphabetical order; relative names are looked for below `folder`. A folder stands for
 * its files named *.rules and *.rules.gz.
 */
export function expandRuleFiles(names: readonly string[], folder: string): string[] {
  const out: string[] = [];
  for (const name of names) {
    const path = isAbsolute(name) ? name : join(folder, name);
    if (/[*?[]/.test(path)) out.push(...expandPattern(path));
    else if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) out.push(...expandFolder(path));
    else out.push(path);
  }
  return out;
}

/** A name with wildcards as an expression: `*` and `?` stay within one path component. */
export function wildcard(name: string): RegExp {
  let out = '';
  for (let i = 0; i < name.length; i++) {
    const c = name[i];
    const close = c === '[' ? name.indexOf(']', i + 1) : -1;
    if (c === '*') out += '.*';
    else if (c === '?') out += '.';
    else if (close > 0) {
      out += `[${name
        .slice(i + 1, close)
        .replace(/\\/g, '\\\\')
        .replace(/^!/, '^')}]`;
      i = close;
    } else out += c.replace(/[\\^$.|+(){}[\]]/g, '\\$&');
  }
  return new RegExp(`^${out}$`);
}

function matchingFiles(path: string): string[] {
  let found = [isAbsolute(path) ? '/' : '.'];
  for (const part of path.split('/').filter((p) => p !== '')) {
    if (!/[*?[]/.test(part)) found = found.map((f) => join(f, part));
    else {
      const pattern = wildcard(part);
      found = found.flatMap((f) =>
        listFolder(f)
          .filter((n) => pattern.test(n) && (part.startsWith('.') || !n.startsWith('.')))
          .map((n) => join(f, n)),
      );
    }
  }
  return found.filter((f) => statSync(f, { throwIfNoEntry: false })?.isFile() === true);
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

function expandPattern(path: string): string[] {
  const found = matchingFiles(path);
  if (found.length === 0) throw new PeccaryError('rules', `${path}: no file matches`);
  return found;
}

function expandFolder(path: string): string[] {
  const found = ['*.rules', '*.rules.gz'].flatMap((name) => matchingFiles(join(path, name))).sort();
  if (found.length === 0)
    throw new PeccaryError('rules', `${path}: the folder has no file named *.rules or *.rules.gz`);
  return found;
}

/** Text of a rule file, one character a byte. Throws PeccaryError naming the file. */
export function readRuleFile(path: string, bytes = readRuleBytes(path)): string {
  if (!isGzip(bytes)) return bytes.toString('latin1');
  try {
    // zlib takes no memory that threads share.
    return gunzipSync(Buffer.from(bytes), { maxOutputLength: RuleFileLimit.Size }).toString('latin1');
  } catch (e) {
    throw unreadable(path, e as Error);
  }
}

/** Content of a rule file as it stands on disk, in memory that threads share. Throws PeccaryError naming the file. */
export function readRuleBytes(path: string): Buffer {
  try {
    return readShared(path) ?? shared(readFileSync(path));
  } catch (e) {
    throw unreadable(path, e as Error);
  }
}

function shared(bytes: Buffer): Buffer {
  const copy = Buffer.from(new SharedArrayBuffer(bytes.length));
  bytes.copy(copy);
  return copy;
}

/** Reads a file where it is to lie, without a copy; null for what has no size (a pipe) or changes it meanwhile. */
function readShared(path: string): Buffer | null {
  const fd = openSync(path, 'r');
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return null;
    const bytes = Buffer.from(new SharedArrayBuffer(stat.size));
    let at = 0;
    for (let got = 1; got > 0 && at < bytes.length; at += got) got = readSync(fd, bytes, at, bytes.length - at, null);
    return at === fstatSync(fd).size ? bytes : null;
  } finally {
    closeSync(fd);
  }
}

export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function unreadable(path: string, error: Error): PeccaryError {
  return new PeccaryError('rules', `${path}: cannot be read: ${error.message}`);
}
