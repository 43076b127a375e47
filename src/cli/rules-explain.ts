/** `peccary rules explain`: why a rule did or did not fire on captures. */
import type { Command } from 'commander';
import { PeccaryError } from '../core/errors.js';
import type { RuleId } from '../sensor/explained.js';
import { outputWidth, safeJson } from './format.js';
import { addQuietOptions, type QuietFlags, quietReplay } from './quiet-replay.js';
import { painter } from './text.js';

interface Flags extends QuietFlags {
  json: boolean;
  color: boolean;
}

const examples = `
Examples:
  peccary rules explain 5100001 capture.pcap
  peccary rules explain -S my.rules 1:7 capture.pcap --json`;

export function registerExplain(rules: Command): void {
  const command = rules
    .command('explain')
    .description('Why a rule did or did not fire on captures: what held, at which condition it failed, on which bytes.')
    .argument('<sid>', 'SID or GID:SID')
    .argument('<capture...>', 'files, folders (recursive, in order of time) or -');
  addQuietOptions(command)
    .option('--json', 'print JSON', false)
    .option('--no-color', 'no colours')
    .addHelpText('after', examples)
    .action(explain);
}

/** "7" or "1:7". Throws for anything else. */
function parseRuleId(text: string): RuleId {
  const match = /^(?:(\d{1,10}):)?(\d{1,10})$/.exec(text);
  if (match === null) {
    throw new PeccaryError('usage', `${text}: expected the number of a rule, such as 5100001 or 1:5100001`);
  }
  return { gid: match[1] === undefined ? null : Number(match[1]), sid: Number(match[2]) };
}

async function explain(id: string, inputs: string[], flags: Flags): Promise<void> {
  const { explained, counters } = await quietReplay(inputs, flags, { explain: parseRuleId(id) });
  if (explained === undefined) throw new Error('a replay that was to explain a rule did not');
  const { runNotes } = await import('./explain-notes.js');
  const notes = runNotes(counters, explained);
  const out = process.stdout;
  if (flags.json) {
    const { explainObject } = await import('./explain-json.js');
    out.write(`${safeJson(JSON.stringify({ ...explainObject(explained), notes }))}\n`);
    return;
  }
  const { explainText } = await import('./explain-text.js');
  out.write(explainText(explained, notes, outputWidth(out), painter(out, flags.color)));
}
