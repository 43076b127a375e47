/**
 * A rule as written: header words and options with their places, no meaning yet.
 * Both Suricata's and Snort's dialects are read into this shape.
 */

/** A word of the header. `at` is the offset of its first character in the rule's text. */
export interface Word {
  text: string;
  at: number;
}

/** One option. `value` is everything after the colon up to the semicolon, untrimmed at the front; null without colon. */
export interface OptionAst {
  name: string;
  value: string | null;
  at: number;
}

/** How the rule is spelt: decides which front end reads its options. */
type Dialect = 'suricata' | 'snort3';

export interface RuleAst {
  dialect: Dialect;
  action: Word;
  proto: Word;
  /** In the Snort 3 short form (`alert http (…)`) addresses and ports are absent and stand here as `any`. */
  src: Word;
  srcPorts: Word;
  direction: Word;
  dst: Word;
  dstPorts: Word;
  options: OptionAst[];
}

/** The rule on one line, so that parsing it again gives the same words and options (places aside). */
export function printRule(ast: RuleAst): string {
  const head = [ast.action, ast.proto, ast.src, ast.srcPorts, ast.direction, ast.dst, ast.dstPorts];
  const options = ast.options.map((o) => (o.value === null ? `${o.name};` : `${o.name}:${o.value};`));
  return `${head.map((w) => w.text).join(' ')} (${options.join(' ')})`;
}

/** The same rule without places, for comparing two readings of it. */
export function withoutPlaces(ast: RuleAst): unknown {
  return {
    dialect: ast.dialect,
    head: [ast.action, ast.proto, ast.src, ast.srcPorts, ast.direction, ast.dst, ast.dstPorts].map((w) => w.text),
    options: ast.options.map((o) => [o.name, o.value]),
  };
}
