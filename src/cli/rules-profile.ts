/** `peccary rules profile`: what each rule costs on a capture, worst first. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Format, formatOption, outputWidth, render } from './format.js';
import { addQuietOptions, type QuietFlags, quietReplay } from './quiet-replay.js';
import { type CostOrder, costColumns, costObject, costOrders, worstRules } from './rule-costs-text.js';
import { painter, plural } from './text.js';

interface Flags extends QuietFlags {
  sort: CostOrder;
  limit: number;
  format: Format;
  color: boolean;
}

const examples = `
Examples:
  peccary rules profile capture.pcap
  peccary rules profile -S my.rules --sort avg --limit 0 --format csv capture.pcap`;

/** Rules shown unless --limit says otherwise. */
const DefaultLimit = 20;

export function registerProfile(rules: Command): void {
  const command = rules
    .command('profile')
    .description('How often rules were checked and matched on captures, and the time they took, worst first.')
    .argument('<capture...>', 'files, folders (recursive, in order of time) or -');
  addQuietOptions(command)
    .addOption(new Option('--sort <by>', 'order').choices([...costOrders]).default('total'))
    .option('--limit <n>', 'rules to show, 0 for all', limit, DefaultLimit)
    .addOption(formatOption())
    .option('--no-color', 'no colours')
    .addHelpText('after', examples)
    .action(profile);
}

function limit(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Expected a number, 0 for all.');
  return Number(value);
}

async function profile(inputs: string[], flags: Flags): Promise<void> {
  const summary = await quietReplay(inputs, flags, { profile: true });
  const all = summary.profile ?? [];
  const rows = worstRules(all, flags.sort, flags.limit);
  const out = process.stdout;
  out.write(render(rows, costColumns, costObject, flags.format, outputWidth(out), painter(out, flags.color)));
  if (flags.format !== 'table') return;
  const checked = `${plural(all.length, 'rule')} of ${summary.rules.loaded} checked`;
  out.write(`${checked}${rows.length < all.length ? `, ${rows.length} shown: --limit 0 shows all` : ''}\n`);
}
