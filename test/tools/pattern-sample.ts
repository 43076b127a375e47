/**
 * One text that an expression of the pcre keyword matches, for making traffic. Understands literals, escapes, classes,
 * groups, alternatives, quantifiers and back references; anchors and lookaround add nothing, so that a few expressions
 * get a text that does not match them. Variant 0 takes the first alternative and the least repetitions (at least one where
 * any is asked); other variants choose differently, the same each time.
 */

const Repeats = 64;
const Depth = 40;

class Sampler {
  private at = 0;
  private depth = 0;
  private readonly groups: string[] = [];
  private readonly names = new Map<string, string>();

  constructor(
    private readonly expr: string,
    private variant: number,
  ) {}

  /** A number below `n`: 0 in variant 0. */
  private choice(n: number): number {
    if (this.variant === 0) return 0;
    this.variant = (Math.imul(this.variant, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.variant >> 8) % n;
  }

  /** Alternatives up to a closing bracket or the end; the text of one of them. */
  alternatives(): string {
    if (++this.depth > Depth) {
      this.at = this.expr.length;
      return '';
    }
    const texts: string[] = [];
    for (;;) {
      texts.push(this.sequence());
      if (this.expr[this.at] !== '|') break;
      this.at++;
    }
    this.depth--;
    return texts[this.choice(texts.length)];
  }

  private sequence(): string {
    let out = '';
    while (this.at < this.expr.length && this.expr[this.at] !== '|' && this.expr[this.at] !== ')')
      out += this.repeated(this.atom());
    return out;
  }

  private atom(): string {
    const c = this.expr[this.at++];
    if (c === '(') return this.group();
    if (c === '[') return this.characterClass();
    if (c === '\\') return this.escape();
    if (c === '^' || c === '$') return '';
    return c === '.' ? 'a' : c;
  }

  private group(): string {
    const special =
      /^\?(?:[<'](?![=!])\w+[>']|P<\w+>|<?[=!]|[a-z-]*:|[a-z-]+(?=\))|>|\|)/i.exec(this.expr.slice(this.at))?.[0] ?? '';
    this.at += special.length;
    const captures = special === '' || /^\?(?:P?<\w|')/.test(special);
    const again = /^\?P=(\w+)\)/.exec(this.expr.slice(this.at));
    if (again !== null) {
      this.at += again[0].length;
      return this.names.get(again[1]) ?? '';
    }
    const index = captures ? this.groups.push('') - 1 : -1;
    const text = this.alternatives();
    const name = /\?P?[<'](\w+)/.exec(special)?.[1];
    if (name !== undefined) this.names.set(name, text);
    this.at++;
    if (index >= 0) this.groups[index] = text;
    return /^\?<?[=!]/.test(special) ? '' : text;
  }

  private escape(): string {
    const c = this.expr[this.at++] ?? '';
    if (c === 'x') {
      const digits = /^(?:\{([0-9a-f]+)\}|([0-9a-f]{1,2}))/i.exec(this.expr.slice(this.at));
      this.at += digits?.[0].length ?? 0;
      return String.fromCharCode(Number.parseInt(digits?.[1] ?? digits?.[2] ?? '0', 16) & 255);
    }
    if (/[1-9]/.test(c)) return this.groups[Number(c) - 1] ?? '';
    return escapes[c] ?? c;
  }

  /** A character of the class that is neither excluded nor awkward in a line of text. */
  private characterClass(): string {
    const from = this.at - 1;
    if (this.expr[this.at] === '^') this.at++;
    if (this.expr[this.at] === ']') this.at++;
    while (this.at < this.expr.length && this.expr[this.at] !== ']') {
      if (this.expr[this.at] === '\\') this.at++;
      else if (this.expr.startsWith('[:', this.at)) this.at = Math.max(this.at, this.expr.indexOf(':]', this.at) + 1);
      this.at++;
    }
    this.at++;
    const text = this.expr
      .slice(from, this.at)
      .replace(/\[:alpha:\]/g, 'a-zA-Z')
      .replace(/\[:alnum:\]/g, 'a-zA-Z0-9')
      .replace(/\[:digit:\]/g, '0-9');
    try {
      const test = new RegExp(text, 's');
      const skip = this.choice(8);
      const fitting = candidates.filter((ch) => test.test(ch));
      return fitting[Math.min(skip, fitting.length - 1)] ?? 'a';
    } catch {
      return 'a';
    }
  }

  private repeated(atom: string): string {
    const m = /^(?:([*+?])|\{(\d+)(,\d*)?\})[?+]?/.exec(this.expr.slice(this.at));
    if (m === null) return atom;
    this.at += m[0].length;
    const least = m[1] === undefined ? Number(m[2]) : m[1] === '+' ? 1 : 0;
    const most = m[1] === '?' ? 1 : m[1] !== undefined || m[3] === ',' ? least + 3 : Number(m[3]?.slice(1) ?? least);
    const count = least + this.choice(Math.min(most - least, 8) + 1);
    return atom.repeat(Math.min(count, Math.max(1, Math.floor((Repeats * Repeats) / Math.max(1, atom.length)))));
  }
}

const escapes: Record<string, string> = {
  d: '1',
  w: 'a',
  s: ' ',
  h: ' ',
  S: 'a',
  D: 'a',
  W: '-',
  r: '\r',
  n: '\n',
  t: '\t',
  R: '\r\n',
  f: '\f',
  v: '\v',
  b: '',
  B: '',
  A: '',
  Z: '',
  z: '',
  Q: '',
  E: '',
  G: '',
  K: '',
};
const candidates = [
  ...'a1Ab2fxyzgF5',
  ...Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)),
  ' ',
  '\r',
  '\n',
  '\t',
  ...Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)),
];

/** A text that `expr` (without delimiters) is likely to match, one character a byte. */
export function sampleOf(expr: string, variant = 0): string {
  return new Sampler(expr, variant).alternatives();
}
