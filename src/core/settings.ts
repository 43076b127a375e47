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

export type Tree = null | boolean | number | string | Tree[] | { [key: string]: Tree };

export class Settings {
  readonly root: Tree;
  /** Where the tree came from, for messages ("suricata.yaml", "--set"). */
  readonly origin: string;
  private readonly read = new Set<string>();

  constructor(root: Tree = {}, origin = 'defaults') {
    this.root = root;
    this.origin = origin;
  }

  /** The subtree at `path`, or undefined. Marks the path and all below it as known. */
  get(path: string): Tree | undefined {
    this.read.add(path);
    let node: Tree | undefined = this.root;
    for (const key of path.split('.')) {
      if (Array.isArray(node)) {
        const named: Tree | undefined = node.find(
          (x) => x !== null && typeof x === 'object' && !Array.isArray(x) && key in x,
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
    const n = typeof v === 'string' ? Number(v.trim()) : v;
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

  /** Keys of the map at `path` in order; empty when it is not a map. */
  keys(path: string): string[] {
    const v = this.get(path);
    return v !== null && typeof v === 'object' && !Array.isArray(v) ? Object.keys(v) : [];
  }

  /** Dotted paths of leaves that no one asked for, in the order of the file. */
  unread(): string[] {
    const out: string[] = [];
    const walk = (node: Tree, path: string): void => {
      if (path !== '' && this.read.has(path)) return;
      if (Array.isArray(node)) {
        if (node.length === 0) out.push(path);
        node.forEach((x, i) => {
          if (x !== null && typeof x === 'object' && !Array.isArray(x)) {
            for (const k of Object.keys(x)) if (!this.read.has(`${path}.${i}`)) walk(x[k], `${path}.${k}`);
          } else if (!this.read.has(`${path}.${i}`)) out.push(`${path}.${i}`);
        });
      } else if (node !== null && typeof node === 'object') {
        for (const k of Object.keys(node)) walk(node[k], path === '' ? k : `${path}.${k}`);
      } else out.push(path);
    };
    walk(this.root, '');
    return out;
  }

  /** Every path that was asked for, for near-miss suggestions. */
  known(): string[] {
    return [...this.read];
  }

  private fault(path: string, want: string): PeccaryError {
    return new PeccaryError('config', `${this.origin}: ${path}: expected ${want}, found ${JSON.stringify(this.get(path))}`);
  }
}
