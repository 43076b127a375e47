/**
 * Which protocol a flow speaks, found by content in both directions, and feeding its parser.
 *
 * Each direction is recognised by its first bytes (after a PROXY header to the server). Until one of them is, its
 * bytes are held, at most `app-layer.hold-limit`. Once a direction is recognised the flow's protocol is set, what was held
 * of the other direction goes to the parser first if it came first, and a direction that no pattern fits is parsed as
 * what the other one is (with an event). Suricata user guide, "Application layer protocol detection".
 */
import { column } from '../core/columns.js';
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { ExceptionPolicy, readPolicy } from '../decode/exception.js';
import { FlowLimit, flows } from '../flow/columns.js';
import { AppProto, appProtoNames } from '../protocol/app-proto.js';
import { AppLayerEvent } from '../protocol/applayer-events.js';
import { EventRange } from '../protocol/events.js';
import { Dir } from '../protocol/ip.js';
import { configureHold, dropHeld, heldLen, heldOff, hold } from './hold.js';
import { change, ParseResult, parserOf } from './parser.js';
import { type ProxyHeader, ProxyStatus, proxy, readProxyHeader } from './proxy.js';
import { mayBeRequest, Recognised, RecogniseLimit, recognise } from './recognise.js';
import { configureStarttls } from './starttls.js';

/** A piece of the stream as src/stream hands it out. */
export interface Piece {
  off: number;
  len: number;
  gap: number;
  eof: boolean;
}

const enum Bit {
  /** A direction was recognised or given up. */
  DecidedTs = 0x01,
  DecidedTc = 0x02,
  /** The parser has seen data. */
  Parsing = 0x04,
  /** Nothing more of this flow is parsed. */
  Ended = 0x08,
  /** The PROXY header was looked for. */
  ProxyDone = 0x10,
  /** The protocol is changing: not both directions of the new one are known. */
  Changing = 0x20,
  /** What comes is to be TLS (STARTTLS). */
  ExpectTls = 0x40,
}

const bits = column.u8(FlowLimit.Max + 1);
const eventMask = column.u8(FlowLimit.Max + 1);
const freshMask = column.u8(FlowLimit.Max + 1);
const proxies = new Map<number, ProxyHeader>();

const cFlows = appProtoNames.map((name) => counter(`app_layer.flow.${name}`));
const cTunnel = counter('applayer.uninspected_bytes');
const cProxy = counter('applayer.proxy_headers');
const cProxyLimit = counter('applayer.proxy_headers_not_kept');

const enum AppLimit {
  /** Default of app-layer.max-proxy-headers, those remembered at once. */
  Proxies = 0x1_0000,
  MostProxies = 0x10_0000,
}
let maxProxies: number = AppLimit.Proxies;

let httpEnabled = true;
let errorPolicy: ExceptionPolicy = ExceptionPolicy.Ignore;
/** Flow whose parser gave up since `takeErrorPolicy` was asked, 0 none. */
let faulted = 0;

/** What `app-layer.error-policy` says when the parser of the flow gave up since the last call; else Ignore. */
export function takeErrorPolicy(flow: number): ExceptionPolicy {
  const hit = faulted === flow;
  faulted = 0;
  return hit ? errorPolicy : ExceptionPolicy.Ignore;
}

/**
 * Reads `app-layer.protocols.http`: enabled (yes, no, detection-only), and `app-layer.error-policy`. HTTP is looked for
 * on every port. `ips`: the engine can drop packets.
 */
export function configureAppLayer(settings: Settings, ips = false): void {
  errorPolicy = readPolicy(settings, 'app-layer.error-policy', ips);
  faulted = 0;
  const mode = settings.string('app-layer.protocols.http.enabled', 'yes');
  configureStarttls();
  configureHold(settings);
  maxProxies = settings.int('app-layer.max-proxy-headers', AppLimit.Proxies, 0, AppLimit.MostProxies);
  httpEnabled = mode !== 'detection-only' && settings.bool('app-layer.protocols.http.enabled', true);
}

function event(flow: number, id: AppLayerEvent): void {
  const bit = 1 << (id - EventRange.AppLayer);
  if (eventMask[flow] & bit) return;
  eventMask[flow] |= bit;
  freshMask[flow] |= bit;
}

/** Events of a flow so far: bit n is AppLayerEvent number EventRange.AppLayer + n. */
export function appLayerEvents(flow: number): number {
  return eventMask[flow];
}

/** Events raised since the last call: they belong to the packet being handled. */
export function takeAppLayerEvents(flow: number): number {
  const fresh = freshMask[flow];
  freshMask[flow] = 0;
  return fresh;
}

/** What the PROXY header in front of the flow says, or null. */
export function proxyHeader(flow: number): ProxyHeader | null {
  return proxies.get(flow) ?? null;
}

/**
 * Whether the first bytes of a flow, in what is taken for direction `dir`, are HTTP of the other direction: a session
 * that was picked up in its middle began with a packet of the server.
 */
export function isReversed(flow: number, dir: Dir, piece: Piece): boolean {
  if (bits[flow] !== 0 || piece.gap > 0 || piece.len === 0) return false;
  if (heldLen(flow, Dir.ToServer) > 0 || heldLen(flow, Dir.ToClient) > 0) return false;
  const len = Math.min(piece.len, RecogniseLimit.Bytes);
  const opposite = dir === Dir.ToServer ? Dir.ToClient : Dir.ToServer;
  const port = flows.srvPort[flow];
  return (
    recognise(opposite, piece.off, len, port) === AppProto.Http1 &&
    recognise(dir, piece.off, len, port) === Recognised.None
  );
}

/** Takes the next piece of a flow's stream. */
export function consumePiece(flow: number, dir: Dir, piece: Piece, tsUs: number): void {
  if (bits[flow] & Bit.Ended) {
    counts[cTunnel] += piece.len;
    return;
  }
  if (piece.gap > 0) takeGap(flow, dir, piece.gap, tsUs);
  if (piece.len > 0) takeBytes(flow, dir, piece.off, piece.len, tsUs);
  if (piece.eof) appLayerEnd(flow, dir, tsUs);
}

function takeGap(flow: number, dir: Dir, len: number, tsUs: number): void {
  const proto = flows.appProto[flow] as AppProto;
  if (bits[flow] & Bit.Parsing) {
    finish(flow, parserOf(proto)?.gap(flow, dir, len, tsUs) ?? ParseResult.Ok);
    return;
  }
  // Without its beginning a direction cannot be recognised: it goes with the other one.
  if (heldLen(flow, dir) === 0) giveUpDirection(flow, dir, tsUs);
}

function takeBytes(flow: number, dir: Dir, off: number, len: number, tsUs: number): void {
  const b = bits[flow];
  const decided = dir === Dir.ToServer ? Bit.DecidedTs : Bit.DecidedTc;
  if (b & decided && b & Bit.Parsing) {
    feed(flow, dir, off, len, tsUs);
    return;
  }
  if (heldLen(flow, dir) === 0 && decide(flow, dir, off, len, tsUs, false)) return;
  const held = hold(flow, dir, off, len);
  if (held) {
    if (heldLen(flow, dir) > len) decide(flow, dir, heldOff(flow, dir), heldLen(flow, dir), tsUs, true);
  } else limitReached(flow, dir, off, len, tsUs);
}

/** No more can be held: the direction is given up, and what was not held goes on to the parser if there is one. */
function limitReached(flow: number, dir: Dir, off: number, len: number, tsUs: number): void {
  giveUpDirection(flow, dir, tsUs);
  if (bits[flow] & Bit.Parsing) feed(flow, dir, off, len, tsUs);
  else {
    event(flow, AppLayerEvent.ProtoDetectionSkipped);
    giveUp(flow);
  }
}

/** Tries to recognise the direction. True when the bytes were used (or the flow was given up). */
function decide(flow: number, dir: Dir, off: number, len: number, tsUs: number, isHeld: boolean): boolean {
  let skip = 0;
  if (dir === Dir.ToServer && (bits[flow] & Bit.ProxyDone) === 0) {
    const status = readProxyHeader(off, len);
    if (status === ProxyStatus.NeedMore) return false;
    if (status === ProxyStatus.Yes) skip = proxy.len;
  }
  const port = flows.srvPort[flow];
  const got = recognise(dir, off + skip, Math.min(len - skip, RecogniseLimit.Bytes), port);
  if (got === Recognised.NeedMore) return false;
  if (skip !== 0) keepProxy(flow);
  bits[flow] |= dir === Dir.ToServer ? Bit.DecidedTs | Bit.ProxyDone : Bit.DecidedTc;
  if (got !== Recognised.None) setProto(flow, dir, got as AppProto);
  else setDirection(flow, dir, AppProto.Failed);
  if (!settle(flow, dir, off + skip, len - skip, tsUs)) return isHeld;
  const from = isHeld ? heldOff(flow, dir) + skip : off + skip;
  if (bits[flow] & Bit.Parsing) feed(flow, dir, from, len - skip, tsUs);
  dropHeld(flow, dir);
  return true;
}

function keepProxy(flow: number): void {
  counts[cProxy]++;
  if (proxies.size >= maxProxies) counts[cProxyLimit]++;
  else proxies.set(flow, { ...proxy });
}

function setDirection(flow: number, dir: Dir, proto: AppProto): void {
  if (dir === Dir.ToServer) flows.appProtoTs[flow] = proto;
  else flows.appProtoTc[flow] = proto;
}

function otherDirection(flow: number, dir: Dir): AppProto {
  return (dir === Dir.ToServer ? flows.appProtoTc[flow] : flows.appProtoTs[flow]) as AppProto;
}

/** The first protocol after STARTTLS. */
function notTls(flow: number, proto: AppProto): void {
  bits[flow] &= ~Bit.ExpectTls;
  if (proto === AppProto.Tls) return;
  event(flow, AppLayerEvent.UnexpectedProtocol);
  event(flow, AppLayerEvent.NoTlsAfterStarttls);
}

/** A direction was recognised: the flow's protocol, and what is odd when the other direction says something else. */
function setProto(flow: number, dir: Dir, proto: AppProto): void {
  const other = otherDirection(flow, dir);
  setDirection(flow, dir, proto);
  if (bits[flow] & Bit.ExpectTls) notTls(flow, proto);
  if (other === AppProto.Unknown || other === AppProto.Failed || other === proto) {
    if (other === AppProto.Failed) event(flow, AppLayerEvent.DetectProtocolOnlyOneDirection);
    if (flows.appProto[flow] !== proto) counts[cFlows[proto]]++;
    flows.appProto[flow] = proto;
    return;
  }
  event(flow, AppLayerEvent.MismatchProtocolBothDirections);
  if ((bits[flow] & Bit.Parsing) === 0 && dir === Dir.ToClient) flows.appProto[flow] = proto;
}

/**
 * After a direction was decided: true when its bytes are used now (parsed, or of no more interest). They are the `len`
 * ones at `off`, or (len 0) what is held of it.
 */
function settle(flow: number, dir: Dir, off: number, len: number, tsUs: number): boolean {
  let proto = flows.appProto[flow] as AppProto;
  const other = otherDirection(flow, dir);
  if (proto === AppProto.Unknown || proto === AppProto.Failed) {
    if (other !== AppProto.Failed) return false;
    const held = dir === Dir.ToClient || len === 0;
    const at = held ? heldOff(flow, Dir.ToServer) : off;
    if (!takeForRequest(flow, at, held ? heldLen(flow, Dir.ToServer) : len)) {
      giveUp(flow);
      return true;
    }
    proto = AppProto.Http1;
  }
  const mine = dir === Dir.ToServer ? flows.appProtoTs[flow] : flows.appProtoTc[flow];
  if (mine === AppProto.Failed) event(flow, AppLayerEvent.DetectProtocolOnlyOneDirection);
  if (!isParsed(proto)) {
    bits[flow] |= Bit.Ended;
    dropHeld(flow, Dir.ToServer);
    dropHeld(flow, Dir.ToClient);
    return true;
  }
  const first = (bits[flow] & Bit.Parsing) === 0;
  bits[flow] |= Bit.Parsing;
  const opposite = dir === Dir.ToServer ? Dir.ToClient : Dir.ToServer;
  const decided = opposite === Dir.ToServer ? Bit.DecidedTs : Bit.DecidedTc;
  // What the other side said before, and could not be recognised by, comes first.
  if (first && bits[flow] & decided && heldLen(flow, opposite) > 0) feedHeld(flow, opposite, tsUs);
  return true;
}

function feedHeld(flow: number, dir: Dir, tsUs: number): void {
  let off = heldOff(flow, dir);
  let len = heldLen(flow, dir);
  const header = dir === Dir.ToServer ? proxies.get(flow) : undefined;
  if (header !== undefined) {
    off += header.len;
    len -= header.len;
  }
  if (len > 0) feed(flow, dir, off, len, tsUs);
  dropHeld(flow, dir);
}

function isParsed(proto: AppProto): boolean {
  return parserOf(proto) !== undefined && (proto !== AppProto.Http1 || httpEnabled);
}

/** The direction cannot be recognised any more. */
function giveUpDirection(flow: number, dir: Dir, tsUs: number): void {
  const decided = dir === Dir.ToServer ? Bit.DecidedTs : Bit.DecidedTc;
  if (bits[flow] & decided) return;
  bits[flow] |= decided;
  setDirection(flow, dir, AppProto.Failed);
  if (settle(flow, dir, 0, 0, tsUs) && bits[flow] & Bit.Parsing && heldLen(flow, dir) > 0) feedHeld(flow, dir, tsUs);
}

/**
 * The server's side does not tell, and no pattern fits the client's: when its first bytes may be a request, the flow
 * is HTTP/1 all the same, so that an empty line before a request without an answer in HTTP/1 does not hide it.
 */
function takeForRequest(flow: number, off: number, len: number): boolean {
  if (len === 0 || !isParsed(AppProto.Http1) || !mayBeRequest(off, len)) return false;
  flows.appProtoTs[flow] = AppProto.Http1;
  event(flow, AppLayerEvent.DetectProtocolOnlyOneDirection);
  counts[cFlows[AppProto.Http1]]++;
  flows.appProto[flow] = AppProto.Http1;
  return true;
}

/** The server has said nothing until the end: what is held of the client may still be a request. */
function unanswered(flow: number, tsUs: number): void {
  const off = heldOff(flow, Dir.ToServer);
  if (flows.appProtoTs[flow] !== AppProto.Failed || flows.appProtoTc[flow] !== AppProto.Unknown) return;
  if (!takeForRequest(flow, off, heldLen(flow, Dir.ToServer))) return;
  bits[flow] |= Bit.Parsing | Bit.DecidedTc;
  feedHeld(flow, Dir.ToServer, tsUs);
}

/** Neither direction is anything we know. */
function giveUp(flow: number): void {
  bits[flow] |= Bit.Ended;
  flows.appProto[flow] = AppProto.Failed;
  counts[cFlows[AppProto.Failed]]++;
  dropHeld(flow, Dir.ToServer);
  dropHeld(flow, Dir.ToClient);
}

function feed(flow: number, dir: Dir, off: number, len: number, tsUs: number): void {
  const parser = parserOf(flows.appProto[flow] as AppProto);
  if (parser === undefined) return;
  finish(flow, parser.consume(flow, dir, off, len, tsUs));
}

function finish(flow: number, result: ParseResult): void {
  if (result === ParseResult.Ok) return;
  if (result === ParseResult.Fault) {
    faulted = flow;
    bits[flow] |= Bit.Ended;
    return;
  }
  changeProtocol(flow);
}

/** Whether an earlier change is not through: one direction has not shown what it speaks (Suricata refuses a second one). */
function isChanging(flow: number): boolean {
  const both = Bit.DecidedTs | Bit.DecidedTc;
  return (bits[flow] & Bit.Changing) !== 0 && (bits[flow] & both) !== both;
}

/** The parser hands the connection over: found out anew (CONNECT), or to a protocol that is recognised only. */
function changeProtocol(flow: number): void {
  const to = change.to;
  if (to !== AppProto.Unknown) {
    if (isChanging(flow) && to === AppProto.Http2) {
      parserOf(flows.appProto[flow] as AppProto)?.changeFailed(flow);
    } else {
      flows.appProto[flow] = to;
      counts[cFlows[to]]++;
    }
    bits[flow] |= Bit.Ended;
    return;
  }
  const tls = flows.appProto[flow] === AppProto.Smtp ? Bit.ExpectTls : 0;
  bits[flow] = Bit.ProxyDone | Bit.Changing | tls;
  flows.appProtoTs[flow] = flows.appProtoTc[flow] = AppProto.Unknown;
}

/** No more bytes come in the direction: what was held and the message under way end here. */
export function appLayerEnd(flow: number, dir: Dir, tsUs = flows.lastUs[flow]): void {
  if ((bits[flow] & Bit.Parsing) === 0) {
    if (heldLen(flow, dir) > 0) giveUpDirection(flow, dir, tsUs);
    if (dir === Dir.ToClient && heldLen(flow, Dir.ToServer) > 0) unanswered(flow, tsUs);
    if ((bits[flow] & Bit.Parsing) === 0) return;
  }
  parserOf(flows.appProto[flow] as AppProto)?.end(flow, dir, tsUs);
}

/** Frees all that the application layer has of a flow. */
export function releaseAppLayer(flow: number): void {
  parserOf(AppProto.Http1)?.release(flow);
  parserOf(AppProto.Smtp)?.release(flow);
  dropHeld(flow, Dir.ToServer);
  dropHeld(flow, Dir.ToClient);
  bits[flow] = eventMask[flow] = freshMask[flow] = 0;
  if (proxies.size !== 0) proxies.delete(flow);
}
