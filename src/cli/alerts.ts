/** `peccary alerts`: questions about the alerts that replays and sensors have stored, and what people do about them. */
import type { Command } from 'commander';
import { registerExport } from './alerts-export.js';
import { registerGroup } from './alerts-group.js';
import { registerList } from './alerts-list.js';
import { registerPrune } from './alerts-prune.js';
import { registerShow } from './alerts-show.js';
import { registerSql } from './alerts-sql.js';
import { registerStats } from './alerts-stats.js';
import { registerTail } from './alerts-tail.js';
import { registerTimeline } from './alerts-timeline.js';
import { registerTop } from './alerts-top.js';
import { registerTriage } from './alerts-triage.js';
import { registerSuppress, registerThreshold } from './alerts-tune.js';
import { registerWords } from './alerts-words.js';

const examples = `
Examples:
  peccary alerts list --since 2h --src 192.0.2.0/24
  peccary alerts show 12
  peccary alerts top --by src --signature injection
  peccary alerts suppress 12 --by src --for 7d --why "our own scanner"

Without --run, a database of replays answers for its latest one. Times are UTC.
Archived alerts are left out, except by show, export, stats and sql; --state all
has them. Several databases (--db twice, or a folder) are asked as one.`;

export function registerAlerts(program: Command): void {
  const alerts = program
    .command('alerts')
    .description('Query the alerts of earlier runs.')
    .addHelpText('after', examples);
  for (const register of [
    registerList,
    registerShow,
    registerTop,
    registerTimeline,
    registerTail,
    registerGroup,
    registerStats,
    registerExport,
    registerTriage,
    registerSuppress,
    registerThreshold,
    registerPrune,
    registerSql,
    registerWords,
  ])
    register(alerts);
}
