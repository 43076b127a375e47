/**
 * Detection of one packet (ARCHITECTURE: the stage between application layer and alert). Order within a packet:
 * first what it made inspectable of the other direction (older data, acknowledged now), then its own direction; in
 * each, IP-only rules, packet and stream rules, then transactions. A packet that closes makes what is left of both raw
 * streams inspectable: its own direction's first, as Suricata does, whose other direction waits for that side's next
 * packet. What matches is queued in matches.ts; src/alert
 * makes alerts of it.
 */
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { setRuleFiles } from '../files/files.js';
import { FlowFlag, flows } from '../flow/columns.js';
import { DetectDone, firstTransaction } from '../http/tx-list.js';
import { setBodyWanted } from '../http/wants.js';
import { AppProto } from '../protocol/app-proto.js';
import { BufferId, TxProgress } from '../protocol/buffers.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { TcpFlag } from '../protocol/tcp.js';
import { compileDatabases } from '../rules/compile/databases.js';
import { SectionCol } from '../rules/compile/layout.js';
import { flowNames, hostNames } from '../rules/compile/names.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { stateOf, TcpState } from '../stream/columns.js';
import { streamConfig } from '../stream/config.js';
import { RawChunk, setRawWanted, takeRawChunk } from '../stream/raw.js';
import { beginAppState, releaseAppState } from './app-state.js';
import { configureBounds, detectBounds } from './bounds.js';
import { bindCandidates } from './candidates.js';
import { bindConditions } from './conditions.js';
import { bindDatasets } from './datasets.js';
import { bindEffects } from './effects.js';
import { bindFileTests, hashesWanted } from './file-tests.js';
import { bindPool } from './find.js';
import { bindGeoip, configureGeoip } from './geoip.js';
import { beginHeaders, bindHeaders } from './header.js';
import { bindPrograms, setStepLimit } from './inspect.js';
import { InspectLimit } from './inspect-limit.js';
import { bindReputation, configureReputation } from './iprep.js';
import { releaseLogConfig } from './log-config.js';
import { matchCount, matchesReset } from './matches.js';
import {
  bindPacketPass,
  groupOf,
  groupWantsStream,
  inspectChunk,
  inspectIpOnly,
  inspectOwn,
  packetPassReset,
} from './packet-pass.js';
import { bindPrefilter } from './prefilter.js';
import { observer, watch } from './recorder.js';
import { bindRegexes, configureRegexes } from './regexes.js';
import { configureReplace } from './replace.js';
import { bindRuleClock, configureLatency } from './rule-clock.js';
import { scratchReset } from './scratch.js';
import { bindStored, closeSides } from './stored-state.js';
import { streamReset } from './stream-section.js';
import { bindTransforms } from './transforms.js';
import { bindTxPass, finishTransaction, hasFromPayload, inspectTransaction, txPassReset } from './tx-pass.js';
import { bindTxSections, sideComplete } from './tx-section.js';
import { watchPacket } from './watch.js';

const Closing = TcpFlag.Fin | TcpFlag.Rst;

const cChunks = counter('detect.stream_chunks_limit');

let installed = false;
let notes: string[] = [];
const chunk = new RawChunk();

/** Reads the configuration of detection. `inline`: packets can be sent on with other bytes. */
export function configureDetect(settings: Settings, inline = false): void {
  configureReplace(inline);
  setStepLimit(settings.int('detect.inspection-recursion-limit', InspectLimit.Steps, 1));
  configureRegexes(settings);
  configureLatency(settings);
  configureBounds(settings);
  notes = [];
  configureReputation(settings, (m) => notes.push(m));
  configureGeoip(settings);
}

/** What could not be read of reputation and data set files. */
export function detectNotes(): readonly string[] {
  return notes;
}

/** Whether rules look into bodies of either direction; what nobody looks into is not kept. */
function bodiesWanted(rules: RuntimeRules): [toServer: boolean, toClient: boolean] {
  let toServer = false;
  let toClient = false;
  for (let at = 0; at < rules.sections.length; at += SectionCol.Stride) {
    const id = rules.sections[at + SectionCol.Buffer];
    if (id === BufferId.HttpRequestBody || id === BufferId.FileData || id === BufferId.FileName) toServer = true;
    if (id === BufferId.HttpResponseBody || id === BufferId.FileData || id === BufferId.FileName) toClient = true;
  }
  return [toServer, toClient];
}

/** Tells src/files what the rules ask of files. */
function bindFiles(rules: RuntimeRules): void {
  const tests = rules.fileTests;
  let magicBuffer = false;
  for (let at = 0; at < rules.sections.length; at += SectionCol.Stride) {
    if (rules.sections[at + SectionCol.Buffer] === BufferId.FileMagic) magicBuffer = true;
  }
  const note = setRuleFiles({
    any: tests.length > 0 || magicBuffer,
    hashes: hashesWanted(),
    magic: magicBuffer || tests.includes('filemagic'),
    stores: tests.includes('filestore'),
  });
  if (note !== null) notes.push(note);
}

/**
 * Puts rules to work in this thread. `databases` are the handles of rules.databases, in order; without them they are
 * compiled here. `renumbered` is for rules that take the place of others: see bindStored. src/alert wants the same rules:
 * bindAlerts.
 */
export function installRules(
  rules: RuntimeRules,
  databases = compileDatabases(rules),
  renumbered: Int32Array | null = null,
): void {
  flowNames.adopt(rules.flowNames);
  hostNames.adopt(rules.hostNames);
  bindHeaders(rules);
  bindPool(rules.pool);
  bindPrograms(rules.code, rules.numbers);
  bindConditions(rules.code, rules.numbers, rules.pool);
  bindEffects(rules.code, rules.numbers, rules.captures);
  bindFileTests(rules.code, rules.pool, rules.numbers, rules.hashes);
  bindTxSections(rules.sections);
  bindRegexes(rules.regexes);
  bindTransforms(rules.transforms);
  bindDatasets(rules.datasets, (m) => notes.push(m));
  bindReputation(rules.categories);
  bindGeoip(rules.countries, (m) => notes.push(m));
  bindCandidates(rules.count);
  bindStored(rules.count, renumbered);
  bindPrefilter(rules, databases);
  bindPacketPass(rules);
  bindTxPass(rules);
  bindRuleClock(rules.count);
  setBodyWanted(...bodiesWanted(rules));
  bindFiles(rules);
  installed = true;
}

/** Inspects a packet; the number of matches queued. */
export function detectPacket(p: Packet): number {
  return inspectIfWanted(p, false);
}

/**
 * Inspects what is left of a flow, with a pseudo packet of each direction. A TCP session that was closed and whose
 * transactions were all inspected has nothing left; other protocols never have.
 */
export function detectFlowEnd(p: Packet): number {
  matchesReset();
  if (p.ipProto !== IpProto.Tcp || !hasRest(p.flow, p.dir)) return 0;
  p.flags |= PacketFlag.Established;
  return inspectIfWanted(p, true);
}

function hasRest(flow: number, dir: number): boolean {
  const state = stateOf(flow);
  if (state >= TcpState.Established && state !== TcpState.Closed) return true;
  if (flows.appProto[flow] !== AppProto.Http1) return false;
  for (let tx = firstTransaction(flow); tx !== null; tx = tx.next) if ((tx.detectDone & (1 << dir)) === 0) return true;
  return false;
}

function inspectIfWanted(p: Packet, last: boolean): number {
  matchesReset();
  if (!installed) return 0;
  if (p.flow !== 0) {
    const flags = flows.flags[p.flow];
    // A flow that a rule dropped is over for detection, also where the drop itself does not take effect.
    if ((flags & (FlowFlag.NoPacketInspection | FlowFlag.Drop)) !== 0) p.flags |= PacketFlag.NoPacketInspection;
    if ((flags & FlowFlag.NoPayloadInspection) !== 0) p.flags |= PacketFlag.NoPayloadInspection;
  }
  if ((p.flags & PacketFlag.NoPacketInspection) === 0) {
    if (watch === 0) inspectPacket(p, last);
    else inspectWatched(p, last);
  } else {
    observer?.uninspected(p);
    if (p.flow !== 0) passTransactions(p.flow);
  }
  return matchCount;
}

/** A function of its own: the closure costs only those who watch. */
function inspectWatched(p: Packet, last: boolean): void {
  watchPacket(p, () => inspectPacket(p, last));
}

/** Transactions of a flow that is not inspected wait for nobody. */
function passTransactions(flow: number): void {
  if (flows.appProto[flow] !== AppProto.Http1) return;
  for (let tx = firstTransaction(flow); tx !== null; tx = tx.next) {
    tx.detectDone = DetectDone.Both;
    tx.dirtyToServer = tx.dirtyToClient = 0;
    closeSides(tx);
  }
}

/** Forgets a flow. */
export function releaseDetect(flow: number): void {
  for (let tx = firstTransaction(flow); tx !== null; tx = tx.next) closeSides(tx);
  releaseAppState(flow);
  releaseLogConfig(flow);
}

function inspectPacket(p: Packet, last: boolean): void {
  scratchReset();
  streamReset();
  txPassReset();
  packetPassReset();
  const own = p.flow === 0 ? Dir.ToServer : p.dir;
  beginAppState(p.flow, own);
  const other = own === Dir.ToServer ? Dir.ToClient : Dir.ToServer;
  const tcp = p.flow !== 0 && p.ipProto === IpProto.Tcp;
  const group = groupOf(p.ipProto, own, own === Dir.ToServer ? p.dstPort : p.srcPort);
  if (tcp && !last) {
    if ((p.tcpFlags & Closing) !== 0 && groupWantsStream(group)) {
      beginHeaders(p, own);
      inspectChunks(p, own, group, false);
    }
    inspectOther(p, other);
  }
  beginHeaders(p, own);
  if (!last) inspectIpOnly(p, own);
  if (tcp && groupWantsStream(group)) inspectChunks(p, own, group, last);
  inspectOwn(p, own, group);
  if (tcp) inspectTransactions(p, own, last);
}

/**
 * The direction opposite to the packet's: chunks and transactions that it made inspectable. Data in a SYN (RFC 7413) is
 * acknowledged before the session is established, which most rules ask for: it waits for the next packet of its own
 * direction.
 */
function inspectOther(p: Packet, dir: Dir): void {
  if ((p.flags & PacketFlag.Established) === 0) return;
  const group = groupOf(p.ipProto, dir, dir === Dir.ToServer ? p.srcPort : p.dstPort);
  beginHeaders(p, dir);
  if (groupWantsStream(group)) inspectChunks(p, dir, group, false);
  inspectTransactions(p, dir, false);
}

/**
 * Stream rules on the raw stream of a direction, chunk by chunk. The last chunk stays known for rules that look at
 * stream and transaction.
 */
function inspectChunks(p: Packet, dir: Dir, group: number, last: boolean): void {
  setRawWanted(p.flow, dir, true);
  const flush = last || sideEnded(p.flow, dir);
  if (!flush && bodyComing(p.flow, dir)) return;
  for (let n = 0; n < detectBounds.chunks; n++) {
    if (!takeRawChunk(p.flow, dir, flush, chunk)) return;
    inspectChunk(p, dir, group, chunk.off, chunk.len, chunk.before);
  }
  counts[cChunks]++;
}

/**
 * Whether a body comes that rules will see together with its head: the raw stream waits for it, so that a rule on both sees
 * both. (Suricata looks at the raw bytes of the whole message once more when it is complete.)
 */
function bodyComing(flow: number, dir: Dir): boolean {
  if (flows.appProto[flow] !== AppProto.Http1 || streamConfig.inline || stateOf(flow) !== TcpState.Established)
    return false;
  for (let tx = firstTransaction(flow); tx !== null; tx = tx.next) {
    const progress = dir === Dir.ToServer ? tx.requestProgress : tx.responseProgress;
    if (progress !== TxProgress.Body) continue;
    const side = dir === Dir.ToServer ? tx.req : tx.res;
    const settings = dir === Dir.ToServer ? tx.config.request : tx.config.response;
    // Bytes as sent, which bound what waits however little a decoder makes of them.
    if (side.body.inspected === 0 && side.wireLen < settings.minInspect) return true;
  }
  return false;
}

/** Whether a transaction of this direction has just come to its end: then its raw stream is inspected with it. */
function sideEnded(flow: number, dir: Dir): boolean {
  if (flows.appProto[flow] !== AppProto.Http1) return false;
  for (let tx = firstTransaction(flow); tx !== null; tx = tx.next) {
    const dirty = dir === Dir.ToServer ? tx.dirtyToServer : tx.dirtyToClient;
    if (dirty !== 0 && sideComplete(tx, dir)) return true;
  }
  return false;
}

function inspectTransactions(p: Packet, dir: Dir, last: boolean): void {
  if (flows.appProto[p.flow] !== AppProto.Http1) return;
  const payload = hasFromPayload(dir);
  const done = 1 << dir;
  for (let tx = firstTransaction(p.flow); tx !== null; tx = tx.next) {
    if ((tx.detectDone & done) !== 0) continue;
    const dirty = dir === Dir.ToServer ? tx.dirtyToServer : tx.dirtyToClient;
    if (dirty === 0 && !payload && !last) {
      if (dir === p.dir && sideComplete(tx, dir)) finishTransaction(p, tx, dir);
      continue;
    }
    const progress = dir === Dir.ToServer ? tx.requestProgress : tx.responseProgress;
    if (progress === TxProgress.NotStarted && !last) continue;
    inspectTransaction(p, tx, dir, last);
  }
}
