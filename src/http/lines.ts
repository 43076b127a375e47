/** Lines of a message head: what ends one, what can be ignored, what continues the line before. */
import { u8 } from '../core/memory.js';
import type { HttpConfig } from './config.js';
import { Personality } from './personality.js';
import { CharClass, charClass } from './text.js';

const mem = u8;
const cls = charClass;

export const enum Ch {
  Lf = 0x0a,
  Cr = 0x0d,
}

/** Length without the line ends (LF, CR, CRLF, several of them) at the end. */
export function chomp(off: number, len: number): number {
  let n = len;
  while (n > 0 && (mem[off + n - 1] === Ch.Lf || mem[off + n - 1] === Ch.Cr)) n--;
  return n;
}

/**
 * True for the line that ends a head: an empty one, and where white space alone does (IIS 5.1, or SP LF that the
 * real end does not follow) such a line.
 */
export function endsHead(config: HttpConfig, off: number, len: number, nextIsNoLf: boolean): boolean {
  if (config.uri.personality === Personality.Iis51) {
    let i = 0;
    while (i < len && cls[mem[off + i]] & CharClass.Space) i++;
    if (i === len) return true;
  }
  const c = mem[off];
  if (len === 1) return c === Ch.Cr || c === Ch.Lf;
  if (len === 2 && mem[off + 1] === Ch.Lf) return c === Ch.Cr || ((cls[c] & CharClass.Lws) !== 0 && nextIsNoLf);
  return false;
}

/** True for a line that can be passed over in front of a start line: an empty one or nothing but white space. */
export function isBlank(off: number, len: number): boolean {
  for (let i = off; i < off + len; i++) if ((cls[mem[i]] & CharClass.Space) === 0) return false;
  return true;
}

/**
 * True for a line that no client takes for the start of a response (they want "http" after white space in any
 * letter case): it is then body.
 */
export function isNoStatusLine(off: number, len: number): boolean {
  const end = off + len;
  let i = off;
  while (i < end && (mem[i] === 0 || cls[mem[i]] & CharClass.Space)) i++;
  if (end < i + 4) return true;
  return (
    (mem[i] | 0x20) !== 0x68 ||
    (mem[i + 1] | 0x20) !== 0x74 ||
    (mem[i + 2] | 0x20) !== 0x74 ||
    (mem[i + 3] | 0x20) !== 0x70
  );
}

/** Offset of the first LF in [from, end), or -1. */
export function findLf(from: number, end: number): number {
  for (let i = from; i < end; i++) if (mem[i] === Ch.Lf) return i;
  return -1;
}
