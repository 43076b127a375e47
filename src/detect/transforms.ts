/** Transforms of buffers (Suricata manual, "Transformations"): each takes bytes and leaves its result in the scratch. */
import { createHash } from 'node:crypto';
import { compilePcre, isRefusal, pcreMatch, pcreOvector } from '../addon/pcre.js';
import { buf, u8 } from '../core/memory.js';
import type { Transform } from '../rules/ir.js';
import { decodeBase64 } from './base64.js';
import { scratchTake } from './scratch.js';

const mem = u8;

let lists: readonly Transform[][] = [[]];
/** Expressions of pcrexform and keys of xor, by their text. */
const expressions = new Map<string, number>();
const keys = new Map<string, Uint8Array>();

export function bindTransforms(next: readonly Transform[][]): void {
  lists = next;
}

/** Result of the last `transform`: where it lies. */
export let transformOff = 0;
export let transformLen = 0;

const isSpace = (c: number): boolean => c === 0x20 || (c >= 0x09 && c <= 0x0d);

/** Copies bytes that `keep` accepts; the length written. */
function filter(from: number, len: number, to: number, keep: (c: number, before: number) => boolean): number {
  let out = to;
  let before = -1;
  for (let i = from; i < from + len; i++) {
    const c = mem[i];
    if (keep(c, before)) mem[out++] = c;
    before = c;
  }
  return out - to;
}

function changeCase(from: number, len: number, to: number, lo: number, hi: number): number {
  for (let i = 0; i < len; i++) {
    const c = mem[from + i];
    mem[to + i] = c >= lo && c <= hi ? c ^ 0x20 : c;
  }
  return len;
}

function hexDigit(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const l = c | 0x20;
  return l >= 0x61 && l <= 0x66 ? l - 0x57 : -1;
}

function urlDecode(from: number, len: number, to: number): number {
  let out = to;
  for (let i = 0; i < len; i++) {
    const c = mem[from + i];
    if (c === 0x25 && i + 2 < len) {
      const hi = hexDigit(mem[from + i + 1]);
      const lo = hexDigit(mem[from + i + 2]);
      if (hi >= 0 && lo >= 0) {
        mem[out++] = hi * 16 + lo;
        i += 2;
        continue;
      }
    }
    mem[out++] = c === 0x2b ? 0x20 : c;
  }
  return out - to;
}

/** Header names in lower case; values as they are. */
function headerLowercase(from: number, len: number, to: number): number {
  let name = true;
  for (let i = 0; i < len; i++) {
    const c = mem[from + i];
    if (c === 0x0a) name = true;
    else if (c === 0x3a) name = false;
    mem[to + i] = name && c >= 0x41 && c <= 0x5a ? c | 0x20 : c;
  }
  return len;
}

/** Without lines that begin with ':' (the pseudo headers of HTTP/2). */
function stripPseudoHeaders(from: number, len: number, to: number): number {
  let out = to;
  let lineStart = true;
  let skip = false;
  for (let i = from; i < from + len; i++) {
    const c = mem[i];
    if (lineStart) skip = c === 0x3a;
    if (!skip) mem[out++] = c;
    lineStart = c === 0x0a;
  }
  return out - to;
}

function digest(name: string, from: number, len: number, to: number): number {
  return createHash(name)
    .update(buf.subarray(from, from + len))
    .digest()
    .copy(buf, to);
}

function xor(arg: string, from: number, len: number, to: number): number {
  let key = keys.get(arg);
  if (key === undefined) {
    key = Uint8Array.from(Buffer.from(arg, 'hex'));
    keys.set(arg, key);
  }
  for (let i = 0; i < len; i++) mem[to + i] = mem[from + i] ^ key[i % key.length];
  return len;
}

/** The first group of the expression, or all bytes when it does not match. */
function pcrexform(expr: string, from: number, len: number, to: number): number {
  let handle = expressions.get(expr);
  if (handle === undefined) {
    const h = compilePcre(expr, 0);
    handle = isRefusal(h) ? -1 : h;
    expressions.set(expr, handle);
  }
  if (handle > 0 && pcreMatch(handle, from, len, 0, 0) > 1 && pcreOvector[2] !== 0xffffffff) {
    mem.copyWithin(to, from + pcreOvector[2], from + pcreOvector[3]);
    return pcreOvector[3] - pcreOvector[2];
  }
  mem.copyWithin(to, from, from + len);
  return len;
}

function dotPrefix(from: number, len: number, to: number): number {
  mem[to] = 0x2e;
  mem.copyWithin(to + 1, from, from + len);
  return len + 1;
}

function apply(t: Transform, from: number, len: number, to: number): number {
  switch (t.name) {
    case 'strip_whitespace':
      return filter(from, len, to, (c) => !isSpace(c));
    case 'compress_whitespace':
      return filter(from, len, to, (c, before) => !(isSpace(c) && before >= 0 && isSpace(before)));
    case 'to_lowercase':
      return changeCase(from, len, to, 0x41, 0x5a);
    case 'to_uppercase':
      return changeCase(from, len, to, 0x61, 0x7a);
    case 'to_md5':
      return digest('md5', from, len, to);
    case 'to_sha1':
      return digest('sha1', from, len, to);
    case 'to_sha256':
      return digest('sha256', from, len, to);
    case 'dotprefix':
      return dotPrefix(from, len, to);
    case 'url_decode':
      return urlDecode(from, len, to);
    case 'header_lowercase':
      return headerLowercase(from, len, to);
    case 'strip_pseudo_headers':
      return stripPseudoHeaders(from, len, to);
    case 'xor':
      return xor(t.arg ?? '', from, len, to);
    case 'pcrexform':
      return pcrexform(t.arg ?? '', from, len, to);
    default:
      return decodeBase64(from, len, to, t.arg === 'rfc2045');
  }
}

/** Bytes a result may have beyond its input: a digest or a dot. */
const Growth = 32;

/** Runs transform list `n` over bytes; the result in `transformOff`, `transformLen`. False when there is no room. */
export function transform(n: number, off: number, len: number): boolean {
  let from = off;
  let size = len;
  for (const t of lists[n]) {
    const to = scratchTake(size + Growth);
    if (to === 0) return false;
    size = apply(t, from, size, to);
    from = to;
  }
  transformOff = from;
  transformLen = size;
  return true;
}
