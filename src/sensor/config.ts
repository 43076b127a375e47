/**
 * The configuration of a run: a suricata.yaml, files included on the command line, and single keys set there.
 * (Suricata manual: "Suricata.yaml", "Include", and the options -c, --include and --set.)
 */
import { PeccaryError } from '../core/errors.js';
import type { Places, Tree } from '../core/settings.js';
import { define, merge, type Reading, type TreeMap } from './config-tree.js';

interface ConfigSources {
  /** The file of -c, or null: Suricata's defaults alone. */
  file: string | null;
  /** Files of --include, read after it; their keys replace those of the file whole. */
  includes: string[];
  /** `key=value` of --set, applied last, in order. */
  sets: string[];
}

export interface LoadedConfig {
  tree: Tree;
  /** For messages about keys without a place of their own. */
  origin: string;
  /** "file:line:column" of each key, by path. */
  places: Places;
  /** Remarks: keys defined twice, keys written with an underscore. */
  notes: string[];
}

/** Keys of an `outputs` entry that --set reaches by the entry's own name. */
const OutputEntries = ['file-store'];

/** Throws PeccaryError('config') that names the place and the remedy. */
export async function loadConfig(sources: ConfigSources): Promise<LoadedConfig> {
  const reading: Reading = { places: {}, notes: [], nodes: 0 };
  const tree: TreeMap = {};
  if (sources.file !== null || sources.includes.length > 0) {
    // The YAML parser is loaded only for who has a file: it is a third of the start-up time.
    const { readYamlFile } = await import('./config-yaml.js');
    if (sources.file !== null) merge(tree, readYamlFile(sources.file, '', reading), '', reading);
    for (const file of sources.includes) merge(tree, readYamlFile(file, '', reading), '', reading);
  }
  for (const assignment of sources.sets) {
    const { path, value } = parseAssignment(assignment);
    setKey(tree, path, value, reading.places);
  }
  return { tree, origin: sources.file ?? 'defaults', places: reading.places, notes: reading.notes };
}

function parseAssignment(assignment: string): { path: string[]; value: string } {
  const equals = assignment.indexOf('=');
  const key = assignment.slice(0, equals).trim();
  const path = key.split('.');
  if (equals < 0 || path.some((part) => part === '')) {
    throw new PeccaryError('config', `--set ${assignment}: expected key=value, such as stream.reassembly.depth=2mb`);
  }
  return { path, value: assignment.slice(equals + 1) };
}

/** Sets one leaf; maps and lists on the way are made where they are missing (a number as key makes a list). */
function setKey(tree: TreeMap, path: string[], value: string, places: Places): void {
  let node: Tree = tree;
  let steps = path;
  if (OutputEntries.includes(path[0]) && !Object.hasOwn(tree, path[0])) steps = ['outputs', ...path];
  const walked: string[] = [];
  for (let i = 0; i < steps.length; i++) {
    const slot: Slot = slotOf(node, steps[i], walked, path);
    const last = i === steps.length - 1;
    const child: Tree | undefined = slot.get();
    if (last) slot.set(value);
    else if (child === undefined || child === null || typeof child !== 'object') {
      slot.set(steps[i] === 'outputs' || /^\d+$/.test(steps[i + 1]) ? [] : {});
    }
    walked.push(...slot.names);
    node = slot.get() ?? null;
  }
  places[walked.join('.')] = `--set ${path.join('.')}`;
}

/** One child of a map or list: how it is named in a path, read and written. */
interface Slot {
  names: string[];
  get(): Tree | undefined;
  set(value: Tree): void;
}

function slotOf(node: Tree, key: string, walked: string[], path: string[]): Slot {
  if (Array.isArray(node)) {
    if (!/^\d+$/.test(key)) return entrySlot(node, key);
    const i = Number(key);
    if (i > node.length) {
      const list = walked.join('.');
      throw new PeccaryError(
        'config',
        `--set ${path.join('.')}: ${list} has ${node.length} elements; the next is ${list}.${node.length}`,
      );
    }
    return {
      names: [key],
      get: () => node[i],
      set: (value) => {
        node[i] = value;
      },
    };
  }
  const map = node as TreeMap;
  return {
    names: [key],
    get: () => (Object.hasOwn(map, key) ? map[key] : undefined),
    set: (value) => define(map, key, value),
  };
}

/** The entry of a list of single-key maps (`outputs`) that has `key`; made at the end of the list when there is none. */
function entrySlot(list: Tree[], key: string): Slot {
  const isEntry = (x: Tree): x is TreeMap =>
    x !== null && typeof x === 'object' && !Array.isArray(x) && Object.hasOwn(x, key);
  let i = list.findIndex(isEntry);
  if (i < 0) i = list.push({ [key]: null }) - 1;
  const entry = list[i] as TreeMap;
  return { names: [String(i), key], get: () => entry[key], set: (value) => define(entry, key, value) };
}
