/**
 * What outputs need of a rule set, packed rule by rule into shared memory: handing over tens of thousands of rules
 * copies nothing, and the writer decodes only those that fire.
 */
import type { Rule } from '../rules/ir.js';
import { metadataPairs } from '../rules/metadata.js';
import type { RuleInfo } from './records.js';

/** Content of rule files by name: where rules stand in them as they are, their texts are not copied. */
export type RuleSources = Record<string, Uint8Array>;

/**
 * Rule i: row i of `numbers`, and bytes[offsets[i], offsets[i+1]): its words, each ended by Mark, then, unless a source has
 * it, its text, one byte a character. Views of shared memory: may be sent to any thread.
 */
export interface PackedRules {
  offsets: Uint32Array;
  bytes: Uint8Array;
  /** Column rows. */
  numbers: Float64Array;
  /** Texts that many rules share, by number. */
  texts: string[];
  sources: RuleSources;
}

const enum Column {
  Gid = 0,
  Sid = 1,
  Rev = 2,
  Priority = 3,
  Line = 4,
  /** Numbers of texts; -1: null. */
  Action = 5,
  Classtype = 6,
  ClassText = 7,
  Target = 8,
  File = 9,
  /** How many references and metadata values there are. */
  References = 10,
  Metadata = 11,
  /** Where the text stands in the file's source, and its bytes; -1: it follows the words. */
  TextAt = 12,
  TextLen = 13,
  Stride = 14,
}

/** Ends a word; no word of a rule holds it, because it ends the line of a rule. */
const Mark = '\n';

class Texts {
  readonly all: string[] = [];
  private readonly known = new Map<string, number>();

  number(text: string | null): number {
    if (text === null) return -1;
    let n = this.known.get(text);
    if (n === undefined) {
      n = this.all.push(text) - 1;
      this.known.set(text, n);
    }
    return n;
  }
}

/** Packs rules in the order in which AlertRecord.rule counts them. */
export function packRules(rules: readonly Rule[], sources: RuleSources = {}): PackedRules {
  const texts = new Texts();
  const numbers = new Float64Array(new SharedArrayBuffer(rules.length * Column.Stride * 8));
  const offsets = new Uint32Array(new SharedArrayBuffer((rules.length + 1) * 4));
  const words = rules.map((r, i) => {
    const at = i * Column.Stride;
    numbers[at + Column.Gid] = r.gid;
    numbers[at + Column.Sid] = r.sid;
    numbers[at + Column.Rev] = r.rev;
    numbers[at + Column.Priority] = r.priority;
    numbers[at + Column.Line] = r.line;
    numbers[at + Column.Action] = texts.number(r.action);
    numbers[at + Column.Classtype] = texts.number(r.classtype);
    numbers[at + Column.ClassText] = texts.number(r.classText);
    numbers[at + Column.Target] = texts.number(r.target);
    numbers[at + Column.File] = texts.number(r.file);
    numbers[at + Column.References] = r.references.length;
    numbers[at + Column.Metadata] = r.metadata.length;
    let line = r.msg + Mark;
    for (let n = 0; n < r.references.length; n++) line += r.references[n].type + Mark + r.references[n].value + Mark;
    for (let n = 0; n < r.metadata.length; n++) line += r.metadata[n] + Mark;
    const own = r.textAt < 0 || sources[r.file] === undefined;
    numbers[at + Column.TextAt] = own ? -1 : r.textAt;
    numbers[at + Column.TextLen] = r.text.length;
    offsets[i + 1] = offsets[i] + line.length + (own ? r.text.length : 0);
    return line;
  });
  const bytes = Buffer.from(new SharedArrayBuffer(offsets[rules.length]));
  for (let i = 0; i < rules.length; i++) {
    bytes.write(words[i], offsets[i], 'latin1');
    if (numbers[i * Column.Stride + Column.TextAt] < 0)
      bytes.write(rules[i].text, offsets[i] + words[i].length, 'latin1');
  }
  return { offsets, bytes: new Uint8Array(bytes.buffer), numbers, texts: texts.all, sources };
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function unpackRule({ offsets, bytes, numbers, texts, sources }: PackedRules, index: number): RuleInfo {
  const at = index * Column.Stride;
  const line = latin1(bytes.subarray(offsets[index], offsets[index + 1]));
  let end = -1;
  const word = (): string => {
    const from = end + 1;
    end = line.indexOf(Mark, from);
    return line.slice(from, end);
  };
  const text = (col: Column): string | null => texts[numbers[at + col]] ?? null;
  const file = text(Column.File) ?? '';
  const from = numbers[at + Column.TextAt];
  const msg = word();
  const references = Array.from({ length: numbers[at + Column.References] }, () => ({ type: word(), value: word() }));
  const metadata = metadataPairs(Array.from({ length: numbers[at + Column.Metadata] }, word));
  return {
    gid: numbers[at + Column.Gid],
    sid: numbers[at + Column.Sid],
    rev: numbers[at + Column.Rev],
    msg,
    action: text(Column.Action) ?? '',
    priority: numbers[at + Column.Priority],
    classtype: text(Column.Classtype),
    classText: text(Column.ClassText) ?? '',
    references,
    metadata,
    target: text(Column.Target) as RuleInfo['target'],
    file,
    line: numbers[at + Column.Line],
    text: from < 0 ? line.slice(end + 1) : latin1(sources[file].subarray(from, from + numbers[at + Column.TextLen])),
  };
}

/** The writer's view: decodes on demand and remembers. */
export class RuleTable {
  private readonly known = new Map<number, RuleInfo>();

  constructor(private readonly packed: PackedRules) {}

  /** The rule at `index`, or null when the set has none there. */
  get(index: number): RuleInfo | null {
    const known = this.known.get(index);
    if (known !== undefined) return known;
    if (index < 0 || index + 1 >= this.packed.offsets.length) return null;
    const rule = unpackRule(this.packed, index);
    this.known.set(index, rule);
    return rule;
  }
}
