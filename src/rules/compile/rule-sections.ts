/** Turns the sections of a rule into section rows: buffers, events of transactions, file conditions. */
import { BufferId, buffers, TxProgress } from '../../protocol/buffers.js';
import type { BufferSection, Condition, Rule, Transform } from '../ir.js';
import { emitSection, type ProgramTables } from './buffer-program.js';
import { isTxBuffer, isTxEvent } from './classify.js';
import { type ConditionTables, emitCondition } from './condition-program.js';
import { CompileFault, type Numbering, Variables } from './emitter.js';
import { CompileLimit, SectionCol, SectionFlag } from './layout.js';

/** Key of a list of transforms; the empty list is number 0. */
export const transformKey = (t: readonly Transform[]): string => (t.length === 0 ? '' : JSON.stringify(t));

/** Buffers whose keyword, written again, begins a new instance instead of going on with the first. */
function startsAnew(id: BufferId): boolean {
  return id === BufferId.HttpRequestHeader || id === BufferId.HttpResponseHeader;
}

/** Sections of one buffer and the same transforms are one list of matches, whatever stands between them. */
export function mergedSections(rule: Rule): readonly BufferSection[] {
  if (rule.sections.length < 2) return rule.sections;
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

/**
 * Writes the section rows of a rule to `rows`; the number of rows written. `first` is the section (an index into
 * `sections`) that holds the fast pattern: it is looked at first.
 */
export function writeSections(
  rule: Rule,
  sections: readonly BufferSection[],
  first: number,
  rows: number[],
  programs: ProgramTables,
  conditions: ConditionTables,
  transforms: Numbering<Transform[]>,
): number {
  const before = rows.length;
  const vars = new Variables();
  const hasTx =
    sections.some((s) => isTxBuffer(s.buffer)) || rule.conditions.some((c) => isTxEvent(c) || c.kind === 'file');
  const row = (buffer: number, list: number, code: number, flags: number, arg: number): void => {
    const at = rows.length;
    rows.length += SectionCol.Stride;
    rows[at + SectionCol.Buffer] = buffer;
    rows[at + SectionCol.Transforms] = list;
    rows[at + SectionCol.Code] = code;
    rows[at + SectionCol.Flags] = flags;
    rows[at + SectionCol.Arg] = arg;
  };
  const both = SectionFlag.ToServer | SectionFlag.ToClient;
  for (const c of rule.conditions) {
    if (isTxEvent(c)) row(0, 0, -1, both | SectionFlag.Event, (c as Condition & { kind: 'event' }).event);
  }
  // Programs are emitted in the order written, so that variables are set before they are used.
  const order = sections.map((s, i) => ({ s, i, code: emitSection(programs, vars, s) }));
  order.sort((a, b) => Number(b.i === first) - Number(a.i === first) || progressOf(a.s) - progressOf(b.s) || a.i - b.i);
  for (const { s, i, code } of order) {
    const list = s.transforms.length === 0 ? 0 : transforms.number(transformKey(s.transforms), s.transforms);
    row(s.buffer, list, code, sectionFlags(s, hasTx) | (i === first ? SectionFlag.Prefilter : 0), progressOf(s));
  }
  const files = rule.conditions.filter((c) => c.kind === 'file');
  if (files.length > 0) {
    const code = conditions.emitter.here;
    for (const c of files) emitCondition(conditions, c);
    conditions.emitter.end();
    row(BufferId.FileName, 0, code, both | SectionFlag.File | SectionFlag.Multi, TxProgress.Body);
  }
  const count = (rows.length - before) / SectionCol.Stride;
  if (count > CompileLimit.Sections) throw new CompileFault(`more than ${CompileLimit.Sections} buffers in one rule`);
  return count;
}
