/**
 * The file form of compiled rules. All integers little-endian:
 *
 *     0   magic (16 bytes, the last is the version of the form)
 *     16  SHA-256 of everything after it
 *     48  offset and length of the description (u32 each), 8 bytes of zero
 *     64  the tables, each at a multiple of 8, as they lie in memory; then the description (MessagePack)
 *
 * A table is used where it lies: reading a file copies nothing but the description. The hash is Peccary's own because
 * Hyperscan does not notice every damage to a database, and a damaged one may crash it.
 */
import { createHash } from 'node:crypto';
import { Packr } from 'msgpackr';
import { type NoteColumns, notesFromColumns, notesToColumns } from './rule-cache-notes.js';
import type { RuleTables } from './rule-tables.js';

const Magic = Buffer.from('peccary-rules\0\0\x01', 'latin1');
const enum At {
  Hash = 16,
  Description = 48,
  Tables = 64,
}

/** What a cached set was made of, beside what its key says. */
export interface CacheChecks {
  inputs: { path: string; digest: string | null }[];
  /** Paths of the configuration that loading asked for, and their values as JSON. */
  settings: [path: string, value: string][];
}

export interface CachedRules extends RuleTables {
  key: string;
  checks: CacheChecks;
  /** Serialised pattern databases. */
  databases: Uint8Array[];
}

type Table = Int32Array | Uint32Array | Uint16Array | Uint8Array | Float64Array;
type Kind = 'Int32Array' | 'Uint32Array' | 'Uint16Array' | 'Uint8Array' | 'Float64Array';
const kinds: Record<Kind, new (memory: SharedArrayBuffer, offset: number, length: number) => Table> = {
  Int32Array,
  Uint32Array,
  Uint16Array,
  Uint8Array,
  Float64Array,
};
/** Stands for a table in the description. */
type Place = [kind: Kind, offset: number, length: number];
type Described = { values: Record<string, unknown>; tables: Record<string, Place> };

interface Description {
  key: string;
  checks: CacheChecks;
  rules: Described;
  /** Those members of `rules` that are groups of tables. */
  groups: Record<string, Described>;
  packed: Described;
  loaded: number;
  unkept: RuleTables['report']['unkept'];
  expiresMs: RuleTables['report']['expiresMs'];
  notes: Record<'failed' | 'skipped' | 'warnings', Described>;
  databases: Place[];
}

const packr = new Packr({ useRecords: true, useBigIntExtension: true });

/** Lays tables one after the other. */
class Layout {
  readonly parts: { at: number; bytes: Uint8Array }[] = [];
  end: number = At.Tables;

  place(table: Table): Place {
    const at = (this.end + 7) & ~7;
    this.parts.push({ at, bytes: new Uint8Array(table.buffer, table.byteOffset, table.byteLength) });
    this.end = at + table.byteLength;
    const kind = table.constructor.name as Kind;
    return [kind in kinds ? kind : 'Uint8Array', at, table.length];
  }

  /** Takes the tables out of an object. */
  describe(object: object): Described {
    const out: Described = { values: {}, tables: {} };
    for (const [name, value] of Object.entries(object)) {
      if (ArrayBuffer.isView(value)) out.tables[name] = this.place(value as Table);
      else out.values[name] = value;
    }
    return out;
  }
}

const isGroup = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

/** The bytes of a file, piece by piece: the tables are not copied. */
export function encodeRules({ key, checks, rules, packed, report, databases }: CachedRules): Uint8Array[] {
  const layout = new Layout();
  const groups: Description['groups'] = {};
  const flat: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rules)) {
    if (isGroup(value)) groups[name] = layout.describe(value);
    else flat[name] = value;
  }
  const description: Description = {
    key,
    checks,
    rules: layout.describe(flat),
    groups,
    // The sources are the rule files themselves, which whoever asks for the rules has read.
    packed: layout.describe({ ...packed, sources: {} }),
    loaded: report.loaded,
    unkept: report.unkept,
    expiresMs: report.expiresMs,
    notes: {
      failed: layout.describe(notesToColumns(report.failed)),
      skipped: layout.describe(notesToColumns(report.skipped)),
      warnings: layout.describe(notesToColumns(report.warnings)),
    },
    databases: databases.map((bytes) => layout.place(bytes)),
  };
  const words = packr.pack(description);
  const head = Buffer.alloc(At.Tables);
  Magic.copy(head);
  head.writeUInt32LE(layout.end, At.Description);
  head.writeUInt32LE(words.length, At.Description + 4);
  const out: Uint8Array[] = [head];
  let end: number = At.Tables;
  for (const { at, bytes } of layout.parts) {
    out.push(new Uint8Array(at - end), bytes);
    end = at + bytes.length;
  }
  out.push(words);
  const hash = createHash('sha256').update(head.subarray(At.Description));
  for (const bytes of out.slice(1)) hash.update(bytes);
  hash.digest().copy(head, At.Hash);
  return out;
}

/** The rules in a file; its tables are views of `memory`. A string says why it is none of ours, or damaged. */
export function decodeRules(memory: SharedArrayBuffer): CachedRules | string {
  const bytes = Buffer.from(memory);
  if (bytes.length < At.Tables || !bytes.subarray(0, Magic.length).equals(Magic)) return 'not a file of this version';
  const hash = createHash('sha256').update(bytes.subarray(At.Description)).digest();
  if (!hash.equals(bytes.subarray(At.Hash, At.Hash + hash.length))) return 'damaged';
  const at = bytes.readUInt32LE(At.Description);
  const words = new Uint8Array(memory, at, bytes.readUInt32LE(At.Description + 4)).slice();
  const d = packr.unpack(words) as Description;
  const view = ([kind, offset, length]: Place): Table => new kinds[kind](memory, offset, length);
  const restore = ({ values, tables }: Described): Record<string, unknown> => {
    const out = { ...values };
    for (const name of Object.keys(tables)) out[name] = view(tables[name]);
    return out;
  };
  const rules = restore(d.rules);
  for (const name of Object.keys(d.groups)) rules[name] = restore(d.groups[name]);
  const notes = (of: Described) => notesFromColumns(restore(of) as unknown as NoteColumns);
  return {
    key: d.key,
    checks: d.checks,
    rules: rules as unknown as RuleTables['rules'],
    packed: restore(d.packed) as unknown as RuleTables['packed'],
    report: {
      loaded: d.loaded,
      failed: notes(d.notes.failed),
      skipped: notes(d.notes.skipped),
      warnings: notes(d.notes.warnings),
      unkept: d.unkept,
      expiresMs: d.expiresMs,
    },
    databases: d.databases.map((place) => view(place) as Uint8Array),
  };
}
