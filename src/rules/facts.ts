/**
 * What follows from a rule beside its text: its type, what is searched for first and where, its port groups, when each
 * buffer is looked at, and which other rules read and write the same state. For `peccary rules show`.
 */
import type { Settings } from '../core/settings.js';
import { AppProto } from '../protocol/app-proto.js';
import { BufferId, BufferKind, buffers, isTxBuffer, TxProgress } from '../protocol/buffers.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { classify, Exclusions, isTxEvent } from './compile/classify.js';
import { type CompiledRules, compileRules } from './compile/compile.js';
import { chooseFastPattern, type SearchedLiterals, searchedLiterals } from './compile/fast-pattern.js';
import { RuleFlag, RuleType, ruleTypeNames } from './compile/layout.js';
import { DbKind, GroupCol, GroupProto } from './compile/layout-tables.js';
import { mergedSections } from './compile/rule-sections.js';
import type { BufferSection, Rule, RuleNote, RuleSet, Transform } from './ir.js';

export interface Searched {
  /** Name of the buffer, 'payload' for packets and the raw stream. */
  buffer: string;
  transforms: string[];
  /** One of these makes the rule a candidate; bytes. */
  literals: string[];
  /** Whether they come from a content or from what a pcre cannot match without. */
  from: 'content' | 'pcre';
  /** Databases that are scanned for them, by direction, each with its number of patterns. */
  databases: { direction: string; over: string; patterns: number }[];
}

/** Rules of one protocol and direction are grouped by the port they name. */
interface PortGroup {
  protocol: string;
  direction: string;
  /** Numbers of the groups that the rule is in, of `of` groups. */
  groups: number[];
  of: number;
}

export interface StateUse {
  kind: string;
  name: string;
  does: 'sets' | 'unsets' | 'tests';
  /** sids of the rules that do the other part: that set what this one tests, or test what this one sets. */
  others: number[];
}

export interface RuleFacts {
  /** As Suricata's engine analysis names it: app_tx, stream, pkt … */
  type: string;
  directions: string[];
  app: 'http' | null;
  searched: Searched | null;
  portGroups: PortGroup[];
  /** By buffer: when it is looked at. */
  looksAt: { buffer: string; when: string }[];
  state: StateUse[];
  warnings: RuleNote[];
}

const directionNames = ['to_server', 'to_client'];

export function bufferName(id: BufferId): string {
  return id === BufferId.Payload ? 'payload' : (buffers.get(id)?.name ?? '');
}

/** Compiles the set and tells of one of its rules. */
export class FactFinder {
  private readonly compiled: CompiledRules;
  private readonly exclusions: Exclusions;

  constructor(
    private readonly set: RuleSet,
    settings: Settings,
  ) {
    this.compiled = compileRules(set, settings);
    this.exclusions = new Exclusions(settings);
  }

  facts(rule: Rule): RuleFacts {
    const { type, flags, app } = classify(rule, this.exclusions);
    const dirs = [Dir.ToServer, Dir.ToClient].filter((dir) => (flags & directionFlag(dir)) !== 0);
    const sections = mergedSections(rule);
    const searched = this.searched(rule, type, flags, sections, dirs);
    return {
      type: ruleTypeNames[type],
      directions: dirs.map((dir) => directionNames[dir]),
      app: app === AppProto.Http1 ? 'http' : null,
      searched,
      portGroups: type === RuleType.AppTx || type === RuleType.IpOnly ? [] : this.portGroups(rule, dirs),
      looksAt: sections.map((s) => ({ buffer: bufferName(s.buffer), when: whenOf(s.buffer, type, dirs) })),
      state: this.state(rule),
      warnings: [
        ...this.compiled.refused.map((n) => ({ ...n, reason: `refused: ${n.reason}` })),
        ...this.set.warnings,
      ].filter((n) => n.sid === rule.sid && n.file === rule.file && n.line === rule.line),
    };
  }

  private searched(
    rule: Rule,
    type: RuleType,
    flags: number,
    sections: readonly BufferSection[],
    dirs: readonly Dir[],
  ): Searched | null {
    const fast = chooseFastPattern(sections);
    const byEvent = (flags & RuleFlag.NeedsEvent) !== 0 || rule.conditions.some(isTxEvent);
    const inTx = type === RuleType.AppTx;
    const found = searchedLiterals(sections, fast, (s) => !byEvent && isTxBuffer(s.buffer) === inTx);
    if (found === null) return null;
    const { buffer, transforms } = sections[found.section];
    return {
      buffer: bufferName(buffer),
      transforms: transforms.map(transformText),
      literals: [...found.literals],
      from: isOwn(found, fast?.bytes) ? 'content' : 'pcre',
      databases: this.databases(buffer, transforms, dirs, rule),
    };
  }

  private databases(
    buffer: BufferId,
    transforms: readonly Transform[],
    dirs: readonly Dir[],
    rule: Rule,
  ): Searched['databases'] {
    const { databases } = this.compiled;
    if (buffer !== BufferId.Payload) {
      const key = JSON.stringify(transforms);
      return databases
        .filter(
          (d) =>
            d.kind === DbKind.Tx &&
            d.buffer === buffer &&
            dirs.includes(d.dir) &&
            JSON.stringify(this.compiled.transforms[d.transforms]) === key,
        )
        .map((d) => ({ direction: directionNames[d.dir], over: bufferName(buffer), patterns: d.count }));
    }
    const out: Searched['databases'] = [];
    for (const { protocol, direction, groups } of this.portGroups(rule, dirs)) {
      const first = this.firstRow(protocol, direction);
      for (const [col, over] of [
        [GroupCol.PacketDb, 'packets'],
        [GroupCol.StreamDb, 'the raw stream'],
      ] as const) {
        const numbers = groups.map((g) => this.compiled.groups.groups[(first + g) * GroupCol.Stride + col]);
        const patterns = Math.max(...numbers.map((n) => (n < 0 ? 0 : databases[n].count)));
        if (patterns > 0) out.push({ direction: `${protocol} ${direction}`, over, patterns });
      }
    }
    return out;
  }

  private firstRow(protocol: string, direction: string): number {
    const at = protocolNames.indexOf(protocol) * 2 + directionNames.indexOf(direction);
    return this.compiled.groups.firstGroup[at];
  }

  private portGroups(rule: Rule, dirs: readonly Dir[]): PortGroup[] {
    const { portGroup, firstGroup, groups } = this.compiled.groups;
    const out: PortGroup[] = [];
    for (let proto = GroupProto.Tcp; proto < GroupProto.Count; proto++) {
      if (!covers(rule, proto)) continue;
      for (const dir of dirs) {
        const at = proto * 2 + dir;
        const of = (at + 1 < firstGroup.length ? firstGroup[at + 1] : groups.length / GroupCol.Stride) - firstGroup[at];
        const ports = dir === Dir.ToServer ? rule.dstPorts : rule.srcPorts;
        const found = new Set<number>();
        if (ports.any || proto === GroupProto.Other) for (let g = 0; g < of; g++) found.add(g);
        else
          for (const [lo, hi] of ports.ranges)
            for (let port = lo; port <= hi; port++) found.add(portGroup[at * 65536 + port]);
        out.push({
          protocol: protocolNames[proto],
          direction: directionNames[dir],
          groups: [...found].sort((a, b) => a - b),
          of,
        });
      }
    }
    return out;
  }

  private state(rule: Rule): StateUse[] {
    const out: StateUse[] = [];
    for (const use of usesOf(rule)) {
      const wanted = use.does === 'tests' ? (u: Use) => u.does !== 'tests' : (u: Use) => u.does === 'tests';
      const others = this.set.rules.filter(
        (other) => other !== rule && usesOf(other).some((u) => u.kind === use.kind && u.name === use.name && wanted(u)),
      );
      out.push({ ...use, others: others.map((other) => other.sid) });
    }
    return out;
  }
}

const protocolNames = ['tcp', 'udp', 'other'];

function directionFlag(dir: Dir): RuleFlag {
  return dir === Dir.ToServer ? RuleFlag.ToServer : RuleFlag.ToClient;
}

function covers(rule: Rule, proto: GroupProto): boolean {
  const { ipProtos } = rule.proto;
  if (ipProtos.length === 0) return true;
  if (proto === GroupProto.Tcp) return ipProtos.includes(IpProto.Tcp);
  if (proto === GroupProto.Udp) return ipProtos.includes(IpProto.Udp);
  return ipProtos.some((p) => p !== IpProto.Tcp && p !== IpProto.Udp);
}

function isOwn(found: SearchedLiterals, own: string | undefined): boolean {
  return found.literals.length === 1 && found.literals[0] === own;
}

export function transformText({ name, arg }: Transform): string {
  return arg === null ? name : `${name}(${arg})`;
}

const byProgress: Record<number, string> = {
  [TxProgress.Line]: 'once the start line is complete',
  [TxProgress.Headers]: 'once all headers are there',
  [TxProgress.Body]: 'in windows while it arrives, and at its end',
  [TxProgress.Trailer]: 'once the trailer is there',
  [TxProgress.Complete]: 'once the message is complete',
};

const payloadWhen: Partial<Record<RuleType, string>> = {
  [RuleType.Packet]: 'each packet by itself',
  [RuleType.PacketStream]: 'each packet by itself, and the raw stream in chunks as it is acknowledged',
  [RuleType.Stream]: 'the raw stream in chunks as it is acknowledged; packets that are in no stream by themselves',
  [RuleType.AppTx]: 'the raw stream that belongs to the transaction',
};

function whenOf(id: BufferId, type: RuleType, dirs: readonly Dir[]): string {
  if (id === BufferId.Payload) return payloadWhen[type] ?? 'each packet by itself';
  const info = buffers.get(id);
  if (info === undefined || info.kind === BufferKind.Packet) return 'each packet';
  if (info.kind === BufferKind.Rule) return 'with the buffer it is decoded from';
  const at = dirs.includes(Dir.ToServer) && info.toServer >= 0 ? info.toServer : info.toClient;
  return `${byProgress[at] ?? ''}${info.multi ? ', each of several by itself' : ''}`;
}

type Use = Omit<StateUse, 'others'>;

/** What a rule reads and writes that outlives the packet. */
function usesOf(rule: Rule): Use[] {
  const out: Use[] = [];
  if (rule.conditions.length === 0 && rule.effects.length === 0) return out;
  for (const c of rule.conditions) {
    if (c.kind === 'flowbits') out.push(...c.names.map((name): Use => ({ kind: c.kind, name, does: 'tests' })));
    else if (c.kind === 'flowint' || c.kind === 'xbits' || c.kind === 'hostbits')
      out.push({ kind: c.kind, name: c.name, does: 'tests' });
  }
  for (const e of rule.effects) {
    if (e.kind === 'flowbits')
      out.push(...e.names.map((name): Use => ({ kind: e.kind, name, does: e.cmd === 'unset' ? 'unsets' : 'sets' })));
    else if (e.kind === 'flowint') out.push({ kind: e.kind, name: e.name, does: 'sets' });
    else if (e.kind === 'xbits' || e.kind === 'hostbits')
      out.push({ kind: e.kind, name: e.name, does: e.cmd === 'unset' ? 'unsets' : 'sets' });
  }
  return out;
}
