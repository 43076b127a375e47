/** Bytes of one inspection buffer that satisfy the positive matches of a rule's section, as far as those say where to be. */
import type { BufferSection, ContentMatch, Match, NumberOrVar } from '../../src/rules/ir.js';
import { sampleOf } from './pattern-sample.js';

const Filler = 0x78;
const Longest = 8192;
const number = (n: NumberOrVar | null): number => (typeof n === 'number' ? n : 0);

class Layout {
  private readonly bytes: number[];
  /** Which bytes a match asks for; others are filler. */
  private readonly used: boolean[] = [];
  private cursor = 0;
  private readonly tail: number[][] = [];
  private exact: number | null = null;
  private least = 0;

  constructor(lead: string) {
    this.bytes = Array.from(lead, (c) => c.charCodeAt(0));
  }

  put(at: number, text: ArrayLike<number>): void {
    const end = Math.min(at + text.length, Longest);
    while (this.bytes.length < end) this.bytes.push(Filler);
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

  content(c: ContentMatch): void {
    const { bytes } = c;
    if (c.distance !== null || c.within !== null) {
      if (c.endsWith) this.tail.push(bytes);
      else this.put(Math.max(0, this.cursor + number(c.distance)), bytes);
    } else if (c.startsWith) this.put(0, bytes);
    else if (c.endsWith) this.tail.push(bytes);
    else if (c.depth !== null) {
      let at = number(c.offset);
      const last = at + number(c.depth) - bytes.length;
      while (at < last && !this.free(at, bytes.length)) at++;
      this.put(at, bytes);
    } else this.put(Math.max(this.bytes.length, number(c.offset)), bytes);
  }

  match(m: Match): void {
    if (m.kind === 'content' && !m.negated) this.content(m);
    else if (m.kind === 'pcre' && !m.negated && !this.hasMatch(m.expr, m.flags)) {
      const at = m.relative ? this.cursor : m.expr.startsWith('^') ? 0 : this.bytes.length;
      const text = sampleOf(m.expr);
      this.put(
        at,
        Array.from(text, (ch) => ch.charCodeAt(0)),
      );
    } else if (m.kind === 'isdataat' && !m.negated)
      this.least = Math.max(this.least, number(m.at) + 1 + (m.relative ? this.cursor : 0));
    else if (m.kind === 'bsize') {
      if (m.test.op === '=') this.exact = m.test.lo;
      else if (m.test.op === 'in' || m.test.op === '>=') this.least = Math.max(this.least, m.test.lo);
      else if (m.test.op === '>') this.least = Math.max(this.least, m.test.lo + 1);
    } else if ((m.kind === 'byte_extract' || m.kind === 'byte_math') && m.relative)
      this.put(this.cursor + number(m.offset), new Array<number>(Math.min(8, number(m.bytes))).fill(0x31));
  }

  /** Whether the expression is satisfied already by the contents before it, as far as JavaScript can tell. */
  private hasMatch(expr: string, flags: string): boolean {
    try {
      return new RegExp(expr, flags.replace(/[^ims]/g, '')).test(String.fromCharCode(...this.bytes));
    } catch {
      return false;
    }
  }

  finish(): Uint8Array {
    const tail = this.tail.sort((a, b) => b.length - a.length)[0] ?? [];
    let length = Math.max(this.bytes.length + tail.length, this.least);
    // Overlap of the last content with what it repeats (content:"abc"; content:"bc"; endswith).
    if (
      tail.length > 0 &&
      tail.every((v, i) => this.bytes[this.bytes.length - tail.length + i] === v) &&
      this.least <= this.bytes.length
    )
      length = this.bytes.length;
    if (this.exact !== null) length = Math.min(this.exact, Longest);
    const out = new Uint8Array(Math.min(length, Longest)).fill(Filler);
    out.set(this.bytes.slice(0, out.length));
    if (tail.length <= out.length) out.set(tail, out.length - tail.length);
    return out;
  }
}

/** Whether the first thing the section asks for brings `lead` itself. */
function beginsWith(section: BufferSection, lead: string): boolean {
  for (const m of section.matches) {
    if (m.kind === 'content' && !m.negated) return m.bytes[0] === lead.charCodeAt(0);
    if (m.kind === 'pcre' && !m.negated) return sampleOf(m.expr).startsWith(lead);
  }
  return false;
}

/** Text (one character a byte) for the section; `lead` is what the buffer begins with unless a match says otherwise. */
export function sectionText(section: BufferSection, lead = ''): string {
  const layout = new Layout(beginsWith(section, lead) ? '' : lead);
  for (const m of section.matches) layout.match(m);
  return Buffer.from(layout.finish()).toString('latin1');
}
