/**
 * The path of a packet, from top to bottom: decode, tunnels and fragments, flow, stream, application layer, detection,
 * verdict, output. Every stage is called here and nowhere else; none calls the next.
 *
 * A frame may hold packets within packets (tunnels, reassembled datagrams). Each level has a Packet of its own in
 * `stack`; inner packets are processed before the packet that carried them, as Suricata does.
 */

import { offenceCount } from '../alert/offences.js';
import { alertQueue } from '../alert/queue.js';
import { applyVerdict, outcome, Verdict } from '../alert/verdict.js';
import { appLayerEnd, consumePiece, isReversed, releaseAppLayer, takeErrorPolicy } from '../applayer/applayer.js';
import { type Batch, PacketFate } from '../capture/batch.js';
import { counter, counts } from '../core/counters.js';
import { decodeFrame } from '../decode/decode.js';
import { ExceptionPolicy } from '../decode/exception.js';
import { Packet, PacketFlag } from '../decode/packet.js';
import { openTunnel } from '../decode/tunnel.js';
import { DefragStatus, insertFragment, isRefusedDatagram, refuseDatagram } from '../defrag/defrag.js';
import { detectFlowEnd, detectPacket, releaseDetect } from '../detect/engine.js';
import { takeReplaced } from '../detect/replace.js';
import { FlowFlag, FlowState, flows } from '../flow/columns.js';
import { countBypassed, endAllFlows, endedFlow, expireFlows, freeFlow, lookupFlow } from '../flow/table.js';
import { collectTransactions } from '../http/tx-list.js';
import type { PacketRing } from '../output/packet-ring.js';
import { Dir, IpProto } from '../protocol/ip.js';
import type { InlineAnswer } from '../respond/inline-answer.js';
import { mendPacket } from '../respond/mend.js';
import type { SpanResets } from '../respond/span-resets.js';
import { RuleAction } from '../rules/compile/layout.js';
import { applyException } from '../stream/exception.js';
import {
  endBatch,
  handleSegment,
  isMidstream,
  releaseStream,
  StreamPiece,
  StreamStatus,
  streamEnd,
  swapSession,
  takePiece,
} from '../stream/stream.js';
import type { BannedClients } from './banned-clients.js';
import { checkPacket } from './checksums.js';
import { fillEndPacket } from './end-packet.js';
import type { FramePart } from './frame-part.js';
import { judgeFlow } from './health-inputs.js';
import type { OffenceBox } from './offences.js';
import { Place, type ReplayTurn } from './replay-turn.js';
import type { Reporter } from './reporter.js';

const enum Limit {
  /** Packets within a packet, the frame itself included (DESIGN: a fixed stack). */
  Levels = 8,
}

/** Flows looked at for expiry after each batch of a live worker. */
export const SweepFlows = 256;

const cAccepted = counter('ips.accepted');
const cBlocked = counter('ips.blocked');
const cRejected = counter('ips.rejected');
const cReplaced = counter('ips.replaced');

export class Pipeline {
  packets = 0;
  bytes = 0;
  drops = 0;
  /** Takes what counts towards bans; null where nobody is banned. */
  offences: OffenceBox | null = null;
  /** Knows the requests of clients that are banned behind their proxy; null where none are dropped. */
  banned: BannedClients | null = null;
  /** Resets connections from beside the wire; null inline and where there is no response interface. */
  resets: SpanResets | null = null;
  /** One more than are ever opened: decode tells when the last holds another. */
  protected readonly stack: Packet[] = Array.from({ length: Limit.Levels + 1 }, () => new Packet());
  private readonly ending = new Packet();
  private readonly piece = new StreamPiece();
  private readonly reporter: Reporter;
  protected readonly inline: boolean;
  /** Answers senders of packets that are rejected; null where nothing is sent (replay). */
  private readonly answer: InlineAnswer | null;
  protected nowUs = 0;
  protected lastNo = 0;
  /** Why the frame being handled is dropped, '' when it is not; and whether it is rejected (inline only). */
  protected dropReason = '';
  protected rejected = false;
  /** Some of its bytes were replaced by those that came first. */
  protected replaced = false;
  /** What of the frame at hand is this worker's; null: all of it. */
  protected part: FramePart | null = null;
  /** Of a replay: its turn among the workers, undefined live. */
  protected turn: ReplayTurn | null | undefined = undefined;
  /** The last packets, where some output keeps packets; how many levels the frame at hand has. */
  protected readonly kept: PacketRing | null;
  protected deepest = 0;
  /** Its flow is bypassed. */
  private passedBy = false;

  constructor(reporter: Reporter, inline: boolean, answer: InlineAnswer | null = null) {
    this.reporter = reporter;
    this.kept = reporter.packets;
    this.inline = inline;
    this.answer = answer;
  }

  /** All packets of a batch, in order. */
  processBatch(batch: Batch): void {
    const p = this.stack[0];
    const { firstNo, step } = batch;
    for (let i = 0; i < batch.count; i++) {
      decodeFrame(p, batch.off[i], batch.capLen[i], batch.wireLen[i], batch.linkType[i]);
      p.no = firstNo + i * step;
      p.tsUs = batch.tsUs[i];
      p.origin = batch.origin[i];
      this.nowUs = p.tsUs;
      this.bytes += batch.capLen[i];
      if (this.inline && batch.checksumKnown[i] !== 0) p.flags |= PacketFlag.ChecksumKnown;
      this.processPacket(0);
      if (this.inline) batch.fate[i] = this.settle(p);
      if (this.kept !== null) this.keep(this.kept, batch, i, true);
    }
    this.packets += batch.count;
    endBatch();
    if (this.turn !== undefined) this.sweep(firstNo + (batch.count - 1) * step);
    else {
      expireFlows(this.nowUs, SweepFlows);
      this.finishEndedFlows();
    }
  }

  /** Makes it the pipeline of a replay, with the turn of one of several workers or null. */
  replay(turn: ReplayTurn | null): void {
    this.turn = turn;
  }

  /** Of a replay: ends all flows that have timed out by the end of a batch, in order of opening whoever has them. */
  protected sweep(lastNo: number): void {
    this.lastNo = lastNo;
    expireFlows(this.nowUs, Number.POSITIVE_INFINITY);
    this.finishInOrder(lastNo * Place.PerPacket + Place.Ends);
  }

  private finishInOrder(place: number): void {
    const ended: number[] = [];
    for (let f = endedFlow(); f !== 0; f = endedFlow()) ended.push(f);
    ended.sort((a, b) => flows.serial[a] - flows.serial[b]);
    for (const f of ended) {
      this.turn?.at(place, flows.serial[f]);
      this.finishFlow(f);
    }
    this.turn?.at(place + 1, 0);
  }

  /** Whether some packet of the frame at hand is of a flow of this worker. */
  protected hasFlow(): boolean {
    for (let level = 0; level <= this.deepest; level++) if (this.stack[level].flow !== 0) return true;
    return false;
  }

  /** Puts the frame of row i among the last packets. `mine`: no other worker does so too. */
  protected keep(kept: PacketRing, batch: Batch, i: number, mine: boolean): void {
    if (!this.passedBy) kept.take(this.stack, this.deepest, batch.off[i], batch.capLen[i], batch.vlanTci[i], mine);
    this.passedBy = false;
    this.deepest = 0;
  }

  /** Ends flows that have timed out by `nowUs`, when no packets come to tell the time (live). */
  expire(nowUs: number): void {
    expireFlows(nowUs, SweepFlows);
    this.finishEndedFlows();
  }

  /** The end of the capture: every flow ends and what remains is inspected. */
  finish(): void {
    endAllFlows();
    if (this.turn === undefined) this.finishEndedFlows();
    else this.finishInOrder((this.lastNo + 1) * Place.PerPacket + Place.Ends);
  }

  protected processPacket(level: number): void {
    const p = this.stack[level];
    this.openInner(p, level);
    if (this.part !== null && !this.part.takes(p)) return;
    checkPacket(p);
    const flow = lookupFlow(p);
    // A packet can end the flow that had its tuple before; that one is finished first, it is older.
    this.finishEndedFlows();
    if (flow === 0) {
      if ((p.flags & PacketFlag.Refused) !== 0) this.refuse(p);
      else this.inspect(p);
      return;
    }
    if (flows.state[flow] === FlowState.Bypassed && this.passBy(p)) return;
    if (p.ipProto === IpProto.Tcp) {
      const status = handleSegment(p);
      if ((status & (StreamStatus.ReadyToServer | StreamStatus.ReadyToClient)) !== 0) {
        // What this packet acknowledges lies the other way and is older than what it brings.
        const other = p.dir === Dir.ToServer ? Dir.ToClient : Dir.ToServer;
        this.deliver(flow, other, p, p.tsUs);
        this.deliver(flow, p.dir, p, p.tsUs);
        const policy = takeErrorPolicy(flow);
        if (policy !== ExceptionPolicy.Ignore && applyException(p, policy, this.inline)) {
          this.drop(p, 'applayer error', -1);
          this.reporter.transactions(p, flow);
          return;
        }
      }
      // What lies in a datagram made of fragments is not in the frame: it cannot be sent on with other bytes.
      if ((status & StreamStatus.Modified) !== 0 && p.level > 0) {
        this.drop(p, 'stream reassembly', -1);
        return;
      }
      if ((status & StreamStatus.Modified) !== 0) this.replaced = true;
      if ((status & StreamStatus.Drop) !== 0 && this.inline) {
        this.drop(p, streamReason(status), -1);
        return;
      }
    }
    this.inspect(p);
    this.reporter.transactions(p, flow);
    collectTransactions(flow);
  }

  /** A packet of a flow that is not inspected any more; false when the flow is dropped, which is said elsewhere. */
  private passBy(p: Packet): boolean {
    if ((flows.flags[p.flow] & FlowFlag.Drop) !== 0) return false;
    countBypassed(p);
    this.passedBy = true;
    return true;
  }

  private openInner(p: Packet, level: number): void {
    const inner = this.stack[level + 1];
    if (this.part !== null) {
      if (!this.part.open(p, inner)) return;
    } else if ((p.flags & PacketFlag.Fragment) !== 0) {
      if (insertFragment(p, inner) !== DefragStatus.Complete) return;
    } else if (!openTunnel(p, inner)) return;
    inner.no = p.no;
    inner.tsUs = p.tsUs;
    inner.origin = p.origin;
    this.deepest = Math.max(this.deepest, level + 1);
    this.processPacket(level + 1);
    if (this.inline && this.dropReason !== '' && (p.flags & PacketFlag.Fragment) !== 0) refuseDatagram(p);
  }

  /**
   * Hands what has become inspectable of one direction to the application layer. True when that showed that client and
   * server were taken for each other (a session picked up in its middle): they, and `p`, are turned round.
   */
  private deliver(flow: number, dir: Dir, p: Packet | null, tsUs: number): boolean {
    const piece = this.piece;
    let turned = false;
    while (takePiece(flow, dir, piece)) {
      if (isMidstream(flow) && isReversed(flow, dir, piece)) {
        swapSession(flow, p);
        dir = dir === Dir.ToServer ? Dir.ToClient : Dir.ToServer;
        turned = true;
      }
      consumePiece(flow, dir, piece, tsUs);
    }
    return turned;
  }

  /** Detection, verdict and what they report, for one packet. */
  private inspect(p: Packet): void {
    if (this.inline && p.flow !== 0 && (flows.flags[p.flow] & FlowFlag.Drop) !== 0) {
      this.drop(p, 'flow drop', -1);
      return;
    }
    if (this.banned !== null && p.flow !== 0 && p.dir === Dir.ToServer && this.banned.refuses(p.flow)) {
      // The connection is the proxy's: it gets an answer, and makes another for its other clients.
      flows.flags[p.flow] |= FlowFlag.Drop | FlowFlag.Rejected;
      this.drop(p, 'rules', -1, RuleAction.RejectBoth);
      return;
    }
    detectPacket(p);
    if (this.inline && takeReplaced()) this.replaced = true;
    const verdict = applyVerdict(p);
    if (this.offences !== null && offenceCount > 0) this.offences.take(p);
    this.reporter.packetEvents(p);
    if (alertQueue.count > 0) this.reporter.alerts(p, p.level > 0 ? this.stack[p.level - 1] : null, verdict);
    if (verdict === Verdict.Drop && this.inline) this.drop(p, outcome.reason, outcome.dropRule);
    else if (this.resets !== null) this.reset(p, this.resets);
  }

  /** Resets the connection of a packet that a rule rejects, or one that was rejected before and goes on. */
  private reset(p: Packet, resets: SpanResets): void {
    if (outcome.reject !== 0) resets.reject(p, rejectedTransaction());
    else if (isRejected(p.flow)) resets.follow(p);
  }

  /** `rule`: the rule to blame, -1 none. */
  private drop(p: Packet, reason: string, rule: number, reject = rule >= 0 ? outcome.reject : 0): void {
    this.drops++;
    if (p.level === 0) this.dropReason = reason;
    else if (this.dropReason === '') this.dropReason = 'tunnel packet drop';
    if (reject !== 0 || (rule < 0 && reason !== 'flow drop' && isRejected(p.flow))) this.rejected = true;
    this.reporter.drop(p, reason, rule);
    this.answer?.dropped(p, reject);
  }

  /** There was no memory for the packet's flow, or for the fragment, and the policy is to drop it. */
  private refuse(p: Packet): void {
    this.reporter.packetEvents(p);
    let reason = 'flow memcap';
    if ((p.flags & PacketFlag.Fragment) !== 0) reason = isRefusedDatagram(p) ? 'tunnel packet drop' : 'defrag memcap';
    this.drop(p, reason, -1);
  }

  /** Counts what becomes of a frame, and forgets it. Its PacketFate. */
  protected settle(p: Packet): PacketFate {
    const { dropReason, replaced, rejected } = this;
    if (dropReason !== '') {
      this.dropReason = '';
      this.rejected = this.replaced = false;
      counts[rejected ? cRejected : cBlocked]++;
      counts[counter(`ips.drop_reason.${dropReason.replaceAll(' ', '_')}`)]++;
      return PacketFate.Drop;
    }
    this.replaced = false;
    counts[replaced ? cReplaced : cAccepted]++;
    if (replaced || ((p.flags & PacketFlag.Truncated) !== 0 && p.ipProto === IpProto.Tcp)) {
      mendPacket(p);
      return PacketFate.Replaced;
    }
    return p.flow !== 0 && flows.state[p.flow] === FlowState.Bypassed ? PacketFate.Bypass : PacketFate.Accept;
  }

  protected finishEndedFlows(): void {
    for (let f = endedFlow(); f !== 0; f = endedFlow()) this.finishFlow(f);
  }

  /** Inspects what is left of a flow, reports it and gives its id back. */
  private finishFlow(flow: number): void {
    const tsUs = flows.lastUs[flow];
    const p = this.ending;
    if (flows.ipProto[flow] === IpProto.Tcp) streamEnd(flow);
    for (let dir = Dir.ToServer as Dir; dir <= Dir.ToClient; dir++) {
      // Turned round, the direction now has what was the other one's, and the other one is over already.
      if (this.deliver(flow, dir, null, tsUs)) this.deliver(flow, dir, null, tsUs);
      appLayerEnd(flow, dir);
    }
    for (let dir = Dir.ToServer as Dir; dir <= Dir.ToClient; dir++) {
      fillEndPacket(p, flow, dir);
      detectFlowEnd(p);
      const verdict = applyVerdict(p);
      if (this.offences !== null && offenceCount > 0) this.offences.take(p);
      if (alertQueue.count > 0) this.reporter.alerts(p, null, verdict);
    }
    this.reporter.transactions(p, flow, true);
    this.reporter.flow(flow, p.origin);
    judgeFlow(flow);
    if (this.resets !== null) this.resets.ended(flow);
    releaseDetect(flow);
    releaseAppLayer(flow);
    releaseStream(flow);
    freeFlow(flow);
  }
}

/** EVE's drop.reason for what the stream engine says. */
function streamReason(status: number): string {
  if ((status & StreamStatus.ReasonMidstream) !== 0) return 'stream midstream';
  if ((status & StreamStatus.ReasonMemcap) !== 0) return 'stream memcap';
  if ((status & StreamStatus.ReasonReassembly) !== 0) return 'stream reassembly';
  if ((status & StreamStatus.ReasonUrgent) !== 0) return 'stream urgent';
  return 'stream error';
}

/** Number of the transaction that the first rejecting alert is about, -1 none. */
function rejectedTransaction(): number {
  for (let i = 0; i < alertQueue.count; i++) {
    const { action, tx } = alertQueue.rows[i];
    if (action >= RuleAction.RejectSrc && action <= RuleAction.RejectBoth && tx !== null) return tx.id;
  }
  return -1;
}

function isRejected(flow: number): boolean {
  return flow !== 0 && (flows.flags[flow] & FlowFlag.Rejected) !== 0;
}
