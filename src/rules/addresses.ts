/**
 * Address lists of rule headers to AddressSet: single addresses, CIDR, netmask, ranges, IPv6, `any`, negation,
 * variables (user guide, "Source and destination").
 */
import { RuleFault } from './faults.js';
import type { AddressSet } from './ir.js';
import { walkList } from './listexpr.js';
import { normalise, type Range, subtract } from './ranges.js';
import type { Variables } from './variables.js';

const V4Max = 0xffff_ffff;
const V6Max = (1n << 128n) - 1n;
const next4 = (x: number): number => x + 1;
const before4 = (x: number): number => x - 1;
const next6 = (x: bigint): bigint => x + 1n;
const before6 = (x: bigint): bigint => x - 1n;

export type Address = { version: 4; value: number } | { version: 6; value: bigint };

/** A dotted quad as an unsigned number, or null. */
export function parseV4(text: string): number | null {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x2e) {
      if (octet < 0 || ++dots > 3) return null;
      value = value * 256 + octet;
      octet = -1;
    } else if (c >= 0x30 && c <= 0x39) {
      if (octet === 0) return null;
      octet = octet < 0 ? c - 0x30 : octet * 10 + c - 0x30;
      if (octet > 255) return null;
    } else return null;
  }
  return dots === 3 && octet >= 0 ? value * 256 + octet : null;
}

/** An IPv6 address (RFC 4291 section 2.2), or null. */
export function parseV6(text: string): bigint | null {
  if (text.length > 45 || !text.includes(':')) return null;
  let t = text;
  const lastColon = t.lastIndexOf(':');
  if (t.includes('.')) {
    const v4 = parseV4(t.slice(lastColon + 1));
    if (v4 === null) return null;
    t = `${t.slice(0, lastColon + 1)}${Math.floor(v4 / 65536).toString(16)}:${(v4 % 65536).toString(16)}`;
  }
  const halves = t.split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((h) => (h === '' ? [] : h.split(':')));
  const count = groups[0].length + (groups[1]?.length ?? 0);
  if (halves.length === 1 ? count !== 8 : count > 7) return null;
  const zeros = halves.length === 2 ? new Array<string>(8 - count).fill('0') : [];
  let value = 0n;
  for (const g of [...groups[0], ...zeros, ...(groups[1] ?? [])]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(g)) return null;
    value = (value << 16n) | BigInt(Number.parseInt(g, 16));
  }
  return value;
}

export function parseAddress(text: string): Address | null {
  const v4 = parseV4(text);
  if (v4 !== null) return { version: 4, value: v4 };
  const v6 = parseV6(text);
  return v6 === null ? null : { version: 6, value: v6 };
}

interface Families {
  v4: Range<number>[];
  v6: Range<bigint>[];
}

function bad(text: string): RuleFault {
  return new RuleFault(
    `"${text}" is no address`,
    'write any, 10.0.0.1, 10.0.0.0/8, 10.0.0.1-10.0.0.9, 2001:db8::/32 or $NAME',
  );
}

/** Adds the ranges of one item without `!`, brackets or variable. */
function addItem(text: string, to: Families): void {
  if (text.toLowerCase() === 'any') {
    to.v4.push([0, V4Max]);
    to.v6.push([0n, V6Max]);
    return;
  }
  const slash = text.indexOf('/');
  if (slash >= 0) return addMasked(text, text.slice(0, slash).trim(), text.slice(slash + 1).trim(), to);
  const dash = text.indexOf('-');
  const lo = parseAddress(dash < 0 ? text : text.slice(0, dash).trim());
  const hi = dash < 0 ? lo : parseAddress(text.slice(dash + 1).trim());
  if (lo === null || hi === null) throw bad(text);
  if (lo.version === 4 && hi.version === 4) {
    if (lo.value > hi.value)
      throw new RuleFault(`address range "${text}" ends before it begins`, 'write the lower address first');
    to.v4.push([lo.value, hi.value]);
  } else if (lo.version === 6 && hi.version === 6) {
    if (lo.value > hi.value)
      throw new RuleFault(`address range "${text}" ends before it begins`, 'write the lower address first');
    to.v6.push([lo.value, hi.value]);
  } else throw bad(text);
}

function addMasked(text: string, left: string, right: string, to: Families): void {
  const base = parseAddress(left);
  if (base === null) throw bad(text);
  const isBits = /^\d{1,3}$/.test(right);
  if (base.version === 6) {
    const bits = isBits ? Number(right) : 129;
    if (bits > 128) throw bad(text);
    const size = 1n << BigInt(128 - bits);
    const lo = base.value - (base.value % size);
    to.v6.push([lo, lo + size - 1n]);
    return;
  }
  let mask = isBits ? -1 : parseV4(right);
  if (isBits && Number(right) <= 32) mask = V4Max - (2 ** (32 - Number(right)) - 1);
  if (mask === null || mask < 0 || ((~mask >>> 0) & ((~mask >>> 0) + 1)) !== 0) throw bad(text);
  const lo = (base.value & mask) >>> 0;
  to.v4.push([lo, (lo | ~mask) >>> 0]);
}

const isAll4 = (r: Range<number>[]): boolean => r.length === 1 && r[0][0] === 0 && r[0][1] === V4Max;
const isAll6 = (r: Range<bigint>[]): boolean => r.length === 1 && r[0][0] === 0n && r[0][1] === V6Max;

/** The addresses a list names. Throws RuleFault for what Suricata refuses: a list that leaves nothing. */
export function parseAddresses(text: string, vars: Variables): AddressSet {
  const { v4, v6 } = evaluate(text, vars, 0);
  return { any: isAll4(v4) && isAll6(v6), v4, v6, text };
}

function evaluate(text: string, vars: Variables, depth: number): Families {
  const want: Families = { v4: [], v6: [] };
  const not: Families = { v4: [], v6: [] };
  const visit = {
    item: (item: string, negated: boolean): void => addItem(item, negated ? not : want),
    negatedList: (inner: string, innerDepth: number): void => {
      const set = evaluate(inner, vars, innerDepth);
      not.v4.push(...set.v4);
      not.v6.push(...set.v6);
    },
  };
  walkList(text, vars, visit, false, depth);
  const not4 = normalise(not.v4, next4);
  const not6 = normalise(not.v6, next6);
  if (isAll4(not4)) throw new RuleFault(`address list "${text}" excludes every address`, 'remove the negation of any');
  const nothingWanted = want.v4.length === 0 && want.v6.length === 0;
  const v4 = subtract(nothingWanted ? [[0, V4Max]] : normalise(want.v4, next4), not4, next4, before4);
  const v6 = subtract(nothingWanted ? [[0n, V6Max]] : normalise(want.v6, next6), not6, next6, before6);
  if (v4.length === 0 && v6.length === 0)
    throw new RuleFault(`address list "${text}" leaves no address`, 'remove a negation that covers all the others');
  return { v4, v6 };
}
