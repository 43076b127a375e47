/**
 * Typed access to a parsed configuration tree by dotted path (`stream.reassembly.depth`).
 * No domain knowledge: each stage reads its own keys with its own defaults, and what nobody
 * read can be listed afterwards, so that a key Peccary does not have is told once.
 *
 * YAML 1.1 booleans (yes/no/on/off/true/false/1/0) and Suricata's size units (kb, mb, gb; KiB, MiB, GiB;
 * all powers of 1024) are understood. Arrays are addressed by number (`a.0.b`); a list of
 * single-key maps, as in `outputs`, also by that key (`outputs.eve-log.filename`).
 */
import { PeccaryError } from './errors.js';
import { nearest } from './near-miss.js';

export type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };

/** Where each key stands ("suricata.yaml:12:5"), by dotted path with list elements by number. */
export type Places = Record<string, string>;

const isMap = (x: Tree | undefined): x is { [key: string]: Tree } =>
  x !== null && typeof x === 'object' && !Array.isArray(x);

export class Settings {
  readonly root: Tree;
  /** Where the tree came from, for messages ("suricata.yaml", "--set"). */
  readonly origin: string;
  private readonly places: Places;
  private readonly read = new Set<string>();

  constructor(root: Tree = {}, origin = 'defaults', places: Places = {}) {
    this.root = root;
    this.origin = origin;
    this.places = places;
  }

  /** The subtree at `path`, or undefined. Marks the path and all below it as known. */
  get(path: string): Tree | undefined {
    this.read.add(path);
    let node: Tree | undefined = this.root;
    for (const key of path.split('.')) {
      if (Array.isArray(node)) {
        const named: Tree | undefined = node.find(
          (x) => x !== null && typeof x === 'object' && !Array.isArray(x) && Object.hasOwn(x, key),
        );
        if (/^\d+$/.test(key)) node = node[Number(key)];
        else if (named !== undefined) node = (named as { [k: string]: Tree })[key];
        else return undefined;
      } else if (node !== null && typeof node === 'object') {
        node = Object.hasOwn(node, key) ? node[key] : undefined;
      } else return undefined;
      if (node === undefined) return undefined;
    }
    return node;
  }

  string(path: string, fallback: string): string;
  string(path: string): string | undefined;
  string(path: string, fallback?: string): string | undefined {
    const v = this.get(path);
    if (v === undefined || v === null) return fallback;
    if (typeof v === 'object') throw this.fault(path, 'a single value');
    return String(v);
  }

  bool(path: string, fallback: boolean): boolean {
    const v = this.get(path);
    if (v === undefined || v === null) return fallback;
    const s = String(v).toLowerCase();
    if (s === 'yes' || s === 'true' || s === 'on' || s === '1') return true;
    if (s === 'no' || s === 'false' || s === 'off' || s === '0') return false;
    throw this.fault(path, 'yes or no');
  }

  /** An integer within [min, max]. */
  int(path: string, fallback: number, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    const v = this.get(path);
    if (v === undefined || v === null) return fallback;
    const n = typeof v === 'string' && v.trim() !== '' ? Number(v) : v;
    if (typeof n !== 'number' || !Number.isInteger(n) || n < min || n > max) {
      throw this.fault(path, `an integer from ${min} to ${max}`);
    }
    return n;
  }

  /** A size in bytes: a number with an optional unit. */
  size(path: string, fallback: number, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    const v = this.get(path);
    if (v === undefined || v === null) return fallback;
    const m = /^\s*(\d+(?:\.\d+)?)\s*(|b|kb|mb|gb|kib|mib|gib)\s*$/i.exec(String(v));
    if (m === null) throw this.fault(path, 'a size such as 64mb');
    const unit = { b: 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 }[m[2].charAt(0).toLowerCase() || 'b'] ?? 1;
    const n = Math.floor(Number(m[1]) * unit);
    if (n < min || n > max) throw this.fault(path, `a size from ${min} to ${max} bytes`);
    return n;
  }

  /** A list of scalars as strings; a single scalar counts as a list of one. */
  list(path: string, fallback: string[] = []): string[] {
    const v = this.get(path);
    if (v === undefined || v === null) return fallback;
    if (Array.isArray(v)) return v.map((x) => String(x));
    if (typeof v === 'object') throw this.fault(path, 'a list');
    return [String(v)];
  }

  /**
   * Paths of all entries `name` of the list of maps at `list`, in order: `outputs.fast`, and by number for the others
   * (`outputs.4.fast`). Nothing is marked as known by this.
   */
  entries(list: string, name: string): string[] {
    let node: Tree | undefined = this.root;
    for (const key of list.split('.')) node = isMap(node) ? node[key] : undefined;
    const has = (x: Tree | undefined): boolean => isMap(x) && Object.hasOwn(x, name);
    if (!Array.isArray(node)) return has(node) ? [`${list}.${name}`] : [];
    const at = [...node.keys()].filter((i) => has((node as Tree[])[i]));
    return at.map((i, n) => (n === 0 ? `${list}.${name}` : `${list}.${i}.${name}`));
  }

  /** Keys of the map at `path` in order; empty when it is not a map. */
  keys(path: string): string[] {
    const v = this.get(path);
    return v !== null && typeof v === 'object' && !Array.isArray(v) ? Object.keys(v) : [];
  }

  /**
   * Dotted paths that no one asked for, in the order of the file. A subtree of which nothing was asked for
   * is named by its top alone; elements of lists of maps are named by their keys (`outputs.fast`).
   */
  unread(): string[] {
    const touched = new Set<string>();
    for (const path of this.read) {
      for (let end = path.indexOf('.'); end >= 0; end = path.indexOf('.', end + 1)) touched.add(path.slice(0, end));
    }
    const out = new Set<string>();
    const walk = (node: Tree, path: string): void => {
      if (this.read.has(path)) return;
      if (path !== '' && !touched.has(path)) out.add(path);
      else if (Array.isArray(node)) for (const [i, element] of node.entries()) walkElement(element, path, i);
      else if (node !== null && typeof node === 'object') {
        for (const key of Object.keys(node)) walk(node[key], path === '' ? key : `${path}.${key}`);
      } else out.add(path);
    };
    const walkElement = (element: Tree, path: string, i: number): void => {
      const numbered = `${path}.${i}`;
      const isMap = element !== null && typeof element === 'object' && !Array.isArray(element);
      if (!isMap || this.read.has(numbered) || touched.has(numbered)) walk(element, numbered);
      else for (const key of Object.keys(element)) walk(element[key], `${path}.${key}`);
    };
    walk(this.root, '');
    return [...out];
  }

  /** `unread()` in words: each path, with the key it is probably meant to be. */
  unreadNotes(): string[] {
    const known = this.withParents();
    return this.unread().map((path) => {
      const parent = path.slice(0, path.lastIndexOf('.') + 1);
      const siblings = known.filter((k) => k.startsWith(parent) && !k.includes('.', parent.length));
      const meant = nearest(
        path.slice(parent.length),
        siblings.map((k) => k.slice(parent.length)),
      );
      return meant === null ? path : `${path} (did you mean ${parent}${meant}?)`;
    });
  }

  /** The same configuration, of which nothing was asked for yet. */
  fresh(): Settings {
    return new Settings(this.root, this.origin, this.places);
  }

  /** Every path that was asked for. */
  known(): string[] {
    return [...this.read];
  }

  /** Every path that was asked for, and the maps above them. */
  private withParents(): string[] {
    const all = new Set(this.read);
    for (const path of this.read) {
      for (let end = path.lastIndexOf('.'); end > 0; end = path.lastIndexOf('.', end - 1)) all.add(path.slice(0, end));
    }
    return [...all];
  }

  /** Adds paths that another thread asked for under the same configuration (its `known()`). */
  markRead(paths: readonly string[]): void {
    for (const path of paths) this.read.add(path);
  }

  /** "file:line:column" of the key at `path` where it is known, else the origin of the configuration. */
  placeOf(path: string): string {
    return this.places[this.numbered(path)] ?? this.origin;
  }

  /** A fault at `path` that says where the value stands, what was wanted and what was found. */
  fault(path: string, want: string): PeccaryError {
    const found = JSON.stringify(this.get(path));
    return new PeccaryError('config', `${this.placeOf(path)}: ${path}: expected ${want}, found ${found}`);
  }

  /** `path` with list elements by number instead of by key: the form in which places are kept. */
  private numbered(path: string): string {
    const out: string[] = [];
    let node: Tree | undefined = this.root;
    for (const key of path.split('.')) {
      if (Array.isArray(node) && !/^\d+$/.test(key)) {
        const i = node.findIndex(
          (x) => x !== null && typeof x === 'object' && !Array.isArray(x) && Object.hasOwn(x, key),
        );
        if (i < 0) return path;
        out.push(String(i));
        node = node[i];
      }
      out.push(key);
      if (Array.isArray(node)) node = node[Number(key)];
      else if (node !== null && typeof node === 'object') node = node?.[key];
    }
    return out.join('.');
  }
}
