/**
 * Rule headers that were read before. A public rule set has a few hundred different ones for tens of thousands of rules,
 * and a third of its rules are skipped for their header's protocol alone.
 */
import type { OptionAst, RuleAst } from './ast.js';
import { checkHeader, type HeaderMeaning, headerMeaning } from './build.js';
import type { RuleEnvironment } from './environment.js';
import { RuleSkip } from './faults.js';
import { isSpace, LexLimit } from './lexer.js';
import { parseHeader } from './parse.js';

interface ReadHeader {
  /** Good until the next header is read; its options are the caller's to fill in. */
  ast: RuleAst;
  /** Offset where they begin. */
  at: number;
}

/** A header in Suricata's dialect. */
interface Known extends ReadHeader {
  /** Its protocol is not inspected: why. */
  skip: RuleSkip | null;
  /** null: not asked for yet. */
  meaning: HeaderMeaning | null;
}

const none: OptionAst[] = [];

const enum HeaderLimit {
  /** Headers that are remembered. */
  Known = 16_384,
}

export class Headers {
  private readonly known = new Map<string, Known>();
  private last: Known | null = null;

  constructor(private readonly env: RuleEnvironment) {}

  /** Reads the header of a rule. Throws RuleFault, or RuleSkip for a protocol that is not inspected. */
  read(text: string): ReadHeader {
    this.last = null;
    const open = text.length > LexLimit.RuleLen ? -1 : text.indexOf('(');
    // Words end at spaces: what stands before the parenthesis is the whole header only when a space comes before it.
    const key = open > 0 && isSpace(text.charCodeAt(open - 1)) ? text.slice(0, open) : '';
    const known = key === '' ? undefined : this.known.get(key);
    if (known !== undefined) return this.again(known);
    const { ast, at } = parseHeader(text);
    if (ast.dialect !== 'suricata') return { ast, at };
    const fresh: Known = { ast, at, skip: null, meaning: null };
    try {
      // A third of a public rule set is about other protocols: their options need not be read to skip them.
      checkHeader(ast, this.env);
    } catch (e) {
      if (!(e instanceof RuleSkip)) throw e;
      fresh.skip = e;
    }
    if (key !== '' && at <= open && this.known.size < HeaderLimit.Known) this.known.set(key, fresh);
    return this.again(fresh);
  }

  /** The next rule's header is read elsewhere. */
  forget(): void {
    this.last = null;
  }

  /** What the header read last means; throws RuleFault. */
  meaning(ast: RuleAst): HeaderMeaning {
    if (this.last === null) return headerMeaning(ast, this.env);
    this.last.meaning ??= headerMeaning(this.last.ast, this.env);
    return this.last.meaning;
  }

  private again(known: Known): ReadHeader {
    if (known.skip !== null) throw known.skip;
    this.last = known;
    known.ast.options = none;
    return known;
  }
}
