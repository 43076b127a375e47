/**
 * EVE's http events as finished lines, written by the worker straight from a transaction's bytes: no text is made of
 * them, nothing is encoded, and the writer thread only passes them on. That is for events whose text is plain: whatever
 * needs escaping, has unusual fields or is told to the store too goes the way of records (encode-http.ts, eve/http.ts),
 * which gives the same lines.
 */
import { buf, u8 } from '../core/memory.js';
import { type Packet, PacketFlag, PacketOrigin, packetOriginNames } from '../decode/packet.js';
import { flows } from '../flow/columns.js';
import { copyJoined, findHeader, type HeaderName } from '../http/headers.js';
import { hContentRange, hContentType, hLocation, hReferer, hUserAgent } from '../http/names.js';
import type { Side } from '../http/side.js';
import type { HttpTransaction } from '../http/tx.js';
import { IpProto } from '../protocol/ip.js';
import { clientText, serverText } from './encode-base.js';
import { hForwardedFor, OutputScratch } from './encode-http.js';
import { quote, timestampText } from './eve/json.js';
import { flowId } from './flow-id.js';

const mem = u8;
const flow = flows;

const enum Line {
  Off = OutputScratch.Lines,
  End = OutputScratch.LinesEnd,
  /** Flows whose fixed text is kept, a power of two, and bytes of it at most. */
  Cached = 1024,
  CachedLen = 256,
}

const enum Char {
  Quote = 0x22,
  Comma = 0x2c,
  Semicolon = 0x3b,
  Backslash = 0x5c,
  Delete = 0x7f,
}

const literal = (s: string): Uint8Array => new Uint8Array(Buffer.from(s, 'latin1'));

const tTimestamp = literal('{"timestamp":"');
const tFlowId = literal('+0000","flow_id":');
const tInterface = (name: string): Uint8Array => new Uint8Array(Buffer.from(`,"in_iface":${quote(name)}`, 'utf8'));
const tPcapCnt = literal(',"pcap_cnt":');
const tSource = literal(',"pkt_src":"');
const tTxId = literal('","tx_id":');
const tHttp = literal(',"http":{');
const tHost = literal('"hostname":"');
const tPort = literal('"http_port":');
const tUrl = literal('"url":"');
const tAgent = literal('"http_user_agent":"');
const tForwarded = literal('"xff":"');
const tType = literal('"http_content_type":"');
const tReferer = literal('"http_refer":"');
const tMethod = literal('"http_method":"');
const tProtocol = literal('"protocol":"');
const tStatus = literal('"status":');
const tRedirect = literal('"redirect":"');
const tLength = literal('"length":');
const tEnd = literal('}}\n');
const tNoInterface = tInterface('');
const comma = literal(',');
const tOrigins = packetOriginNames.map(literal);

/** Serial number of the flow whose text a row has. */
const cachedSerial = new Float64Array(Line.Cached);
const cachedLen = new Uint16Array(Line.Cached);
const cached = new Uint8Array(Line.Cached * Line.CachedLen);
const idLen = new Uint8Array(Line.Cached);

/** Next byte to write; -1 once something did not fit or is not plain. */
let at = 0;

function putBytes(from: Uint8Array, start: number, len: number): void {
  if (at < 0) return;
  if (at + len > Line.End) {
    at = -1;
    return;
  }
  for (let i = 0; i < len; i++) mem[at + i] = from[start + i];
  at += len;
}

function put(text: Uint8Array): void {
  putBytes(text, 0, text.length);
}

/** A whole number that is not negative. */
function putNumber(n: number, least = 1): void {
  let digits = 1;
  for (let x = n; x >= 10; x = Math.floor(x / 10)) digits++;
  if (digits < least) digits = least;
  if (at < 0) return;
  if (at + digits > Line.End) {
    at = -1;
    return;
  }
  let rest = n;
  for (let i = digits - 1; i >= 0; i--) {
    const next = Math.floor(rest / 10);
    mem[at + i] = 0x30 + (rest - next * 10);
    rest = next;
  }
  at += digits;
}

/** Whether [from, to) needs no escaping in JSON. */
function isPlain(from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const c = mem[i];
    if (c < 0x20 || c >= Char.Delete || c === Char.Quote || c === Char.Backslash) return false;
  }
  return true;
}

function closeText(): void {
  if (at < 0) return;
  mem[at++] = Char.Quote;
  mem[at++] = Char.Comma;
}

/** A member whose text lies at `position` of a side; none when its length says so. */
function putPart(name: Uint8Array, side: Side, position: number, len: number): void {
  if (len < 0) return;
  const off = side.at(position);
  put(name);
  putBytes(mem, off, len);
  if (at >= 0 && !isPlain(at - len, at)) at = -1;
  closeText();
}

/** A member with a header's value and its repetitions; `stop`: only what is before this character. */
function putHeader(text: Uint8Array, side: Side, name: HeaderName, stop = -1): void {
  const row = findHeader(side, name);
  if (row < 0) return;
  put(text);
  if (at < 0) return;
  let end = copyJoined(side, row, at, Line.End);
  if (stop >= 0) {
    const found = mem.subarray(at, end).indexOf(stop);
    if (found >= 0) end = at + found;
  }
  // A value that reaches the end was perhaps cut.
  at = end < Line.End && isPlain(at, end) ? end : -1;
  closeText();
}

/** `…,"event_type":"http"` and the addresses, by flow: flow id (without its key), then the rest. */
function flowText(f: number): number {
  const row = f & (Line.Cached - 1);
  const serial = flow.serial[f];
  if (cachedSerial[row] === serial) return row;
  const id = String(flowId(serial));
  const rest =
    `,"event_type":"http","src_ip":"${clientText(f)}","src_port":${flow.cliPort[f]}` +
    `,"dest_ip":"${serverText(f)}","dest_port":${flow.srvPort[f]},"proto":"TCP"`;
  Buffer.from(cached.buffer, row * Line.CachedLen, Line.CachedLen).write(id + rest, 'latin1');
  idLen[row] = id.length;
  cachedLen[row] = id.length + rest.length;
  cachedSerial[row] = serial;
  return row;
}

let second = -1;
const secondText = new Uint8Array(20);

function putTime(us: number): void {
  const s = Math.floor(us / 1e6);
  if (s !== second) {
    second = s;
    secondText.set(literal(timestampText(s)));
  }
  put(tTimestamp);
  put(secondText);
  putNumber(Math.floor(us - s * 1e6), 6);
}

function putHttp(tx: HttpTransaction): void {
  const { req, res } = tx;
  putPart(tHost, req, tx.hostOff, tx.hostLen);
  if (tx.port >= 0) {
    put(tPort);
    putNumber(tx.port);
    put(comma);
  }
  putPart(tUrl, req, tx.uriOff, tx.uriLen);
  putHeader(tAgent, req, hUserAgent);
  putHeader(tForwarded, req, hForwardedFor);
  putHeader(tType, res, hContentType, Char.Semicolon);
  putHeader(tReferer, req, hReferer);
  putPart(tMethod, req, tx.methodOff, tx.methodLen);
  putPart(tProtocol, req, tx.protoOff, tx.protoLen);
  if (tx.status > 0) {
    put(tStatus);
    putNumber(tx.status);
    put(comma);
  }
  putHeader(tRedirect, res, hLocation);
  put(tLength);
  putNumber(res.wireLen);
}

/** Whether the transaction's event has only what is written here. */
function isUsual(tx: HttpTransaction): boolean {
  const f = tx.flow;
  if (flow.ipProto[f] !== IpProto.Tcp || flow.bits[f] !== 0) return false;
  if ((flow.vlan0[f] | flow.vlan1[f] | flow.vlan2[f]) !== 0) return false;
  if (tx.status <= 0 && tx.statusLen >= 0) return false;
  return findHeader(tx.res, hContentRange) < 0;
}

/** A run of lines that waits for its hand-over. */
export class HttpLines {
  count = 0;
  private end = Line.Off as number;
  /** in_iface by origin; null: origins are files. */
  private interfaces: Uint8Array[] | null = null;

  /** One a run: flows are known by their serial numbers, which begin anew. */
  constructor() {
    cachedSerial.fill(0);
  }

  /** Origins are interfaces of these names. */
  useInterfaces(names: readonly string[]): void {
    this.interfaces = names.map(tInterface);
  }

  /**
   * Adds the line of a transaction that packet `p` completed; false when it must go as a record. `shiftUs` is added to its
   * time.
   */
  add(p: Packet, tx: HttpTransaction, shiftUs = 0): boolean {
    if (!isUsual(tx)) return false;
    const row = flowText(tx.flow);
    const base = row * Line.CachedLen;
    at = this.end;
    putTime(p.tsUs + shiftUs);
    put(tFlowId);
    putBytes(cached, base, idLen[row]);
    if (this.interfaces !== null) put(this.interfaces[p.origin] ?? tNoInterface);
    if (p.no !== 0) {
      put(tPcapCnt);
      putNumber(p.no);
    }
    putBytes(cached, base + idLen[row], cachedLen[row] - idLen[row]);
    put(tSource);
    put(tOrigins[(p.flags & PacketFlag.FlowEnd) !== 0 ? PacketOrigin.FlowTimeout : p.source]);
    put(tTxId);
    putNumber(tx.id);
    put(tHttp);
    putHttp(tx);
    put(tEnd);
    if (at < 0) return false;
    this.end = at;
    this.count++;
    return true;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.end - Line.Off;
  }

  /** A copy of the lines, whose place is free from now on. */
  take(): Uint8Array {
    const bytes = buf.subarray(Line.Off, this.end);
    this.end = Line.Off;
    this.count = 0;
    return new Uint8Array(bytes);
  }
}
