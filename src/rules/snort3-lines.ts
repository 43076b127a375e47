/**
 * Snort 3 takes rules over several lines without backslashes, and C's comments (Snort 3 rule writing guide, "The Basics"). This
 * writes such a file with a rule on each logical line, so that lines keep their numbers.
 */
import { LexLimit } from './lexer.js';

const action = /^(?:alert|drop|block|pass|log|reject|react|rewrite)\s/;

/** Where a rule stands at the end of a line. */
interface Scan {
  depth: number;
  opened: boolean;
  quoted: boolean;
}

function scanLine(line: string, s: Scan): void {
  for (let i = 0; i < line.length; i++) {
    const c = line.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c === 0x22) s.quoted = !s.quoted;
    else if (s.quoted) continue;
    else if (c === 0x28) {
      s.depth++;
      s.opened = true;
    } else if (c === 0x29) s.depth--;
  }
}

/** Comments between slash and star as spaces, outside quotes; line ends stay. */
function withoutComments(text: string): string {
  if (!text.includes('/*')) return text;
  return text.replace(/"(?:[^"\\\n]|\\.)*"|\/\*[\s\S]*?(?:\*\/|$)/g, (m) =>
    m.startsWith('"') ? m : m.replace(/[^\n]/g, ' '),
  );
}

/** The text with a backslash at the end of every line that a rule goes on after. */
export function joinSnort3Lines(text: string): string {
  const lines = withoutComments(text).split('\n');
  const out: string[] = [];
  for (let i = 0; i < lines.length; ) {
    const end = action.test(lines[i]) ? endOfRule(lines, i) : i;
    for (; i < end; i++) out.push(`${/^\s*#/.test(lines[i]) ? '' : lines[i].trimEnd()} \\`);
    out.push(lines[i++]);
  }
  return out.join('\n');
}

/** The line on which the rule that begins on line `from` ends: `from` itself when its parentheses never close. */
function endOfRule(lines: readonly string[], from: number): number {
  const s: Scan = { depth: 0, opened: false, quoted: false };
  let length = 0;
  for (let i = from; i < lines.length && length <= LexLimit.RuleLen; i++) {
    const line = lines[i];
    if (i > from && (action.test(line) || (!s.opened && !/^\s*(?:\(|#|$)/.test(line)))) return from;
    length += line.length;
    if (i > from && /^\s*#/.test(line)) continue;
    scanLine(line, s);
    if (s.opened && s.depth <= 0) return i;
  }
  return from;
}
