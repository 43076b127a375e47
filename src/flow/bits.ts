/**
 * Storage that belongs to a flow: flowbits, flowints and flowvars (Suricata manual, "Flow Keywords"). Pooled list
 * cells chained from `flows.bits`; a flow holds at most `flow.max-vars` of them and `VarBytes` of flowvar content, all
 * flows together as many as `flow.vars-memcap` lets; what is refused is counted in `flow.var_limit`.
 */
import { counter, counts } from '../core/counters.js';
import { buf } from '../core/memory.js';
import type { Settings } from '../core/settings.js';
import { flows } from './columns.js';

export const enum FlowVarLimit {
  /** Default of flow.max-vars; a rule walks them, so that there cannot be many more. */
  FlowVars = 1024,
  MostVars = 4096,
  /** Bytes of one flowvar's content, and of all of a flow's. */
  VarBytes = 65_535,
  /** Default of flow.vars-memcap, and what a bit or variable counts for besides its content. */
  Memcap = 128 << 20,
  CellBytes = 16,
  MostCells = 16_777_216,
  FirstSlab = 4096,
}

const enum Kind {
  Bit = 0,
  Int = 1,
  Var = 2,
}

const cLimit = counter('flow.var_limit');

let perFlow: number = FlowVarLimit.FlowVars;
let memcap: number = FlowVarLimit.Memcap;

/** Reads `flow.max-vars` and `flow.vars-memcap`. */
export function configureFlowVars(settings: Settings): void {
  perFlow = settings.int('flow.max-vars', FlowVarLimit.FlowVars, 0, FlowVarLimit.MostVars);
  memcap = settings.size('flow.vars-memcap', FlowVarLimit.Memcap, 0, FlowVarLimit.MostCells * FlowVarLimit.CellBytes);
}

/** Cells from 1: id << 2 | kind, value (flowints), next cell. Grown by doubling. */
let tags = new Int32Array(FlowVarLimit.FirstSlab);
let values = new Float64Array(FlowVarLimit.FirstSlab);
let nexts = new Int32Array(FlowVarLimit.FirstSlab);
/** Content of flowvars by cell. */
const contents = new Map<number, Buffer>();
let used = 0;
let freeCell = 0;
/** Cells in lists of flows, and bytes of flowvars. */
let live = 0;
let contentBytes = 0;
const heads = flows.bits;

/** Whether there is room for a cell, or for `more` bytes of content. */
function hasRoom(more: number): boolean {
  return live * FlowVarLimit.CellBytes + contentBytes + more <= memcap;
}

function grow(): void {
  const size = tags.length * 2;
  const t = new Int32Array(size);
  const v = new Float64Array(size);
  const n = new Int32Array(size);
  t.set(tags);
  v.set(values);
  n.set(nexts);
  tags = t;
  values = v;
  nexts = n;
}

function find(flow: number, tag: number): number {
  for (let c = heads[flow]; c !== 0; c = nexts[c]) if (tags[c] === tag) return c;
  return 0;
}

/** The cell of this tag, made when there is none; 0 at the bounds. */
function obtain(flow: number, tag: number): number {
  let held = 0;
  for (let c = heads[flow]; c !== 0; c = nexts[c]) {
    if (tags[c] === tag) return c;
    held++;
  }
  if (held >= perFlow || !hasRoom(FlowVarLimit.CellBytes)) {
    counts[cLimit]++;
    return 0;
  }
  let c = freeCell;
  if (c !== 0) freeCell = nexts[c];
  else {
    if (used + 1 === tags.length) grow();
    c = ++used;
  }
  tags[c] = tag;
  values[c] = 0;
  nexts[c] = heads[flow];
  heads[flow] = c;
  live++;
  return c;
}

function drop(flow: number, tag: number): boolean {
  let before = 0;
  for (let c = heads[flow]; c !== 0; before = c, c = nexts[c]) {
    if (tags[c] !== tag) continue;
    if (before === 0) heads[flow] = nexts[c];
    else nexts[before] = nexts[c];
    freeOne(c);
    return true;
  }
  return false;
}

function freeOne(c: number): void {
  if ((tags[c] & 3) === Kind.Var) forget(c);
  live--;
  nexts[c] = freeCell;
  freeCell = c;
}

function forget(c: number): void {
  contentBytes -= contents.get(c)?.length ?? 0;
  contents.delete(c);
}

/** Bits and variables that flows hold now. */
export function bitsInUse(): number {
  return live;
}

/** Sets flowbit `id`; false when a bound was met. */
export function flowbitSet(flow: number, id: number): boolean {
  return obtain(flow, (id << 2) | Kind.Bit) !== 0;
}

export function flowbitUnset(flow: number, id: number): void {
  drop(flow, (id << 2) | Kind.Bit);
}

export function flowbitToggle(flow: number, id: number): void {
  if (!drop(flow, (id << 2) | Kind.Bit)) flowbitSet(flow, id);
}

export function flowbitIsSet(flow: number, id: number): boolean {
  return find(flow, (id << 2) | Kind.Bit) !== 0;
}

function listOf(flow: number, kind: Kind, out: Int32Array): number {
  let n = 0;
  for (let c = heads[flow]; c !== 0 && n < out.length; c = nexts[c]) {
    if ((tags[c] & 3) === kind) out[n++] = tags[c] >> 2;
  }
  return n;
}

/** Ids of the flowbits that are set, newest first, into `out`; returns how many (at most out.length). */
export function flowbitList(flow: number, out: Int32Array): number {
  return listOf(flow, Kind.Bit, out);
}

/** The same for flowints that have a value. */
export function flowintList(flow: number, out: Int32Array): number {
  return listOf(flow, Kind.Int, out);
}

/** The same for flowvars. */
export function flowvarList(flow: number, out: Int32Array): number {
  return listOf(flow, Kind.Var, out);
}

/** Value of flowint `id`, NaN when it was never set. */
export function flowintGet(flow: number, id: number): number {
  const c = find(flow, (id << 2) | Kind.Int);
  return c === 0 ? Number.NaN : values[c];
}

/** Sets flowint `id`; false when a bound was met. */
export function flowintSet(flow: number, id: number, value: number): boolean {
  const c = obtain(flow, (id << 2) | Kind.Int);
  if (c === 0) return false;
  values[c] = value;
  return true;
}

/** Copies `len` bytes at `off` of the memory into flowvar `id`; false when a bound was met. */
export function flowvarSet(flow: number, id: number, off: number, len: number): boolean {
  const tag = (id << 2) | Kind.Var;
  let held = len;
  for (let c = heads[flow]; c !== 0; c = nexts[c]) {
    if ((tags[c] & 3) === Kind.Var && tags[c] !== tag) held += contents.get(c)?.length ?? 0;
  }
  if (held > FlowVarLimit.VarBytes || !hasRoom(len)) {
    counts[cLimit]++;
    return false;
  }
  const c = obtain(flow, tag);
  if (c === 0) return false;
  forget(c);
  contents.set(c, Buffer.from(buf.subarray(off, off + len)));
  contentBytes += len;
  return true;
}

/** Content of flowvar `id`, or null. */
export function flowvarGet(flow: number, id: number): Buffer | null {
  const c = find(flow, (id << 2) | Kind.Var);
  return c === 0 ? null : (contents.get(c) ?? null);
}

/** Frees all bits and variables of the flow. Called by freeFlow. */
export function releaseBits(flow: number): void {
  let c = heads[flow];
  heads[flow] = 0;
  while (c !== 0) {
    const after = nexts[c];
    freeOne(c);
    c = after;
  }
}
