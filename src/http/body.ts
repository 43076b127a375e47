/** Body bytes on their way from the message framing to the store, through the decoders of content codings. */

import { TxProgress } from '../protocol/buffers.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import { checkByteOrderMark } from './charset.js';
import type { HttpConn } from './conn.js';
import { DecodeFault, type DecoderChain } from './decoder.js';
import { raise, warn } from './events.js';
import { fileData, fileEnd, fileGap, fileRoom } from './file-data.js';
import { multipartData, multipartEnd } from './multipart.js';
import { TxFlag } from './transaction.js';
import { BodyKind, type HttpTransaction } from './tx.js';
import { requestBodyWanted, responseBodyWanted } from './wants.js';

/** Takes body bytes as they are on the wire (chunk framing removed). */
export function takeBody(conn: HttpConn, tx: HttpTransaction, dir: Dir, off: number, len: number): void {
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  side.wireLen += len;
  tx.endUs = conn.nowUs;
  if (side.decoder !== null) decode(conn, tx, dir, side.decoder as DecoderChain, off, len);
  else storeBody(tx, dir, off, len);
}

// Whose body is being decoded: the sink is one function for all, so that no closure is made a piece.
let sinkTx: HttpTransaction;
let sinkDir: Dir = Dir.ToServer;
function sink(off: number, len: number): void {
  storeBody(sinkTx, sinkDir, off, len);
}

/** Runs the decoders on a piece (len < 0: on the end of the body) and raises what they found wrong. */
function decode(conn: HttpConn, tx: HttpTransaction, dir: Dir, chain: DecoderChain, off: number, len: number): void {
  sinkTx = tx;
  sinkDir = dir;
  if (len < 0) chain.end(sink);
  else chain.take(off, len, sink);
  if (chain.faults === 0) return;
  if (chain.faults & DecodeFault.Damaged) warn(conn, tx, HttpEvent.GzipDecompressionFailed, dir);
  if (chain.faults & DecodeFault.Bomb) warn(conn, tx, HttpEvent.CompressionBomb, dir);
  if (chain.faults & DecodeFault.LzmaMemory) warn(conn, tx, HttpEvent.LzmaMemlimitReached, dir);
  if (chain.faults & DecodeFault.NotDecoded) raise(tx, HttpEvent.ContentNotDecoded, dir);
  chain.faults = 0;
}

/** Takes decoded body bytes. */
function storeBody(tx: HttpTransaction, dir: Dir, off: number, len: number): void {
  if (dir === Dir.ToServer) {
    const body = tx.req.body;
    body.add(off, len, tx.config.request, tx.req.contentLength, requestBodyWanted());
    if (body.cut !== 0 && (tx.flags & TxFlag.RequestBodyCut) === 0) {
      tx.flags |= TxFlag.RequestBodyCut;
      if (requestBodyWanted()) raise(tx, HttpEvent.RequestBodyLimit, dir);
    }
    if (tx.bodyKind === BodyKind.Multipart) formData(tx, off, len);
    else if (tx.bodyKind !== BodyKind.None) fileData(tx, dir, off, len);
    if (tx.requestProgress < TxProgress.Body) tx.requestProgress = TxProgress.Body;
    if (body.ready(tx.config.request)) tx.dirtyToServer = 1;
  } else {
    const body = tx.res.body;
    body.add(off, len, tx.config.response, tx.res.contentLength, responseBodyWanted());
    if (body.cut !== 0 && (tx.flags & TxFlag.ResponseBodyCut) === 0) {
      tx.flags |= TxFlag.ResponseBodyCut;
      if (responseBodyWanted()) raise(tx, HttpEvent.ResponseBodyLimit, dir);
    }
    fileData(tx, dir, off, len);
    if (tx.responseProgress < TxProgress.Body) tx.responseProgress = TxProgress.Body;
    if (body.ready(tx.config.response)) tx.dirtyToClient = 1;
  }
}

/** Takes bytes of a form as far as the limit lets; an upload that goes past it is cut there. */
function formData(tx: HttpTransaction, off: number, len: number): void {
  const take = fileRoom(tx, Dir.ToServer, len);
  if (take > 0) multipartData(tx, off, take);
  if (take < len) fileEnd(tx, Dir.ToServer, true);
}

/** No more body bytes come: lets the decoders write what they hold and closes the store. */
export function endBody(conn: HttpConn, tx: HttpTransaction, dir: Dir): void {
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  if (side.bodyEnded !== 0) return;
  side.bodyEnded = 1;
  if (side.decoder !== null) {
    decode(conn, tx, dir, side.decoder as DecoderChain, 0, -1);
    side.decoder.close();
    side.decoder = null;
  }
  side.body.done = 1;
  checkByteOrderMark(tx, dir, side.body);
  if (dir === Dir.ToServer && tx.bodyKind === BodyKind.Multipart) multipartEnd(tx);
  fileEnd(tx, dir, false);
  if (dir === Dir.ToServer) tx.dirtyToServer = 1;
  else tx.dirtyToClient = 1;
}

/** Bytes are missing in a body of known or open length. */
export function skipBody(tx: HttpTransaction, dir: Dir, len: number): void {
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  side.wireLen += len;
  side.body.gap = 1;
  fileGap(tx, dir, len);
  tx.flags |= dir === Dir.ToServer ? TxFlag.RequestGap : TxFlag.ResponseGap;
}
