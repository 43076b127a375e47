/**
 * Rewrites a capture so that it says the same in another way: TCP data in small segments, out of order, repeated,
 * IP fragments, tags and tunnels. A sensor must find the same in it. All choices come from a seed.
 *
 * Stages run in this order, each only when asked for: split, reorder, duplicate, acknowledge, fragment, tunnel.
 */
import { TcpFlag } from '../../src/protocol/tcp.js';
import { frame } from './build.js';
import { fragmentPacket } from './fragment.js';
import { mended, parseIp, type TcpView, tcpView } from './packet-view.js';
import { seeded } from './seeded.js';
import type { TimedFrame } from './session.js';
import { type WrapperName, wrappers } from './wrap.js';

export interface MutateOptions {
  seed?: number;
  /** Bytes of TCP payload a segment at most. */
  split?: number;
  /** Segments of one side's burst change places within so many. */
  reorder?: number;
  /** Share of data segments that come again, 0..1. */
  duplicate?: number;
  /** An acknowledgement after every data segment that moves the receiver on. */
  acknowledge?: boolean;
  /** Bytes of IP payload a fragment at most. */
  fragment?: number;
  fragmentOrder?: 'forward' | 'reverse' | 'random';
  /** Tunnels and tags, innermost first. */
  wrap?: WrapperName[];
}

/** A packet on its way through the stages: an IP packet, or a frame we cannot read and leave alone. */
interface Item {
  tsUs: number;
  ip: Uint8Array | null;
  raw: Uint8Array;
}

/** The frames (Ethernet, or raw IP with `linkType` 101) rewritten; the result is Ethernet. */
export function mutate(frames: readonly TimedFrame[], o: MutateOptions, linkType = 1): TimedFrame[] {
  const next = seeded(o.seed ?? 1);
  const random = (n: number): number => Math.floor(next() * n);
  let items = frames.map((f): Item => ({ tsUs: f.tsUs, ip: parseIp(f.bytes, linkType), raw: f.bytes }));
  if (o.split !== undefined) items = items.flatMap((x) => splitItem(x, o.split as number));
  if (o.reorder !== undefined) reorder(items, o.reorder, random);
  if (o.duplicate !== undefined) items = duplicate(items, o.duplicate, random);
  if (o.acknowledge === true) items = acknowledge(items);
  if (o.fragment !== undefined) items = fragmentAll(items, o.fragment, o.fragmentOrder ?? 'forward', random);
  return items.map((x) => ({ tsUs: x.tsUs, bytes: x.ip === null ? x.raw : link(x.raw, x.ip, o.wrap ?? [], linkType) }));
}

/** The packet in its tunnels; each but the last must be an IP packet again. */
function link(raw: Uint8Array, ip: Uint8Array, names: WrapperName[], linkType: number): Uint8Array {
  let out = linkType === 1 ? relink(raw, ip) : frame(ip);
  let inner: Uint8Array | null = ip;
  for (const name of names) {
    if (inner === null) throw new RangeError(`${name} cannot carry what is no IP packet`);
    out = wrappers[name](inner);
    inner = parseIp(out, 1, false);
  }
  return out;
}

/** The frame's own Ethernet header (with its tags) around a rewritten packet. */
function relink(raw: Uint8Array, ip: Uint8Array): Uint8Array {
  let at = 12;
  let type = (raw[at] << 8) | raw[at + 1];
  while (type === 0x8100 || type === 0x88a8 || type === 0x9100) {
    at += 4;
    type = (raw[at] << 8) | raw[at + 1];
  }
  if (raw.length < 14 || (type !== 0x0800 && type !== 0x86dd)) return frame(ip);
  const out = new Uint8Array(at + 2 + ip.length);
  out.set(raw.subarray(0, at + 2));
  out.set(ip, at + 2);
  return out;
}

/** A TCP segment with data as several; flags that end something stay with the last, SYN with the first. */
function splitItem(x: Item, size: number): Item[] {
  const t = x.ip === null ? null : tcpView(x.ip);
  if (t === null || t.payload.length <= size || (t.flags & (TcpFlag.Urg | TcpFlag.Syn)) !== 0) return [x];
  const out: Item[] = [];
  for (let at = 0; at < t.payload.length; at += size) {
    const last = at + size >= t.payload.length;
    const flags = last ? t.flags : t.flags & ~(TcpFlag.Fin | TcpFlag.Psh | TcpFlag.Rst);
    const ip = mended(t, { seq: (t.seq + at) >>> 0, flags, payload: t.payload.subarray(at, at + size) });
    out.push({ ...x, ip });
  }
  return out;
}

/** Indexes of the data segments that one side of a connection sends without the other saying anything between. */
function bursts(items: Item[]): number[][] {
  const open = new Map<string, { from: string; at: number[] }>();
  const out: number[][] = [];
  items.forEach((x, i) => {
    const t = x.ip === null ? null : tcpView(x.ip);
    if (t === null) return;
    const known = open.get(t.connection);
    const movable = t.payload.length > 0 && (t.flags & (TcpFlag.Syn | TcpFlag.Fin | TcpFlag.Rst)) === 0;
    if (known !== undefined && known.from === t.from && movable) known.at.push(i);
    else {
      const at = movable ? [i] : [];
      open.set(t.connection, { from: t.from, at });
      out.push(at);
    }
  });
  return out.filter((b) => b.length > 1);
}

function reorder(items: Item[], window: number, random: (n: number) => number): void {
  for (const burst of bursts(items)) {
    for (let i = 0; i < burst.length - 1; i++) {
      const j = i + random(Math.min(window, burst.length - i));
      const [a, b] = [items[burst[i]], items[burst[j]]];
      items[burst[i]] = { ...b, tsUs: a.tsUs };
      items[burst[j]] = { ...a, tsUs: b.tsUs };
    }
  }
}

/** Sends some data segments again, right away. */
function duplicate(items: Item[], share: number, random: (n: number) => number): Item[] {
  return items.flatMap((x) => {
    const t = x.ip === null ? null : tcpView(x.ip);
    const again = t !== null && t.payload.length > 0 && (t.flags & TcpFlag.Syn) === 0 && random(1000) < share * 1000;
    return again ? [x, { ...x }] : [x];
  });
}

/** What one side has received without gap, and what of that it has not yet been given. */
interface Receiver {
  next: number;
  waiting: Map<number, number>;
}

function acknowledge(items: Item[]): Item[] {
  const receivers = new Map<string, Receiver>();
  const sent = new Map<string, number>();
  return items.flatMap((x) => {
    const t = x.ip === null ? null : tcpView(x.ip);
    if (t === null) return [x];
    const length = t.payload.length + (t.flags & (TcpFlag.Syn | TcpFlag.Fin) ? 1 : 0);
    const end = (t.seq + length) >>> 0;
    if (((end - (sent.get(t.from) ?? end)) | 0) >= 0) sent.set(t.from, end);
    if ((t.flags & TcpFlag.Syn) !== 0) receivers.set(t.from, { next: end, waiting: new Map() });
    const r = receivers.get(t.from);
    const peerNext = sent.get(t.to);
    if (r === undefined || peerNext === undefined || t.payload.length === 0 || (t.flags & TcpFlag.Rst) !== 0)
      return [x];
    r.waiting.set(t.seq, end);
    const before = r.next;
    for (let e = r.waiting.get(r.next); e !== undefined; e = r.waiting.get(r.next)) {
      r.waiting.delete(r.next);
      r.next = e;
    }
    // The end of a stream is acknowledged by the capture's own segments.
    if (r.next === before || (t.flags & TcpFlag.Fin) !== 0) return [x];
    return [x, { ...x, ip: acknowledgement(t, peerNext, r.next) }];
  });
}

function acknowledgement(t: TcpView, seq: number, ack: number): Uint8Array {
  return mended(t, {
    swap: true,
    seq,
    ack,
    flags: TcpFlag.Ack,
    window: 0xffff,
    payload: new Uint8Array(0),
    bare: true,
  });
}

function fragmentAll(items: Item[], size: number, order: string, random: (n: number) => number): Item[] {
  let id = random(0x8000);
  return items.flatMap((x) => {
    if (x.ip === null) return [x];
    const pieces = fragmentPacket(x.ip, size, ++id & 0xffff);
    if (order === 'reverse') pieces.reverse();
    if (order === 'random') {
      for (let i = pieces.length - 1; i > 0; i--) {
        const j = random(i + 1);
        [pieces[i], pieces[j]] = [pieces[j], pieces[i]];
      }
    }
    return pieces.map((ip) => ({ ...x, ip }));
  });
}
