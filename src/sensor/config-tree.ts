/** The tree a configuration is read into, and what is said about it. */
import type { Places, Tree } from '../core/settings.js';

export type TreeMap = { [key: string]: Tree };

/** What reading collects across all files of one configuration. */
export interface Reading {
  places: Places;
  /** Remarks for the user, one line each. */
  notes: string[];
  /** Values read so far. */
  nodes: number;
}

/** Sets one key; one called `__proto__` becomes data, not a prototype. */
export function define(map: TreeMap, key: string, value: Tree): void {
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Puts the keys of `added` into `into`, each replacing what was there; the places of `added` are recorded already. */
export function merge(into: TreeMap, added: TreeMap, path: string, reading: Reading): void {
  for (const key of Object.keys(added)) {
    const at = path === '' ? key : `${path}.${key}`;
    if (Object.hasOwn(into, key)) reading.notes.push(`${reading.places[at]}: ${at} replaces an earlier definition`);
    define(into, key, added[key]);
  }
}
