/** Rules that were refused, with their text as it stands in the files now: `ruleset-failed-rules`. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { RuleNote } from '../rules/ir.js';

/** Rules that are told; how many there are is in `ruleset-stats`. */
const MaxTold = 1000;
/** Characters of a rule that are told. */
const MaxRuleLen = 2048;

interface RefusedRule {
  tenant_id: 0;
  /** Empty where the file cannot be read any more. */
  rule: string;
  filename: string;
  line: number;
  /** What Suricata does not tell. */
  column: number;
  sid: number | null;
  reason: string;
  hint: string | null;
}

/** The first thousand of `notes` with the text of their rules. Files are read as streams: this must not block. */
export async function refusedRuleTexts(notes: readonly RuleNote[]): Promise<RefusedRule[]> {
  const told = notes.slice(0, MaxTold);
  const texts = new Map<string, Map<number, string>>();
  for (const { file, line } of told) {
    const lines = texts.get(file) ?? new Map<number, string>();
    texts.set(file, lines.set(line, ''));
  }
  for (const [file, lines] of texts) {
    // A file that has gone since, or cannot be read any more, leaves its rules without text.
    await readLines(file, lines).catch(() => undefined);
  }
  return told.map(({ file, line, column, sid, reason, hint }) => ({
    tenant_id: 0,
    rule: texts.get(file)?.get(line) ?? '',
    filename: file,
    line,
    column,
    sid,
    reason,
    hint,
  }));
}

/** Fills in the lines that `wanted` has as keys; a line that ends with a backslash goes on in the next. */
async function readLines(file: string, wanted: Map<number, string>): Promise<void> {
  // A pipe (`-S <(…)`) has nothing left to read, and waiting for it would occupy a thread for ever.
  if (!(await stat(file)).isFile()) return;
  const stream = createReadStream(file, 'utf8');
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  // Not every version of Node passes on to readline what its input meets.
  stream.once('error', () => lines.close());
  let left = wanted.size;
  let n = 0;
  let continued = 0;
  for await (const text of lines) {
    n++;
    if (continued === 0 && wanted.has(n)) continued = n;
    if (continued === 0) continue;
    const known = wanted.get(continued) ?? '';
    const goesOn = text.endsWith('\\');
    wanted.set(continued, (known + (goesOn ? text.slice(0, -1) : text)).slice(0, MaxRuleLen));
    if (goesOn) continue;
    continued = 0;
    if (--left === 0) break;
  }
  stream.destroy();
}
