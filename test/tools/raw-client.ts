/**
 * A TCP client whose every segment is chosen: run in a namespace of its own as `node raw-client.js FILE`, where FILE holds a
 * RawPlan. Its addresses are not the kernel's, which therefore does not meddle. Prints RawResult[] as JSON.
 */
import { readFileSync } from 'node:fs';
import { openRaw, sendRaw } from '../../src/addon/inject.js';
import { isRefusal, openPcapLive, readPcap } from '../../src/addon/pcap.js';
import { dv, Region, u8 } from '../../src/core/memory.js';

/** A segment: where it starts in the stream, and its bytes (latin1). */
export interface RawSegment {
  at: number;
  text: string;
  /** TTL or hop limit, 64 unless told. */
  ttl?: number;
  /** Milliseconds after the segment before. */
  waitMs?: number;
}

export interface RawTry {
  id: string;
  ipVersion: 4 | 6;
  segments: RawSegment[];
  port: number;
}

export interface RawPlan {
  device: string;
  /** Client and server by IP version. */
  addresses: Record<'4' | '6', [client: string, server: string]>;
  tries: RawTry[];
  /** Milliseconds after which a try is over. */
  waitMs: number;
}

export interface RawResult {
  id: string;
  outcome: 'reset' | 'closed' | 'answered' | 'nothing';
  /** What the server sent (latin1). */
  text: string;
}

const enum Flag {
  Fin = 1,
  Syn = 2,
  Rst = 4,
  Psh = 8,
  Ack = 16,
}

const Build = Region.SegmentsOff;
const AddressAt = Region.SegmentsOff + 0x2_0000;
const Parallel = 24;
const RepeatMs = 700;

function addressBytes(address: string): number[] {
  if (!address.includes(':')) return address.split('.').map(Number);
  const [head, tail] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const words = [...head, ...Array<string>(8 - head.length - (tail ?? []).length).fill('0'), ...(tail ?? [])];
  return words.flatMap((w) => [Number.parseInt(w, 16) >> 8, Number.parseInt(w, 16) & 0xff]);
}

function sum(off: number, len: number): number {
  let total = 0;
  for (let i = 0; i < len; i++) total += (i & 1) === 0 ? u8[off + i] << 8 : u8[off + i];
  return total;
}

function folded(total: number): number {
  let x = total;
  while (x > 0xffff) x = (x & 0xffff) + Math.floor(x / 0x1_0000);
  return ~x & 0xffff;
}

class Connection {
  phase: 'new' | 'syn' | 'open' | 'over' = 'new';
  result: RawResult;
  private readonly isn = (Math.random() * 0xffff_ffff) >>> 0;
  private next = 0;
  private received: string[] = [];
  private startMs = 0;
  private sentMs = 0;
  private sent = 0;
  private readonly from: number[];
  private readonly to: number[];
  private readonly v6: boolean;
  private highest = 0;

  constructor(
    readonly port: number,
    private readonly handle: number,
    private readonly plan: RawPlan,
    private readonly what: RawTry,
  ) {
    const [client, server] = plan.addresses[what.ipVersion];
    this.from = addressBytes(client);
    this.to = addressBytes(server);
    this.v6 = what.ipVersion === 6;
    this.result = { id: what.id, outcome: 'nothing', text: '' };
  }

  start(now: number): void {
    this.phase = 'syn';
    this.startMs = this.sentMs = now;
    this.segment(this.isn, Flag.Syn, '');
  }

  private segment(seq: number, flags: number, text: string, ttl = 64): void {
    const ip = this.v6 ? 40 : 20;
    const len = 20 + text.length;
    const t = Build + ip;
    u8.fill(0, Build, t + 20);
    dv.setUint16(t, this.port);
    dv.setUint16(t + 2, 80);
    dv.setUint32(t + 4, seq >>> 0);
    dv.setUint32(t + 8, (flags & Flag.Ack) !== 0 ? this.next >>> 0 : 0);
    u8[t + 12] = 0x50;
    u8[t + 13] = flags;
    dv.setUint16(t + 14, 0xffff);
    for (let i = 0; i < text.length; i++) u8[t + 20 + i] = text.charCodeAt(i);
    const at = this.v6 ? Build + 8 : Build + 12;
    u8.set([...this.from, ...this.to], at);
    dv.setUint16(t + 16, folded(sum(at, this.from.length * 2) + 6 + len + sum(t, len)));
    if (this.v6) {
      u8[Build] = 0x60;
      dv.setUint16(Build + 4, len);
      u8[Build + 6] = 6;
      u8[Build + 7] = ttl;
    } else {
      u8[Build] = 0x45;
      dv.setUint16(Build + 2, ip + len);
      u8[Build + 6] = 0x40;
      u8[Build + 8] = ttl;
      u8[Build + 9] = 6;
      dv.setUint16(Build + 10, folded(sum(Build, 20)));
    }
    u8.set(this.to, AddressAt);
    while (sendRaw(this.handle, Build, ip + len, this.v6 ? 6 : 4, AddressAt) === -11);
  }

  /** A segment of the server's. */
  take(seq: number, ack: number, flags: number, text: string): void {
    if (this.phase === 'over' || this.phase === 'new') return;
    if ((flags & Flag.Rst) !== 0) {
      this.end('reset');
      return;
    }
    if (this.phase === 'syn') {
      if ((flags & (Flag.Syn | Flag.Ack)) !== (Flag.Syn | Flag.Ack)) return;
      this.next = (seq + 1) >>> 0;
      this.phase = 'open';
      this.segment(this.isn + 1, Flag.Ack, '');
      this.sentMs = 0;
      return;
    }
    this.highest = Math.max(this.highest, (ack - this.isn - 1) >>> 0 > 0x7fff_ffff ? 0 : (ack - this.isn - 1) >>> 0);
    if (text === '' && (flags & Flag.Fin) === 0) return;
    if (seq >>> 0 === this.next) {
      this.received.push(text);
      this.next = (this.next + text.length + ((flags & Flag.Fin) !== 0 ? 1 : 0)) >>> 0;
    }
    this.segment(this.isn + 1 + this.highest, Flag.Ack, '');
    if ((flags & Flag.Fin) !== 0 && seq + text.length + 1 >= this.next) this.end('closed');
    else if (this.isWhole()) this.end('answered');
  }

  private isWhole(): boolean {
    const text = this.received.join('');
    const head = text.indexOf('\r\n\r\n');
    const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head + 2));
    return head > 0 && length !== null && text.length >= head + 4 + Number(length[1]);
  }

  private end(outcome: RawResult['outcome']): void {
    this.phase = 'over';
    this.result = { id: this.what.id, outcome, text: this.received.join('') };
    // The server need not keep it.
    if (outcome !== 'reset') this.segment(this.isn + 1 + this.highest, Flag.Rst | Flag.Ack, '');
  }

  tick(now: number): void {
    if (this.phase === 'over' || this.phase === 'new') return;
    if (now - this.startMs > this.plan.waitMs) {
      this.end('nothing');
      return;
    }
    if (this.phase === 'syn') {
      if (now - this.sentMs > RepeatMs) this.start(now);
      return;
    }
    const { segments } = this.what;
    if (this.sent === segments.length && now - this.sentMs > RepeatMs) this.sent = 0;
    for (; this.sent < segments.length; this.sent++) {
      const s = segments[this.sent];
      if (now - this.sentMs < (s.waitMs ?? 0)) return;
      this.segment(this.isn + 1 + s.at, Flag.Psh | Flag.Ack, s.text, s.ttl);
      this.sentMs = now;
    }
  }
}

const rows = 4096;
const columns = {
  off: new Uint32Array(rows),
  capLen: new Uint32Array(rows),
  wireLen: new Uint32Array(rows),
  tsUs: new Float64Array(rows),
};

/** Hands what has arrived to its connections. */
function receive(pcap: number, byPort: Map<number, Connection>): void {
  const n = readPcap(pcap, Region.ArenaOff, 1 << 22, 2, columns);
  for (let i = 0; i < n; i++) {
    const ip = columns.off[i] + 14;
    const v6 = u8[ip] >> 4 === 6;
    const t = ip + (v6 ? 40 : (u8[ip] & 15) * 4);
    if (u8[ip + (v6 ? 6 : 9)] !== 6 || dv.getUint16(t) !== 80) continue;
    const end = ip + (v6 ? 40 + dv.getUint16(ip + 4) : dv.getUint16(ip + 2));
    const from = t + (u8[t + 12] >> 4) * 4;
    const text = Buffer.from(u8.subarray(from, Math.max(from, end))).toString('latin1');
    byPort.get(dv.getUint16(t + 2))?.take(dv.getUint32(t + 4), dv.getUint32(t + 8), u8[t + 13], text);
  }
}

function run(plan: RawPlan): RawResult[] {
  const raw = openRaw(0, '');
  const pcap = openPcapLive(plan.device, {
    snapLen: 65_535,
    promisc: true,
    bufferSize: 8 << 20,
    timeoutMs: 1,
    immediate: true,
  });
  if (isRefusal(raw) || isRefusal(pcap)) throw new Error('the raw client cannot open its sockets');
  const all = plan.tries.map((what) => new Connection(what.port, raw, plan, what));
  const byPort = new Map(all.map((c) => [c.port, c]));
  for (let begun = 0; all.some((c) => c.phase !== 'over'); ) {
    const now = performance.now();
    let running = 0;
    for (const c of all) {
      if (c.phase === 'syn' || c.phase === 'open') running++;
      c.tick(now);
    }
    for (; running < Parallel && begun < all.length; running++) all[begun++].start(now);
    receive(pcap, byPort);
  }
  return all.map((c) => c.result);
}

const [file] = process.argv.slice(2);
if (file !== undefined) {
  process.stdout.write(JSON.stringify(run(JSON.parse(readFileSync(file, 'utf8')) as RawPlan)), () => process.exit(0));
}
