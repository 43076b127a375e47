/**
 * What the sticky buffers of HTTP hold (Suricata user guide, "HTTP Keywords"). Whole buffers point into the
 * transaction or into a ring of scratch room; bodies and files come in windows (store.ts).
 */
import { BufferId, TxProgress } from '../protocol/buffers.js';
import { Dir } from '../protocol/ip.js';
import { fileBody, fileCount, fileName } from './file.js';
import { headerBuffer, headerNamesBuffer, oneHeader, startBuffer } from './header-buffers.js';
import { headerValue } from './header-value.js';
import type { HeaderName } from './headers.js';
import {
  hAccept,
  hAcceptEncoding,
  hAcceptLanguage,
  hConnection,
  hContentLength,
  hContentType,
  hCookie,
  hHost,
  hLocation,
  hReferer,
  hServer,
  hSetCookie,
  hUserAgent,
} from './names.js';
import { Transfer } from './side.js';
import { showSwf } from './swf.js';
import { BufferStatus, type BufferView, TxFlag } from './transaction.js';
import type { HttpTransaction } from './tx.js';

/** Status of a buffer that is not there: it may come while `progress` has not reached `from`. */
function missing(tx: HttpTransaction, dir: Dir, from: TxProgress): BufferStatus {
  const progress = dir === Dir.ToServer ? tx.requestProgress : tx.responseProgress;
  const done = dir === Dir.ToServer ? TxFlag.RequestDone : TxFlag.ResponseDone;
  return progress >= from || tx.flags & done ? BufferStatus.Absent : BufferStatus.Pending;
}

function whole(out: BufferView, off: number, len: number): BufferStatus {
  out.off = off;
  out.len = len;
  return BufferStatus.Ready;
}

function text(tx: HttpTransaction, dir: Dir, position: number, len: number, out: BufferView): BufferStatus {
  if (len < 0) return missing(tx, dir, TxProgress.Line);
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  return whole(out, side.at(position), len);
}

function header(tx: HttpTransaction, dir: Dir, name: HeaderName, out: BufferView): BufferStatus {
  const progress = dir === Dir.ToServer ? tx.requestProgress : tx.responseProgress;
  if (progress < TxProgress.Headers) return missing(tx, dir, TxProgress.Headers);
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  return headerValue(side, name, out) ? BufferStatus.Ready : BufferStatus.Absent;
}

function startLine(tx: HttpTransaction, dir: Dir, out: BufferView): BufferStatus {
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  if (side.lineLen === 0) return missing(tx, dir, TxProgress.Line);
  return whole(out, side.headOff + side.lineOff, side.lineLen);
}

function hostRaw(tx: HttpTransaction, out: BufferView): BufferStatus {
  if (tx.requestProgress < TxProgress.Headers) return missing(tx, Dir.ToServer, TxProgress.Headers);
  if (tx.hostInUri) return whole(out, tx.req.at(tx.hostOff), tx.hostLen);
  return header(tx, Dir.ToServer, hHost, out);
}

/** Buffers built from all header lines. */
function headers(tx: HttpTransaction, id: BufferId, dir: Dir, index: number, out: BufferView): BufferStatus {
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  const progress = dir === Dir.ToServer ? tx.requestProgress : tx.responseProgress;
  if (progress < TxProgress.Headers) return missing(tx, dir, TxProgress.Headers);
  // A message that cannot be framed ends the connection before its headers count as a whole; single ones do count.
  if (side.transfer === Transfer.Invalid) return BufferStatus.Absent;
  let found: boolean;
  switch (id) {
    case BufferId.HttpHeader:
      found = headerBuffer(side, dir, out);
      break;
    case BufferId.HttpHeaderNames:
      found = headerNamesBuffer(side, out);
      break;
    case BufferId.HttpStart:
      found = side.lineLen !== 0 && startBuffer(side, out);
      break;
    case BufferId.HttpHeaderRaw:
      whole(out, side.headOff + side.rawOff, side.rawLen);
      found = side.rawLen !== 0;
      break;
    default:
      found = oneHeader(side, index, out);
  }
  return found ? BufferStatus.Ready : BufferStatus.Absent;
}

/** A file's data (id FileData) or name. */
function file(tx: HttpTransaction, id: BufferId, dir: Dir, index: number, out: BufferView): BufferStatus {
  if (index >= fileCount(tx, dir)) {
    const done = dir === Dir.ToServer ? TxFlag.RequestDone : TxFlag.ResponseDone;
    return tx.flags & done ? BufferStatus.Absent : BufferStatus.Pending;
  }
  if (id === BufferId.FileName) return fileName(tx, dir, index, out) ? BufferStatus.Ready : BufferStatus.Absent;
  const body = fileBody(tx, dir, index);
  if (body === null) return BufferStatus.Absent;
  return body.view(dir === Dir.ToServer ? tx.config.request : tx.config.response, out);
}

/**
 * Fills `out` with buffer `id` of the direction's side (borrowed: valid until the transaction changes or much more
 * was asked for). `index` numbers the instances of multi-instance buffers from 0; Absent ends them (Pending: more may
 * come). For bodies and files `out` is the window to look at now; call bodyInspected or fileInspected afterwards.
 */
export function httpBuffer(tx: HttpTransaction, id: BufferId, dir: Dir, index: number, out: BufferView): BufferStatus {
  out.base = 0;
  out.seen = 0;
  out.complete = 1;
  const request = dir === Dir.ToServer;
  switch (id) {
    case BufferId.HttpUri:
      return text(tx, dir, tx.normOff, tx.normLen, out);
    case BufferId.HttpUriRaw:
      return text(tx, dir, tx.uriOff, tx.uriLen, out);
    case BufferId.HttpMethod:
      return text(tx, dir, tx.methodOff, tx.methodLen, out);
    case BufferId.HttpProtocol:
      return request
        ? text(tx, dir, tx.protoOff, tx.protoLen, out)
        : text(tx, dir, tx.resProtoOff, tx.resProtoLen, out);
    case BufferId.HttpRequestLine:
    case BufferId.HttpResponseLine:
      return startLine(tx, dir, out);
    case BufferId.HttpStatCode:
      return text(tx, dir, tx.statusOff, tx.statusLen, out);
    case BufferId.HttpStatMsg:
      return text(tx, dir, tx.reasonOff, tx.reasonLen, out);
    case BufferId.HttpHost:
      if (tx.requestProgress < TxProgress.Headers) return missing(tx, dir, TxProgress.Headers);
      return tx.hostLen < 0 ? BufferStatus.Absent : whole(out, tx.req.at(tx.hostOff), tx.hostLen);
    case BufferId.HttpHostRaw:
      return hostRaw(tx, out);
    case BufferId.HttpRequestBody:
      return tx.req.body.view(tx.config.request, out);
    case BufferId.HttpResponseBody:
      return responseData(tx, 0, out);
    case BufferId.FileData:
      return request ? file(tx, id, dir, index, out) : responseData(tx, index, out);
    case BufferId.FileName:
      return file(tx, id, dir, index, out);
    case BufferId.FileMagic:
      return BufferStatus.Absent;
    case BufferId.HttpHeader:
    case BufferId.HttpHeaderRaw:
    case BufferId.HttpHeaderNames:
    case BufferId.HttpStart:
    case BufferId.HttpRequestHeader:
    case BufferId.HttpResponseHeader:
      return headers(tx, id, dir, index, out);
    default: {
      const name = headerOf(id, request);
      return name === null ? BufferStatus.Absent : header(tx, dir, name, out);
    }
  }
}

function responseData(tx: HttpTransaction, index: number, out: BufferView): BufferStatus {
  if (index !== 0) return BufferStatus.Absent;
  const status = tx.res.body.view(tx.config.response, out);
  if (status === BufferStatus.Ready && tx.config.swf) showSwf(tx.config, out);
  return status;
}

function headerOf(id: BufferId, request: boolean): HeaderName | null {
  switch (id) {
    case BufferId.HttpUserAgent:
      return hUserAgent;
    case BufferId.HttpReferer:
      return hReferer;
    case BufferId.HttpAccept:
      return hAccept;
    case BufferId.HttpAcceptLang:
      return hAcceptLanguage;
    case BufferId.HttpAcceptEnc:
      return hAcceptEncoding;
    case BufferId.HttpLocation:
      return hLocation;
    case BufferId.HttpServer:
      return hServer;
    case BufferId.HttpCookie:
      return request ? hCookie : hSetCookie;
    case BufferId.HttpConnection:
      return hConnection;
    case BufferId.HttpContentLen:
      return hContentLength;
    case BufferId.HttpContentType:
      return hContentType;
    default:
      return null;
  }
}

/**
 * Moves the body window of a side on: call after every rule was run on the window shown. True when the next window
 * can be looked at right away (call until false).
 */
export function bodyInspected(tx: HttpTransaction, dir: Dir): boolean {
  return dir === Dir.ToServer ? tx.req.body.advance(tx.config.request) : tx.res.body.advance(tx.config.response);
}

/** As bodyInspected for all windows of files that are not the body itself (multipart uploads). */
export function filesInspected(tx: HttpTransaction, dir: Dir): boolean {
  if (dir === Dir.ToClient) return false;
  let more = false;
  const n = fileCount(tx, dir);
  for (let i = 0; i < n; i++) {
    const body = fileBody(tx, dir, i);
    if (body !== null && body !== tx.req.body && body.advance(tx.config.request)) more = true;
  }
  return more;
}
