/**
 * One or several databases that are asked as one: the files of several sensors. Each is asked by itself and the answers
 * are put together; an alert is then named by its database and its number, "edge1:12".
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PeccaryError } from '../../core/errors.js';
import type { Database } from '../store/open.js';

export interface Source {
  /** Name that ids begin with; '' when there is only this one. */
  name: string;
  path: string;
  db: Database;
}

/** Databases asked at once. */
const SourcesMax = 256;

const extension = /\.(db|sqlite3?)$/i;

/** Files that a path means: itself, or the databases in a folder. Throws PeccaryError. */
export function databaseFiles(paths: readonly string[]): string[] {
  const files = paths.flatMap((path) => {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
    const found = readdirSync(path)
      .filter((f) => extension.test(f))
      .sort()
      .map((f) => join(path, f));
    if (found.length === 0) throw new PeccaryError('database', `there is no database (*.db) in the folder ${path}`);
    return found;
  });
  const all = [...new Set(files)];
  if (all.length > SourcesMax)
    throw new PeccaryError('usage', `${all.length} databases are more than can be asked at once (${SourcesMax})`);
  return all;
}

/** Names of files, each another: the file's, with its folder's where two are alike, with a number at last. */
function namesOf(paths: readonly string[]): string[] {
  if (paths.length === 1) return [''];
  const plain = paths.map((p) => word(basename(p).replace(extension, '')));
  const counts = new Map<string, number>();
  for (const name of plain) counts.set(name, (counts.get(name) ?? 0) + 1);
  const taken = new Set<string>();
  return plain.map((name, i) => {
    const wanted = counts.get(name) === 1 ? name : word(`${basename(dirname(paths[i]))}-${name}`);
    let unique = wanted;
    for (let n = 2; taken.has(unique); n++) unique = `${wanted}-${n}`;
    taken.add(unique);
    return unique;
  });
}

/** As part of an id: no colons and nothing a shell or terminal takes for its own. */
function word(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]/gu, '_') || '_';
}

/** Opens all, or none. */
export async function openSources(
  paths: readonly string[],
  open: (path: string) => Promise<Database>,
): Promise<Source[]> {
  const names = namesOf(paths);
  const sources: Source[] = [];
  try {
    for (const [i, path] of paths.entries()) {
      sources.push({ name: names[i], path, db: await open(path) });
    }
  } catch (e) {
    closeSources(sources);
    throw e;
  }
  return sources;
}

export function closeSources(sources: readonly Source[]): void {
  for (const s of sources) s.db.close();
}

/** "12" or "edge1:12". */
export interface AlertName {
  /** null: not said. */
  source: string | null;
  id: number;
}

export function parseAlertName(text: string): AlertName | null {
  const m = /^(?:([^:\s]{1,255}):)?(\d{1,15})$/.exec(text.trim());
  return m === null ? null : { source: m[1] ?? null, id: Number(m[2]) };
}

export function alertName(source: Pick<Source, 'name'>, id: number): string {
  return source.name === '' ? String(id) : `${source.name}:${id}`;
}

/** The database that a name means. Throws PeccaryError 'usage'. */
export function sourceOf(sources: readonly Source[], name: AlertName): Source {
  if (name.source === null && sources.length === 1) return sources[0];
  const known = sources.map((s) => s.name).join(', ');
  if (name.source === null)
    throw new PeccaryError('usage', `alert ${name.id} of which database? Write one of them before it: ${known}`);
  const found = sources.find(
    (s) => s.name === name.source || (s.name === '' && namesOf([s.path, '-'])[0] === name.source),
  );
  if (found === undefined)
    throw new PeccaryError('usage', `there is no database "${name.source}" among those asked (${known || 'only one'})`);
  return found;
}

/**
 * Sorted answers as one, in the order of `compare` (0: the earlier list first). Each list is read only as far as
 * needed.
 */
export function* merged<T>(lists: Iterable<T>[], compare: (a: T, b: T) => number): Generator<T> {
  const heads: { at: number; iterator: Iterator<T>; value: T }[] = [];
  lists.forEach((list, at) => {
    const iterator = list[Symbol.iterator]();
    const first = iterator.next();
    if (!first.done) heads.push({ at, iterator, value: first.value });
  });
  try {
    while (heads.length > 0) {
      let best = 0;
      for (let i = 1; i < heads.length; i++) if (compare(heads[i].value, heads[best].value) < 0) best = i;
      const head = heads[best];
      yield head.value;
      const next = head.iterator.next();
      if (next.done) heads.splice(best, 1);
      else head.value = next.value;
    }
  } finally {
    // Who stops asking early leaves no statement open.
    for (const h of heads) h.iterator.return?.();
  }
}
