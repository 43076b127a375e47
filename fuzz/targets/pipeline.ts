/**
 * The whole path of a packet: a conversation cut into segments at random, some twice, late, overlapping with other
 * bytes, fragmented or lost, through all stages with rules, passive or inline. Nothing throws, what rules on stream and
 * packets say does not depend on where batches end, and when the flows have ended every pool is empty. An input is both directions in turn, client first, changing at each TurnByte; its sum seeds the cutting.
 */
import { TcpFlag } from '../../src/protocol/tcp.js';
import { DefaultClient, DefaultServer, frame, ip, tcp } from '../../test/tools/build.js';
import { fragmentPacket } from '../../test/tools/fragment.js';
import { PipelineRun, poolsInUse } from '../../test/tools/pipeline-run.js';
import { seeded } from '../../test/tools/seeded.js';
import { DefaultStartUs, type TimedFrame } from '../../test/tools/session.js';
import { lines } from '../shapes.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

const TurnByte = 0x1e;
const MaxSegment = 200;

const rules = `
alert http any any -> any any (msg:"u"; http.uri; content:"a"; sid:1;)
alert http any any -> any any (msg:"b"; http.request_body; content:"x"; flowbits:set,x; sid:2;)
alert http any any -> any any (msg:"f"; flowbits:isset,x; file.data; content:"o"; pcre:"/o.*k/s"; sid:3;)
alert tcp any any -> any any (msg:"s"; content:"H"; content:"T"; within:9; sid:4;)
alert http any any -> any any (msg:"h"; flow:to_server; http.header; content:"Host"; flowint:n,+,1; sid:5;)
alert tcp any any -> any any (msg:"d"; dsize:>100; sid:6;)
`;

const enum Sid {
  Stream = 4,
  Packet = 6,
}

interface Side {
  ip: string;
  port: number;
  seq: number;
}

/** Writes the frames of a conversation. */
class Cutter {
  readonly frames: TimedFrame[] = [];
  readonly random: () => number;
  private clock = DefaultStartUs;
  private readonly client: Side = { ip: DefaultClient, port: 40000, seq: 0 };
  private readonly server: Side = { ip: DefaultServer, port: 80, seq: 0 };

  constructor(seed: number) {
    this.random = seeded(seed);
    this.client.seq = Math.floor(this.random() * 2 ** 32);
    this.server.seq = 0xffff_ff00;
    this.send(true, TcpFlag.Syn);
    this.client.seq++;
    this.send(false, TcpFlag.Syn | TcpFlag.Ack);
    this.server.seq++;
    this.send(true, TcpFlag.Ack);
  }

  /** One segment `ahead` bytes after what the side has sent. */
  private send(fromClient: boolean, flags: number, data = new Uint8Array(0), ahead = 0): void {
    const a = fromClient ? this.client : this.server;
    const b = fromClient ? this.server : this.client;
    const ack = (flags & TcpFlag.Ack) === 0 ? 0 : b.seq;
    const fields = { srcPort: a.port, dstPort: b.port, seq: a.seq + ahead, ack, flags };
    const packet = ip(a.ip, b.ip, 6, tcp(a.ip, b.ip, fields, data), { id: this.frames.length });
    const whole = this.random() > 0.1;
    for (const part of whole ? [packet] : fragmentPacket(packet, 24, this.frames.length)) {
      this.frames.push({ tsUs: this.clock++, bytes: frame(part) });
    }
  }

  /** What one side says, in segments in nearly any order, and the acknowledgement. */
  say(fromClient: boolean, data: Uint8Array): void {
    const cuts: [number, number][] = [];
    for (let at = 0; at < data.length; ) {
      const len = 1 + Math.floor(this.random() * (this.random() < 0.3 ? 4 : MaxSegment));
      cuts.push([at, Math.min(data.length, at + len)]);
      at += this.random() < 0.2 ? Math.ceil(len / 2) : len;
    }
    const late = this.random() < 0.5 ? 0 : 0.3;
    for (let i = 0; i + 1 < cuts.length; i++) if (this.random() < late) [cuts[i], cuts[i + 1]] = [cuts[i + 1], cuts[i]];
    for (const [from, to] of cuts) this.segment(fromClient, data, from, to);
    (fromClient ? this.client : this.server).seq += data.length;
    this.send(!fromClient, TcpFlag.Ack);
  }

  private segment(fromClient: boolean, data: Uint8Array, from: number, to: number): void {
    const fate = this.random();
    if (fate < 0.02) return;
    const bytes = data.slice(from, to);
    if (fate < 0.05) bytes[0] ^= 1;
    this.send(fromClient, TcpFlag.Ack, bytes, from);
    if (fate > 0.95) this.send(fromClient, TcpFlag.Ack, bytes, from);
  }

  /** A regular end, a reset, or none. */
  end(): void {
    const how = this.random();
    if (how < 0.3) this.send(true, TcpFlag.Rst | TcpFlag.Ack);
    else if (how < 0.8) {
      this.send(true, TcpFlag.Fin | TcpFlag.Ack);
      this.client.seq++;
      this.send(false, TcpFlag.Fin | TcpFlag.Ack);
    }
  }
}

/** Notes which records there were, and about how many. */
function tell(run: PipelineRun): void {
  for (const [kind, n] of Object.entries(run.records)) ledTo(`${kind} ${'x'.repeat(Math.log2(n) + 1)}`);
}

/** Whether the stream rule alerts about the frames, and how often the packet rule in batches of at most `most`. */
function alertsOf(frames: TimedFrame[], inline: boolean, most: number): string {
  const run = new PipelineRun(rules, {}, inline);
  run.feed(frames, most).finish();
  for (const [pool, used] of Object.entries(poolsInUse())) {
    const waits = pool === 'trackers' || pool === 'fragments';
    if (!waits) promise(used === 0, `${pool} is empty when the flows have ended`);
  }
  tell(run);
  // A piece of stream ends where a batch does, and on pieces depends what belongs to a damaged message and with which
  // packet its stream is looked at: not whether a rule on the stream matches, nor what rules on packets do.
  return `${Math.min(1, run.alerts(Sid.Stream))} ${run.alerts(Sid.Packet)}`;
}

const turn = String.fromCharCode(TurnByte);

export const target: FuzzTarget = {
  name: 'pipeline',
  seeds: () =>
    [
      `GET /a HTTP/1.1\r\nHost: h\r\n\r\n${turn}HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nook`,
      `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 400\r\n\r\n${'x'.repeat(400)}${turn}HTTP/1.1 204 No\r\n\r\n`,
      `${'GET /1 HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(5)}${turn}${'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'.repeat(5)}`,
      `GET / HTTP/1.1\r\n\r\n${turn}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nookok\r\n0\r\n\r\n${turn}GET /b HTTP/1.0\r\n\r\n${turn}`,
      `\x16\x03\x01\x02\x00${turn}SSH-2.0\r\n${turn}GET /`,
    ].map((text) => Buffer.from(text, 'latin1')),
  shape: lines(TurnByte),
  words: [turn, '\r\n\r\n', 'GET /a HTTP/1.1\r\n', 'HTTP/1.1 200 OK\r\n', 'Content-Length: 9\r\n', 'chunked', 'ok'],
  run(input) {
    let sum = input.length;
    for (const byte of input) sum = (Math.imul(sum, 31) + byte) | 0;
    const cutter = new Cutter(sum);
    let fromClient = true;
    let start = 0;
    for (let at = 0; at <= input.length; at++) {
      if (at < input.length && input[at] !== TurnByte) continue;
      if (at > start) cutter.say(fromClient, input.subarray(start, at));
      fromClient = !fromClient;
      start = at + 1;
    }
    cutter.end();
    const inline = cutter.random() < 0.3;
    const some = alertsOf(cutter.frames, inline, 1 + Math.floor(cutter.random() * 40));
    const single = alertsOf(cutter.frames, inline, 1);
    promise(some === single, `alerts do not depend on where batches end: ${some} or ${single}`);
  },
};
