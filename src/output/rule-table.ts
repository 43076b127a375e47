/**
 * What outputs need of a rule set, packed rule by rule into shared memory: handing over tens of thousands of rules
 * copies nothing, and the writer decodes only those that fire.
 */
import { pack, unpack } from 'msgpackr';
import type { Rule } from '../rules/ir.js';
import type { RuleInfo } from './records.js';

/** Rule i is bytes[offsets[i], offsets[i+1]). Shared memory: may be sent to any thread. */
export interface PackedRules {
  number: number;
  offsets: SharedArrayBuffer;
  bytes: SharedArrayBuffer;
}

function info(r: Rule): RuleInfo {
  return {
    gid: r.gid,
    sid: r.sid,
    rev: r.rev,
    msg: r.msg,
    action: r.action,
    priority: r.priority,
    classtype: r.classtype,
    classText: r.classText,
    references: r.references,
    metadata: r.metadata,
    target: r.target,
    file: r.file,
    line: r.line,
    text: r.text,
  };
}

/** Packs rules in the order in which AlertRecord.rule counts them. */
export function packRules(number: number, rules: readonly Rule[]): PackedRules {
  const packed = rules.map((r) => pack(info(r)));
  const offsets = new Uint32Array(new SharedArrayBuffer((rules.length + 1) * 4));
  packed.forEach((b, i) => {
    offsets[i + 1] = offsets[i] + b.length;
  });
  const bytes = new Uint8Array(new SharedArrayBuffer(offsets[rules.length]));
  packed.forEach((b, i) => {
    bytes.set(b, offsets[i]);
  });
  return { number, offsets: offsets.buffer, bytes: bytes.buffer };
}

/** The writer's view: decodes on demand and remembers. */
export class RuleTable {
  private readonly offsets: Uint32Array;
  private readonly bytes: Uint8Array;
  private readonly known = new Map<number, RuleInfo>();

  constructor(packed: PackedRules) {
    this.offsets = new Uint32Array(packed.offsets);
    this.bytes = new Uint8Array(packed.bytes);
  }

  /** The rule at `index`, or null when the set has none there. */
  get(index: number): RuleInfo | null {
    const known = this.known.get(index);
    if (known !== undefined) return known;
    if (index < 0 || index + 1 >= this.offsets.length) return null;
    const rule = unpack(this.bytes.slice(this.offsets[index], this.offsets[index + 1])) as RuleInfo;
    this.known.set(index, rule);
    return rule;
  }
}
