/** What the `db` commands share. */
import type { Command } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { BlockMaker } from '../output/store/blocks.js';
import type { Database } from '../output/store/open.js';
import { WordIndex } from '../output/store/word-index.js';
import { databasePaths } from './alerts-options.js';
import { addConfigOptions, type ConfigOptions, collect } from './config-options.js';

export interface DbFlags extends ConfigOptions {
  db: string[];
  logDir?: string;
}

export function options(command: Command): Command {
  return addConfigOptions(
    command
      .option('--db <file>', 'database (default peccary.db in the log folder)', collect, [])
      .option('-l, --log-dir <dir>', 'log folder'),
  );
}

/** The one database that is meant. */
export async function pathOf(flags: DbFlags): Promise<string> {
  const paths = await databasePaths({ ...flags, color: false, pager: false });
  if (paths.length !== 1)
    throw new PeccaryError('usage', 'this is done with one database at a time; name it with --db');
  return paths[0];
}

/** Makes all columns and indexes all words that are still to be made. */
export function finish(db: Database): void {
  const blocks = new BlockMaker(db);
  while (blocks.step());
  const words = new WordIndex(db);
  while (words.step(performance.now() + 1000));
}
