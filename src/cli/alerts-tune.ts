/** `peccary alerts suppress|threshold`: from an alert that is noise to a line in threshold.config. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { addressBytes, shortAddressText } from '../output/address-bytes.js';
import { timeSpan } from '../output/log-file.js';
import type { StoredAlert } from '../output/query/alert.js';
import {
  type Asked,
  type Hidden,
  hiddenBySuppression,
  hiddenByThreshold,
  type ThresholdEntry,
  type ThresholdTrack,
  type ThresholdType,
  thresholdTracks,
  thresholdTypes,
} from '../output/query/hidden.js';
import { defaultRuns } from '../output/query/runs.js';
import { type AlertName, alertName, type Source } from '../output/query/sources.js';
import { changeAlerts, type TriageAction } from '../output/query/triage.js';
import { openForChanging } from '../output/store/open.js';
import { addDatabaseOptions, alertId, type DatabaseFlags, nowOf, wholeNumber, withSources } from './alerts-options.js';
import { answer, type Printer } from './alerts-print.js';
import { namedAlert } from './alerts-show.js';
import { type Entry, thresholdFile, writeEntry } from './alerts-threshold-file.js';
import { userName } from './alerts-triage.js';
import { safe } from './format.js';
import { grouped, plural } from './text.js';

interface TuneFlags extends DatabaseFlags {
  for?: number;
  why?: string;
  file?: string;
  dryRun: boolean;
}

interface SuppressFlags extends TuneFlags {
  by?: 'src' | 'dst';
}

interface ThresholdFlags extends TuneFlags {
  type: ThresholdType;
  count: number;
  within?: number;
  by: ThresholdTrack;
}

/** Microseconds of the past that are looked at. */
const WeekUs = 7 * 86_400e6;

/** Seconds of a threshold. */
const UsualTime = 3600;

function seconds(value: string): number {
  const n = timeSpan(value);
  if (n === null || n < 1) throw new InvalidArgumentError('Expected a time such as 12h, 7d, 4w.');
  return n;
}

const note = `
The line goes into threshold-file of the configuration, or --file. A running
sensor takes it with "peccary ctl reload"; with --for it ends by itself.`;

function tuning(command: Command, examples: string[]): Command {
  command
    .argument('<id>', 'the id that list shows', alertId)
    .addOption(new Option('--for <time>', 'only for this long, such as 7d').argParser(seconds))
    .option('--why <text>', 'the reason, kept in the file')
    .option('--file <file>', 'threshold.config (default: threshold-file of the configuration)')
    .option('--dry-run', 'only say what would be written and hidden', false);
  return addDatabaseOptions(command).addHelpText(
    'after',
    `${note}\n\nExamples:\n${examples.map((e) => `  peccary alerts ${e}`).join('\n')}`,
  );
}

export function registerSuppress(alerts: Command): void {
  const command = alerts
    .command('suppress')
    .summary('hide a signature by threshold.config')
    .description(
      "Writes a line to threshold.config that hides an alert's signature: everywhere, or from or to its address.",
    )
    .addOption(new Option('--by <side>', 'only with the same source or destination').choices(['src', 'dst']));
  tuning(command, ['suppress 12 --by src --for 7d --why "our own scanner"', 'suppress 12 --dry-run']).action(
    (id: AlertName, flags: SuppressFlags) => suppress(id, flags),
  );
}

export function registerThreshold(alerts: Command): void {
  const command = alerts
    .command('threshold')
    .summary('thin a signature out by threshold.config')
    .description("Writes a line to threshold.config that thins an alert's signature out.")
    .addOption(
      new Option('--type <type>', 'the first alerts of a time, every so many, or one a time after so many')
        .choices(thresholdTypes)
        .default('limit'),
    )
    .addOption(new Option('--count <n>', 'how many').argParser(wholeNumber(1)).default(1))
    .addOption(new Option('--within <time>', 'the time (default 1h)').argParser(seconds))
    .addOption(new Option('--by <track>', 'what is counted by itself').choices(thresholdTracks).default('src'));
  tuning(command, ['threshold 12 --count 1 --within 1h --by src']).action((id: AlertName, flags: ThresholdFlags) =>
    threshold(id, flags),
  );
}

function suppress(name: AlertName, flags: SuppressFlags): Promise<void> {
  return tune(name, flags, 'suppressed', ({ record: r }) => {
    const { by } = flags;
    const address = by === undefined ? Buffer.alloc(0) : addressBytes(r[by]);
    if (by !== undefined && address.length === 0)
      throw new PeccaryError('usage', `this alert has no address; leave out --by ${by}`);
    const where = by === undefined ? '' : `, track by_${by}, ip ${shortAddressText(address)}`;
    return {
      line: `suppress gen_id ${r.gid}, sig_id ${r.sid}${where}`,
      hidden: (s, asked) => hiddenBySuppression(s.db, asked, by ?? null, address),
    };
  });
}

function threshold(name: AlertName, flags: ThresholdFlags): Promise<void> {
  const t: ThresholdEntry = {
    type: flags.type,
    track: flags.by,
    count: flags.count,
    seconds: flags.within ?? UsualTime,
  };
  return tune(name, flags, 'threshold', ({ record: r }) => ({
    line: `event_filter gen_id ${r.gid}, sig_id ${r.sid}, type ${t.type}, track by_${t.track}, count ${t.count}, seconds ${t.seconds}`,
    hidden: (s, asked) => hiddenByThreshold(s.db, asked, t),
  }));
}

interface Plan {
  line: string;
  hidden(source: Source, asked: Asked): Hidden;
}

function tune(
  name: AlertName,
  flags: TuneFlags,
  action: Extract<TriageAction, 'suppressed' | 'threshold'>,
  planOf: (a: StoredAlert) => Plan,
): Promise<void> {
  return withSources(flags, (sources) =>
    answer(flags, async (printer) => {
      const { source, alert } = namedAlert(sources, name);
      const plan = planOf(alert);
      const file = await thresholdFile(flags);
      const entry: Entry = {
        line: plan.line,
        expiresMs: flags.for === undefined ? null : Date.now() + flags.for * 1000,
        comment: commentOf(alertName(source, alert.id), alert, flags.why),
      };
      await tellHidden(printer, sources, alert, plan);
      if (flags.dryRun) {
        await printer.print(`would be written to ${safe(file.path)}:\n  ${plan.line}\n`);
        return;
      }
      const written = writeEntry(file.path, entry);
      await printer.print(
        `${safe(file.path)}:${written.line}: ${written.added ? '' : 'already there: '}${plan.line}\n`,
      );
      if (!file.configured)
        process.stderr.write(
          `to have it read: threshold-file: ${safe(file.path)} in the configuration, or --set threshold-file=${safe(file.path)}\n`,
        );
      if (written.added) await remember(source, alert.id, action, plan.line, flags);
    }),
  );
}

/** One line, whatever the rule's message and the reason hold. */
function commentOf(id: string, a: StoredAlert, why: string | undefined): string {
  const at = `${new Date().toISOString().slice(0, 19)}Z`;
  const reason = why === undefined || why.trim() === '' ? '' : `: ${safe(why.trim()).slice(0, 500)}`;
  const message = safe(a.rule.msg).slice(0, 200);
  // A backslash at the end would join the next line.
  return `${userName()}, ${at}, alert ${id} "${message}"${reason}`.replace(/\\+$/, '');
}

async function tellHidden(printer: Printer, sources: Source[], alert: StoredAlert, plan: Plan): Promise<void> {
  const runs = sources.map((s) => defaultRuns(s.db));
  const sinceUs = nowOf(sources, runs)() - WeekUs;
  const { gid, sid } = alert.record;
  const all = sources.map((s, i) => plan.hidden(s, { gid, sid, sinceUs, runs: runs[i].ids }));
  const alerts = all.reduce((n, h) => n + h.alerts, 0);
  const hidden = all.reduce((n, h) => n + h.hidden, 0);
  await printer.print(
    `of the past week's ${plural(alerts, 'alert')} of this signature it would have hidden ${grouped(hidden)}\n`,
  );
}

/** Notes at the alert what was done; a database that cannot be written does not undo it. */
async function remember(
  source: Source,
  id: number,
  action: TriageAction,
  line: string,
  flags: TuneFlags,
): Promise<void> {
  const text = flags.why === undefined ? line : `${line} (${flags.why})`;
  try {
    const db = await openForChanging(source.path);
    try {
      changeAlerts(db, [id], { action, text: text.slice(0, 1000), who: userName(), timeUs: Date.now() * 1000 });
    } finally {
      db.close();
    }
  } catch (e) {
    process.stderr.write(`peccary: not noted at the alert: ${safe((e as Error).message)}\n`);
  }
}
