/** Which content codings a message claims (Content-Encoding), and the chain of decoders for them. */
import { counter, counts } from '../core/counters.js';
import { ScratchPart, u8 } from '../core/memory.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import type { HttpConn } from './conn.js';
import { type DecoderChain, takeChain } from './decoder.js';
import { Coding } from './decoder-layer.js';
import { raise, warn } from './events.js';
import { copyJoined, findHeader } from './headers.js';
import { hContentEncoding } from './names.js';
import type { Side } from './side.js';
import { equalsNoCaseNoNul, findNoCase } from './text.js';
import type { HttpTransaction } from './tx.js';

const mem = u8;
const cLayers = counter('http.encoding_layers_limit');
const to = ScratchPart.HttpOff;

const enum Single {
  /** More than one coding, or one written oddly. */
  Complex = -1,
  Identity = -2,
}

function single(off: number, len: number): Coding | Single {
  if (equalsNoCaseNoNul(off, len, 'gzip') || equalsNoCaseNoNul(off, len, 'x-gzip')) return Coding.Gzip;
  if (equalsNoCaseNoNul(off, len, 'deflate') || equalsNoCaseNoNul(off, len, 'x-deflate')) return Coding.Deflate;
  if (equalsNoCaseNoNul(off, len, 'lzma')) return Coding.Lzma;
  if (equalsNoCaseNoNul(off, len, 'inflate')) return Single.Identity;
  return Single.Complex;
}

function open(tx: HttpTransaction, side: Side): DecoderChain {
  const c = tx.config;
  const chain = takeChain();
  chain.open(c.bombLimit, c.timeLimitUs, c.lzmaLayers > 0, c.lzmaMemlimit);
  side.decoder = chain;
  return chain;
}

function isText(off: number, len: number, text: string): boolean {
  if (len !== text.length) return false;
  for (let i = 0; i < len; i++) if (mem[off + i] !== text.charCodeAt(i)) return false;
  return true;
}

function isSeparator(c: number): boolean {
  return c === 0x2c || c === 0x20;
}

/** The coding a token names; Identity when it names none (with the event for what is odd about it). */
function codingOf(conn: HttpConn, tx: HttpTransaction, dir: Dir, off: number, len: number): Coding | Single.Identity {
  const odd = (): void => {
    // Suricata looks at plain names only in requests, and has no event for others.
    if (dir === Dir.ToClient) warn(conn, tx, HttpEvent.AbnormalCeHeader, dir);
    else if (!isText(off, len, 'identity') && !isText(off, len, 'br')) raise(tx, HttpEvent.ContentNotDecoded, dir);
  };
  if (findNoCase(off, len, 'gzip') >= 0) {
    if (!isText(off, len, 'gzip') && !isText(off, len, 'x-gzip')) odd();
    return Coding.Gzip;
  }
  if (findNoCase(off, len, 'deflate') >= 0) {
    if (!isText(off, len, 'deflate') && !isText(off, len, 'x-deflate')) odd();
    return Coding.Deflate;
  }
  if (isText(off, len, 'lzma')) return Coding.Lzma;
  if (isText(off, len, 'inflate')) return Single.Identity;
  odd();
  return isText(off, len, 'br') ? Coding.Brotli : Single.Identity;
}

/** Several codings: they are undone in the order listed, as Suricata does it. */
function severalCodings(conn: HttpConn, tx: HttpTransaction, dir: Dir, end: number): void {
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  const limit = tx.config.layerLimit;
  let chain: DecoderChain | null = null;
  let layers = 0;
  let i: number = to;
  while (i < end) {
    let from = i;
    while (from < end && isSeparator(mem[from])) from++;
    if (from === end) return;
    let last = from;
    while (last < end && !isSeparator(mem[last])) last++;
    layers++;
    if (limit !== 0 && layers > limit) {
      counts[cLayers]++;
      warn(conn, tx, HttpEvent.TooManyEncodingLayers, dir);
      return;
    }
    const coding = codingOf(conn, tx, dir, from, last - from);
    if (coding === Coding.Lzma && layers > tx.config.lzmaLayers) {
      warn(conn, tx, HttpEvent.CompressionBomb, dir);
      return;
    }
    if (coding !== Single.Identity) {
      if (chain === null) chain = open(tx, side);
      if (!chain.add(coding as Coding)) {
        counts[cLayers]++;
        warn(conn, tx, HttpEvent.TooManyEncodingLayers, dir);
        return;
      }
    }
    i = last + 1;
  }
}

/** Sets up the decoders of a response body. */
export function openResponseDecoder(conn: HttpConn, tx: HttpTransaction): void {
  const h = findHeader(tx.res, hContentEncoding);
  if (h < 0) return;
  const end = copyJoined(tx.res, h, to, to + tx.config.fieldLimit);
  const one = single(to, end - to);
  if (one === Single.Complex) severalCodings(conn, tx, Dir.ToClient, end);
  else if (one !== Single.Identity) open(tx, tx.res).add(one as Coding);
}

/** Sets up the decoders of a request body. */
export function openRequestDecoder(conn: HttpConn, tx: HttpTransaction): void {
  const h = findHeader(tx.req, hContentEncoding);
  if (h < 0) return;
  const end = copyJoined(tx.req, h, to, to + tx.config.fieldLimit);
  const one = single(to, end - to);
  if (one === Single.Complex) severalCodings(conn, tx, Dir.ToServer, end);
  else if (one !== Single.Identity) open(tx, tx.req).add(one as Coding);
}
