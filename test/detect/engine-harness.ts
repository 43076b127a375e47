/** Runs frames through all stages up to the verdict and lists the alerts, in the order they were raised. */
import { type AlertRow, alertQueue } from '../../src/alert/queue.js';
import { applyVerdict, bindAlerts, configureAlerts, outcome, Verdict } from '../../src/alert/verdict.js';
import { appLayerEnd, configureAppLayer, consumePiece, releaseAppLayer } from '../../src/applayer/applayer.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { configureDecode, decodeFrame } from '../../src/decode/decode.js';
import { Packet, PacketFlag } from '../../src/decode/packet.js';
import { resetDatasets } from '../../src/detect/datasets.js';
import { configureDetect, detectFlowEnd, detectPacket, installRules, releaseDetect } from '../../src/detect/engine.js';
import { resetHostTable } from '../../src/detect/host-table.js';
import { FlowFlag, flows } from '../../src/flow/columns.js';
import { configureFlow, endAllFlows, endedFlow, freeFlow, lookupFlow } from '../../src/flow/table.js';
import { configureHttp } from '../../src/http/parser.js';
import { TxFlag } from '../../src/http/transaction.js';
import { collectTransactions, firstTransaction } from '../../src/http/tx-list.js';
import { Dir, IpProto } from '../../src/protocol/ip.js';
import { type CompiledRules, compileRules } from '../../src/rules/compile/compile.js';
import { parseRuleText } from '../../src/rules/load.js';
import {
  configureStream,
  endBatch,
  handleSegment,
  releaseStream,
  StreamPiece,
  streamEnd,
  takePiece,
} from '../../src/stream/stream.js';
import { place } from '../tools/arena.js';
import type { TimedFrame } from '../tools/session.js';

export interface Seen {
  sid: number;
  /** Number of the packet, from 1; 0: the pseudo packet at the end of a flow. */
  packet: number;
  dir: number;
  tx: number;
  action: number;
  flags: number;
}

export interface RunOptions {
  settings?: Tree;
  inline?: boolean;
  /** threshold.config's part of the rule set. */
  tune?: (rules: ReturnType<typeof parseRuleText>) => void;
}

export class Run {
  readonly seen: Seen[] = [];
  /** Numbers of the dropped packets. */
  readonly drops: number[] = [];
  readonly rules: CompiledRules;
  private readonly p = new Packet();
  private readonly piece = new StreamPiece();
  private readonly inline: boolean;
  private no = 0;

  constructor(text: string, { settings = {}, inline = false, tune }: RunOptions = {}) {
    const s = new Settings(settings);
    this.inline = inline;
    configureDecode(s);
    configureFlow(s);
    configureStream(s, inline);
    configureAppLayer(s);
    configureHttp(s, inline);
    configureDetect(s);
    configureAlerts(s, inline);
    resetHostTable();
    resetDatasets();
    const set = parseRuleText(text, s);
    if (set.failed.length > 0) throw new Error(`${set.failed[0].reason} in ${text}`);
    tune?.(set);
    this.rules = compileRules(set, s);
    installRules(this.rules);
    bindAlerts(this.rules);
  }

  /** Frames of a capture, then its end. */
  replay(frames: readonly TimedFrame[]): this {
    for (const f of frames) this.packet(f);
    endAllFlows();
    this.finish();
    return this;
  }

  sids(): number[] {
    return this.seen.map((s) => s.sid);
  }

  /** sid: number of alerts. */
  counts(): Record<number, number> {
    const out: Record<number, number> = {};
    for (const { sid } of this.seen) out[sid] = (out[sid] ?? 0) + 1;
    return out;
  }

  private packet({ bytes, tsUs }: TimedFrame): void {
    const p = this.p;
    decodeFrame(p, place(bytes), bytes.length, bytes.length, 1);
    p.no = ++this.no;
    p.tsUs = tsUs;
    const flow = lookupFlow(p);
    this.finish();
    if (flow !== 0 && p.ipProto === IpProto.Tcp) {
      handleSegment(p);
      this.deliver(flow, p.dir === Dir.ToServer ? Dir.ToClient : Dir.ToServer, tsUs);
      this.deliver(flow, p.dir, tsUs);
    }
    this.inspect(p);
    if (flow !== 0) {
      for (let tx = firstTransaction(flow); tx !== null; tx = tx.next) tx.flags |= TxFlag.Logged;
      collectTransactions(flow);
    }
    endBatch();
  }

  private inspect(p: Packet): void {
    if (this.inline && p.flow !== 0 && (flows.flags[p.flow] & FlowFlag.Drop) !== 0) {
      this.drops.push(p.no);
      return;
    }
    detectPacket(p);
    if (applyVerdict(p) === Verdict.Drop && this.inline) this.drops.push(p.no);
    this.note(p);
  }

  private note(p: Packet): void {
    for (let i = 0; i < alertQueue.count; i++) {
      const row: AlertRow = alertQueue.rows[i];
      this.seen.push({
        sid: this.rules.rules[row.rule].sid,
        packet: p.no,
        dir: row.dir,
        tx: row.tx?.id ?? -1,
        action: row.action,
        flags: row.flags,
      });
    }
  }

  private deliver(flow: number, dir: Dir, tsUs: number): void {
    while (takePiece(flow, dir, this.piece)) consumePiece(flow, dir, this.piece, tsUs);
  }

  private finish(): void {
    for (let f = endedFlow(); f !== 0; f = endedFlow()) {
      if (flows.ipProto[f] === IpProto.Tcp) streamEnd(f);
      for (const dir of [Dir.ToServer, Dir.ToClient]) {
        this.deliver(f, dir, flows.lastUs[f]);
        appLayerEnd(f, dir);
      }
      for (const dir of [Dir.ToServer, Dir.ToClient]) this.endPacket(f, dir);
      releaseDetect(f);
      releaseAppLayer(f);
      releaseStream(f);
      freeFlow(f);
    }
  }

  private endPacket(f: number, dir: Dir): void {
    const p = this.p;
    const toServer = dir === Dir.ToServer;
    p.reset();
    p.no = 0;
    p.flags = PacketFlag.Pseudo | PacketFlag.FlowEnd;
    p.flow = f;
    p.dir = dir;
    p.tsUs = flows.lastUs[f];
    p.ipVersion = 4;
    p.ipProto = flows.ipProto[f];
    p.src0 = toServer ? flows.cli0[f] : flows.srv0[f];
    p.dst0 = toServer ? flows.srv0[f] : flows.cli0[f];
    p.srcPort = toServer ? flows.cliPort[f] : flows.srvPort[f];
    p.dstPort = toServer ? flows.srvPort[f] : flows.cliPort[f];
    detectFlowEnd(p);
    applyVerdict(p);
    this.note(p);
  }
}

/** Runs rules over frames; the alerts' sids in order. */
export function sidsOf(rules: string, frames: readonly TimedFrame[], options: RunOptions = {}): number[] {
  return new Run(rules, options).replay(frames).sids();
}

/** The rule that the last packet was dropped for, -1 none. */
export function droppedBy(): number {
  return outcome.dropRule;
}
