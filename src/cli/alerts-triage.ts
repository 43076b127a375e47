/** `peccary alerts archive|escalate|tag|comment`: what people did about alerts, kept with who and when. */

import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { type AlertName, alertName, type Source, sourceOf } from '../output/query/sources.js';
import { type Change, changeAlerts, idsOf, known, type TriageAction, TriageLimit } from '../output/query/triage.js';
import { openForChanging } from '../output/store/open.js';
import { addFilterOptions, type FilterFlags, filtersAnything, tagText } from './alerts-filters.js';
import { addDatabaseOptions, alertIds, type DatabaseFlags, filtersOf, withSources } from './alerts-options.js';
import { answer } from './alerts-print.js';
import { plural } from './text.js';

export interface TriageFlags extends DatabaseFlags, FilterFlags {
  undo?: boolean;
  /** Who does it, unless the system's user. */
  user?: string;
}

const which = '\nWithout ids, all alerts that the filters leave; one of the two must be given.';

export function registerTriage(alerts: Command): void {
  flag(
    alerts,
    'archive',
    'alerts that are dealt with',
    'Alerts that are dealt with: lists leave them out from now on.',
    'archived',
    'unarchived',
  );
  flag(
    alerts,
    'escalate',
    'alerts that need a second look',
    'Alerts that need a second look.',
    'escalated',
    'deescalated',
  );
  const tag = alerts
    .command('tag')
    .summary('a word to find alerts by')
    .description('Gives alerts a tag (or takes it with --undo): a word to find them by.')
    .argument('<tag>', 'letters, digits, . _ - /');
  common(tag, 'tag scanner 12 13').action((word: string, ids: AlertName[] | undefined, flags: TriageFlags) => {
    const text = tagText(word);
    if (text === null)
      throw new PeccaryError('usage', `"${word}" is no tag: letters, digits, and . _ - / between them`);
    return change(ids, flags, flags.undo ? 'untagged' : 'tagged', text);
  });
  const comment = alerts
    .command('comment')
    .summary('something said about alerts')
    .description('Says something about alerts; show prints it with who said it and when.')
    .argument('<text>', 'what to say');
  common(comment, `comment "the scanner of the auditors" 12`, false).action(
    (text: string, ids: AlertName[] | undefined, flags: TriageFlags) => {
      if (text.trim() === '' || text.length > TriageLimit.TextLength)
        throw new PeccaryError('usage', `a comment has 1 to ${TriageLimit.TextLength} characters`);
      return change(ids, flags, 'comment', text.trim());
    },
  );
}

function flag(
  alerts: Command,
  name: string,
  summary: string,
  about: string,
  on: TriageAction,
  off: TriageAction,
): void {
  const command = alerts.command(name).summary(summary).description(about);
  common(command, `${name} 12 13`).action((ids: AlertName[] | undefined, flags: TriageFlags) =>
    change(ids, flags, flags.undo ? off : on, ''),
  );
}

function common(command: Command, example: string, undo = true): Command {
  command.argument('[id...]', 'ids that list shows', alertIds);
  if (undo) command.option('--undo', 'take it back', false);
  command.addOption(new Option('--user <name>', "who does this (default: the system's user)"));
  const filtered = example.replace(/ 12( 13)?$/, ' --sid 5100001 --src 192.0.2.0/24');
  return addDatabaseOptions(addFilterOptions(command)).addHelpText(
    'after',
    `${which}\n\nExamples:\n  peccary alerts ${example}\n  peccary alerts ${filtered}`,
  );
}

/** Who is at the keyboard, as far as the system knows. */
export function userName(): string {
  const { SUDO_USER } = process.env;
  if (SUDO_USER !== undefined && SUDO_USER !== '') return SUDO_USER.slice(0, TriageLimit.TagLength);
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}

/** The alerts meant, by database. Throws PeccaryError 'usage' when nothing says which, or one is not there. */
function meant(sources: Source[], ids: AlertName[], flags: TriageFlags): { source: Source; ids: number[] }[] {
  if (ids.length === 0) {
    if (!filtersAnything(flags) && flags.run === undefined)
      throw new PeccaryError('usage', 'say which alerts: their ids, or filters such as --sid and --src');
    return filtersOf(sources, flags, 'all').map(({ source, filter }) => ({ source, ids: idsOf(source.db, filter) }));
  }
  if (filtersAnything(flags)) throw new PeccaryError('usage', 'either ids or filters, not both');
  const lists = new Map<Source, number[]>();
  for (const name of ids) {
    const source = sourceOf(sources, name);
    lists.set(source, [...(lists.get(source) ?? []), name.id]);
  }
  return [...lists].map(([source, list]) => {
    const there = new Set(known(source.db, list));
    const missing = list.find((id) => !there.has(id));
    if (missing !== undefined) throw new PeccaryError('usage', `there is no alert ${alertName(source, missing)}`);
    return { source, ids: list };
  });
}

const words: Record<TriageAction, string> = {
  comment: 'commented on',
  archived: 'archived',
  unarchived: 'taken out of the archive',
  escalated: 'escalated',
  deescalated: 'no longer escalated',
  tagged: 'tagged',
  untagged: 'no longer tagged',
  suppressed: 'suppressed',
  threshold: 'thresholded',
};

function change(ids: AlertName[] | undefined, flags: TriageFlags, action: TriageAction, text: string): Promise<void> {
  return withSources(
    flags,
    (sources) =>
      answer(flags, async (printer) => {
        const made: Change = {
          action,
          text,
          who: flags.user?.slice(0, TriageLimit.TagLength) ?? userName(),
          timeUs: Date.now() * 1000,
        };
        let changed = 0;
        let asked = 0;
        for (const { source, ids: list } of meant(sources, ids ?? [], flags)) {
          asked += list.length;
          changed += changeAlerts(source.db, list, made);
        }
        const rest = asked - changed;
        const before = rest > 0 ? ` (${plural(rest, 'other')} as before)` : '';
        await printer.print(`${plural(changed, 'alert')} ${words[action]}${before}\n`);
      }),
    openForChanging,
  );
}
