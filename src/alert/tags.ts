/**
 * Tags (Suricata manual, "Tag"): after an alert, the packets of its session or host are logged for so many packets,
 * bytes or seconds.
 */
import type { Packet } from '../decode/packet.js';
import { keyTrack } from '../detect/host-bits.js';
import {
  addEntry,
  anyTag,
  clearKey,
  entryCount,
  entryStart,
  entryUntil,
  findEntry,
  HostKind,
  keyA,
  noteTag,
  removeEntry,
  setEntryCount,
  setEntryStart,
  setEntryUntil,
} from '../detect/host-table.js';
import { enterShared, leaveShared } from '../detect/shared-access.js';
import { flows } from '../flow/columns.js';
import { flowSpace } from '../flow/space.js';
import { HostSide, Op, RuleCol, TagMetric, XbitsTrack } from '../rules/compile/layout.js';
import type { RuntimeRules } from '../rules/compile/tables.js';

const enum TagId {
  Session = 1,
  Host = 2,
}

/** Tags may be set by other workers at any packet before (a replay): they are asked for at every packet. */
let inTurn = false;

/** Of one of several workers of a replay: whether rules have tags, whose packets it must then take in turn. */
export function takeTagsInTurn({ table, count, code }: RuntimeRules): void {
  inTurn = false;
  for (let n = 0; n < count && !inTurn; n++) {
    const effects = table[n * RuleCol.Stride + RuleCol.Effects];
    for (let pc = effects; pc >= 0 && code[pc] !== Op.End; pc += code[pc + 1]) inTurn ||= code[pc] === Op.Tag;
  }
}

function keySession(p: Packet): void {
  clearKey();
  keyA(flows.serial[p.flow] | 0, (flows.serial[p.flow] / 2 ** 32) | 0, 2, flowSpace);
}

/** Sets the tags of a rule that has alerted. `effects`: first word of its effects, -1 none. */
export function setTags(p: Packet, code: Int32Array, effects: number, swapped: boolean): void {
  if (effects < 0) return;
  for (let pc = effects; code[pc] !== Op.End; pc += code[pc + 1]) {
    if (code[pc] !== Op.Tag) continue;
    const session = code[pc + 2] === 0;
    if (session && p.flow === 0) continue;
    enterShared();
    if (session) keySession(p);
    else keyTrack(p, code[pc + 5] === HostSide.Dst ? XbitsTrack.IpDst : XbitsTrack.IpSrc, swapped);
    const id = session ? TagId.Session : TagId.Host;
    const known = findEntry(HostKind.Tag, id, p.tsUs);
    const entry = known >= 0 ? known : addEntry(HostKind.Tag, id, p.tsUs);
    setEntryCount(entry, code[pc + 4]);
    setEntryUntil(entry, code[pc + 3]);
    setEntryStart(entry, p.tsUs);
    noteTag();
    leaveShared();
  }
}

/** Counts the packet against a tag; false when the tag has run out. */
function spend(entry: number, p: Packet): boolean {
  const left = entryCount(entry);
  switch (entryUntil(entry)) {
    case TagMetric.Packets:
      setEntryCount(entry, left - 1);
      return left > 0;
    case TagMetric.Bytes:
      setEntryCount(entry, left - p.frameLen);
      return left > 0;
    default:
      return p.tsUs <= entryStart(entry) + left * 1e6;
  }
}

function spendTag(id: TagId, p: Packet): boolean {
  const entry = findEntry(HostKind.Tag, id, p.tsUs);
  if (entry < 0) return false;
  if (spend(entry, p)) return true;
  removeEntry(entry);
  return false;
}

/** Whether a packet that raised no alert is to be logged because of a tag. Call once a packet, after its verdict. */
export function isTagged(p: Packet): boolean {
  if (p.ipVersion === 0 || (!inTurn && !anyTag())) return false;
  enterShared();
  const tagged = anyTag() && spendTags(p);
  leaveShared();
  return tagged;
}

function spendTags(p: Packet): boolean {
  if (p.flow !== 0) {
    keySession(p);
    if (spendTag(TagId.Session, p)) return true;
  }
  keyTrack(p, XbitsTrack.IpSrc, false);
  if (spendTag(TagId.Host, p)) return true;
  keyTrack(p, XbitsTrack.IpDst, false);
  return spendTag(TagId.Host, p);
}
