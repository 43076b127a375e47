/**
 * Data sets (Suricata manual, "Datasets"): named sets of strings, hashes or addresses that rules test and change,
 * and reputations by value. Loaded from files of one entry a line; bounded by memcap; shared by all rules that name
 * them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { counter, counts } from '../core/counters.js';
import { buf } from '../core/memory.js';
import type { Settings } from '../core/settings.js';
import { DatasetCmd } from '../rules/compile/layout.js';
import type { DatasetMatch } from '../rules/ir.js';
import { entryKey, readDataset, writeDataset } from './dataset-file.js';
import { DatasetLog, type DatasetLogMemory } from './dataset-log.js';
import { testNumber } from './number-test.js';
import { enterShared, leaveShared } from './shared-access.js';

const enum DatasetLimit {
  /** Suricata's datasets.defaults.memcap. */
  Memcap = 100 << 20,
  /** Bytes an entry costs beside its value, as Suricata counts them roughly. */
  EntryCost = 48,
  /** Bytes of the values that have a fixed length. */
  Md5 = 16,
  Sha256 = 32,
  Ipv4 = 4,
  Ipv6 = 16,
}

const cMemcap = counter('detect.dataset_memcap');

/** Sets by name and type; they stay for the life of the process. Values are latin-1 keys and a reputation. */
interface Dataset {
  /** Type and name. */
  key: string;
  type: DatasetMatch['type'];
  /** File that it is written to when the run ends, below the data directory; null: none. */
  save: string | null;
  values: Map<string, number>;
  bytes: number;
  memcap: number;
}
const byName = new Map<string, Dataset>();
let installed: Dataset[] = [];

/** Changes of other workers; null: there are none. */
let log: DatasetLog | null = null;
/** Tests wait for their turn too (a replay), because rules change sets. */
let inTurn = false;
let changing = false;

/** Of one of several workers: what rules change is told to the others. `ordered`: a replay, where it counts when. */
export function shareDatasets(memory: DatasetLogMemory, worker: number, ordered: boolean): void {
  log = new DatasetLog(memory, worker);
  inTurn = ordered;
}

function apply(added: boolean, setKey: string, value: string): void {
  const set = byName.get(setKey);
  if (set === undefined) return;
  if (added) insert(set, value, 0);
  else remove(set, value);
}

/** Carries out what other workers have changed; a few times a second at least. */
export function catchUpDatasets(): void {
  log?.catchUp(apply);
}

function remove(set: Dataset, value: string): boolean {
  if (!set.values.delete(value)) return false;
  set.bytes -= value.length + DatasetLimit.EntryCost;
  return true;
}

let folder = '.';
let memcap: number = DatasetLimit.Memcap;

/**
 * Reads `default-data-dir`, where sets are saved and states kept (the log directory when it is not set), and
 * `datasets.defaults.memcap`, for sets whose rule names none.
 */
export function configureDatasets(settings: Settings, logDir: string): void {
  folder = settings.string('default-data-dir', logDir);
  memcap = settings.size('datasets.defaults.memcap', DatasetLimit.Memcap);
}

/** File to read a set from; null: none. A state is what an earlier run has left, or nothing yet. */
function fileOf({ load, save }: DatasetMatch): string | null {
  if (load === null || save === null) return load;
  const state = join(folder, save);
  return existsSync(state) ? state : existsSync(load) ? load : null;
}

/** The data set of a rule, loaded on first use. `note` is told of lines that cannot be read. */
function openDataset(d: DatasetMatch, note: (message: string) => void): Dataset {
  const key = `${d.type}/${d.name}`;
  let set = byName.get(key);
  if (set === undefined) {
    set = { key, type: d.type, save: d.save, values: new Map(), bytes: 0, memcap: d.memcap ?? memcap };
    byName.set(key, set);
    const file = fileOf(d);
    if (file !== null) for (const [value, rep] of readDataset(file, d.type, note)) insert(set, value, rep);
  }
  return set;
}

function insert(set: Dataset, value: string, rep: number): boolean {
  if (set.values.has(value)) return true;
  const cost = value.length + DatasetLimit.EntryCost;
  if (set.bytes + cost > set.memcap) {
    counts[cMemcap]++;
    return false;
  }
  set.values.set(value, rep);
  set.bytes += cost;
  return true;
}

/** Takes the data sets of installed rules. */
export function bindDatasets(list: readonly DatasetMatch[], note: (message: string) => void): void {
  installed = list.map((d) => openDataset(d, note));
  changing = list.some(({ cmd }) => cmd === 'set' || cmd === 'unset');
}

/**
 * Adds an entry, written as in a file of the set, or removes it. Null, or why that cannot be. An entry that is there
 * already, or is not there, is no fault.
 */
export function changeDataset(action: 'add' | 'remove', name: string, type: string, entry: string): string | null {
  const set = byName.get(`${type}/${name}`);
  if (set === undefined) return `no rule names a data set "${name}" of type ${type}`;
  const key = entryKey(entry, set.type);
  if (key === null)
    return `"${entry}" is no ${set.type} entry${set.type === 'string' ? ' (strings are in base64)' : ''}`;
  if (action === 'add') return insert(set, key, 0) ? null : `the data set "${name}" is full (memcap)`;
  remove(set, key);
  return null;
}

/** Writes the sets that have a file to be saved in. `note` is told of those that cannot be written. */
export function saveDatasets(note: (message: string) => void): void {
  catchUpDatasets();
  for (const set of byName.values()) {
    if (set.save !== null) writeDataset(join(folder, set.save), set.type, set.values.keys(), note);
  }
}

/** Forgets all data sets (a new run in the same process, and tests). */
export function resetDatasets(): void {
  byName.clear();
  installed = [];
  log = null;
}

/**
 * The key of a buffer in a set: its bytes. Hashes and addresses must have their length, as after to_md5 or in ip.src;
 * null when they do not.
 */
function keyOf(set: Dataset, off: number, len: number): string | null {
  const fits =
    set.type === 'string' ||
    (set.type === 'md5' && len === DatasetLimit.Md5) ||
    (set.type === 'sha256' && len === DatasetLimit.Sha256) ||
    (set.type === 'ipv4' && len === DatasetLimit.Ipv4) ||
    (set.type === 'ip' && (len === DatasetLimit.Ipv4 || len === DatasetLimit.Ipv6));
  return fits ? buf.toString('latin1', off, off + len) : null;
}

/** Runs one dataset or datarep keyword on a buffer. An empty buffer matches none of them. */
export function datasetMatch(
  n: number,
  cmd: number,
  off: number,
  len: number,
  test: number,
  lo: number,
  hi: number,
): boolean {
  const set = installed[n];
  if (len === 0) return false;
  const key = keyOf(set, off, len);
  if (key === null) return cmd === DatasetCmd.IsNotSet;
  if (log === null) return runCommand(set, cmd, key, test, lo, hi);
  const changes = cmd === DatasetCmd.Set || cmd === DatasetCmd.Unset;
  const turn = changes || (inTurn && changing);
  if (turn) enterShared();
  log.catchUp(apply);
  const matches = runCommand(set, cmd, key, test, lo, hi);
  if (changes && matches) log.append(cmd === DatasetCmd.Set, set.key, key);
  if (turn) leaveShared();
  return matches;
}

function runCommand(set: Dataset, cmd: number, key: string, test: number, lo: number, hi: number): boolean {
  switch (cmd) {
    case DatasetCmd.IsSet:
      return set.values.has(key);
    case DatasetCmd.IsNotSet:
      return !set.values.has(key);
    case DatasetCmd.Set:
      return !set.values.has(key) && insert(set, key, 0);
    case DatasetCmd.Unset:
      return remove(set, key);
    default: {
      const rep = set.values.get(key);
      return rep !== undefined && testNumber(rep, test, lo, hi);
    }
  }
}
