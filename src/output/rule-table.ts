/**
 * What outputs need of a rule set, packed rule by rule into shared memory: handing over tens of thousands of rules
 * copies nothing, and the writer decodes only those that fire.
 */
import { pack, unpack } from 'msgpackr';
import type { Rule } from '../rules/ir.js';
import type { RuleInfo } from './records.js';

/**
 * Rule i: its fields are bytes[offsets[2i], offsets[2i+1]), its text is bytes[offsets[2i+1], offsets[2i+2]), one byte a
 * character. Views of shared memory: may be sent to any thread.
 */
export interface PackedRules {
  offsets: Uint32Array;
  bytes: Uint8Array;
}

/** In the order in which RuleTable reads them. */
function fields(r: Rule): unknown[] {
  const references = r.references.flatMap((x) => [x.type, x.value]);
  const { gid, sid, rev, msg, action, priority, classtype, classText, target, file, line } = r;
  return [
    gid,
    sid,
    rev,
    msg,
    action,
    priority,
    classtype,
    classText,
    references,
    r.metadata.flat(),
    target,
    file,
    line,
  ];
}

/** Packs rules in the order in which AlertRecord.rule counts them. */
export function packRules(rules: readonly Rule[]): PackedRules {
  const heads = rules.map((r) => pack(fields(r)));
  const offsets = new Uint32Array(new SharedArrayBuffer((rules.length * 2 + 1) * 4));
  heads.forEach((head, i) => {
    offsets[2 * i + 1] = offsets[2 * i] + head.length;
    offsets[2 * i + 2] = offsets[2 * i + 1] + rules[i].text.length;
  });
  const bytes = Buffer.from(new SharedArrayBuffer(offsets[rules.length * 2]));
  heads.forEach((head, i) => {
    bytes.set(head, offsets[2 * i]);
    bytes.write(rules[i].text, offsets[2 * i + 1], 'latin1');
  });
  return { offsets, bytes: new Uint8Array(bytes.buffer) };
}

function unpackRule(head: Uint8Array, text: Uint8Array): RuleInfo {
  const [gid, sid, rev, msg, action, priority, classtype, classText, references, metadata, target, file, line] = unpack(
    head,
  ) as [
    number,
    number,
    number,
    string,
    Rule['action'],
    number,
    string | null,
    string,
    string[],
    string[],
    Rule['target'],
    string,
    number,
  ];
  const pairs = (flat: string[]): [string, string][] =>
    Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
  return {
    gid,
    sid,
    rev,
    msg,
    action,
    priority,
    classtype,
    classText,
    references: pairs(references).map(([type, value]) => ({ type, value })),
    metadata: pairs(metadata),
    target,
    file,
    line,
    text: Buffer.from(text).toString('latin1'),
  };
}

/** The writer's view: decodes on demand and remembers. */
export class RuleTable {
  private readonly offsets: Uint32Array;
  private readonly bytes: Uint8Array;
  private readonly known = new Map<number, RuleInfo>();

  constructor(packed: PackedRules) {
    this.offsets = packed.offsets;
    this.bytes = packed.bytes;
  }

  /** The rule at `index`, or null when the set has none there. */
  get(index: number): RuleInfo | null {
    const known = this.known.get(index);
    if (known !== undefined) return known;
    if (index < 0 || 2 * index + 2 >= this.offsets.length) return null;
    const [from, middle, end] = this.offsets.subarray(2 * index, 2 * index + 3);
    const rule = unpackRule(this.bytes.slice(from, middle), this.bytes.subarray(middle, end));
    this.known.set(index, rule);
    return rule;
  }
}
