/** Reading enable.conf, disable.conf, drop.conf and modify.conf, and the names of these files. */
import { PeccaryError } from '../../core/errors.js';
import type { Settings } from '../../core/settings.js';
import { RuleFault } from '../faults.js';
import { readInput } from '../inputs.js';
import { type Change, parseChange } from './changes.js';
import { parseMatcher } from './matchers.js';

export type ListKind = 'disable' | 'enable' | 'drop' | 'modify';

/** In the order in which they apply. */
export const listKinds: readonly ListKind[] = ['disable', 'enable', 'drop', 'modify'];

/** Files of each kind. Part of what a load depends on: their content decides which rules there are. */
export type ListFiles = Record<ListKind, readonly string[]>;

/** One line that was understood. */
export interface ListLine extends Change {
  kind: ListKind;
  file: string;
  line: number;
  text: string;
}

/** One that was not. */
interface ListFault {
  file: string;
  line: number;
  reason: string;
  hint: string | null;
}

/** The lists of `rule-management`, each replaced by those of the command line when it has some. */
export function configuredLists(settings: Settings, given: Partial<ListFiles>): ListFiles | null {
  const files = (kind: ListKind): readonly string[] => {
    const configured = settings.list(`rule-management.${kind}-conf`);
    const own = given[kind] ?? [];
    return own.length > 0 ? own : configured;
  };
  const out = { disable: files('disable'), enable: files('enable'), drop: files('drop'), modify: files('modify') };
  return listKinds.some((kind) => out[kind].length > 0) ? out : null;
}

function parseLine(kind: ListKind, text: string): Change {
  if (kind === 'modify') return parseChange(text);
  return { matches: parseMatcher(text.replace(/\s#.*$/, '').trim()), apply: (rule) => rule };
}

/** What a list says, and what of it is not understood. */
export interface ReadLists {
  lines: ListLine[];
  faults: ListFault[];
}

/** Adds the lines of one list's text. */
export function readList(kind: ListKind, file: string, content: string, out: ReadLists): void {
  content.split('\n').forEach((raw, i) => {
    const text = raw.trim();
    if (text === '' || text.startsWith('#')) return;
    try {
      out.lines.push({ kind, file, line: i + 1, text, ...parseLine(kind, text) });
    } catch (e) {
      if (!(e instanceof RuleFault)) throw e;
      out.faults.push({ file, line: i + 1, reason: e.reason, hint: e.hint });
    }
  });
}

/** The lines of all lists, in the order in which they apply. Throws PeccaryError when a file cannot be read. */
export function readLists(lists: ListFiles): ReadLists {
  const out: ReadLists = { lines: [], faults: [] };
  for (const kind of listKinds) for (const file of lists[kind]) readList(kind, file, readText(kind, file), out);
  return out;
}

/** Everything of the lists that decides what they do, for a key of what was loaded with them. */
export function listsContent(lists: ListFiles | null): string[][] {
  if (lists === null) return [];
  return listKinds.flatMap((kind) => lists[kind].map((file) => [kind, file, readText(kind, file)]));
}

function readText(kind: ListKind, file: string): string {
  try {
    return readInput(file).toString('latin1');
  } catch (e) {
    throw new PeccaryError('rules', `--${kind}-conf ${file}: cannot be read: ${(e as Error).message}`);
  }
}
