/**
 * One look at one direction of a transaction: databases over the buffers that became ready, then the candidates, each
 * section by section. What matched, or cannot match any more, is remembered for the next look (stored-state.ts), so
 * that a rule whose buffers come at different times alerts once, when the last of them matches.
 */
import { counter, counts } from '../core/counters.js';
import type { Packet } from '../decode/packet.js';
import { filesOf } from '../files/files.js';
import { flows } from '../flow/columns.js';
import { bodyInspected, filesInspected } from '../http/buffers.js';
import type { Side } from '../http/side.js';
import { BufferStatus, BufferView } from '../http/transaction.js';
import type { HttpTransaction } from '../http/tx.js';
import { DetectDone } from '../http/tx-list.js';
import { AppProto } from '../protocol/app-proto.js';
import { BufferId, buffers, TxProgress } from '../protocol/buffers.js';
import { RuleCol, RuleFlag, SectionCol, SectionFlag } from '../rules/compile/layout.js';
import { DbKind } from '../rules/compile/layout-tables.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { detectBounds } from './bounds.js';
import { addCandidate, candidateCount, candidatesReset, sortedCandidates } from './candidates.js';
import { conditionsHold } from './conditions.js';
import { runEffects } from './effects.js';
import { flowFits, headerFits } from './header.js';
import { matchedReset } from './matched.js';
import { addMatch, MatchRowFlag } from './matches.js';
import { addList, queueScan, runScans } from './prefilter.js';
import { Look, observer, recorder, watch } from './recorder.js';
import { scratchMark, scratchRelease } from './scratch.js';
import {
  cellIsOver,
  closeSides,
  databaseDone,
  firstCell,
  nextCell,
  noteFirstMatch,
  openSide,
  restSide,
  StoredFlag,
  setDatabaseDone,
  storedFlags,
  storeFlags,
  takeCell,
  takeFiles,
  trailerLook,
} from './stored-state.js';
import { transform, transformLen, transformOff } from './transforms.js';
import {
  inspectTxSection,
  SectionResult,
  setFirstFile,
  sideComplete,
  tellMatchedFiles,
  txBuffer,
} from './tx-section.js';
import { watchRules } from './watch.js';

const cInstances = counter('detect.instances_limit');
const cWindows = counter('detect.tx_windows_limit');

/** A database over a transaction buffer. */
interface TxEngine {
  db: number;
  buffer: BufferId;
  transforms: number;
  multi: boolean;
}

let table: Int32Array = new Int32Array(0);
let sections: Int32Array = new Int32Array(0);
let engines: TxEngine[][] = [[], []];
/** Signature ids by rule. */
let sids: Float64Array = new Float64Array(0);
let always: Int32Array = new Int32Array(2);
let events: Int32Array = new Int32Array(2);
const view = new BufferView();

/** Transaction rules whose fast pattern was found in the payload of this packet, by direction. */
const fromPayload: [number[], number[]] = [[], []];

export function bindTxPass(rules: RuntimeRules): void {
  table = rules.table;
  sections = rules.sections;
  sids = Float64Array.from({ length: rules.count }, (_, n) => table[n * RuleCol.Stride + RuleCol.Sid] >>> 0);
  always = rules.txAlways;
  events = rules.txEvents;
  engines = [[], []];
  rules.databases.forEach((d, db) => {
    if (d.kind !== DbKind.Tx) return;
    engines[d.dir].push({
      db,
      buffer: d.buffer,
      transforms: d.transforms,
      multi: buffers.get(d.buffer)?.multi ?? false,
    });
  });
  for (const list of engines) list.sort((a, b) => a.transforms - b.transforms || a.buffer - b.buffer);
}

export function txPassReset(): void {
  // Setting a length leaves the compiled code: not for every packet.
  if (fromPayload[0].length !== 0) fromPayload[0].length = 0;
  if (fromPayload[1].length !== 0) fromPayload[1].length = 0;
}
export function addFromPayload(rule: number, dir: number): void {
  fromPayload[dir].push(rule);
}
export function hasFromPayload(dir: number): boolean {
  return fromPayload[dir].length > 0;
}

/**
 * Looks at direction `dir` of a transaction until nothing new is ready. Sets detectDone and clears the dirty mark.
 * `last`: the flow is over and nothing more comes.
 */
export function inspectTransaction(p: Packet, tx: HttpTransaction, dir: number, last: boolean): void {
  const side = openSide(tx, dir);
  newFiles = takeFiles(side, filesOf(tx, dir).length);
  withTrailer = sideOf(tx, dir).hasTrailer !== 0 && trailerLook(side, packetsBefore(p, dir));
  const mark = scratchMark();
  for (let n = 0; ; n++) {
    if (dir === 0) tx.dirtyToServer = 0;
    else tx.dirtyToClient = 0;
    prefilter(tx, dir, side);
    if (watch !== 0) observer?.look(Look.Transaction, p, dir, tx, 0, 0);
    inspectCandidates(p, tx, dir, side);
    scratchRelease(mark);
    const body = bodyInspected(tx, dir);
    const files = filesInspected(tx, dir);
    newFiles = -1;
    withTrailer = false;
    if (!body && !files) break;
    if (n >= detectBounds.windows) {
      counts[cWindows]++;
      break;
    }
  }
  // Events that the other side raises until the next packet of this direction still count for it (as in Suricata,
  // which inspects a direction with the packets of that direction).
  if (last || (sideComplete(tx, dir) && dir === p.dir)) {
    sideOver(tx, dir, side);
  }
}

function sideOver(tx: HttpTransaction, dir: number, side: number): void {
  tx.detectDone |= 1 << dir;
  if (tx.detectDone === DetectDone.Both) closeSides(tx);
  else restSide(side);
}

/**
 * The trailer ended after rules had matched, between the last chunk and that end, by a fast pattern in the headers:
 * those headers are searched once more, with the trailer's, and what is found there alerts again (as in Suricata, which
 * registers http.header and http.header.raw for the headers and for the trailer, and stores nothing of rules that match
 * at first sight. It does so too after a match while the body comes; here that would let a sender's choice of segments
 * decide how often a rule alerts).
 */
let withTrailer = false;

function sideOf(tx: HttpTransaction, dir: number): Side {
  return dir === 0 ? tx.req : tx.res;
}

/** Packets of direction `dir` that came before the data under inspection. */
function packetsBefore(p: Packet, dir: number): number {
  const n = dir === 0 ? flows.pktsToServer[p.flow] : flows.pktsToClient[p.flow];
  return p.dir === dir ? n - 1 : n;
}

/** Whether the fast pattern of the rule may be found again when the trailer ends. */
function mayComeAgain(rule: number, tx: HttpTransaction, dir: number): boolean {
  const at = rule * RuleCol.Stride;
  const progress = dir === 0 ? tx.requestProgress : tx.responseProgress;
  if (progress !== TxProgress.Trailer || sideOf(tx, dir).hasTrailer !== 0) return false;
  for (let s = 0; s < table[at + RuleCol.SectionCount]; s++) {
    const row = (table[at + RuleCol.Sections] + s) * SectionCol.Stride;
    if ((sections[row + SectionCol.Flags] & SectionFlag.Prefilter) === 0) continue;
    const id = sections[row + SectionCol.Buffer];
    return id === BufferId.HttpHeader || id === BufferId.HttpHeaderRaw;
  }
  return false;
}

/** First file that came since the last look when there was an earlier look with files, else -1. */
let newFiles = -1;

/**
 * A direction whose side is complete and was inspected with a packet of the other direction: looks once more for
 * events when the first packet of its own direction comes.
 */
export function finishTransaction(p: Packet, tx: HttpTransaction, dir: number): void {
  if (tx.eventCount > 0) inspectTransaction(p, tx, dir, true);
  else {
    sideOver(tx, dir, openSide(tx, dir));
  }
}

function prefilter(tx: HttpTransaction, dir: number, side: number): void {
  candidatesReset();
  const list = engines[dir];
  for (let i = 0; i < list.length; i++)
    if (!databaseDone(side, i) || trailerEngine(list[i])) queueEngine(list[i], i, tx, dir, side);
  runScans();
  addList(always[dir]);
  if (tx.eventCount > 0) addList(events[dir]);
  const payload = fromPayload[dir];
  for (let i = 0; i < payload.length; i++) addCandidate(payload[i]);
  for (let c = firstCell(side); c !== 0; c = nextCell(c)) {
    const rule = takeCell(c);
    const again = newFiles >= 0 && (table[rule * RuleCol.Stride + RuleCol.Flags] & RuleFlag.Files) !== 0;
    if (again || !cellIsOver(c)) addCandidate(rule);
  }
}

function trailerEngine(e: TxEngine): boolean {
  return withTrailer && (e.buffer === BufferId.HttpHeader || e.buffer === BufferId.HttpHeaderRaw);
}

/** Queues the instances of a buffer that are ready; the engine is done when no more can come. */
function queueEngine(e: TxEngine, number: number, tx: HttpTransaction, dir: number, side: number): void {
  let open = false;
  for (let index = 0; ; index++) {
    const status = txBuffer(tx, e.buffer, dir, index, view);
    if (status === BufferStatus.Absent) break;
    if (index === detectBounds.instances) {
      counts[cInstances]++;
      break;
    }
    if (status === BufferStatus.Pending) {
      open = true;
      if (!e.multi || index > 0) break;
      continue;
    }
    if (view.complete === 0) open = true;
    if (e.transforms === 0) queueScan(e.db, view.off, view.len);
    else if (transform(e.transforms, view.off, view.len)) queueScan(e.db, transformOff, transformLen);
    if (!e.multi) break;
  }
  if (!open) setDatabaseDone(side, number);
}

function inspectCandidates(p: Packet, tx: HttpTransaction, dir: number, side: number): void {
  if (candidateCount === 0) return;
  const list = sortedCandidates();
  const n = candidateCount;
  if (watch !== 0) inspectWatched(list, n, p, tx, dir, side);
  else for (let i = 0; i < n; i++) inspectRule(list[i], p, tx, dir, side);
}

/** A function of its own: the closure costs only those who watch. */
function inspectWatched(list: Int32Array, n: number, p: Packet, tx: HttpTransaction, dir: number, side: number): void {
  watchRules(list, n, (rule) => inspectRule(rule, p, tx, dir, side));
}

function inspectRule(rule: number, p: Packet, tx: HttpTransaction, dir: number, side: number): void {
  const at = rule * RuleCol.Stride;
  let stored = storedFlags(rule);
  setFirstFile(0);
  if (withTrailer && stored >= 0 && (stored & StoredFlag.Again) !== 0) stored = -1;
  if (stored >= 0 && (stored & StoredFlag.Over) !== 0) {
    // A rule on files alerts once a file: a file that came after it matched is looked at by itself.
    if (newFiles < 0 || (table[at + RuleCol.Flags] & RuleFlag.Files) === 0) return;
    stored &= ~(StoredFlag.Over | fileSections(at));
    setFirstFile(newFiles);
  }
  if (stored < 0) {
    const app = table[at + RuleCol.App];
    if (app !== AppProto.Unknown && app !== AppProto.Http1) return;
    if (!flowFits(table[at + RuleCol.Flags]) || !headerFits(rule)) return;
    const conditions = table[at + RuleCol.Conditions];
    if (conditions >= 0 && !conditionsHold(conditions, p, dir, false)) return;
  }
  matchedReset();
  let flags = inspectSections(rule, stored < 0 ? 0 : stored, tx, dir);
  if ((flags & StoredFlag.Done) !== 0) {
    runEffects(table[at + RuleCol.Effects], p, dir, tx);
    addMatch(rule, tx, dir, MatchRowFlag.Tx);
    if ((table[at + RuleCol.Flags] & RuleFlag.Files) !== 0) tellFileSections(rule, tx, dir);
  }
  if (stored < 0 && (flags & StoredFlag.Done) !== 0 && mayComeAgain(rule, tx, dir)) {
    flags |= StoredFlag.Again;
    noteFirstMatch(side, packetsBefore(p, dir));
  }
  if (flags !== 0 && flags !== stored) storeFlags(side, rule, flags);
}

/** Tells the files that made a rule match of it. */
function tellFileSections(rule: number, tx: HttpTransaction, dir: number): void {
  const at = rule * RuleCol.Stride;
  for (let s = 0; s < table[at + RuleCol.SectionCount]; s++) {
    const row = (table[at + RuleCol.Sections] + s) * SectionCol.Stride;
    if ((sections[row + SectionCol.Flags] & SectionFlag.File) !== 0) tellMatchedFiles(row, tx, dir, sids[rule]);
  }
}

/** Bits of a rule's sections on file conditions. */
function fileSections(at: number): number {
  const first = table[at + RuleCol.Sections];
  let bits = 0;
  for (let s = 0; s < table[at + RuleCol.SectionCount]; s++) {
    if ((sections[(first + s) * SectionCol.Stride + SectionCol.Flags] & SectionFlag.File) !== 0) bits |= 1 << s;
  }
  return bits;
}

/** Looks at the sections that have not matched yet, in order; the StoredFlag bits that result. */
function inspectSections(rule: number, before: number, tx: HttpTransaction, dir: number): number {
  const at = rule * RuleCol.Stride;
  const first = table[at + RuleCol.Sections];
  const count = table[at + RuleCol.SectionCount];
  const mine = dir === 0 ? SectionFlag.ToServer : SectionFlag.ToClient;
  let flags = before;
  for (let s = 0; s < count; s++) {
    if ((flags & (1 << s)) !== 0) continue;
    const row = (first + s) * SectionCol.Stride;
    if ((sections[row + SectionCol.Flags] & mine) === 0) continue;
    const result = inspectTxSection(row, tx, dir);
    if (recorder !== null) {
      recorder.section(s, result === SectionResult.Match, result === SectionResult.CannotMatch);
    }
    if (result === SectionResult.Match) {
      flags |= 1 << s;
      continue;
    }
    return result === SectionResult.CannotMatch ? flags | StoredFlag.Never : flags;
  }
  return flags | StoredFlag.Done;
}
