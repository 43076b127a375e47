/** The open transactions of a flow, oldest first. */

import { allocBlock, freeBlock } from '../applayer/pool.js';
import { counter, counts } from '../core/counters.js';
import { buf } from '../core/memory.js';
import { TxProgress } from '../protocol/buffers.js';
import { Dir } from '../protocol/ip.js';
import { closeConnIfIdle, connOfFlow, type HttpConn } from './conn.js';
import { fileEnd, filesReleased } from './file-data.js';
import { TxFlag } from './transaction.js';
import { giveTransaction, type HttpTransaction, takeTransaction } from './tx.js';

const cMaxTx = counter('http.max_tx');

/** What http.uri shows of a response whose request was not seen (Suricata's text). */
const NotSeen = '/libhtp::request_uri_not_seen';

export const enum DetectDone {
  ToServer = 1,
  ToClient = 2,
  Both = 3,
}

function append(conn: HttpConn): HttpTransaction | null {
  if (conn.open > conn.config.maxTx) {
    counts[cMaxTx]++;
    return null;
  }
  const tx = takeTransaction(conn.flow, conn.txCount, conn.config, conn.nowUs);
  if (tx === null) return null;
  conn.txCount++;
  conn.open++;
  if (conn.last === null) conn.first = tx;
  else conn.last.next = tx;
  conn.last = tx;
  return tx;
}

/** A transaction for the request that begins; null when too many are open (counted). */
export function beginTransaction(conn: HttpConn): HttpTransaction | null {
  const tx = append(conn);
  if (tx !== null && conn.nextToAnswer === null) conn.nextToAnswer = tx;
  return tx;
}

/** A transaction for a response without a request; null when too many are open (counted). */
export function answerTransaction(conn: HttpConn): HttpTransaction | null {
  const tx = append(conn);
  if (tx === null) return null;
  const block = allocBlock(256);
  if (block !== 0) {
    buf.write(NotSeen, block, 'latin1');
    if (tx.req.appendHead(block, NotSeen.length)) {
      tx.uriLen = tx.normLen = tx.pathLen = NotSeen.length;
      tx.uriOff = tx.normOff = tx.pathOff = 0;
    }
    freeBlock(block, 256);
  }
  tx.requestProgress = TxProgress.Complete;
  tx.req.body.done = 1;
  tx.flags |= TxFlag.RequestDone;
  tx.dirtyToServer = 1;
  return tx;
}

/** Oldest open transaction of a flow (then `.next`), or null. */
export function firstTransaction(flow: number): HttpTransaction | null {
  const conn = connOfFlow(flow);
  return conn === null ? null : conn.first;
}

function isFinished(conn: HttpConn, tx: HttpTransaction): boolean {
  const need = TxFlag.RequestDone | TxFlag.ResponseDone | TxFlag.Logged;
  if ((tx.flags & need) !== need || tx.detectDone !== DetectDone.Both) return false;
  return conn.inTx !== tx && conn.outTx !== tx;
}

/** Frees the transactions of a flow that are complete, inspected (detectDone) and logged (TxFlag.Logged). */
export function collectTransactions(flow: number): void {
  const conn = connOfFlow(flow);
  if (conn === null) return;
  let before: HttpTransaction | null = null;
  let tx = conn.first;
  while (tx !== null) {
    const next: HttpTransaction | null = tx.next;
    if (isFinished(conn, tx)) {
      if (before === null) conn.first = next;
      else before.next = next;
      if (conn.last === tx) conn.last = before;
      if (conn.nextToAnswer === tx) conn.nextToAnswer = next;
      if (conn.answered === tx) conn.answered = null;
      if (conn.asked === tx) conn.asked = null;
      conn.open--;
      filesReleased(tx);
      giveTransaction(tx);
    } else before = tx;
    tx = next;
  }
  closeConnIfIdle(conn);
}

/** Frees all transactions of a connection. */
export function dropTransactions(conn: HttpConn): void {
  let tx = conn.first;
  while (tx !== null) {
    const next: HttpTransaction | null = tx.next;
    filesReleased(tx);
    giveTransaction(tx);
    tx = next;
  }
  conn.first = conn.last = conn.nextToAnswer = conn.answered = conn.asked = conn.inTx = conn.outTx = null;
  conn.open = 0;
}

/** Ends both sides of all open transactions: nothing more comes. */
export function finishTransactions(conn: HttpConn): void {
  for (let tx = conn.first; tx !== null; tx = tx.next) {
    tx.requestProgress = tx.responseProgress = TxProgress.Complete;
    tx.flags |= TxFlag.RequestDone | TxFlag.ResponseDone;
    tx.req.body.done = tx.res.body.done = 1;
    fileEnd(tx, Dir.ToServer, true);
    fileEnd(tx, Dir.ToClient, true);
    tx.dirtyToServer = tx.dirtyToClient = 1;
  }
}
