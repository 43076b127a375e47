/**
 * Compiled rules of large sets, kept between starts in files of the user's cache folder. A file is taken only when the
 * folder and it belong to the user and nobody else may write there, when its hash is right, and when all that it was made
 * of is as it was; otherwise the rules are compiled anew. Nothing here is fatal.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { closeHandle } from '../addon/handles.js';
import { deserializeDatabase, isRefusal, serializeDatabase } from '../addon/hyperscan.js';
import type { Settings } from '../core/settings.js';
import { flowNames, hostNames } from '../rules/compile/names.js';
import { isUnchanged } from '../rules/inputs.js';
import { type CacheChecks, decodeRules, encodeRules } from './rule-cache-file.js';
import type { RuleTables } from './rule-tables.js';

export const enum CacheLimit {
  /** Bytes of rule text below which compiling costs less than the cache. */
  MinText = 512 * 1024,
  /** Bytes of one file (offsets in it are 32-bit). */
  FileBytes = 2 ** 31,
  /** Unfinished files older than this are left over from a process that died. */
  StaleMs = 3_600_000,
}

const Suffix = '.compiled';
type Tell = (note: string) => void;

export class RuleCache {
  private constructor(
    private readonly dir: string,
    private readonly maxBytes: number,
  ) {}

  /** The cache that the configuration asks for, or null when it is off. */
  static open(settings: Settings): RuleCache | null {
    const enabled = settings.bool('rule-cache.enabled', true);
    const maxBytes = settings.size('rule-cache.max-size', 512 * 1024 * 1024);
    const dir = settings.string('rule-cache.directory') ?? defaultFolder();
    return enabled && dir !== null ? new RuleCache(dir, maxBytes) : null;
  }

  /** The rules kept under `key`, or null when they must be compiled; `tell` is told of what is wrong with them. */
  read(key: string, settings: Settings, tell: Tell): (RuleTables & { databases: number[] }) | null {
    const path = join(this.dir, key + Suffix);
    const wrong = (why: string): null => {
      tell(`the rule cache is not used: ${path}: ${why}`);
      return null;
    };
    try {
      const folder = lstatSync(this.dir, { throwIfNoEntry: false });
      if (folder === undefined) return null;
      const problem = folderProblem(folder);
      if (problem !== null) {
        tell(`the rule cache is not used: ${this.dir}: ${problem}`);
        return null;
      }
      const memory = readOwn(path);
      if (typeof memory === 'string') return wrong(memory);
      const found = decodeRules(memory);
      if (typeof found === 'string') return wrong(`${found}; compiled anew`);
      if (found.key !== key) return wrong('it holds other rules; compiled anew');
      if (!isCurrent(found.checks, settings) || !fitNames(found.rules)) return null;
      // An entry of threshold.config has ended since.
      if (found.report.expiresMs !== null && found.report.expiresMs <= Date.now()) return null;
      const databases = openDatabases(found.databases);
      if (typeof databases === 'string') return wrong(`${databases}; compiled anew`);
      settings.markRead(found.checks.settings.map(([asked]) => asked));
      return { rules: found.rules, packed: found.packed, report: found.report, databases };
    } catch (e) {
      const error = e as NodeJS.ErrnoException;
      return error.code === 'ENOENT' || error.code === 'ENOTDIR' ? null : wrong(error.message);
    }
  }

  /** Keeps rules; another process that reads or writes the same file at this time is not disturbed. */
  write(key: string, tables: RuleTables, handles: readonly number[], checks: CacheChecks, tell: Tell): void {
    const path = join(this.dir, key + Suffix);
    const draft = `${path}.${process.pid}-${randomBytes(6).toString('hex')}`;
    try {
      mkdirSync(this.dir, { recursive: true, mode: 0o700 });
      if (folderProblem(lstatSync(this.dir)) !== null) return; // told when it was read
      const databases = handles.map((handle) => serializeDatabase(handle));
      const { rules, packed, report } = tables;
      const pieces = encodeRules({ key, checks, rules, packed, report, databases });
      const length = pieces.reduce((sum, bytes) => sum + bytes.length, 0);
      if (length > Math.min(this.maxBytes, CacheLimit.FileBytes)) return;
      this.prune(length, key + Suffix);
      const fd = openSync(draft, 'wx', 0o600);
      try {
        for (const bytes of pieces) for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      } finally {
        closeSync(fd);
      }
      renameSync(draft, path);
    } catch (e) {
      tell(`the rule cache cannot be written: ${(e as Error).message}`);
      remove(draft);
    }
  }

  /** Makes room for `incoming` bytes: the files that were not used for longest go first. */
  private prune(incoming: number, replaced: string): void {
    const kept: { path: string; stat: Stats }[] = [];
    for (const name of readdirSync(this.dir)) {
      if (!name.includes(Suffix) || name === replaced) continue;
      const path = join(this.dir, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      if (name.endsWith(Suffix)) kept.push({ path, stat });
      else if (Date.now() - stat.mtimeMs > CacheLimit.StaleMs) remove(path);
    }
    kept.sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs);
    let total = incoming + kept.reduce((sum, f) => sum + f.stat.size, 0);
    for (const { path, stat } of kept) {
      if (total <= this.maxBytes) break;
      remove(path);
      total -= stat.size;
    }
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // a later start finds it left over
  }
}

/** $XDG_CACHE_HOME/peccary or ~/.cache/peccary; null when the user has no home. */
function defaultFolder(): string | null {
  const base = process.env.XDG_CACHE_HOME;
  if (base !== undefined && isAbsolute(base)) return join(base, 'peccary');
  try {
    return join(homedir(), '.cache', 'peccary');
  } catch {
    return null;
  }
}

function folderProblem(stat: Stats): string | null {
  if (!stat.isDirectory()) return 'it is no folder';
  return ownerProblem(stat);
}

function ownerProblem(stat: Stats): string | null {
  if (stat.uid !== process.geteuid?.()) return 'it belongs to another user';
  return (stat.mode & 0o022) === 0 ? null : 'others may write there (chmod go-w)';
}

/** Content of a file of the user's own, in memory that threads share; a string says why it is not read. */
function readOwn(path: string): SharedArrayBuffer | string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    const problem = stat.isFile() ? ownerProblem(stat) : 'it is no file';
    if (problem !== null) return problem;
    if (stat.size > CacheLimit.FileBytes) return 'it is too large';
    const memory = new SharedArrayBuffer(stat.size);
    const bytes = new Uint8Array(memory);
    for (let at = 0; at < bytes.length; ) {
      const got = readSync(fd, bytes, at, bytes.length - at, at);
      if (got === 0) return 'it is being cut short';
      at += got;
    }
    touch(fd);
    return memory;
  } finally {
    closeSync(fd);
  }
}

/** Marks the file as used now. */
function touch(fd: number): void {
  const now = new Date();
  try {
    futimesSync(fd, now, now);
  } catch {
    // on a read-only file system nothing is pruned either
  }
}

/** Whether all that the rules were made of is as it was. */
function isCurrent({ inputs, settings: asked }: CacheChecks, settings: Settings): boolean {
  return (
    asked.every(([path, value]) => JSON.stringify(settings.get(path) ?? null) === value) && inputs.every(isUnchanged)
  );
}

/** Whether names that this process has numbered have the same numbers in the rules. */
function fitNames(rules: RuleTables['rules']): boolean {
  const fits = (have: string[], theirs: string[]): boolean => have.every((name, n) => theirs[n] === name);
  return fits(flowNames.all(), rules.flowNames) && fits(hostNames.all(), rules.hostNames);
}

function openDatabases(all: readonly Uint8Array[]): number[] | string {
  const handles: number[] = [];
  for (const bytes of all) {
    const handle = deserializeDatabase(bytes);
    if (isRefusal(handle)) {
      for (const h of handles) closeHandle(h);
      return `a pattern database is refused: ${handle.message}`;
    }
    handles.push(handle);
  }
  return handles;
}
