/** `peccary alerts show`: one alert as a person wants to see it. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { addressBytes } from '../output/address-bytes.js';
import { timestamp } from '../output/eve/json.js';
import { loadAlert, type StoredAlert } from '../output/query/alert.js';
import { neighboursOf } from '../output/query/neighbours.js';
import { type AlertName, alertName, type Source, sourceOf } from '../output/query/sources.js';
import { type Triage, triageOf } from '../output/query/triage.js';
import { plainMarker, terminalMarker } from './alerts-bytes.js';
import { neighbourSection, nextSection, triageSection } from './alerts-context.js';
import { eveLines } from './alerts-eve.js';
import { addDatabaseOptions, alertId, type DatabaseFlags, withSources } from './alerts-options.js';
import { answer } from './alerts-print.js';
import { alertIdOf } from './alerts-row.js';
import { AlertText } from './alerts-text.js';
import { safeJson } from './format.js';
import { painter } from './text.js';

export interface ShowFlags extends DatabaseFlags {
  hex: boolean;
  full: boolean;
  format: 'text' | 'json';
}

export function registerShow(alerts: Command): void {
  const command = alerts
    .command('show')
    .summary('one alert in full')
    .description(
      'One alert in full: the request with the matching bytes marked, its flow, the rule, what came before and after.',
    )
    .argument('<id>', 'the id that list shows', alertId)
    .option('--hex', 'payload and packet as hexdumps too', false)
    .option('--full', 'whole bodies, as far as they are kept (4 KiB)', false)
    .addOption(new Option('--format <format>', 'form of the answer').choices(['text', 'json']).default('text'));
  addDatabaseOptions(command)
    .addHelpText('after', '\nExamples:\n  peccary alerts show 12\n  peccary alerts show 12 --format json | jq .http')
    .action((id: AlertName, flags: ShowFlags) => show(id, flags));
}

/** The alert of this name and its database. Throws PeccaryError 'usage' when there is none. */
export function namedAlert(sources: Source[], name: AlertName): { source: Source; alert: StoredAlert } {
  const source = sourceOf(sources, name);
  const alert = loadAlert(source.db, name.id);
  if (alert === null)
    throw new PeccaryError(
      'usage',
      `there is no alert ${name.id} in this database; "peccary alerts list --run all" shows which there are`,
    );
  return { source, alert };
}

function show(name: AlertName, flags: ShowFlags): Promise<void> {
  return withSources(flags, (sources) =>
    answer(flags, async (printer) => {
      const { source, alert } = namedAlert(sources, name);
      const triage = triageOf(source.db, alert.id);
      if (flags.format === 'json') {
        await printer.print(`${safeJson(JSON.stringify(alertObject(source, alert, triage), null, 2))}\n`);
        return;
      }
      const paint = painter(process.stdout, flags.color);
      const marker = process.stdout.isTTY === true && paint('bold', '') !== '' ? terminalMarker : plainMarker;
      const src = addressBytes(alert.record.src);
      const around = [
        triageSection(triage),
        src.length === 0
          ? null
          : neighbourSection(source, alert, neighboursOf(source.db, { ...alert, ...placeOf(alert, src) })),
        nextSection(source, alert),
      ].filter((s) => s !== null);
      await printer.print(new AlertText(alert, alertName(source, alert.id), around, paint, marker, flags).text());
    }),
  );
}

function placeOf(alert: StoredAlert, src: Buffer): { timeUs: number; src: Buffer } {
  return { timeUs: alert.record.tsUs, src };
}

/** EVE's alert event with what the store knows besides. */
function alertObject(source: Source, a: StoredAlert, triage: Triage): object {
  const event = JSON.parse(eveLines()(a));
  const h = a.record.http;
  const text = (b: Uint8Array | null | undefined) =>
    b == null ? null : Buffer.from(b.buffer, b.byteOffset, b.byteLength).toString('base64');
  return {
    ...alertIdOf(source, a.id),
    run: a.run,
    ...event,
    request_head: text(h?.requestHead),
    response_head: text(h?.responseHead),
    matches: a.record.matches.map((m) => ({ buffer: m.buffer, offset: m.off, length: m.len, bytes: text(m.bytes) })),
    rule_file: a.rule.file,
    rule_line: a.rule.line,
    archived: triage.archived,
    escalated: triage.escalated,
    tags: triage.tags,
    history: triage.notes.map((n) => ({ timestamp: timestamp(n.timeUs), user: n.who, action: n.action, text: n.text })),
  };
}
