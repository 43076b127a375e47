/** Bytes of one inspection buffer that satisfy the matches of a rule's section, as far as those say where to be. */
import { createContext, Script } from 'node:vm';
import { toBytes } from '../../src/rules/byte-text.js';
import type {
  Base64DecodeMatch,
  BufferSection,
  ByteExtractMatch,
  ByteJumpMatch,
  ByteMathMatch,
  ByteNumber,
  ByteTestMatch,
  ContentMatch,
  Match,
  NumberOrVar,
  PcreMatch,
} from '../../src/rules/ir.js';
import { sampleOf } from './pattern-sample.js';
import { decode, encode, passes, resolved, solve, type Variables, widthOf } from './rule-numbers.js';

/** What stands where no match asks for anything; a later one is taken when the rule forbids an earlier one. */
const Fillers = ['x', '0', ' ', '~', 'Q', '\n', '\0', '\xff'];
const Longest = 8192;
/** Samples of one expression that are tried. */
const Samples = 24;
/** What an extracted number is where the rule leaves it open: most things fit into as many bytes. */
const OpenNumber = 24;

const latin1 = (bytes: readonly number[]): string => {
  let out = '';
  for (const b of bytes) out += String.fromCharCode(b);
  return out;
};
const isRelative = (m: Match): boolean =>
  m.kind === 'content' ? m.distance !== null || m.within !== null : 'relative' in m && m.relative;
const codes = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

class Layout {
  private readonly bytes: number[];
  /** Which bytes a match asks for; others are filler. */
  private readonly used: boolean[] = [];
  private cursor = 0;
  private readonly tail: number[][] = [];
  private exact: number | null = null;
  private least = 0;
  /** Numbers that depend on the whole length. */
  private readonly toEnd: ((length: number) => [at: number, text: number[]])[] = [];
  private readonly tests = new Map<string, ByteTestMatch[]>();

  constructor(
    lead: string,
    private readonly filler: number,
    private readonly vars: Variables,
  ) {
    this.bytes = codes(lead);
  }

  private number(n: NumberOrVar | null): number {
    return resolved(n, this.vars);
  }

  put(at: number, text: ArrayLike<number>): void {
    const end = Math.min(at + text.length, Longest);
    while (this.bytes.length < end) this.bytes.push(this.filler);
    for (let i = at; i < end; i++) {
      this.bytes[i] = text[i - at];
      this.used[i] = true;
    }
    this.cursor = end;
  }

  private free(at: number, length: number): boolean {
    for (let i = at; i < at + length; i++) if (this.used[i] === true) return false;
    return true;
  }

  /** `movable`: nothing counts from its end, so that it may lie within what stands already. */
  private content(c: ContentMatch, movable: boolean): void {
    const bytes = toBytes(c.bytes);
    if (c.distance !== null || c.within !== null) {
      if (c.endsWith && c.distance === null) this.tail.push(bytes);
      else this.put(Math.max(0, this.cursor + this.number(c.distance)), bytes);
    } else if (c.startsWith) this.put(0, bytes);
    else if (c.endsWith) this.tail.push(bytes);
    else if (c.depth !== null) {
      let at = this.number(c.offset);
      const last = at + this.number(c.depth) - bytes.length;
      while (at < last && !this.free(at, bytes.length) && !this.standsAt(at, bytes)) at++;
      this.put(at, bytes);
    } else {
      const from = this.number(c.offset);
      const there = movable ? this.find(bytes, from) : -1;
      if (there >= 0) this.cursor = there + bytes.length;
      else this.put(Math.max(this.bytes.length, from), bytes);
    }
  }

  private standsAt(at: number, bytes: readonly number[]): boolean {
    return at + bytes.length <= this.bytes.length && bytes.every((b, i) => this.bytes[at + i] === b);
  }

  /** Where `bytes` stand already because other matches asked for them, or -1. */
  private find(bytes: readonly number[], from: number): number {
    for (let at = from; at + bytes.length <= this.bytes.length; at++) if (this.standsAt(at, bytes)) return at;
    return -1;
  }

  match(m: Match, next: Match | undefined): void {
    if (m.kind === 'content') {
      if (!m.negated) this.content(m, next === undefined || !isRelative(next));
      else if (m.within !== null && m.bytes.length === 1 && m.bytes < ' ')
        this.least = Math.max(this.least, this.cursor + this.number(m.distance) + this.number(m.within));
    } else if (m.kind === 'pcre' && !m.negated) this.pcre(m);
    else if (m.kind === 'isdataat' && !m.negated)
      this.least = Math.max(this.least, this.number(m.at) + 1 + (m.relative ? this.cursor : 0));
    else if (m.kind === 'bsize') {
      if (m.test.op === '=') this.exact = m.test.lo;
      else if (m.test.op === 'in' || m.test.op === '>=') this.least = Math.max(this.least, m.test.lo);
      else if (m.test.op === '>') this.least = Math.max(this.least, m.test.lo + 1);
    } else if (m.kind === 'byte_test') this.test(m);
    else if (m.kind === 'byte_extract' || m.kind === 'byte_math') this.extract(m);
    else if (m.kind === 'byte_jump') this.jump(m, next);
    else if (m.kind === 'base64_decode') this.base64(m);
  }

  private place(m: ByteNumber): number {
    return Math.max(0, this.number(m.offset) + (m.relative ? this.cursor : 0));
  }

  /** Writes without moving the cursor. */
  private write(at: number, text: readonly number[]): void {
    const before = this.cursor;
    this.put(at, text);
    this.cursor = before;
  }

  private test(m: ByteTestMatch): void {
    const at = this.place(m);
    const key = `${at}:${widthOf(m, this.vars)}:${m.endian}:${m.base}:${m.bitmask}`;
    const tests = [...(this.tests.get(key) ?? []), m];
    this.tests.set(key, tests);
    const now = decode(m, this.bytes, at, this.vars);
    if (!this.free(at, 1) && tests.every((t) => passes(t, now, this.vars))) return;
    const value = solve(tests, this.vars);
    if (value !== null) this.write(at, encode(m, value, this.vars));
  }

  /** The number at the place, written there when nothing stands there yet. */
  private numberAt(m: ByteNumber, wanted: number): number {
    const at = this.place(m);
    const now = decode(m, this.bytes, at, this.vars);
    if (!Number.isNaN(now) && !this.free(at, widthOf(m, this.vars))) return now;
    this.write(at, encode(m, wanted, this.vars));
    return wanted;
  }

  private extract(m: ByteExtractMatch | ByteMathMatch): void {
    const value = this.numberAt(m, m.base === null || widthOf(m, this.vars) > 1 ? OpenNumber : 1);
    if (m.kind === 'byte_extract') this.vars.set(m.name, value * Math.max(1, m.multiplier));
    else {
      const v = this.number(m.value);
      const results = { '+': value + v, '-': value - v, '*': value * v, '/': Math.floor(value / (v || 1)) };
      this.vars.set(m.name, m.op === '<<' ? value << v : m.op === '>>' ? value >> v : results[m.op]);
    }
    if (m.kind === 'byte_extract') this.cursor = this.place(m) + widthOf(m, this.vars);
  }

  private jump(m: ByteJumpMatch, next: Match | undefined): void {
    const at = this.place(m);
    const post = this.number(m.postOffset);
    const end = at + widthOf(m, this.vars);
    if (next?.kind === 'isdataat' && next.negated && next.relative) {
      // To where nothing, or no more than that, is left: the length is known at the end.
      const from = m.from === 'beginning' ? 0 : end;
      this.numberAt(m, 0);
      this.toEnd.push((length) => {
        const distance = length - Math.max(0, this.number(next.at) - 1) - from - post;
        return [at, encode(m, Math.ceil(distance / Math.max(1, m.multiplier)), this.vars)];
      });
      return;
    }
    let raw = m.from === 'beginning' ? end - post : Math.max(0, -post);
    raw = Math.ceil(raw / Math.max(1, m.multiplier));
    let step = this.numberAt(m, raw) * Math.max(1, m.multiplier);
    if (m.align) step = (step + 3) & ~3;
    const from = m.from === 'beginning' ? 0 : m.from === 'end' ? this.bytes.length : end;
    this.cursor = Math.min(Math.max(0, from + step + post), Longest);
    this.least = Math.max(this.least, this.cursor + 1);
  }

  private base64(m: Base64DecodeMatch): void {
    const inner = m.inner.length === 0 ? [1, 2, 3] : sectionBytes({ matches: m.inner }, '', this.vars);
    const text = Buffer.from(inner).toString('base64');
    this.put(this.number(m.offset) + (m.relative ? this.cursor : 0), codes(text));
  }

  private pcre(m: PcreMatch): void {
    if (this.hasMatch(m)) return;
    const from = m.relative ? this.cursor : m.expr.startsWith('^') ? 0 : this.bytes.length;
    const rest = latin1(this.bytes.slice(from));
    for (let i = 0; i < Samples; i++) {
      const text = sampleOf(m.expr, i);
      const after = text + rest.slice(text.length);
      const whole = m.relative ? after : latin1(this.bytes.slice(0, from)) + after;
      if (i + 1 < Samples && pattern(m) !== null && exec(m, whole) === null) continue;
      this.put(from, codes(text));
      return;
    }
  }

  /** Whether the expression is satisfied already by the contents before it, as far as JavaScript can tell. */
  private hasMatch(m: PcreMatch): boolean {
    const found = exec(m, latin1(m.relative ? this.bytes.slice(this.cursor) : this.bytes));
    if (found === null) return false;
    this.cursor = (m.relative ? this.cursor : 0) + found.index + found[0].length;
    return true;
  }

  finish(): number[] {
    const tail = this.tail.sort((a, b) => b.length - a.length)[0] ?? [];
    let length = Math.max(this.bytes.length + tail.length, this.least);
    // Overlap of the last content with what it repeats (content:"abc"; content:"bc"; endswith).
    if (tail.length > 0 && this.standsAt(this.bytes.length - tail.length, tail) && this.least <= this.bytes.length)
      length = this.bytes.length;
    if (this.exact !== null) length = Math.min(this.exact, Longest);
    length = Math.min(length, Longest);
    const out = this.bytes.slice(0, length);
    while (out.length < length) out.push(this.filler);
    if (tail.length <= length) out.splice(length - tail.length, tail.length, ...tail);
    for (const number of this.toEnd) {
      const [at, text] = number(length);
      out.splice(at, text.length, ...text);
    }
    return out;
  }
}

const patterns = new WeakMap<PcreMatch, RegExp | null>();

/** A repeated group whose end repeats: JavaScript may take for ever on it. */
const nested = /[*+}?]\)[*+{]/;
const PatternMs = 20;
const arena = createContext({ expr: /x/, text: '' });
const script = new Script('expr.exec(text)');

/** The first match of an expression; null when there is none, it is not JavaScript's, or no end of it is in sight. */
function exec(m: PcreMatch, text: string): RegExpExecArray | null {
  const expr = pattern(m);
  if (expr === null) return null;
  if (!nested.test(m.expr)) return expr.exec(text);
  arena.expr = expr;
  arena.text = text;
  try {
    return script.runInContext(arena, { timeout: PatternMs }) as RegExpExecArray | null;
  } catch {
    return null;
  }
}

/** The expression for JavaScript; null when JavaScript does not understand it. */
function pattern(m: PcreMatch): RegExp | null {
  const known = patterns.get(m);
  if (known !== undefined) return known;
  const inline = /^\(\?([ims]+)\)/.exec(m.expr);
  const flags = new Set(`${m.flags.replace(/[^ims]/g, '')}${inline?.[1] ?? ''}`);
  const text = m.expr
    .slice(inline?.[0].length ?? 0)
    .replace(/\(\?P</g, '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>');
  let out: RegExp | null = null;
  try {
    out = new RegExp(text, [...flags].join(''));
  } catch {
    // Possessive quantifiers, recursion and the like: the sample is taken as it is.
  }
  patterns.set(m, out);
  return out;
}

const lower = (text: string): string => text.toLowerCase();

/** Whether something that must be absent from the whole section is in `text`. */
function hasForbidden(matches: readonly Match[], text: string): boolean {
  for (const m of matches) {
    if (m.kind === 'pcre' && m.negated && !m.relative && exec(m, text) !== null) return true;
    if (m.kind !== 'content' || !m.negated) continue;
    const { bytes } = m;
    const from = typeof m.offset === 'number' ? m.offset : 0;
    const to = typeof m.depth === 'number' ? from + m.depth : m.startsWith ? bytes.length : text.length;
    const part = text.slice(m.endsWith ? Math.max(0, text.length - bytes.length) : from, to);
    if (m.nocase ? lower(part).includes(lower(bytes)) : part.includes(bytes)) return true;
  }
  return false;
}

function sectionBytes(section: Pick<BufferSection, 'matches'>, lead: string, vars: Variables): number[] {
  let first: number[] | null = null;
  for (const filler of Fillers) {
    const layout = new Layout(lead, filler.charCodeAt(0), new Map(vars));
    for (const [i, m] of section.matches.entries()) layout.match(m, section.matches[i + 1]);
    const out = layout.finish();
    if (!hasForbidden(section.matches, latin1(out))) return out;
    first ??= out;
  }
  return first ?? [];
}

/** Whether the first thing the section asks for brings `lead` itself. */
function beginsWith(section: BufferSection, lead: string): boolean {
  for (const m of section.matches) {
    if (m.kind === 'content' && !m.negated) return m.bytes[0] === lead[0];
    if (m.kind === 'pcre' && !m.negated) return sampleOf(m.expr).startsWith(lead);
  }
  return false;
}

/** Text (one character a byte) for the section; `lead` is what the buffer begins with unless a match says otherwise. */
export function sectionText(section: BufferSection, lead = ''): string {
  return latin1(sectionBytes(section, beginsWith(section, lead) ? '' : lead, new Map()));
}
