/**
 * The rule compiler: from rules as meant (../ir.ts) to flat tables (layout.ts) that any number of workers read.
 * A heavy compiler and a dumb runtime: whatever can be decided here is not decided while packets wait.
 */
import type { Settings } from '../../core/settings.js';
import { BufferId, isTxBuffer } from '../../protocol/buffers.js';
import { lowerCase } from '../byte-text.js';
import type { DatasetMatch, FileTest, Rule, RuleNote, RuleSet, Threshold, Transform } from '../ir.js';
import type { ProgramTables, RegexSource } from './buffer-program.js';
import { classify, Exclusions, isTxEvent, type RuleClass } from './classify.js';
import { type ConditionTables, emitCondition, emitEffect } from './condition-program.js';
import { CompileFault, Emitter, Numbering } from './emitter.js';
import { chooseFastPattern, searchedLiterals } from './fast-pattern.js';
import { buildGroups, type GroupedRule } from './groups.js';
import { Words } from './growing.js';
import { ipOnlyTables } from './ip-only.js';
import { RuleAction, RuleCol, RuleFlag, RuleType, SectionCol } from './layout.js';
import { DbKind, ThresholdCol, ThresholdType, TrackBy } from './layout-tables.js';
import { RuleLists } from './lists.js';
import { flowNames, hostNames } from './names.js';
import { defaultActionOrder, evaluationOrder } from './order.js';
import { type DatabaseHead, type LiteralOfRule, PatternCollector } from './patterns.js';
import { mergedSections, transformKey, writeSections } from './rule-sections.js';
import { SearchTexts } from './search-text.js';
import { addressKey, addressTables, portKey, portTables, SetNumbers } from './sets.js';
import { sharedF64, sharedI32, sharedU32 } from './shared.js';
import type { RuntimeRules } from './tables.js';

/** A compiled rule set with the rules it was made of. */
export interface CompiledRules extends RuntimeRules {
  /** Rules in order of evaluation; one written `<>` stands twice, the second time with its sides exchanged. */
  rules: Rule[];
}

const actions: Record<Rule['action'], RuleAction> = {
  alert: RuleAction.Alert,
  pass: RuleAction.Pass,
  drop: RuleAction.Drop,
  reject: RuleAction.RejectSrc,
  rejectsrc: RuleAction.RejectSrc,
  rejectdst: RuleAction.RejectDst,
  rejectboth: RuleAction.RejectBoth,
  config: RuleAction.Config,
};
export function actionCode(action: Rule['action']): RuleAction {
  return actions[action];
}

const tracks = {
  by_src: TrackBy.Src,
  by_dst: TrackBy.Dst,
  by_both: TrackBy.Both,
  by_rule: TrackBy.Rule,
  by_flow: TrackBy.Flow,
};
export function trackCode(track: Threshold['track']): TrackBy {
  return tracks[track];
}
const thresholdTypes = {
  threshold: ThresholdType.Threshold,
  limit: ThresholdType.Limit,
  both: ThresholdType.Both,
  detection_filter: ThresholdType.DetectionFilter,
  backoff: ThresholdType.Backoff,
};

/** A threshold as a row of ThresholdCol. */
export function thresholdRow(t: Threshold): number[] {
  const row = new Array<number>(ThresholdCol.Stride).fill(0);
  row[ThresholdCol.Type] = thresholdTypes[t.type];
  row[ThresholdCol.Track] = tracks[t.track];
  row[ThresholdCol.Count] = t.count;
  row[ThresholdCol.Seconds] = t.seconds;
  row[ThresholdCol.Multiplier] = t.multiplier ?? 0;
  return row;
}

/** Rules with `<>` become two, unless both sides are the same. */
function bothWays(rule: Rule): Rule[] {
  if (!rule.bidirectional) return [rule];
  const sameSides = addressKey(rule.src) === addressKey(rule.dst) && rule.src.any === rule.dst.any;
  const samePorts = portKey(rule.srcPorts) === portKey(rule.dstPorts) && rule.srcPorts.any === rule.dstPorts.any;
  if (sameSides && samePorts) return [rule];
  return [rule, { ...rule, src: rule.dst, dst: rule.src, srcPorts: rule.dstPorts, dstPorts: rule.srcPorts }];
}

const enum Radix {
  /** More than there are buffers. */
  Buffers = 1024,
}

/** One rule on its way through the compiler. */
interface Draft {
  rule: Rule;
  cls: RuleClass;
  /** What is looked for on its behalf, in lower case; null: it is always a candidate. */
  searched: readonly string[] | null;
  /** Number of the section row and transform list that the fast pattern belongs to. */
  fastBuffer: BufferId;
  fastTransforms: number;
}

class Compiler {
  readonly emitter = new Emitter();
  readonly programs: ProgramTables = {
    emitter: this.emitter,
    regexes: new Numbering<RegexSource>(),
    captures: [],
    datasets: new Numbering<DatasetMatch>(),
  };
  readonly conditions: ConditionTables = {
    emitter: this.emitter,
    categories: new Numbering<string>(),
    countries: new Numbering<string[]>(),
    hashes: new Numbering<{ algorithm: string; hashes: string[] }>(),
  };
  readonly transforms = new Numbering<Transform[]>([[]]);
  readonly addresses = new SetNumbers(addressKey);
  readonly ports = new SetNumbers(portKey);
  readonly protocols = new Numbering<number[]>([[]]);
  /** Rows of protocols that stand alone. */
  private readonly protocolRows: number[] = [];
  readonly sections = new Words();
  readonly thresholds: number[] = [];
  readonly rows = new Words();
  /** The row being made. */
  private readonly row = new Int32Array(RuleCol.Stride);
  readonly drafts: Draft[] = [];
  readonly refused: RuleNote[] = [];
  readonly lists = new RuleLists();
  readonly collector = new PatternCollector(this.lists);
  private readonly texts = new SearchTexts();

  constructor(private readonly exclusions: Exclusions) {}

  /** Compiles one rule; a rule that does not fit leaves nothing behind but unused code. */
  add(rule: Rule): void {
    try {
      const cls = classify(rule, this.exclusions);
      const sections = mergedSections(rule);
      const fast = chooseFastPattern(sections);
      const inTx = cls.type === RuleType.AppTx;
      const byEvent = (cls.flags & RuleFlag.NeedsEvent) !== 0 || rule.conditions.some(isTxEvent);
      const positive = searchedLiterals(sections, fast, (s) => !byEvent && isTxBuffer(s.buffer) === inTx);
      const first = this.sections.length / SectionCol.Stride;
      const count = writeSections(
        rule,
        sections,
        fast?.section ?? -1,
        this.sections,
        this.programs,
        this.conditions,
        this.transforms,
      );
      const fastSection = positive === null ? null : sections[positive.section];
      this.ruleRow(rule, cls, positive === null, first, count);
      const searched = positive === null ? null : positive.literals.map(lowerCase);
      if (searched !== null) for (let i = 0; i < searched.length; i++) this.texts.count(searched[i]);
      this.drafts.push({
        rule,
        cls,
        searched,
        fastBuffer: fastSection?.buffer ?? BufferId.Payload,
        fastTransforms:
          fastSection === null || fastSection.transforms.length === 0
            ? 0
            : this.transforms.number(transformKey(fastSection.transforms), fastSection.transforms),
      });
    } catch (e) {
      if (!(e instanceof CompileFault)) throw e;
      this.refused.push({ file: rule.file, line: rule.line, column: 1, sid: rule.sid, reason: e.message, hint: null });
    }
  }

  private ruleRow(rule: Rule, cls: RuleClass, noPrefilter: boolean, first: number, count: number): void {
    const { row } = this;
    let flags = cls.flags;
    if (noPrefilter) flags |= RuleFlag.NoPrefilter;
    row[RuleCol.Type] = cls.type;
    row[RuleCol.Action] = actions[rule.action];
    row[RuleCol.Proto] = this.protocolRow(rule.proto.ipProtos);
    if (row[RuleCol.Proto] === 0) flags |= RuleFlag.AnyProto;
    row[RuleCol.Flags] = flags;
    row[RuleCol.Src] = this.addresses.number(rule.src);
    row[RuleCol.Dst] = this.addresses.number(rule.dst);
    row[RuleCol.SrcPorts] = this.ports.number(rule.srcPorts);
    row[RuleCol.DstPorts] = this.ports.number(rule.dstPorts);
    row[RuleCol.App] = cls.app;
    row[RuleCol.Conditions] =
      rule.conditions.length === 0
        ? -1
        : this.program(
            rule.conditions.filter((c) => c.kind !== 'file' && !isTxEvent(c)),
            (c) => emitCondition(this.conditions, c),
          );
    row[RuleCol.Sections] = first;
    row[RuleCol.SectionCount] = count;
    row[RuleCol.Effects] = this.program(rule.effects, (f) => emitEffect(this.conditions, f));
    row[RuleCol.Threshold] = rule.threshold === null ? -1 : this.thresholds.length / ThresholdCol.Stride;
    if (rule.threshold !== null) this.thresholds.push(...thresholdRow(rule.threshold));
    row[RuleCol.Gid] = rule.gid;
    row[RuleCol.Sid] = rule.sid | 0;
    const at = this.rows.extend(RuleCol.Stride);
    this.rows.values.set(row, at);
  }

  private program<T>(items: readonly T[], emit: (item: T) => void): number {
    if (items.length === 0) return -1;
    const at = this.emitter.here;
    for (const item of items) emit(item);
    this.emitter.end();
    return at;
  }

  private protocolRow(protocols: readonly number[]): number {
    if (protocols.length === 0) return 0;
    if (protocols.length === 1) {
      // Most rules name one protocol; its row is looked up without making the bitmap again.
      const known = this.protocolRows[protocols[0]];
      if (known !== undefined) return known;
    }
    const words = new Array<number>(8).fill(0);
    for (const p of protocols) words[p >>> 5] |= 1 << (p & 31);
    const row = this.protocols.number(words.join(), words);
    if (protocols.length === 1) this.protocolRows[protocols[0]] = row;
    return row;
  }

  /** Databases of transaction buffers, one a buffer, transform list and direction. */
  txDatabases(): void {
    const byKey = new Map<number, { head: DatabaseHead; entries: LiteralOfRule[] }>();
    this.drafts.forEach((d, n) => {
      const { searched } = d;
      if (searched === null || !isTxBuffer(d.fastBuffer)) return;
      const literals = searched.map((text) => this.texts.choose(text));
      for (let dir = 0; dir < 2; dir++) {
        if ((d.cls.flags & (dir === 0 ? RuleFlag.ToServer : RuleFlag.ToClient)) === 0) continue;
        const key = (d.fastTransforms * Radix.Buffers + d.fastBuffer) * 2 + dir;
        let known = byKey.get(key);
        if (known === undefined) {
          const head = { kind: DbKind.Tx, buffer: d.fastBuffer, transforms: d.fastTransforms, dir };
          known = { head, entries: [] };
          byKey.set(key, known);
        }
        for (let i = 0; i < literals.length; i++) known.entries.push({ literal: literals[i], rule: n });
      }
    });
    for (const { head, entries } of byKey.values()) this.collector.add(head, entries);
  }

  grouped(): GroupedRule[] {
    return this.drafts.map((d, number) => {
      const inPayload = d.fastBuffer === BufferId.Payload ? d.searched : null;
      const event = (d.cls.flags & RuleFlag.NeedsEvent) !== 0;
      return {
        rule: d.rule,
        number,
        type: d.cls.type,
        flags: d.cls.flags,
        payloadLiterals: inPayload === null ? null : inPayload.map((text) => this.texts.choose(text)),
        elsewhere: d.cls.type === RuleType.AppTx || event,
      };
    });
  }

  /** List rows by direction of the rules for which `wanted` holds. */
  byDirection(wanted: (d: Draft) => boolean): Int32Array {
    const lists: [number[], number[]] = [[], []];
    this.drafts.forEach((d, n) => {
      if (!wanted(d)) return;
      if ((d.cls.flags & RuleFlag.ToServer) !== 0) lists[0].push(n);
      if ((d.cls.flags & RuleFlag.ToClient) !== 0) lists[1].push(n);
    });
    return sharedI32(lists.map((list) => this.lists.add(list)));
  }
}

function fileTests(drafts: readonly Draft[]): FileTest['kind'][] {
  const kinds = new Set<FileTest['kind']>();
  for (const d of drafts) for (const c of d.rule.conditions) if (c.kind === 'file') kinds.add(c.test.kind);
  return [...kinds];
}

function numberCaptures({ sections }: Rule): void {
  for (let i = 0; i < sections.length; i++) {
    const { matches } = sections[i];
    for (let j = 0; j < matches.length; j++) {
      const m = matches[j];
      if (m.kind === 'pcre') for (const x of m.captures) flowNames.id(x.name);
    }
  }
}

/** Compiles a rule set. `settings` gives `action-order`. */
export function compileRules(set: RuleSet, settings: Settings): CompiledRules {
  const c = new Compiler(new Exclusions(settings));
  const all = set.rules.flatMap(bothWays);
  // Names that only pcre captures set are numbered here, so that every thread numbers them alike.
  for (let i = 0; i < all.length; i++) if (all[i].captures) numberCaptures(all[i]);
  for (const i of evaluationOrder(all, settings.list('action-order', [...defaultActionOrder]))) c.add(all[i]);

  const waitsForEvent = (d: Draft): boolean => d.rule.conditions.some(isTxEvent);
  const isTx = (d: Draft): boolean => d.cls.type === RuleType.AppTx && d.searched === null;
  const table = c.rows.shared();
  const addresses = addressTables(c.addresses.sets);
  const groups = buildGroups(c.grouped(), c.lists, c.collector);
  c.txDatabases();
  const ipOnlyRules = c.drafts.flatMap((d, n) => (d.cls.type === RuleType.IpOnly ? [n] : []));
  const ipOnly = ipOnlyTables(table, ipOnlyRules, c.addresses.sets, addresses, c.lists);
  const txAlways = c.byDirection((d) => isTx(d) && !waitsForEvent(d));
  const txEvents = c.byDirection((d) => isTx(d) && waitsForEvent(d));
  const packetEvents = c.byDirection(
    (d) => d.cls.type !== RuleType.AppTx && (d.cls.flags & RuleFlag.NeedsEvent) !== 0 && d.searched === null,
  );
  const lists = c.lists.tables();
  return {
    rules: c.drafts.map((d) => d.rule),
    count: c.drafts.length,
    revs: sharedI32(c.drafts.map((d) => d.rule.rev)),
    fileTests: fileTests(c.drafts),
    table,
    sections: c.sections.shared(),
    code: c.emitter.code.shared(),
    pool: c.emitter.pool.shared(),
    numbers: sharedF64(c.emitter.numbers),
    protocols: sharedU32(c.protocols.items.flatMap((w) => (w.length === 0 ? new Array<number>(8).fill(0) : w))),
    thresholds: sharedF64(c.thresholds),
    addresses,
    ports: portTables(c.ports.sets),
    groups,
    ipOnly,
    listRows: lists.rows,
    listRules: lists.rules,
    databases: c.collector.databases,
    patternBytes: c.collector.bytes.shared(),
    patternEnds: sharedU32(c.collector.ends),
    patternLists: sharedU32(c.collector.patternLists),
    txAlways,
    txEvents,
    packetEvents,
    regexes: c.programs.regexes.items,
    captures: c.programs.captures,
    transforms: c.transforms.items,
    datasets: c.programs.datasets.items,
    categories: c.conditions.categories.items,
    countries: c.conditions.countries.items,
    hashes: c.conditions.hashes.items,
    flowNames: flowNames.all(),
    hostNames: hostNames.all(),
    refused: c.refused,
    suppress: set.suppress,
    eventFilters: set.eventFilters,
    rateFilters: set.rateFilters,
    bans: set.bans,
  };
}
