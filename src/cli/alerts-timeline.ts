/** `peccary alerts timeline`: how often signatures fired over time, as lines in the terminal or as a drawing (SVG). */
import { writeFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { timestamp } from '../output/eve/json.js';
import { timeSpan } from '../output/log-file.js';
import {
  extent,
  mergeTimelines,
  PartsMax,
  type Period,
  partCount,
  type Series,
  timeline,
} from '../output/query/timeline.js';
import { addFilterOptions, type FilterFlags } from './alerts-filters.js';
import {
  addDatabaseOptions,
  type DatabaseFlags,
  filtersOf,
  type SourceFilter,
  wholeNumber,
  withSources,
} from './alerts-options.js';
import { answer } from './alerts-print.js';
import { severityStyle, shortTime, sidText } from './alerts-row.js';
import { printRows } from './alerts-rows.js';
import { drawTimeline } from './alerts-svg.js';
import { type Column, type Format, formatOption, outputWidth } from './format.js';

interface TimelineFlags extends DatabaseFlags, FilterFlags {
  step?: number;
  limit: number;
  svg?: string;
  format: Format;
}

/** Lengths of parts that people think in, in seconds. */
const steps = [
  0.001, 0.01, 0.1, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000,
];
/** Parts aimed at when no step is given: of a line, of a drawing. */
const enum Parts {
  Line = 60,
  Drawing = 240,
}

function stepSeconds(value: string): number {
  const m = /^(\d{1,9})ms$/.exec(value.trim());
  const seconds = m === null ? timeSpan(value) : Number(m[1]) / 1000;
  if (seconds === null || seconds <= 0) throw new InvalidArgumentError('Expected a time such as 10m, 1h, 1d.');
  return seconds;
}

export function registerTimeline(alerts: Command): void {
  const command = alerts
    .command('timeline')
    .summary('alerts over time')
    .description('Alerts over time: a line for all, and one for each of the most frequent signatures.')
    .addOption(new Option('--step <time>', 'length of a part (default: what gives some 60)').argParser(stepSeconds))
    .addOption(new Option('--limit <n>', 'at most so many signatures, 0 for all').argParser(wholeNumber(0)).default(10))
    .option('--svg <file>', 'draw it into this file')
    .addOption(formatOption());
  addDatabaseOptions(addFilterOptions(command))
    .addHelpText(
      'after',
      '\nExamples:\n  peccary alerts timeline --since 7d\n  peccary alerts timeline --since 30d --step 1d --svg month.svg',
    )
    .action((flags: TimelineFlags) => show(flags));
}

const bars = '▁▂▃▄▅▆▇█';

/** A character a part; · for none. */
export function sparkline(parts: readonly number[]): string {
  const most = parts.reduce((a, b) => Math.max(a, b), 1);
  return parts.map((n) => (n === 0 ? '·' : bars[Math.min(7, Math.ceil((n / most) * 8) - 1)])).join('');
}

/** The period asked for: what the filter names, otherwise from the first to the last alert; null without alerts. */
function periodOf(asked: SourceFilter[], step: number | undefined, aim: number): Period | null {
  const ends = asked.map(({ source, filter }) => extent(source.db, filter)).filter((e) => e !== null);
  if (ends.length === 0) return null;
  const { sinceUs, untilUs } = asked[0].filter;
  const from = sinceUs ?? Math.min(...ends.map((e) => e.firstUs));
  const to = (untilUs ?? Math.max(...ends.map((e) => e.lastUs))) + 1;
  const needed = (to - from) / 1e6;
  const chosen = step ?? steps.find((s) => needed / s <= aim) ?? Math.ceil(needed / aim);
  if (needed / chosen > PartsMax)
    throw new PeccaryError(
      'usage',
      `--step: more than ${PartsMax} parts; choose a longer step, or a shorter time with --since`,
    );
  const stepUs = chosen * 1e6;
  return { fromUs: Math.floor(from / stepUs) * stepUs, toUs: to, stepUs };
}

function show(flags: TimelineFlags): Promise<void> {
  return withSources(flags, (sources) =>
    answer(flags, async (printer) => {
      const asked = filtersOf(sources, flags);
      const room = Math.min(Parts.Line, outputWidth(process.stdout) - 45);
      const period = periodOf(asked, flags.step, flags.svg === undefined ? Math.max(20, room) : Parts.Drawing);
      const most = flags.limit === 0 ? Number.MAX_SAFE_INTEGER : flags.limit;
      const series =
        period === null
          ? []
          : mergeTimelines(
              asked.map(({ source, filter }) => timeline(source.db, filter, period)),
              period,
              most,
            );
      if (flags.svg !== undefined) {
        if (period === null) throw new PeccaryError('usage', 'there are no alerts to draw');
        writeDrawing(flags.svg, drawTimeline(series, period));
        await printer.print(`${flags.svg}\n`);
        return;
      }
      if (flags.format === 'table' && period !== null) await printer.print(`${heading(period)}\n`);
      await printRows(
        printer,
        series,
        columnsOf(flags.format),
        (s) => objectOf(s, period as Period),
        flags,
        'No alerts.',
      );
    }),
  );
}

function heading(p: Period): string {
  const seconds = p.stepUs / 1e6;
  const [n, unit] =
    seconds % 86_400 === 0
      ? [seconds / 86_400, 'd']
      : seconds % 3600 === 0
        ? [seconds / 3600, 'h']
        : seconds % 60 === 0
          ? [seconds / 60, 'm']
          : seconds >= 1
            ? [seconds, 's']
            : [seconds * 1000, 'ms'];
  const end = p.fromUs + partCount(p) * p.stepUs;
  const time = (us: number): string => (seconds < 1 ? shortTime(us) : shortTime(us).slice(0, 19));
  return `${time(p.fromUs)} to ${time(end)} UTC, ${n}${unit} a character`;
}

function columnsOf(format: Format): Column<Series>[] {
  return [
    { title: 'alerts', text: (s) => String(s.count), right: true },
    { title: 'sid', text: (s) => (s.sid === 0 ? '' : sidText(s.gid, s.sid)), right: true },
    {
      title: 'signature',
      text: (s) => s.signature,
      elastic: true,
      style: (s) => (s.sid === 0 ? 'bold' : severityStyle(s.severity)),
    },
    {
      title: 'over time',
      text: (s) => (format === 'csv' ? s.parts.join(' ') : sparkline(s.parts)),
    },
  ];
}

function objectOf(s: Series, p: Period): object {
  return {
    ...(s.sid === 0 ? { signature: null } : { gid: s.gid, signature_id: s.sid, signature: s.signature }),
    count: s.count,
    start: timestamp(p.fromUs),
    step_seconds: p.stepUs / 1e6,
    counts: s.parts,
  };
}

function writeDrawing(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (e) {
    throw new PeccaryError('usage', `--svg: ${(e as Error).message}`);
  }
}
