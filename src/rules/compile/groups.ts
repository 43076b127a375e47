/**
 * Grouping by protocol, direction and port (Suricata manual, "Rule profiling / detect.profile"): only the rules of a
 * packet's group that have no pattern are tried on it. Ports that share the same rules share a group; when there are more
 * than CompileLimit.PortGroups, those with the fewest rules of their own are merged. Patterns are those of the protocol
 * and direction, whatever the port: most rules name none, and each further database takes as long to build as the first.
 */
import { BufferId } from '../../protocol/buffers.js';
import { IpProto } from '../../protocol/ip.js';
import type { PortSet, Rule } from '../ir.js';
import { CompileLimit, RuleFlag, RuleType } from './layout.js';
import { DbKind, GroupCol, GroupProto } from './layout-tables.js';
import type { RuleLists } from './lists.js';
import type { Literal, LiteralOfRule, PatternCollector } from './patterns.js';
import { portKey, portPieces } from './sets.js';
import { sharedI32, sharedU8 } from './shared.js';

/** A rule as grouping sees it. */
export interface GroupedRule {
  rule: Rule;
  number: number;
  type: RuleType;
  flags: number;
  /** What is looked for in the payload, any of it; null: always a candidate, unless `elsewhere`. */
  payloadLiterals: Literal[] | null;
  /** Its candidates come from a transaction buffer or the lists of the engine. */
  elsewhere: boolean;
}

export interface GroupTables {
  /** Group of each port: (proto * 2 + dir) * 65536 + port. Groups are numbered from 0 within each (proto, dir). */
  portGroup: Uint8Array;
  /** First group row of each (proto, dir). */
  firstGroup: Int32Array;
  /** GroupCol rows. */
  groups: Int32Array;
}

function coversProto(rule: Rule, proto: GroupProto): boolean {
  const p = rule.proto.ipProtos;
  if (p.length === 0) return true;
  if (proto === GroupProto.Tcp) return p.includes(IpProto.Tcp);
  if (proto === GroupProto.Udp) return p.includes(IpProto.Udp);
  return p.some((x) => x !== IpProto.Tcp && x !== IpProto.Udp);
}

/** Sets of rules by port: group of each port and the rules (positions) of each group that name ports. */
function groupPorts(
  sets: readonly PortSet[],
  users: readonly number[][],
): { port: Uint8Array; members: Set<number>[] } {
  const pieces = portPieces(sets);
  const port = new Uint8Array(65536);
  const memberSets = pieces.rows.map((row) => {
    const members = new Set<number>();
    for (let s = 1; s <= sets.length; s++) {
      if ((row[s >>> 5] & (1 << (s & 31))) !== 0) for (const u of users[s - 1]) members.add(u);
    }
    return members;
  });
  // Class 0 holds no rule; the classes with most rules of their own get groups, the rest share the last group.
  const ranked = memberSets.map((_, c) => c).sort((a, b) => memberSets[b].size - memberSets[a].size || a - b);
  const groupOf = new Uint8Array(memberSets.length);
  const members: Set<number>[] = [new Set()];
  for (const c of ranked) {
    if (memberSets[c].size === 0) continue;
    if (members.length < CompileLimit.PortGroups - 1) groupOf[c] = members.push(memberSets[c]) - 1;
    else {
      if (members.length < CompileLimit.PortGroups) members.push(new Set());
      for (const u of memberSets[c]) members[CompileLimit.PortGroups - 1].add(u);
      groupOf[c] = CompileLimit.PortGroups - 1;
    }
  }
  for (let i = 0; i < pieces.starts.length; i++) {
    const end = i + 1 < pieces.starts.length ? pieces.starts[i + 1] : 65536;
    port.fill(groupOf[pieces.classes[i]], pieces.starts[i], end);
  }
  return { port, members };
}

const needsStream = (m: GroupedRule): boolean => (m.flags & RuleFlag.NeedsStream) !== 0;
/** Rules for both look at either; those for neither (other protocols) look at packets. */
const needsPacket = (m: GroupedRule): boolean => (m.flags & RuleFlag.NeedsPacket) !== 0 || !needsStream(m);
const needsPayload = (m: GroupedRule): boolean => (m.flags & RuleFlag.NeedsPayload) !== 0;

/** Numbers of the pattern databases of a protocol and direction, -1: none. */
interface Databases {
  packet: number;
  stream: number;
}

function payloadDatabases(rules: readonly GroupedRule[], dir: number, collector: PatternCollector): Databases {
  const add = (kind: DbKind, wanted: (m: GroupedRule) => boolean): number => {
    const entries: LiteralOfRule[] = [];
    for (const m of rules) {
      if (m.payloadLiterals === null || !wanted(m)) continue;
      for (const literal of m.payloadLiterals) entries.push({ literal, rule: m.number });
    }
    return collector.add({ kind, buffer: BufferId.Payload, transforms: 0, dir }, entries);
  };
  return { packet: add(DbKind.Packet, needsPacket), stream: add(DbKind.Stream, needsStream) };
}

function groupRow(members: readonly GroupedRule[], databases: Databases, lists: RuleLists): number[] {
  const has = (wanted: (m: GroupedRule) => boolean): boolean =>
    members.some((m) => m.payloadLiterals !== null && wanted(m));
  const always = members.filter((m) => m.payloadLiterals === null && !m.elsewhere);
  const row = new Array<number>(GroupCol.Stride);
  row[GroupCol.PacketDb] = has(needsPacket) ? databases.packet : -1;
  row[GroupCol.StreamDb] = has(needsStream) ? databases.stream : -1;
  row[GroupCol.PacketAlways] = lists.add(always.filter((m) => !needsPayload(m)).map((m) => m.number));
  row[GroupCol.PayloadAlways] = lists.add(always.filter(needsPayload).map((m) => m.number));
  row[GroupCol.WantsStream] = members.some((m) => needsStream(m) && needsPayload(m)) ? 1 : 0;
  return row;
}

/** Groups all rules but the IP-only ones. */
export function buildGroups(rules: readonly GroupedRule[], lists: RuleLists, collector: PatternCollector): GroupTables {
  // Rules share their sets of ports: the key of each is made once.
  const keys = new Map<PortSet, string>();
  const keyOf = (set: PortSet): string => {
    let key = keys.get(set);
    if (key === undefined) {
      key = portKey(set);
      keys.set(set, key);
    }
    return key;
  };
  const portGroup = sharedU8(new Uint8Array(GroupProto.Count * 2 * 65536));
  const firstGroup: number[] = [];
  const rows: number[] = [];
  for (let proto = GroupProto.Tcp; proto < GroupProto.Count; proto++) {
    for (let dir = 0; dir < 2; dir++) {
      const dirFlag = dir === 0 ? RuleFlag.ToServer : RuleFlag.ToClient;
      const mine = rules.filter(
        (r) => r.type !== RuleType.IpOnly && (r.flags & dirFlag) !== 0 && coversProto(r.rule, proto),
      );
      firstGroup.push(rows.length / GroupCol.Stride);
      const ports = (r: GroupedRule): PortSet => (dir === 0 ? r.rule.dstPorts : r.rule.srcPorts);
      const any = new Uint8Array(mine.length);
      const users = new Map<string, { set: PortSet; rules: number[] }>();
      mine.forEach((r, i) => {
        const set = ports(r);
        if (set.any || proto === GroupProto.Other) any[i] = 1;
        else {
          const known = users.get(keyOf(set));
          if (known === undefined) users.set(keyOf(set), { set, rules: [i] });
          else known.rules.push(i);
        }
      });
      const { port, members } = groupPorts(
        [...users.values()].map((u) => u.set),
        [...users.values()].map((u) => u.rules),
      );
      portGroup.set(port, (proto * 2 + dir) * 65536);
      const databases = payloadDatabases(mine, dir, collector);
      for (const own of members) {
        const wanted = any.slice();
        for (const i of own) wanted[i] = 1;
        const all = mine.filter((_, i) => wanted[i] !== 0);
        rows.push(...groupRow(all, databases, lists));
      }
    }
  }
  return { portGroup, firstGroup: sharedI32(firstGroup), groups: sharedI32(rows) };
}
