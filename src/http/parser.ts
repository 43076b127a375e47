/** The HTTP/1 parser: feeds pieces of a flow's two directions to the request and response machines. */
import { type AppParser, change, ParseResult, registerParser } from '../applayer/parser.js';
import { setPoolLimit } from '../applayer/pool.js';
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { FlowFlag, flows } from '../flow/columns.js';
import { AppProto } from '../protocol/app-proto.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import { configFor, defaultConfig, InlineBodies, readHttpConfig } from './config.js';
import {
  ConnFlag,
  closeConn,
  closeConnIfIdle,
  connFlags,
  connOfFlow,
  forgetFlow,
  type HttpConn,
  openConn,
  ReqState,
  ResState,
  SideState,
  Step,
} from './conn.js';
import { piece } from './cursor.js';
import { ambiguous, countParserError, raise } from './events.js';
import { requestComplete, requestStep } from './request.js';
import { responseComplete, responseStep } from './response.js';
import { lose, resync } from './resync.js';
import { setInlineBodies } from './store.js';
import { TxFlag } from './transaction.js';
import { dropTransactions, finishTransactions } from './tx-list.js';

const cGap = counter('app_layer.error.http.gap');

/** Reads the settings, and registers the parser with the application layer. `inline`: packets wait for a verdict. */
export function configureHttp(settings: Settings, inline = false): void {
  readHttpConfig(settings);
  setPoolLimit(settings.size('app-layer.protocols.http.memcap', 0));
  const mode = defaultConfig().inline;
  setInlineBodies(mode === InlineBodies.Yes || (mode === InlineBodies.Auto && inline));
  registerParser(AppProto.Http1, httpParser);
}

function connFor(flow: number): HttpConn {
  const known = connOfFlow(flow);
  if (known !== null) return known;
  const v6 = (flows.flags[flow] & FlowFlag.Ipv6) !== 0;
  return openConn(flow, configFor(v6, flows.srv0[flow], flows.srv1[flow], flows.srv2[flow], flows.srv3[flow]));
}

function giveUp(conn: HttpConn, dir: Dir): ParseResult {
  const tx = (dir === Dir.ToServer ? conn.inTx : conn.outTx) ?? conn.last;
  if (tx !== null) raise(tx, HttpEvent.ConnectionNotFollowed, dir);
  conn.inStatus = conn.outStatus = SideState.Error;
  connFlags[conn.flow] |= ConnFlag.GivenUp;
  finishTransactions(conn);
  conn.inTx = conn.outTx = null;
  conn.inState = ReqState.Idle;
  conn.outState = ResState.Idle;
  countParserError();
  return ParseResult.Fault;
}

function runRequest(conn: HttpConn): ParseResult {
  if (conn.inStatus === SideState.Tunnel) return ParseResult.Ok;
  for (;;) {
    const step = requestStep(conn);
    if (step === Step.Fault) return giveUp(conn, Dir.ToServer);
    // `requestStep` may have changed it, which the compiler does not see.
    if ((conn.inStatus as SideState) === SideState.Tunnel) return ParseResult.Ok;
    if (step !== Step.Again) return ParseResult.Ok;
  }
}

function runResponse(conn: HttpConn): ParseResult {
  if (conn.outStatus === SideState.Tunnel) return ParseResult.Ok;
  for (;;) {
    const step = responseStep(conn);
    if (step === Step.Fault) return giveUp(conn, Dir.ToClient);
    if ((conn.outStatus as SideState) === SideState.Tunnel) {
      if (conn.outState === ResState.Finalize && conn.outTx !== null) responseComplete(conn, conn.outTx);
      return ParseResult.Ok;
    }
    if (step !== Step.Again || conn.changeTo >= 0) return ParseResult.Ok;
  }
}

function run(conn: HttpConn, dir: Dir): ParseResult {
  const result = dir === Dir.ToServer ? runRequest(conn) : runResponse(conn);
  if (result !== ParseResult.Ok || conn.changeTo < 0) return result;
  return changeProtocol(conn);
}

/** Completes what the change of protocol ends and tells the application layer. */
function changeProtocol(conn: HttpConn): ParseResult {
  const tx = conn.outTx ?? conn.last;
  change.to = conn.changeTo as AppProto;
  change.port = tx === null ? -1 : tx.port;
  conn.changeTo = -1;
  if (conn.outTx !== null) responseComplete(conn, conn.outTx);
  if (conn.inTx !== null) requestComplete(conn, conn.inTx);
  if (tx !== null) tx.flags |= TxFlag.Tunnel;
  return ParseResult.Change;
}

function consume(flow: number, dir: Dir, off: number, len: number, tsUs: number): ParseResult {
  if (connFlags[flow] & ConnFlag.GivenUp) return ParseResult.Fault;
  const conn = connFor(flow);
  conn.nowUs = tsUs;
  piece.pos = off;
  piece.end = off + len;
  piece.gap = false;
  if ((connFlags[flow] & ConnFlag.Lost) !== 0) resync(conn, dir);
  const result = run(conn, dir);
  if (conn.first === null) closeConnIfIdle(conn);
  return result;
}

/** States in which missing bytes can be passed because the length of what they belong to is known, or open. */
function passesGap(conn: HttpConn, dir: Dir): boolean {
  if (dir === Dir.ToServer) {
    return (
      conn.inState === ReqState.BodyIdentity || conn.inState === ReqState.Ignore || conn.inState === ReqState.Finalize
    );
  }
  const s = conn.outState;
  return s === ResState.BodyKnown || s === ResState.BodyToClose || s === ResState.Finalize;
}

function gap(flow: number, dir: Dir, len: number, tsUs: number): ParseResult {
  if (connFlags[flow] & ConnFlag.GivenUp) return ParseResult.Fault;
  counts[cGap]++;
  const conn = connFor(flow);
  conn.nowUs = tsUs;
  const left = dir === Dir.ToServer ? conn.inLeft : conn.outLeft;
  if (!passesGap(conn, dir) || (left >= 0 && len > left)) lose(conn, dir);
  // Elsewhere the parser goes on with what follows as if nothing were missing, until another message begins.
  if (!passesGap(conn, dir)) return ParseResult.Ok;
  piece.pos = 0;
  piece.end = left >= 0 ? Math.min(len, left) : len;
  piece.gap = true;
  const result = run(conn, dir);
  piece.gap = false;
  return result;
}

/** Marks bodies whose announced end was not reached when the connection ends. */
function markShort(conn: HttpConn, dir: Dir): void {
  if (dir === Dir.ToServer) {
    const s = conn.inState;
    const within = s >= ReqState.BodyIdentity && s <= ReqState.ChunkEnd;
    if (!within || conn.inTx === null) return;
    conn.inTx.req.body.short = 1;
    // A chunk size that never ended: servers that end lines otherwise have read on.
    if (conn.inBufLen !== 0) ambiguous(conn.inTx, dir);
    return;
  }
  const s = conn.outState;
  const within = s === ResState.BodyKnown || (s >= ResState.ChunkLength && s <= ResState.ChunkEnd);
  if (!within || conn.outTx === null) return;
  conn.outTx.res.body.short = 1;
  if (conn.outBufLen !== 0) ambiguous(conn.outTx, dir);
}

function end(flow: number, dir: Dir, tsUs: number): void {
  const conn = connOfFlow(flow);
  if (conn === null || connFlags[flow] & ConnFlag.GivenUp) return;
  conn.nowUs = tsUs;
  piece.pos = piece.end = 0;
  piece.gap = false;
  markShort(conn, dir);
  if (dir === Dir.ToServer) {
    if (conn.inStatus !== SideState.Tunnel) conn.inStatus = SideState.Closed;
    runRequest(conn);
    if (conn.inTx !== null && (connFlags[flow] & ConnFlag.GivenUp) === 0) requestComplete(conn, conn.inTx);
  } else {
    if (conn.outStatus !== SideState.Tunnel) conn.outStatus = SideState.Closed;
    runResponse(conn);
    if (conn.outTx !== null && (connFlags[flow] & ConnFlag.GivenUp) === 0) responseComplete(conn, conn.outTx);
    finishTransactions(conn);
  }
}

function changeFailed(flow: number): void {
  const conn = connOfFlow(flow);
  if (conn !== null && conn.last !== null) raise(conn.last, HttpEvent.FailedProtocolChange, Dir.ToClient);
}

function release(flow: number): void {
  const conn = connOfFlow(flow);
  if (conn !== null) {
    dropTransactions(conn);
    closeConn(conn);
  }
  forgetFlow(flow);
}

export const httpParser: AppParser = { consume, gap, end, changeFailed, release };
