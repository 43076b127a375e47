/**
 * `npm run bench [-- --runs N]`: replays the 20,000-request capture with the bundled rules through Peccary and, where it
 * is installed, Suricata, in alternation after one warm-up, with equal settings: one thread, stream depth 0, checksums not
 * verified, EVE alerts and HTTP events to a file, no database. Start-up, measured on a capture of one packet, is subtracted.
 *
 * Prints min, median and max of each figure and the ratios, writes bench/results/replay.json, and ends with 1 when an
 * engine does not report every request: a run that sees less proves nothing.
 *
 * `-- --startup [--rules FILE]` measures starts instead (startup.ts), `-- --live` the highest rate without loss (live.ts),
 * `-- --inline` throughput and latency on NFQUEUE (inline.ts), `-- --store [--alerts N]` the database (store.ts).
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { largeCapture, onePacket } from '../test/tools/large-capture.js';
import { benchInline } from './inline.js';
import { bundledRules } from './lib/bundled-rules.js';
import { type Measurement, measure, median } from './lib/measure.js';
import { benchLive } from './live.js';
import { benchStartup } from './startup.js';
import { benchStore } from './store.js';

interface Engine {
  name: string;
  command(capture: string, logDir: string): string[];
}

interface Series {
  cpuS: number[];
  peakMb: number[];
  startCpuS: number[];
  http: number;
  alerts: number;
}

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string' },
    startup: { type: 'boolean' },
    rules: { type: 'string' },
    live: { type: 'boolean' },
    small: { type: 'boolean', default: false },
    inline: { type: 'boolean' },
    store: { type: 'boolean' },
    alerts: { type: 'string', default: '10000000' },
  },
});
const runs = Number(flags.runs ?? (flags.live || flags.inline ? 3 : 5));

/** One configuration for both engines: the keys are Suricata's. */
const Config = `%YAML 1.1
---
default-log-dir: .
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types:
        - alert
        - http:
            extended: yes
app-layer:
  protocols:
    http:
      enabled: yes
stream:
  reassembly:
    depth: 0
`;

function engines(config: string, rules: string): Engine[] {
  const classes = [
    '--set',
    'classification-file=signatures/classification.config',
    '--set',
    'reference-config-file=signatures/reference.config',
  ];
  const list: Engine[] = [
    {
      name: 'peccary',
      command: (capture, logDir) => [
        process.execPath,
        'dist/cli/main.js',
        'replay',
        capture,
        '-c',
        config,
        '-S',
        rules,
        '-k',
        'none',
        '-l',
        logDir,
        '--db',
        'none',
        '--quiet',
        ...classes,
      ],
    },
  ];
  if (existsSync('/usr/bin/suricata')) {
    list.push({
      name: 'suricata',
      command: (capture, logDir) => [
        'suricata',
        '-c',
        config,
        '-r',
        capture,
        '-S',
        rules,
        '--runmode',
        'single',
        '-k',
        'none',
        '-l',
        logDir,
        ...classes,
      ],
    });
  }
  return list;
}

/** Runs an engine over a capture in a fresh log directory and counts the events it wrote. */
function runOnce(engine: Engine, capture: string, scratch: string): Measurement & { http: number; alerts: number } {
  const logDir = mkdtempSync(join(scratch, 'log-'));
  const m = measure(engine.command(capture, logDir));
  const file = join(logDir, 'eve.json');
  const eve = existsSync(file) ? readFileSync(file, 'latin1') : '';
  rmSync(logDir, { recursive: true });
  return {
    ...m,
    http: eve.split('"event_type":"http"').length - 1,
    alerts: eve.split('"event_type":"alert"').length - 1,
  };
}

const span = (xs: number[], digits: number): string =>
  `${Math.min(...xs).toFixed(digits)} / ${median(xs).toFixed(digits)} / ${Math.max(...xs).toFixed(digits)}`;

async function main(): Promise<number> {
  const capture = await largeCapture();
  const single = onePacket(capture);
  const scratch = mkdtempSync(join(tmpdir(), 'peccary-bench-'));
  try {
    const config = join(scratch, 'bench.yaml');
    writeFileSync(config, Config);
    const list = engines(config, bundledRules(scratch));
    const series = new Map<string, Series>(
      list.map((e) => [e.name, { cpuS: [], peakMb: [], startCpuS: [], http: 0, alerts: 0 }]),
    );
    for (const e of list) runOnce(e, capture, scratch);
    for (let i = 0; i < runs; i++) {
      for (const e of list) {
        const s = series.get(e.name)!;
        s.startCpuS.push(runOnce(e, single, scratch).cpuS);
        const m = runOnce(e, capture, scratch);
        s.cpuS.push(m.cpuS);
        s.peakMb.push(m.peakMb);
        s.http = m.http;
        s.alerts = m.alerts;
      }
    }
    return report(series);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function report(series: Map<string, Series>): number {
  console.log(`${runs} alternating runs on ${cpus().length} x ${cpus()[0].model}; min / median / max`);
  console.log('engine      packet CPU s           start-up CPU s         peak MB                http events  alerts');
  const net = new Map<string, number[]>();
  for (const [name, s] of series) {
    const start = median(s.startCpuS);
    net.set(
      name,
      s.cpuS.map((c) => c - start),
    );
    console.log(
      `${name.padEnd(12)}${span(net.get(name)!, 2).padEnd(23)}${span(s.startCpuS, 2).padEnd(23)}${span(s.peakMb, 0).padEnd(23)}${String(s.http).padEnd(13)}${s.alerts}`,
    );
  }
  const peer = net.get('suricata');
  const own = median(net.get('peccary')!);
  const ratio = peer === undefined ? null : own / median(peer);
  console.log(
    ratio === null ? 'no peer: suricata is not installed' : `packet CPU of Peccary / Suricata: ${ratio.toFixed(2)}`,
  );
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(
    'bench/results/replay.json',
    `${JSON.stringify({ date: new Date().toISOString(), cpu: cpus()[0].model, runs, ratio, series: Object.fromEntries(series) }, null, 1)}\n`,
  );
  const blind = [...series].filter(([, s]) => s.http !== 20_000);
  for (const [name, s] of blind)
    console.log(`${name} reported ${s.http} of 20000 transactions: this run does not count`);
  return blind.length === 0 ? 0 : 1;
}

if (flags.startup) process.exitCode = benchStartup(flags.rules, runs);
else if (flags.store) process.exitCode = await benchStore(Number(flags.alerts));
else if (flags.inline) process.exitCode = await benchInline(runs);
else process.exitCode = flags.live ? await benchLive(runs, flags.small) : await main();
