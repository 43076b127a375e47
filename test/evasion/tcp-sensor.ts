/** What the sensor sees of frames: the alerts and anomalies of its pipeline, and the bytes its stream engine hands on. */
import { Region, u8 } from '../../src/core/memory.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { configureDecode, decodeFrame } from '../../src/decode/decode.js';
import { Packet } from '../../src/decode/packet.js';
import { configureDefrag, DefragStatus, insertFragment } from '../../src/defrag/defrag.js';
import { configureFlow, endAllFlows, endedFlow, freeFlow, lookupFlow } from '../../src/flow/table.js';
import { Dir, IpProto } from '../../src/protocol/ip.js';
import { LinkType } from '../../src/protocol/link-type.js';
import { checkPacket, configureChecksums } from '../../src/sensor/checksums.js';
import {
  configureStream,
  endBatch,
  handleSegment,
  releaseStream,
  StreamPiece,
  streamEnd,
  takePiece,
} from '../../src/stream/stream.js';
import { PipelineRun } from '../tools/pipeline-run.js';
import type { TimedFrame } from '../tools/session.js';

/** What every attack of these tests asks for, and a request of the same length that asks for nothing. */
export const AttackPath = '/attack?run=evil';
export const Attack = `GET ${AttackPath} HTTP/1.1\r\nHost: www.example.com\r\n\r\n`;
export const Decoy = 'GET /pretty?sun=away HTTP/1.1\r\nHost: www.example.com\r\n\r\n';

export const enum Sid {
  Uri = 1,
  Stream = 2,
  Packet = 3,
}

export const attackRules = `
alert http any any -> any any (msg:"in the URI"; flow:established,to_server; http.uri; content:"${AttackPath}"; sid:${Sid.Uri};)
alert tcp any any -> any any (msg:"in the stream"; flow:established,to_server; content:"${AttackPath}"; sid:${Sid.Stream};)
`;

/** The servers are Linux, whatever addresses they have. */
export const linux: Record<string, Tree> = { 'host-os-policy': { linux: ['0.0.0.0/0', '::/0'] } };

export interface Seen {
  /** Alerts by sid. */
  alerts: Record<number, number>;
  /** Names of anomalies, "stream.est_invalid_ack". */
  anomalies: Set<string>;
}

/** Runs frames through the whole pipeline; checksums are verified unless told otherwise. */
export function inspect(
  frames: readonly TimedFrame[],
  tree: Tree = linux,
  { inline = false, checksums = true, batch = 4 } = {},
): Seen {
  const run = new PipelineRun(attackRules, tree, inline);
  configureChecksums(checksums ? 'all' : 'none', true);
  const seen: Seen = { alerts: {}, anomalies: new Set() };
  run.onRecord = (r) => {
    if (r.kind === 'alert') seen.alerts[r.sid] = (seen.alerts[r.sid] ?? 0) + 1;
    if (r.kind === 'anomaly') seen.anomalies.add(r.event);
  };
  run.feed(frames, batch).finish();
  return seen;
}

/** The bytes of all clients as the application layer would get them, a gap as "?" a byte. */
export function clientBytes(frames: readonly TimedFrame[], tree: Tree = linux): string {
  const settings = new Settings(tree);
  configureDecode(settings);
  configureDefrag(settings);
  configureFlow(settings);
  configureStream(settings, false);
  configureChecksums('all', true);
  const outer = new Packet();
  const inner = new Packet();
  const piece = new StreamPiece();
  let out = '';
  const take = (flow: number): void => {
    for (const dir of [Dir.ToServer, Dir.ToClient]) {
      while (takePiece(flow, dir, piece)) {
        if (dir === Dir.ToClient) continue;
        out += '?'.repeat(piece.gap);
        out += Buffer.from(u8.slice(piece.off, piece.off + piece.len)).toString('latin1');
      }
    }
  };
  const finish = (): void => {
    for (let f = endedFlow(); f !== 0; f = endedFlow()) {
      streamEnd(f);
      take(f);
      releaseStream(f);
      freeFlow(f);
    }
  };
  frames.forEach((frame, i) => {
    u8.set(frame.bytes, Region.ArenaOff);
    decodeFrame(outer, Region.ArenaOff, frame.bytes.length, frame.bytes.length, LinkType.Ethernet);
    outer.no = i + 1;
    outer.tsUs = inner.tsUs = frame.tsUs;
    const p = insertFragment(outer, inner) === DefragStatus.Complete ? inner : outer;
    checkPacket(p);
    const flow = lookupFlow(p);
    finish();
    if (flow !== 0 && p.ipProto === IpProto.Tcp) {
      handleSegment(p);
      take(flow);
    }
    endBatch();
  });
  endAllFlows();
  finish();
  return out;
}
