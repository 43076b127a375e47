/** `peccary alerts words KIND [START]`: what a shell completes from the database. Not in the help: scripts call it. */
import { Argument, type Command } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { type WordKind, wordKinds, wordsOfKind } from '../output/query/vocabulary.js';
import { addDatabaseOptions, type DatabaseFlags, withSources } from './alerts-options.js';
import { answer } from './alerts-print.js';
import { safe } from './format.js';

export function registerWords(alerts: Command): void {
  const command = alerts
    .command('words', { hidden: true })
    .description('Words of the database that begin with START, one a line.')
    .addArgument(new Argument('<kind>', 'what they are').choices(wordKinds))
    .argument('[start]', 'how they begin', '');
  addDatabaseOptions(command).action((kind: WordKind, start: string, flags: DatabaseFlags) =>
    words(kind, start, flags),
  );
}

/** Nothing is said where there is no database: the shell just offers nothing. */
async function words(kind: WordKind, start: string, flags: DatabaseFlags): Promise<void> {
  try {
    await withSources(flags, (sources) =>
      answer({ pager: false }, async (printer) => {
        const all = new Set(sources.flatMap((s) => wordsOfKind(s.db, kind, start)));
        for (const word of all) if (safe(word) === word) await printer.print(`${word}\n`);
      }),
    );
  } catch (e) {
    if (!(e instanceof PeccaryError)) throw e;
  }
}
