/**
 * What every match of a regular expression must contain: a set of literals, one of which lies in whatever the
 * expression matches. With it a rule that has a pcre and no content of use is looked at only where one of the literals
 * was found, instead of in every buffer.
 *
 * Reads Perl's syntax (pcre2pattern(3)) as far as literals are concerned and gives up, with null, on whatever could
 * change the meaning of a byte (free spacing, quoting, recursion, conditions, verbs). Letter case is ignored
 * throughout: literals come in lower case and are to be looked for without case, which finds more, never less.
 */

const enum Bound {
  /** Literals of a set: more of them would make the search dearer than the expression. */
  Literals = 24,
  /** Bytes of a literal that are followed up. */
  Bytes = 24,
  /** Characters of a class that count as alternatives. */
  Class = 6,
  Depth = 32,
}

/** Shortest literal worth looking for. */
export const ShortestLiteral = 3;

/** What is known of a part of an expression. */
interface Part {
  /** All that it can match, when that is a small set of strings; else null. */
  exact: string[] | null;
  /** A set of which every match contains one; null when none is known. */
  some: string[] | null;
}

const Anything: Part = { exact: null, some: null };
const Nothing: Part = { exact: [''], some: null };

class Unreadable extends Error {}

/** Weight of a set as a filter: its shortest literal first, then how few they are. */
function weight(set: readonly string[]): number {
  let shortest = Bound.Bytes as number;
  for (const s of set) shortest = Math.min(shortest, s.length);
  return shortest * 64 - set.length;
}

function better(a: string[] | null, b: string[] | null): string[] | null {
  if (a === null || b === null) return a ?? b;
  return weight(a) >= weight(b) ? a : b;
}

/** Whether every string of a set has a byte. */
function usable(set: readonly string[] | null): set is string[] {
  if (set === null) return false;
  return set.every((s) => s.length > 0);
}

function union(a: readonly string[], b: readonly string[]): string[] | null {
  const all = [...new Set([...a, ...b])];
  return all.length > Bound.Literals ? null : all;
}

function product(a: readonly string[], b: readonly string[]): string[] | null {
  if (a.length * b.length > Bound.Literals) return null;
  const all = new Set<string>();
  for (const x of a) {
    for (const y of b) {
      if (x.length + y.length > Bound.Bytes) return null;
      all.add(x + y);
    }
  }
  return [...all];
}

/** One part after another. Runs of exact parts grow together; where a run ends it stands as a set of its own. */
class Sequence {
  private run: string[] = [''];
  private whole = true;
  private best: string[] | null = null;

  add(part: Part): void {
    if (part.some !== null) this.best = better(this.best, part.some);
    const joined = part.exact === null ? null : product(this.run, part.exact);
    if (joined !== null) {
      this.run = joined;
      return;
    }
    this.close();
    this.whole = false;
    this.run = part.exact ?? [''];
  }

  private close(): void {
    if (usable(this.run)) this.best = better(this.best, this.run);
  }

  end(): Part {
    this.close();
    return { exact: this.whole ? this.run : null, some: this.best };
  }
}

function either(a: Part, b: Part): Part {
  const exact = a.exact !== null && b.exact !== null ? union(a.exact, b.exact) : null;
  const left = a.some ?? (usable(a.exact) ? a.exact : null);
  const right = b.some ?? (usable(b.exact) ? b.exact : null);
  return { exact, some: left !== null && right !== null ? union(left, right) : null };
}

const lower = (code: number): string => String.fromCharCode(code >= 0x41 && code <= 0x5a ? code + 0x20 : code);

class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  read(): Part {
    const part = this.alternatives();
    if (this.at < this.text.length) throw new Unreadable();
    return part;
  }

  private alternatives(): Part {
    if (++this.depth > Bound.Depth) throw new Unreadable();
    let part = this.sequence();
    while (this.text[this.at] === '|') {
      this.at++;
      part = either(part, this.sequence());
    }
    this.depth--;
    return part;
  }

  private sequence(): Part {
    const sequence = new Sequence();
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') {
      sequence.add(this.repeated(this.atom()));
    }
    return sequence.end();
  }

  /** The part with its quantifier, if it has one. */
  private repeated(part: Part): Part {
    let least = 1;
    let most = 1;
    const c = this.text[this.at];
    if (c === '?' || c === '*' || c === '+') {
      this.at++;
      least = c === '+' ? 1 : 0;
      most = c === '?' ? 1 : 2;
    } else if (c === '{') {
      const range = /^\{(\d{1,5})(,?)(\d{0,5})\}/.exec(this.text.slice(this.at, this.at + 16));
      // PCRE2 takes any other brace for itself, but newer ones know {,n} and spaces.
      if (range === null) {
        if (/^\{[\s\d,]*\}/.test(this.text.slice(this.at, this.at + 16))) throw new Unreadable();
        return part;
      }
      this.at += range[0].length;
      least = Number(range[1]);
      most = range[2] === '' ? least : range[3] === '' ? 2 : Number(range[3]);
    } else return part;
    if (this.text[this.at] === '?' || this.text[this.at] === '+') this.at++;
    if (least === 0) {
      const exact = most === 1 && part.exact !== null ? union(part.exact, ['']) : null;
      return { exact, some: null };
    }
    if (least === 1 && most === 1) return part;
    return { exact: null, some: part.some ?? (usable(part.exact) ? part.exact : null) };
  }

  private atom(): Part {
    const c = this.text[this.at++];
    switch (c) {
      case '(':
        return this.group();
      case '[':
        return this.characterClass();
      case '\\':
        return this.escape();
      case '.':
        return Anything;
      case '^':
      case '$':
        return Nothing;
      case '*':
      case '+':
      case '?':
        throw new Unreadable();
      default:
        return { exact: [lower(c.charCodeAt(0))], some: null };
    }
  }

  private group(): Part {
    const rest = this.text.slice(this.at, this.at + 80);
    if (rest.startsWith('*')) throw new Unreadable();
    if (!rest.startsWith('?')) return this.closed(this.alternatives());
    const comment = /^\?#[^)]*\)/.exec(rest);
    if (comment !== null) throw new Unreadable();
    const head = /^\?(?:[ims]*:|>|P?<[A-Za-z_]\w*>|'[A-Za-z_]\w*')/.exec(rest);
    if (head !== null) {
      this.at += head[0].length;
      return this.closed(this.alternatives());
    }
    const look = /^\?(?:=|!|<=|<!)/.exec(rest);
    if (look !== null) {
      // What is looked at lies outside the match, or must not be there.
      this.at += look[0].length;
      this.closed(this.alternatives());
      return Nothing;
    }
    const options = /^\?[ims]*\)/.exec(rest);
    if (options === null) throw new Unreadable();
    this.at += options[0].length;
    return Nothing;
  }

  private closed(part: Part): Part {
    if (this.text[this.at++] !== ')') throw new Unreadable();
    return part;
  }

  /** After a backslash. */
  private escape(): Part {
    const c = this.text[this.at++];
    if (c === undefined) throw new Unreadable();
    if (/[bBAzZ]/.test(c)) return Nothing;
    if (/[dDsSwWhHvVNR]/.test(c)) return Anything;
    if (/[1-9]/.test(c)) {
      while (/\d/.test(this.text[this.at] ?? '')) this.at++;
      return Anything;
    }
    return { exact: [lower(this.escapedByte(c))], some: null };
  }

  /** Value of an escape that stands for one byte; `c` is the character after the backslash, which is passed. */
  private escapedByte(c: string): number {
    const simple = 'tnrfae'.indexOf(c);
    if (simple >= 0) return [9, 10, 13, 12, 7, 27][simple];
    if (c === 'x') {
      const hex = /^[0-9a-fA-F]{2}/.exec(this.text.slice(this.at, this.at + 2));
      if (hex === null) throw new Unreadable();
      this.at += 2;
      return Number.parseInt(hex[0], 16);
    }
    if (/[0-9A-Za-z]/.test(c)) throw new Unreadable();
    return c.charCodeAt(0);
  }

  /** A class of few characters is a set of alternatives; any other may be anything. */
  private characterClass(): Part {
    const negated = this.text[this.at] === '^';
    if (negated) this.at++;
    const chars = new Set<string>();
    let many = negated;
    for (let first = true; ; first = false) {
      const c = this.text[this.at++];
      if (c === undefined) throw new Unreadable();
      if (c === ']' && !first) break;
      if (c === '[' && /[:.=]/.test(this.text[this.at] ?? '')) {
        const posix = /^:\^?[a-z]+:\]/.exec(this.text.slice(this.at, this.at + 16));
        if (posix === null) throw new Unreadable();
        this.at += posix[0].length;
        many = true;
        continue;
      }
      if (c !== '\\') chars.add(lower(c.charCodeAt(0)));
      else many = this.escapeInClass(chars) || many;
      // A range, unless the hyphen ends the class.
      if (this.text[this.at] === '-' && this.text[this.at + 1] !== ']') many = true;
    }
    if (many || chars.size === 0 || chars.size > Bound.Class) return Anything;
    return { exact: [...chars], some: null };
  }

  /** True when the escape stands for many characters. */
  private escapeInClass(chars: Set<string>): boolean {
    const c = this.text[this.at++];
    if (c === undefined) throw new Unreadable();
    if (/[dDsSwWhHvV]/.test(c)) return true;
    if (c === 'b') chars.add('\b');
    else chars.add(lower(this.escapedByte(c)));
    return false;
  }
}

/**
 * Literals, in lower case and each of at least ShortestLiteral bytes (one character a byte), of which every match of the
 * expression contains one in some case. Null when there is no such set, or the expression is not understood.
 *
 * @param flags PCRE flags of the rule; `x` changes what spaces mean and gives null
 */
export function requiredLiterals(expr: string, flags: string): string[] | null {
  if (flags.includes('x')) return null;
  try {
    const part = new Reader(expr).read();
    const set = better(part.some, usable(part.exact) ? part.exact : null);
    if (set === null || set.some((s) => s.length < ShortestLiteral)) return null;
    return set;
  } catch (e) {
    if (e instanceof Unreadable) return null;
    throw e;
  }
}
