/**
 * State of one HTTP connection while a message is under way. Between messages an object is not needed: what must
 * be remembered of an idle connection (how many transactions it had, whether it was given up) lies in columns.
 */

import { freeBlock } from '../applayer/pool.js';
import { column } from '../core/columns.js';
import { FlowLimit } from '../flow/columns.js';
import { defaultConfig, type HttpConfig } from './config.js';
import type { HttpTransaction } from './tx.js';

export const enum ReqState {
  Idle = 0,
  Line = 1,
  Headers = 2,
  /** CONNECT: waits for the response. */
  ConnectWait = 3,
  /** CONNECT was granted: is what follows HTTP? */
  ConnectProbe = 4,
  BodyIdentity = 5,
  ChunkLength = 6,
  ChunkData = 7,
  ChunkEnd = 8,
  /** After an HTTP/0.9 request: nothing more is a request. */
  Ignore = 9,
  /** The message has ended; what follows in the same piece decides whether more belongs to it. */
  Finalize = 10,
}

export const enum ResState {
  Idle = 0,
  Line = 1,
  Headers = 2,
  BodyKnown = 3,
  BodyToClose = 4,
  ChunkLength = 5,
  ChunkData = 6,
  ChunkEnd = 7,
  Finalize = 8,
}

export const enum SideState {
  Data = 0,
  /** Waits for the other side (CONNECT). */
  Other = 1,
  Tunnel = 2,
  Error = 3,
  Closed = 4,
}

/** What a step of a state machine says. */
export const enum Step {
  /** Go on with the (perhaps new) state. */
  Again = 0,
  /** The piece is used up. */
  NeedData = 1,
  /** Wait for the other side. */
  Other = 2,
  /** A fault that cannot be passed: the connection is given up. */
  Fault = 3,
}

/** Bits of `connFlags`: what outlives an idle connection. */
export const enum ConnFlag {
  GivenUp = 1,
  Tunnel = 2,
  /** HTTP/0.9 was spoken: further request bytes are not requests. */
  Ignore = 4,
  /** Bytes are missing, and where the next message begins is not known (resync.ts). */
  LostToServer = 8,
  LostToClient = 16,
  Lost = 24,
}

export class HttpConn {
  flow = 0;
  config: HttpConfig = defaultConfig();
  inState: ReqState = ReqState.Idle;
  outState: ResState = ResState.Idle;
  inStatus: SideState = SideState.Data;
  outStatus: SideState = SideState.Data;
  /** Transaction whose request / response is being parsed. */
  inTx: HttpTransaction | null = null;
  outTx: HttpTransaction | null = null;
  /** All open transactions, oldest first, and the oldest one no response was begun for. */
  first: HttpTransaction | null = null;
  last: HttpTransaction | null = null;
  nextToAnswer: HttpTransaction | null = null;
  /** The request completed last, while it is open: late bytes may still belong to it. */
  asked: HttpTransaction | null = null;
  /** The transaction answered last, while it is open: late bytes still belong to it. */
  answered: HttpTransaction | null = null;
  open = 0;
  /** Transactions begun on this connection. */
  txCount = 0;
  warnings = 0;
  /** Body bytes still to come of a known length; -1 none. */
  inLeft = -1;
  outLeft = -1;
  inLength = -1;
  /** Bytes left of the chunk. */
  inChunk = 0;
  outChunk = 0;
  /** Partial line that belongs to no head (chunk lengths, probes): block, size, length. */
  inBufOff = 0;
  inBufSize = 0;
  inBufLen = 0;
  outBufOff = 0;
  outBufSize = 0;
  outBufLen = 0;
  /** The last piece of a response head ended in CR: the next byte tells what it means. */
  outCr = 0;
  /** The last header line of the response ended in LF CR. */
  outLfCr = 0;
  /** Capture time of the piece being parsed. */
  nowUs = 0;
  /** Application protocol that the rest of the connection changes to, -1 none. */
  changeTo = -1;
}

const conns: HttpConn[] = [];
const free: number[] = [];
/** Index + 1 into `conns`, 0 none. */
const connOf = column.i32(FlowLimit.Max + 1);
const txCountOf = column.u32(FlowLimit.Max + 1);
const warningsOf = column.u16(FlowLimit.Max + 1);
export const connFlags = column.u8(FlowLimit.Max + 1);

/** The state of a flow's connection, or null when it is idle. */
export function connOfFlow(flow: number): HttpConn | null {
  const i = connOf[flow];
  return i === 0 ? null : conns[i - 1];
}

/** The state of a flow's connection, made when it is idle. */
export function openConn(flow: number, config: HttpConfig): HttpConn {
  const known = connOf[flow];
  if (known !== 0) return conns[known - 1];
  let i = free.pop();
  if (i === undefined) {
    i = conns.length;
    conns.push(new HttpConn());
  }
  const c = conns[i];
  connOf[flow] = i + 1;
  c.flow = flow;
  c.config = config;
  c.txCount = txCountOf[flow];
  c.warnings = warningsOf[flow];
  const flags = connFlags[flow];
  c.inState = flags & ConnFlag.Ignore ? ReqState.Ignore : ReqState.Idle;
  if (flags & ConnFlag.Tunnel) c.inStatus = c.outStatus = SideState.Tunnel;
  return c;
}

/** Lets go of the state when nothing is under way: no open transaction, no partial line, both sides idle. */
export function closeConnIfIdle(c: HttpConn): void {
  if (c.first !== null || c.inTx !== null || c.outTx !== null) return;
  if (c.inState !== ReqState.Idle && c.inState !== ReqState.Ignore) return;
  if (c.outState !== ResState.Idle || c.inStatus === SideState.Error || c.outStatus === SideState.Error) return;
  if (c.inStatus === SideState.Closed || c.outStatus === SideState.Closed) return;
  txCountOf[c.flow] = c.txCount;
  warningsOf[c.flow] = Math.min(c.warnings, 0xffff);
  if (c.inState === ReqState.Ignore) connFlags[c.flow] |= ConnFlag.Ignore;
  if (c.inStatus === SideState.Tunnel) connFlags[c.flow] |= ConnFlag.Tunnel;
  closeConn(c);
}

/** Frees the state whatever it is; its transactions must be gone. */
export function closeConn(c: HttpConn): void {
  dropInBuf(c);
  dropOutBuf(c);
  free.push(connOf[c.flow] - 1);
  connOf[c.flow] = 0;
  c.flow = 0;
  c.inState = ReqState.Idle;
  c.outState = ResState.Idle;
  c.inStatus = c.outStatus = SideState.Data;
  c.inTx = c.outTx = c.first = c.last = c.nextToAnswer = c.answered = c.asked = null;
  c.open = c.txCount = c.warnings = 0;
  c.inLeft = c.outLeft = c.inLength = -1;
  c.inChunk = c.outChunk = c.outCr = c.outLfCr = 0;
  c.changeTo = -1;
}

/** Forgets what the columns remember of a flow (its id will be used again). */
export function forgetFlow(flow: number): void {
  txCountOf[flow] = 0;
  warningsOf[flow] = 0;
  connFlags[flow] = 0;
}

export function dropInBuf(c: HttpConn): void {
  if (c.inBufSize !== 0) freeBlock(c.inBufOff, c.inBufSize);
  c.inBufOff = c.inBufSize = c.inBufLen = 0;
}
export function dropOutBuf(c: HttpConn): void {
  if (c.outBufSize !== 0) freeBlock(c.outBufOff, c.outBufSize);
  c.outBufOff = c.outBufSize = c.outBufLen = 0;
}

/** State objects in use. */
export function openConns(): number {
  return conns.length - free.length;
}
