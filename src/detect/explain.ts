/**
 * The recorder of `rules explain`: watches the engine over a whole capture and keeps, of the rules with one id, the
 * looks that fired, the one that got furthest without, and how often each reason ended a look. It asks the engine's own
 * functions and never changes what they find: all other rules run as they always do.
 */
import { type Packet, PacketFlag } from '../decode/packet.js';
import type { TrackedFile } from '../files/tracked-file.js';
import { flows } from '../flow/columns.js';
import { BufferStatus, BufferView, type Transaction } from '../http/transaction.js';
import type { HttpTransaction } from '../http/tx.js';
import { BufferId } from '../protocol/buffers.js';
import { RuleAction, RuleCol, RuleFlag, RuleType, SectionCol, SectionFlag } from '../rules/compile/layout.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { isCandidate } from './candidates.js';
import { type Gates, gatesOf } from './explain-gates.js';
import { nearest, resetNearest, seekNearest } from './explain-nearest.js';
import { excerpt, ProgramRecord } from './explain-program.js';
import { reasonOf, scoreOf } from './explain-score.js';
import { damageOf, furtherOf } from './explain-sections.js';
import { fastText, type Target, targetOf } from './explain-target.js';
import { beginHeaders, HeaderFault } from './header.js';
import { Fate, Look, type Observer, type Recorder, setRecorder } from './recorder.js';
import { scratchMark, scratchRelease } from './scratch.js';
import { storedFlags } from './stored-state.js';
import { type ExplainRequest, type Explanation, type SectionTrace, type Trace, TraceLimit } from './trace.js';
import { transform, transformLen, transformOff } from './transforms.js';
import { txBuffer } from './tx-section.js';

/** A rule that sets what the asked one tests. */
interface Setter {
  name: string;
  rule: number;
  matches: number;
  firstPacket: number;
  /** Serial numbers of the flows in which it matched. */
  flows: Set<number>;
}

export class Explainer implements Observer, Recorder {
  private readonly targets: Target[];
  private readonly isTarget: Uint8Array;
  private readonly record: ProgramRecord;
  private readonly setters: Setter[];
  private readonly fates = new Array<number>(Fate.Passed + 1).fill(0);
  private readonly reasons = new Map<string, { count: number; first: Trace }>();
  private readonly fired: Trace[] = [];
  private best: Trace | null = null;
  private looks = 0;
  /** Looks at transactions that may go on, by flow, transaction, direction and rule. */
  private readonly open = new Map<string, Trace>();
  /** Rule that passed or dropped a flow, by serial number of the flow. */
  private readonly closers = new Map<number, number>();
  private matched: { trace: Trace; tx: Transaction | null }[] = [];
  private current: Trace | null = null;
  // The look under way.
  private p!: Packet;
  private dir = 0;
  private kind = Look.Packet;
  private tx: Transaction | null = null;
  private readonly view = new BufferView();

  constructor(
    private readonly rules: RuntimeRules,
    asked: ExplainRequest,
  ) {
    this.targets = asked.rules.map((rule) => targetOf(rules, rule));
    this.isTarget = new Uint8Array(rules.count);
    for (const rule of asked.rules) this.isTarget[rule] = 1;
    this.record = new ProgramRecord(rules);
    this.setters = asked.setters.map((s) => ({ ...s, matches: 0, firstPacket: -1, flows: new Set() }));
    resetNearest();
  }

  private sectionRow(rule: number, n: number): number {
    return (this.rules.table[rule * RuleCol.Stride + RuleCol.Sections] + n) * SectionCol.Stride;
  }

  packet(p: Packet): void {
    this.p = p;
    this.settle();
  }

  look(kind: Look, p: Packet, dir: number, tx: Transaction | null, off: number, len: number): void {
    this.p = p;
    this.kind = kind;
    this.dir = dir;
    this.tx = tx;
    for (const target of this.targets) if (this.looksHere(target, kind)) this.missed(target, off, len);
  }

  /** Whether a rule could become a candidate by such a look. */
  private looksHere({ type, flags, fast }: Target, kind: Look): boolean {
    if (type === RuleType.IpOnly) return kind === Look.IpOnly;
    switch (kind) {
      case Look.IpOnly:
        return false;
      case Look.Packet:
        return true;
      case Look.Stream:
        return type === RuleType.AppTx ? fast?.buffer === BufferId.Payload : (flags & RuleFlag.NeedsStream) !== 0;
      default:
        return type === RuleType.AppTx && fast?.buffer !== BufferId.Payload;
    }
  }

  /** A look in which the rule may not be a candidate: how it would have fared, and that it was not looked at. */
  private missed(target: Target, off: number, len: number): void {
    const { rule, type, fast } = target;
    const inTx = this.kind === Look.Transaction;
    if (isCandidate(rule) && !(type === RuleType.AppTx && !inTx)) return;
    if (inTx && storedFlags(rule) >= 0) return;
    const gates = gatesOf(this.rules, rule, this.p, this.dir, this.kind);
    if (gates.header === HeaderFault.Direction) return;
    const open = gates.header === HeaderFault.None && gates.app < 0;
    // A transaction's rule that is fit for the flow is told of with the transaction.
    if (type === RuleType.AppTx && !inTx && open && (fast === null || fast.buffer !== BufferId.Payload)) return;
    if (type === RuleType.AppTx && isCandidate(rule) && !inTx) return;
    const trace = this.newTrace(rule, gates);
    trace.candidate = false;
    if (gates.header === HeaderFault.None && fast !== null) {
      if (!this.fastBuffer(target, trace, off, len)) return;
    }
    this.consider(trace);
  }

  /** Notes the buffer in which the fast pattern was not found. False: it may still come. */
  private fastBuffer({ fast }: Target, trace: Trace, off: number, len: number): boolean {
    if (fast === null) return true;
    if (this.tx === null) {
      if (len > 0) this.nearFast(trace, fast.literals, off, len, 0, fast.buffer);
      return true;
    }
    const mark = scratchMark();
    let pending = false;
    for (let i = 0; i < 64; i++) {
      const status = txBuffer(this.tx as HttpTransaction, fast.buffer, this.dir, i, this.view);
      pending = status === BufferStatus.Pending;
      if (status !== BufferStatus.Ready) break;
      let [at, size] = [this.view.off, this.view.len];
      if (fast.transforms !== 0) {
        if (!transform(fast.transforms, at, size)) break;
        [at, size] = [transformOff, transformLen];
      }
      this.nearFast(trace, fast.literals, at, size, this.view.base, fast.buffer);
      if (!this.isMulti(fast.buffer)) break;
    }
    scratchRelease(mark);
    return !pending || trace.fast !== null;
  }

  private isMulti(id: BufferId): boolean {
    return id === BufferId.HttpRequestHeader || id === BufferId.HttpResponseHeader || id >= BufferId.FileData;
  }

  private nearFast(
    trace: Trace,
    sought: readonly Uint8Array[],
    off: number,
    len: number,
    base: number,
    id: BufferId,
  ): void {
    for (const bytes of sought) {
      seekNearest(bytes, off, off + len);
      if (trace.fast !== null && nearest.bytes <= trace.fastNearBytes) continue;
      trace.fastNear = nearest.at;
      trace.fastNearBytes = nearest.bytes;
      trace.fast = excerpt(off, len, base, id, Math.max(0, nearest.at));
    }
  }

  begin(rule: number): void {
    if (this.isTarget[rule] === 0) return;
    if (!this.inspectsHere(rule)) return;
    const known = this.tx !== null && storedFlags(rule) >= 0 ? this.open.get(this.keyOf(rule)) : undefined;
    const trace = known ?? this.newTrace(rule, gatesOf(this.rules, rule, this.p, this.dir, this.kind));
    trace.candidate = true;
    this.current = trace;
    this.record.reset();
    setRecorder(this);
  }

  /** Whether the engine goes on with a candidate in a look of this kind. */
  private inspectsHere(rule: number): boolean {
    const at = rule * RuleCol.Stride;
    const type = this.rules.table[at + RuleCol.Type];
    // Found in the payload, a transaction's rule becomes a candidate of its transactions and is looked at there.
    if (type === RuleType.AppTx) return this.kind === Look.Transaction;
    if (type === RuleType.Packet && (this.p.flags & PacketFlag.FlowEnd) !== 0) return false;
    if (this.kind === Look.Stream && (this.rules.table[at + RuleCol.Flags] & RuleFlag.NeedsStream) === 0) return false;
    // Found in the packet's chunk, it is not looked for in its payload again.
    return !this.matched.some((m) => m.trace.rule === rule);
  }

  end(rule: number, matched: boolean): void {
    if (matched) this.noteSetter(rule);
    const trace = this.current;
    if (trace === null) return;
    this.current = null;
    setRecorder(null);
    trace.packet = this.p.no;
    trace.tsUs = this.p.tsUs;
    if (this.tx !== null && trace.sections.length > 0) this.remember(rule, trace);
    if (matched) this.matched.push({ trace: { ...trace, sections: [...trace.sections] }, tx: this.tx });
    else if (!this.isLeftToStream(trace)) this.consider(trace);
  }

  /** A payload that became part of a stream is looked at there: that the packet's own was not says nothing. */
  private isLeftToStream({ sections }: Trace): boolean {
    if (this.kind !== Look.Packet || (this.p.flags & PacketFlag.StreamAdded) === 0) return false;
    const last = sections[sections.length - 1];
    return last !== undefined && last.buffer === BufferId.Payload && last.shown === null && !last.matched;
  }

  private noteSetter(rule: number): void {
    for (const s of this.setters) {
      if (s.rule !== rule) continue;
      s.matches++;
      if (s.firstPacket < 0) s.firstPacket = this.p.no;
      if (this.p.flow !== 0 && s.flows.size < TraceLimit.Remembered) s.flows.add(flows.serial[this.p.flow]);
    }
  }

  private keyOf(rule: number): string {
    return `${flows.serial[this.p.flow]} ${this.tx?.id} ${this.dir} ${rule}`;
  }

  private remember(rule: number, trace: Trace): void {
    if (this.open.size >= TraceLimit.Remembered) this.open.clear();
    this.open.set(this.keyOf(rule), trace);
  }

  buffer(pc: number, off: number, len: number, base: number, id: number): void {
    this.record.buffer(pc, off, len, base, id);
  }

  match(pc: number, from: number, to: number, end: number, held: boolean): void {
    this.record.match(pc, from, to, end, held);
  }

  fileTest(pc: number, _file: TrackedFile, held: boolean): void {
    this.record.fileTested(pc, held);
  }

  section(n: number, matched: boolean, final: boolean): void {
    const trace = this.current;
    if (trace === null) return;
    const row = this.sectionRow(trace.rule, n);
    const flags = this.rules.sections[row + SectionCol.Flags];
    const isBuffer = (flags & (SectionFlag.Event | SectionFlag.File)) === 0;
    const way = this.record.close(matched);
    const section: SectionTrace = {
      section: n,
      buffer: isBuffer ? this.rules.sections[row + SectionCol.Buffer] : -1,
      fileTest: this.fileTestNumber(row),
      matched,
      final,
      instances: this.record.instances,
      shown: way?.shown ?? null,
      matches: way?.matches ?? [],
      ...damageOf(this.tx, this.dir),
    };
    this.record.reset();
    const at = trace.sections.findIndex((s) => s.section === n);
    if (at < 0) trace.sections.push(section);
    else trace.sections[at] = furtherOf(trace.sections[at], section);
  }

  /** Number of the file test that got furthest among the tests of the section. */
  private fileTestNumber(row: number): number {
    if (this.record.fileTest < 0) return -1;
    const { code, sections } = this.rules;
    let n = 0;
    for (let pc = sections[row + SectionCol.Code]; pc !== this.record.fileTest; pc += code[pc + 1]) n++;
    return n;
  }

  fate(rule: number, tx: Transaction | null, fate: Fate): void {
    this.noteCloser(rule, fate);
    if (this.isTarget[rule] === 0) return;
    const at = this.matched.findIndex((m) => m.trace.rule === rule && m.tx === tx);
    if (at >= 0) this.tellFate(this.matched.splice(at, 1)[0].trace, fate);
  }

  private noteCloser(rule: number, fate: Fate): void {
    const action = this.rules.table[rule * RuleCol.Stride + RuleCol.Action];
    if (action === RuleAction.Alert || action === RuleAction.Config || fate === Fate.Passed || this.p.flow === 0)
      return;
    if (this.closers.size >= TraceLimit.Remembered) this.closers.clear();
    const flow = flows.serial[this.p.flow];
    if (!this.closers.has(flow)) this.closers.set(flow, rule);
  }

  private tellFate(trace: Trace, fate: Fate): void {
    trace.fate = fate;
    this.fates[fate]++;
    if (fate !== Fate.Alert) this.consider(trace);
    else {
      this.looks++;
      if (this.fired.length < TraceLimit.Fired) this.fired.push(trace);
    }
  }

  /** Matches that the verdict said nothing of found no room in the queue. */
  private settle(): void {
    for (const { trace } of this.matched) this.tellFate(trace, Fate.AlertMax);
    this.matched.length = 0;
  }

  uninspected(p: Packet): void {
    this.p = p;
    this.dir = p.flow === 0 ? 0 : p.dir;
    this.kind = Look.Packet;
    this.tx = null;
    beginHeaders(p, this.dir);
    for (const { rule } of this.targets) {
      const gates = gatesOf(this.rules, rule, p, this.dir, Look.Packet);
      if (gates.header !== HeaderFault.None) continue;
      const trace = this.newTrace(rule, gates);
      trace.closedBy = p.flow === 0 ? -1 : (this.closers.get(flows.serial[p.flow]) ?? -1);
      this.consider(trace);
    }
  }

  private newTrace(rule: number, gates: Gates): Trace {
    const p = this.p;
    const swapped = p.flow !== 0 && this.dir !== p.dir;
    const a: Trace['src'] = [p.src0, p.src1, p.src2, p.src3];
    const b: Trace['dst'] = [p.dst0, p.dst1, p.dst2, p.dst3];
    return {
      rule,
      packet: p.no,
      tsUs: p.tsUs,
      look: this.kind,
      dir: this.dir,
      ipVersion: p.ipVersion,
      ipProto: p.ipProto,
      src: swapped ? b : a,
      dst: swapped ? a : b,
      srcPort: swapped ? p.dstPort : p.srcPort,
      dstPort: swapped ? p.srcPort : p.dstPort,
      hasFlow: p.flow !== 0,
      serial: p.flow === 0 ? -1 : flows.serial[p.flow],
      tx: this.tx?.id ?? -1,
      ...gates,
      candidate: false,
      fast: null,
      fastNear: -1,
      fastNearBytes: 0,
      ...damageOf(this.tx, this.dir),
      sections: [],
      fate: -1,
      closedBy: -2,
      reason: '',
      score: 0,
    };
  }

  /** Counts a look under its reason, and keeps it if none got further. */
  private consider(trace: Trace): void {
    const before = trace.reason;
    trace.reason = reasonOf(trace);
    trace.score = scoreOf(trace);
    if (before === '') this.looks++;
    else if (before !== trace.reason) this.forget(before);
    if (before !== trace.reason) {
      const known = this.reasons.get(trace.reason);
      if (known !== undefined) known.count++;
      else if (this.reasons.size < TraceLimit.Reasons) this.reasons.set(trace.reason, { count: 1, first: trace });
    }
    if (this.best === null || trace.score > this.best.score) this.best = trace;
  }

  /** A look that went on and came to another end. */
  private forget(reason: string): void {
    const known = this.reasons.get(reason);
    if (known === undefined) return;
    known.count--;
    if (known.count === 0) this.reasons.delete(reason);
  }

  /** What was found, at the end of the capture. */
  result(): Explanation {
    this.settle();
    const reasons = [...this.reasons].map(([reason, r]) => ({ reason, ...r })).sort((a, b) => b.count - a.count);
    const flow = this.best?.serial ?? -1;
    return {
      rules: this.targets.map((t) => t.rule),
      type: this.targets[0].type,
      fast: fastText(this.targets[0]),
      looks: this.looks,
      fates: this.fates,
      fired: this.fired,
      nearest: this.best,
      reasons,
      setters: this.setters.map(({ flows: seen, ...s }) => ({ ...s, inFlow: seen.has(flow) })),
    };
  }
}
