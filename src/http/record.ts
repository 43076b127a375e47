/** A transaction as events show it: text and copies of bytes, safe to keep. The shape is that of EVE's http object. */
import { buf, ByteRange, u8 } from '../core/memory.js';
import { TxProgress } from '../protocol/buffers.js';
import { headerValue } from './header-value.js';
import { HeaderName } from './headers.js';
import { hContentType, hLocation, hReferer, hUserAgent } from './names.js';
import type { Side } from './side.js';
import type { HttpTransaction } from './tx.js';

const hForwardedFor = new HeaderName('x-forwarded-for');

export interface HttpFields {
  txId: number;
  hostname: string | null;
  /** Port the request names, 0 when it names none. */
  port: number;
  url: string | null;
  method: string | null;
  protocol: string | null;
  /** Digits at the front of the status as sent, 0 when there are none; meaningful when statusString is not null. */
  status: number;
  statusString: string | null;
  userAgent: string | null;
  referer: string | null;
  contentType: string | null;
  redirect: string | null;
  xff: string | null;
  /** Response body bytes on the wire, with chunk framing (EVE's http.length). */
  length: number;
  requestHead: Uint8Array | null;
  responseHead: Uint8Array | null;
  requestBody: Uint8Array | null;
  responseBody: Uint8Array | null;
}

const range = new ByteRange();

const enum RecordLimit {
  /** Bytes of a head that go into a record. */
  Head = 0x8000,
}

function text(side: Side, position: number, len: number): string | null {
  if (len < 0) return null;
  const off = side.at(position);
  return buf.toString('latin1', off, off + len);
}

function header(side: Side, name: HeaderName): string | null {
  if (!headerValue(side, name, range)) return null;
  return buf.toString('latin1', range.off, range.off + range.len);
}

function head(side: Side): Uint8Array | null {
  const end = side.rawLen > 0 ? side.rawOff + side.rawLen : side.headLen;
  const len = Math.min(end - side.lineOff, RecordLimit.Head);
  return len <= 0 ? null : u8.slice(side.headOff + side.lineOff, side.headOff + side.lineOff + len);
}

function body(side: Side): Uint8Array | null {
  side.body.first(range);
  return range.len === 0 ? null : u8.slice(range.off, range.off + range.len);
}

/** Content-Type without its parameters. */
function mediaType(value: string | null): string | null {
  if (value === null) return null;
  const end = value.search(/[;\s]/);
  return end < 0 ? value : value.slice(0, end);
}

function leadingNumber(s: string | null): number {
  const n = s === null ? 0 : Number.parseInt(s, 10);
  return n >= 0 && n <= 0xffff_ffff ? n : 0;
}

/** Everything events say about a transaction. `withBodies`: also the first 4 KiB of each body. */
export function httpRecord(tx: HttpTransaction, withBodies: boolean): HttpFields {
  const { req, res } = tx;
  const statusString = text(res, tx.statusOff, tx.statusLen);
  return {
    txId: tx.id,
    hostname: text(req, tx.hostOff, tx.hostLen),
    port: Math.max(tx.port, 0),
    url: text(req, tx.uriOff, tx.uriLen),
    method: text(req, tx.methodOff, tx.methodLen),
    protocol: text(req, tx.protoOff, tx.protoLen),
    status: leadingNumber(statusString),
    statusString,
    userAgent: header(req, hUserAgent),
    referer: header(req, hReferer),
    contentType: mediaType(header(res, hContentType)),
    redirect: header(res, hLocation),
    xff: header(req, hForwardedFor),
    length: res.wireLen,
    requestHead: tx.requestProgress >= TxProgress.Line ? head(req) : null,
    responseHead: head(res),
    requestBody: withBodies ? body(req) : null,
    responseBody: withBodies ? body(res) : null,
  };
}
