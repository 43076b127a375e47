/** Turns the sections of a rule into section rows: buffers, events of transactions, file conditions. */
import { BufferId, buffers, isTxBuffer, TxProgress } from '../../protocol/buffers.js';
import type { BufferSection, Condition, Rule, Transform } from '../ir.js';
import { emitSection, type ProgramTables } from './buffer-program.js';
import { isTxEvent } from './classify.js';
import { type ConditionTables, emitCondition } from './condition-program.js';
import { CompileFault, type Numbering, Variables } from './emitter.js';
import type { Words } from './growing.js';
import { CompileLimit, SectionCol, SectionFlag } from './layout.js';

/** Key of a list of transforms; the empty list is number 0. */
export const transformKey = (t: readonly Transform[]): string => (t.length === 0 ? '' : JSON.stringify(t));

/** Buffers whose keyword, written again, begins a new instance instead of going on with the first. */
function startsAnew(id: BufferId): boolean {
  return id === BufferId.HttpRequestHeader || id === BufferId.HttpResponseHeader;
}

/** Whether any buffer has two sections: few rules have. */
function isSplit(sections: readonly BufferSection[]): boolean {
  for (let i = 1; i < sections.length; i++) {
    for (let j = 0; j < i; j++) if (sections[i].buffer === sections[j].buffer) return true;
  }
  return false;
}

/** Sections of one buffer and the same transforms are one list of matches, whatever stands between them. */
export function mergedSections(rule: Rule): readonly BufferSection[] {
  if (!isSplit(rule.sections)) return rule.sections;
  const out: BufferSection[] = [];
  const byKey = new Map<string, BufferSection>();
  for (const s of rule.sections) {
    const key = `${s.buffer}/${transformKey(s.transforms)}`;
    const known = byKey.get(key);
    if (known !== undefined && !startsAnew(s.buffer)) known.matches.push(...s.matches);
    else {
      const copy = { buffer: s.buffer, transforms: s.transforms, matches: [...s.matches] };
      byKey.set(key, copy);
      out.push(copy);
    }
  }
  return out;
}

function sectionFlags(s: BufferSection, hasTx: boolean): number {
  const info = buffers.get(s.buffer);
  let flags = 0;
  if (info === undefined || info.toServer !== -1) flags |= SectionFlag.ToServer;
  if (info === undefined || info.toClient !== -1) flags |= SectionFlag.ToClient;
  if (info?.multi) flags |= SectionFlag.Multi;
  if (s.matches.length === 0) flags |= SectionFlag.Empty;
  if (hasTx && s.buffer === BufferId.Payload) flags |= SectionFlag.Stream;
  return flags;
}

/** Progress at which a section can first be decided: early ones are looked at first. */
function progressOf(s: BufferSection): number {
  const info = buffers.get(s.buffer);
  if (info === undefined) return 0;
  return Math.max(info.toServer, info.toClient, 0);
}

const isOfTx = (s: BufferSection): boolean => isTxBuffer(s.buffer);
const isFileTest = (c: Condition): boolean => c.kind === 'file';
const isOfTxToo = (c: Condition): boolean => isTxEvent(c) || isFileTest(c);

/**
 * Writes the section rows of a rule to `rows`; the number of rows written. `first` is the section (an index into
 * `sections`) that holds the fast pattern: it is looked at first.
 */
export function writeSections(
  rule: Rule,
  sections: readonly BufferSection[],
  first: number,
  rows: Words,
  programs: ProgramTables,
  conditions: ConditionTables,
  transforms: Numbering<Transform[]>,
): number {
  const before = rows.length;
  const vars = new Variables();
  const hasTx = sections.some(isOfTx) || rule.conditions.some(isOfTxToo);
  const row = (buffer: number, list: number, code: number, flags: number, arg: number): void => {
    const at = rows.extend(SectionCol.Stride);
    const { values } = rows;
    values[at + SectionCol.Buffer] = buffer;
    values[at + SectionCol.Transforms] = list;
    values[at + SectionCol.Code] = code;
    values[at + SectionCol.Flags] = flags;
    values[at + SectionCol.Arg] = arg;
  };
  const both = SectionFlag.ToServer | SectionFlag.ToClient;
  for (let i = 0; i < rule.conditions.length; i++) {
    const c = rule.conditions[i];
    if (isTxEvent(c)) row(0, 0, -1, both | SectionFlag.Event, (c as Condition & { kind: 'event' }).event);
  }
  const sectionRow = (s: BufferSection, i: number, code: number): void => {
    const list = s.transforms.length === 0 ? 0 : transforms.number(transformKey(s.transforms), s.transforms);
    row(s.buffer, list, code, sectionFlags(s, hasTx) | (i === first ? SectionFlag.Prefilter : 0), progressOf(s));
  };
  if (sections.length === 1) sectionRow(sections[0], 0, emitSection(programs, vars, sections[0]));
  else if (sections.length > 1) {
    // Programs are emitted in the order written, so that variables are set before they are used.
    const order = sections.map((s, i) => ({ s, i, code: emitSection(programs, vars, s) }));
    order.sort(
      (a, b) => Number(b.i === first) - Number(a.i === first) || progressOf(a.s) - progressOf(b.s) || a.i - b.i,
    );
    for (let i = 0; i < order.length; i++) sectionRow(order[i].s, order[i].i, order[i].code);
  }
  if (rule.conditions.some(isFileTest)) {
    const files = rule.conditions.filter(isFileTest);
    const code = conditions.emitter.here;
    for (const c of files) emitCondition(conditions, c);
    conditions.emitter.end();
    row(BufferId.FileName, 0, code, both | SectionFlag.File | SectionFlag.Multi, TxProgress.Body);
  }
  const count = (rows.length - before) / SectionCol.Stride;
  if (count > CompileLimit.Sections) throw new CompileFault(`more than ${CompileLimit.Sections} buffers in one rule`);
  return count;
}
