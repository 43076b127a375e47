/**
 * `npm run bench -- --startup [--rules FILE] [--runs N]`: what starting costs, measured on a capture of one packet. A large
 * rule set is loaded by Peccary cold (no cache at all; and with a cache that it fills) and from its cache, and by Suricata
 * where it is installed, in alternation; the bundled rules show that small sets do not pay for it. Without --rules the
 * large set is made here.
 *
 * Prints medians and the ratio of CPU of cold Peccary to Suricata in this run, and writes bench/results/startup.json.
 * Ends with 1 when a start that should come from the cache did not, or an engine did not load the rules.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundledRules } from './lib/bundled-rules.js';
import { ruleSet } from './lib/made-rules.js';
import { type Measurement, measure, median } from './lib/measure.js';
import { onePacketCapture } from './lib/one-packet.js';

/** Rules of the set that is made: about as many as public sets have enabled. */
const MadeRules = 30_000;

interface Way {
  name: string;
  /** Prepares a run that is measured then. */
  before(): void;
  command: string[];
}

type Series = Map<string, Measurement[]>;

/** Suricata's full configuration where the package put it: rule sets want its variables. */
const SuricataConfig = '/etc/suricata/suricata.yaml';

/** Classes and references that come with a rule set lie beside it. */
function classes(rules: string): string[] {
  const beside = (name: string): string => {
    const own = join(dirname(rules), name);
    return existsSync(own) ? own : join('signatures', name);
  };
  return [
    '--set',
    `classification-file=${beside('classification.config')}`,
    '--set',
    `reference-config-file=${beside('reference.config')}`,
  ];
}

function ways(capture: string, large: string, small: string, scratch: string): Way[] {
  const cache = join(scratch, 'cache');
  const logDir = join(scratch, 'log');
  const config = existsSync(SuricataConfig) ? ['-c', SuricataConfig] : [];
  mkdirSync(logDir, { recursive: true });
  const peccary = (rules: string, ...more: string[]): string[] => {
    const common = ['-k', 'none', '-l', logDir, '--db', 'none', '--json', '--set', `rule-cache.directory=${cache}`];
    const program = [process.execPath, 'dist/cli/main.js', 'replay', capture, '-S', rules];
    return [...program, ...config, ...common, ...classes(rules), ...more];
  };
  const empty = (): void => rmSync(cache, { recursive: true, force: true });
  const nothing = (): void => undefined;
  const list: Way[] = [
    { name: 'cold, no cache', before: nothing, command: peccary(large, '--no-rule-cache') },
    { name: 'cold, fills cache', before: empty, command: peccary(large) },
    { name: 'from cache', before: nothing, command: peccary(large) },
    { name: 'bundled rules', before: nothing, command: peccary(small) },
  ];
  if (existsSync('/usr/bin/suricata') && config.length > 0) {
    const command = [
      'suricata',
      ...config,
      '-r',
      capture,
      '-S',
      large,
      '--runmode',
      'single',
      '-k',
      'none',
      '-l',
      logDir,
    ];
    list.push({ name: 'suricata', before: nothing, command: [...command, ...classes(large)] });
  }
  return list;
}

/** Runs every way `runs` times in alternation. Throws when the cache was not filled, or filled by who should read it. */
function series(list: Way[], runs: number, cache: string): Series {
  const out: Series = new Map(list.map((w) => [w.name, []]));
  for (let i = 0; i < runs; i++) {
    for (const way of list) {
      way.before();
      const had = existsSync(cache) ? readdirSync(cache).length : 0;
      out.get(way.name)?.push(measure(way.command));
      const has = existsSync(cache) ? readdirSync(cache).length : 0;
      if (way.name === 'from cache' && (had !== 1 || has !== 1))
        throw new Error('the start did not come from the cache');
    }
  }
  return out;
}

function report(all: Series, runs: number, loaded: number): void {
  console.log(`${runs} alternating runs on ${cpus().length} x ${cpus()[0].model}, ${loaded} rules loaded; medians`);
  console.log('start               CPU s     wall s    peak MB');
  const rows: Record<string, { cpuS: number; wallS: number; peakMb: number }> = {};
  for (const [name, ms] of all) {
    const row = {
      cpuS: median(ms.map((m) => m.cpuS)),
      wallS: median(ms.map((m) => m.wallS)),
      peakMb: median(ms.map((m) => m.peakMb)),
    };
    rows[name] = row;
    console.log(
      `${name.padEnd(20)}${row.cpuS.toFixed(2).padEnd(10)}${row.wallS.toFixed(2).padEnd(10)}${row.peakMb.toFixed(0)}`,
    );
  }
  const peer = rows.suricata;
  const ratio = peer === undefined ? null : rows['cold, fills cache'].cpuS / peer.cpuS;
  console.log(
    ratio === null ? 'no peer: suricata is not installed' : `cold CPU of Peccary / Suricata: ${ratio.toFixed(3)}`,
  );
  mkdirSync('bench/results', { recursive: true });
  const result = { date: new Date().toISOString(), cpu: cpus()[0].model, runs, loaded, ratio, rows };
  writeFileSync('bench/results/startup.json', `${JSON.stringify(result, null, 1)}\n`);
}

/** Measures starts; the exit status. `rules`: a large rule file, or undefined for one that is made. */
export function benchStartup(rules: string | undefined, runs: number): number {
  const scratch = mkdtempSync(join(tmpdir(), 'peccary-startup-'));
  try {
    const large = rules ?? join(scratch, 'large.rules');
    if (rules === undefined) writeFileSync(large, ruleSet(MadeRules));
    const list = ways(onePacketCapture(scratch), large, bundledRules(scratch), scratch);
    const all = series(list, runs, join(scratch, 'cache'));
    const summaries = ['cold, no cache', 'cold, fills cache', 'from cache'].map(
      (name) => all.get(name)?.[0].stdout ?? '',
    );
    const [first, ...others] = summaries.map((text) => JSON.stringify(JSON.parse(text).rules));
    report(all, runs, JSON.parse(first).loaded);
    if (others.every((text) => text === first)) return 0;
    console.log('the summaries of cold and cached starts differ: this run does not count');
    return 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
