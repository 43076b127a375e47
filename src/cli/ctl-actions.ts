/** What each action of `peccary ctl` asks the sensor and how its answers read. */
import type { ControlClient } from '../control/client.js';
import { flatCounters } from '../control/counter-tree.js';
import { PeccaryError } from '../core/errors.js';
import type { HealthReport } from '../sensor/health.js';
import { percentText } from '../sensor/health-words.js';
import { type BanList, banColumns, noBans } from './ctl-bans.js';
import { type ActionName, actionList, type CtlFlags } from './ctl-names.js';
import { type Column, outputWidth, safe, safeJson, tableLines } from './format.js';
import { byteSize, grouped, painter, plural } from './text.js';

interface Answer {
  json: unknown;
  text(): string;
}

interface Action extends ActionName {
  run(client: ControlClient, words: string[], flags: CtlFlags): Promise<Answer>;
}

type Run = Action['run'];

/** The message of an answer; throws PeccaryError with the sensor's words when it refused. */
async function ask<T>(client: ControlClient, command: string, args?: object): Promise<T> {
  const { ok, message } = await client.send(command, args);
  if (!ok) throw new PeccaryError('runtime', safe(typeof message === 'string' ? message : JSON.stringify(message)));
  return message as T;
}

function table<T>(rows: T[], columns: Column<T>[], { color }: CtlFlags): string {
  return `${tableLines(rows, columns, outputWidth(process.stdout), painter(process.stdout, color)).join('\n')}\n`;
}

const line = (text: string): string => `${safe(text)}\n`;

const stats: Run = async (client, names, flags) => {
  const message = await ask<object>(client, 'dump-counters');
  const wanted = (name: string): boolean =>
    names.length === 0 || names.some((n) => name === n || name.startsWith(`${n}.`));
  const all = flatCounters(message).filter(([name, value]) => wanted(name) && (value !== 0 || flags.all));
  const columns: Column<[string, number]>[] = [
    { title: 'counter', text: ([name]) => name },
    { title: 'value', text: ([, value]) => grouped(value), right: true },
  ];
  const none = names.length === 0 ? 'every counter is zero' : `no counter of ${names.join(', ')} that is not zero`;
  return { json: Object.fromEntries(all), text: () => (all.length === 0 ? line(none) : table(all, columns, flags)) };
};

interface InterfaceRow {
  name: string;
  pkts: number;
  /** null: not known. */
  drop: number | null;
  'invalid-checksums': number;
  bytes?: number;
  'iface-drop'?: number | null;
  up?: boolean;
}

const dropsText = (n: number | null | undefined): string =>
  n === undefined ? '' : n === null ? 'not known' : grouped(n);

const interfaceColumns: Column<InterfaceRow>[] = [
  { title: 'interface', text: (r) => r.name },
  { title: 'state', text: (r) => (r.up === false ? 'away' : 'up'), style: (r) => (r.up === false ? 'red' : null) },
  { title: 'packets', text: (r) => grouped(r.pkts), right: true },
  { title: 'bytes', text: (r) => (r.bytes === undefined ? '' : byteSize(r.bytes)), right: true },
  {
    title: 'dropped by kernel',
    text: (r) => dropsText(r.drop),
    right: true,
    style: (r) => (r.drop !== null && r.drop > 0 ? 'red' : null),
  },
  { title: 'by interface', text: (r) => dropsText(r['iface-drop']), right: true },
  { title: 'bad checksums', text: (r) => grouped(r['invalid-checksums']), right: true },
];

const interfaces: Run = async (client, _words, flags) => {
  const { ifaces } = await ask<{ ifaces: string[] }>(client, 'iface-list');
  const rows: InterfaceRow[] = [];
  for (const name of ifaces) rows.push({ ...(await ask<InterfaceRow>(client, 'iface-stat', { iface: name })), name });
  return {
    json: rows,
    text: () => (rows.length === 0 ? line('no interfaces') : table(rows, interfaceColumns, flags)),
  };
};

type Health = Pick<HealthReport, 'measures' | 'findings' | 'unknown'> & { at: string; interval: number };

const health: Run = async (client, _words, flags) => {
  const report = await ask<Health>(client, 'health');
  const wrong = new Set(report.findings.map(({ kind }) => kind));
  const columns: Column<Health['measures'][number]>[] = [
    { title: 'measure', text: ({ kind }) => kind },
    { title: 'count', text: ({ count }) => grouped(count), right: true },
    { title: 'of', text: ({ of }) => grouped(of), right: true },
    {
      title: 'share',
      text: ({ rate }) => percentText(rate),
      right: true,
      style: ({ kind }) => (wrong.has(kind) ? 'red' : null),
    },
    { title: 'threshold', text: ({ threshold }) => percentText(threshold), right: true },
  ];
  const unknown = report.unknown.length === 0 ? [] : [line(`not known: ${report.unknown.join(', ')}`)];
  const found = report.findings.map(({ summary, cause, remedy }) => line(`${summary}: ${cause}; ${remedy}`));
  const head = `${wrong.size === 0 ? 'good' : plural(report.findings.length, 'finding')}, ${Math.round(report.interval)} s until ${report.at}`;
  return {
    json: report,
    text: () => [line(head), ...unknown, ...found, '\n', table(report.measures, columns, flags)].join(''),
  };
};

interface RulesetStats {
  rules_loaded: number;
  rules_failed: number;
  rules_skipped: number;
}

interface RefusedRow {
  rule: string;
  filename: string;
  line: number;
  reason?: string;
}

const refusedColumns: Column<RefusedRow>[] = [
  { title: 'file', text: (r) => `${r.filename}:${r.line}` },
  { title: 'reason', text: (r) => r.reason ?? '', elastic: true },
  { title: 'rule', text: (r) => r.rule, elastic: true },
];

const ofLoad = ({ rules_loaded: loaded, rules_failed: failed, rules_skipped: skipped }: RulesetStats): string =>
  `${plural(loaded, 'rule')} loaded, ${grouped(failed)} refused, ${grouped(skipped)} skipped`;

const rules: Run = async (client, _words, flags) => {
  const [counts] = await ask<RulesetStats[]>(client, 'ruleset-stats');
  const [{ last_reload: at }] = await ask<{ last_reload: string }[]>(client, 'ruleset-reload-time');
  const refused = await ask<RefusedRow[]>(client, 'ruleset-failed-rules');
  return {
    json: { ...counts, last_reload: at, refused },
    text: () =>
      line(`${ofLoad(counts)}; last loaded ${at}`) +
      (refused.length === 0 ? '' : `\n${table(refused, refusedColumns, flags)}`),
  };
};

const reload: Run = async (client, _words, { wait }) => {
  await ask(client, wait ? 'reload-rules' : 'ruleset-reload-nonblocking');
  if (!wait) return { json: { reloading: true }, text: () => line('the reload has begun') };
  const [counts] = await ask<RulesetStats[]>(client, 'ruleset-stats');
  return { json: counts, text: () => line(ofLoad(counts)) };
};

/** "3 d 4 h 12 min", "4 min 2 s". */
export function duration(seconds: number): string {
  const steps: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [Math.floor(seconds) % 60, 's'],
  ];
  const first = steps.findIndex(([n]) => n > 0);
  const told = first < 0 ? steps.slice(-1) : steps.slice(first, first + 3);
  return told.map(([n, unit]) => `${n} ${unit}`).join(' ');
}

const uptime: Run = async (client) => {
  const seconds = await ask<number>(client, 'uptime');
  return { json: seconds, text: () => line(duration(seconds)) };
};

const info: Run = async (client) => {
  const version = await ask<string>(client, 'version');
  const running = await ask<string>(client, 'running-mode');
  const capture = await ask<string>(client, 'capture-mode');
  const seconds = await ask<number>(client, 'uptime');
  return {
    json: { version, 'running-mode': running, 'capture-mode': capture, uptime: seconds },
    text: () => line(version) + line(`${capture}, ${running}, up ${duration(seconds)}`),
  };
};

const config: Run = async (client, [variable]) => {
  const value = await ask<string>(client, 'conf-get', { variable });
  return { json: value, text: () => line(value) };
};

/** A command whose answer is a message alone. */
const plain = async (client: ControlClient, command: string, args?: object): Promise<Answer> => {
  const message = await ask<unknown>(client, command, args);
  return {
    json: message,
    text: () => (typeof message === 'string' ? line(message) : `${safeJson(JSON.stringify(message, null, 2))}\n`),
  };
};

const dataset: Run = (client, [action, setname, settype, value]) => {
  if (action !== 'add' && action !== 'remove') {
    throw new PeccaryError('usage', `usage: peccary ctl dataset ${actionList.dataset.usage}`);
  }
  // Strings are sent in base64, as they stand in the files of data sets.
  const datavalue = settype === 'string' ? Buffer.from(value, 'utf8').toString('base64') : value;
  return plain(client, `dataset-${action}`, { setname, settype, datavalue });
};

const bans: Run = async (client, _, flags) => {
  const list = await ask<BanList>(client, 'bans');
  return { json: list, text: () => (list.count === 0 ? line(noBans(list)) : table(list.bans, banColumns, flags)) };
};

const ban: Run = (client, [address, duration]) =>
  plain(client, 'ban', duration === undefined ? { address } : { address, duration });

const send: Run = (client, [command, ...pairs]) => {
  const args = pairs.map((pair) => {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new PeccaryError('usage', `${pair}: expected KEY=VALUE`);
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return plain(client, command, args.length === 0 ? undefined : Object.fromEntries(args));
};

const runs: Record<keyof typeof actionList, Run> = {
  stats,
  health,
  interfaces,
  rules,
  reload,
  uptime,
  info,
  config,
  reopen: (client) => plain(client, 'reopen-log-files'),
  dataset,
  bans,
  ban,
  unban: (client, [address]) => plain(client, 'unban', { address }),
  shutdown: (client) => plain(client, 'shutdown'),
  send,
};

export const actions: Record<string, Action> = Object.fromEntries(
  (Object.keys(actionList) as (keyof typeof actionList)[]).map((name) => [
    name,
    { ...(actionList[name] as ActionName), run: runs[name] },
  ]),
);
