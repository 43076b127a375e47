/** HTTP fields of records, from a transaction's own bytes (see src/http/tx.ts and side.ts). */
import { column } from '../core/columns.js';
import { ScratchPart } from '../core/memory.js';
import type { Packet } from '../decode/packet.js';
import { copyJoined, findHeader, HeaderName } from '../http/headers.js';
import { hContentRange, hContentType, hLocation, hReferer, hUserAgent } from '../http/names.js';
import type { Side } from '../http/side.js';
import { TxLimit } from '../http/transaction.js';
import type { HttpTransaction } from '../http/tx.js';
import { Dir } from '../protocol/ip.js';
import { flowBase } from './encode-base.js';
import { memoryCopy, memoryText } from './memory-text.js';
import { type HttpEventRecord, HttpKeep, type HttpRecord } from './records.js';

/** Parts of the stage's scratch: one header value; the lines of http-lines.ts. */
export const enum OutputScratch {
  Value = ScratchPart.OutputOff,
  ValueEnd = Value + 0x40_0000,
  Lines = ValueEnd,
  LinesEnd = Lines + 0x8_0000,
}

export const hForwardedFor = new HeaderName('x-forwarded-for');

/** Value of a header with its repetitions, ", " between them (RFC 9110 section 5.3); null when it is not there. */
function header(side: Side, name: HeaderName): string | null {
  const row = findHeader(side, name);
  if (row < 0) return null;
  const end = copyJoined(side, row, OutputScratch.Value, OutputScratch.ValueEnd);
  return memoryText(OutputScratch.Value, end - OutputScratch.Value);
}

/** Text at a position of a side; null when its length says that there is none. */
function part(side: Side, position: number, len: number): string | null {
  return len < 0 ? null : memoryText(side.at(position), len);
}

function head(side: Side): Uint8Array | null {
  return side.headLen === 0 ? null : memoryCopy(side.headOff, Math.min(side.headLen, HttpKeep.Head));
}

/** First bytes of the decoded body, as far as they are kept. */
function body(side: Side): Uint8Array | null {
  const b = side.body;
  if (b.firstLen !== 0) return memoryCopy(b.firstOff, Math.min(b.firstLen, HttpKeep.Body));
  return b.base !== 0 || b.len === 0 ? null : memoryCopy(b.off, Math.min(b.len, HttpKeep.Body));
}

/** What EVE and the store show of a transaction; `withBytes`: heads and bodies too. */
export function httpRecord(tx: HttpTransaction, withBytes: boolean): HttpRecord {
  const { req, res } = tx;
  const type = header(res, hContentType);
  return {
    txId: tx.id,
    hostname: part(req, tx.hostOff, tx.hostLen),
    port: tx.port,
    url: part(req, tx.uriOff, tx.uriLen),
    method: part(req, tx.methodOff, tx.methodLen),
    protocol: part(req, tx.protoOff, tx.protoLen),
    status: tx.status > 0 ? tx.status : 0,
    statusString: tx.status > 0 ? null : part(res, tx.statusOff, tx.statusLen),
    userAgent: header(req, hUserAgent),
    referer: header(req, hReferer),
    contentType: type === null ? null : type.split(';', 1)[0],
    redirect: header(res, hLocation),
    xff: header(req, hForwardedFor),
    contentRange: header(res, hContentRange),
    length: res.wireLen,
    requestHead: withBytes ? head(req) : null,
    responseHead: withBytes ? head(res) : null,
    requestBody: withBytes ? body(req) : null,
    responseBody: withBytes ? body(res) : null,
  };
}

/** Transactions that an alert named, by slot. */
const alerted = column.u8(TxLimit.Slots);

/** Notes that an alert names this transaction: its http record will carry heads and bodies for the store. */
export function markAlerted(tx: HttpTransaction): void {
  alerted[tx.slot] = 1;
}

export function isAlerted(tx: HttpTransaction): boolean {
  return alerted[tx.slot] === 1;
}

/**
 * The event of a transaction that is complete (or ended), told once: forgets that alerts named it. `p` is the packet
 * that completed it; `storeBytes` whether an alerted transaction's heads and bodies are wanted;
 * `client` who the proxies say it is.
 */
export function httpEventRecord(p: Packet, tx: HttpTransaction, storeBytes: boolean, client = ''): HttpEventRecord {
  const wasAlerted = isAlerted(tx);
  alerted[tx.slot] = 0;
  return {
    kind: 'http',
    ...flowBase(tx.flow, Dir.ToServer, p),
    alerted: wasAlerted,
    http: httpRecord(tx, wasAlerted && storeBytes),
    client,
  };
}
