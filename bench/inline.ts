/**
 * `npm run bench -- --inline [--runs N]`: requests through a router that inspects them on NFQUEUE, by Peccary and, where it
 * is installed, `suricata -q`, with the same rules and the same configuration, in alternation, beside the router alone.
 * Throughput: wrk, or ab where that is not installed, on kept-alive connections. Latency: one request after the other on one
 * connection, less what the router alone takes.
 *
 * Prints medians, writes bench/results/inline.json, and ends with 1 when an engine did not see the traffic.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseQueueStates } from '../src/capture/nfqueue-state.js';
import { InlineLab, inlineLabMissing } from '../test/tools/inline-lab.js';
import { ServerIp } from '../test/tools/lab.js';
import { bundledRules } from './lib/bundled-rules.js';
import { median } from './lib/measure.js';

/** Seconds of load, connections, and requests that are timed. */
const LoadSeconds = 4;
const Connections = 32;
const Timed = 3000;
const WaitMs = 60_000;
const url = `http://${ServerIp}/p/1.html`;

const Config = `%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types:
        - alert
        - stats
stats:
  enabled: yes
  interval: 1
app-layer:
  protocols:
    http:
      enabled: yes
nfq:
  mode: accept
`;

interface Engine {
  name: string;
  command(logDir: string): string[] | null;
}

interface Sample {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Processor seconds while under load, and packets it counted; 0 for the router alone. */
  cpuS: number;
  packets: number;
}

function engines(config: string, rules: string): Engine[] {
  const classes = ['classification', 'reference'].flatMap((name) => {
    const key = name === 'classification' ? 'classification-file' : 'reference-config-file';
    return ['--set', `${key}=${join(process.cwd(), 'signatures', `${name}.config`)}`];
  });
  const common = (logDir: string): string[] => ['-c', config, '-S', rules, '-l', logDir, '-q', '0', ...classes];
  const list: Engine[] = [
    { name: 'router alone', command: () => null },
    {
      name: 'peccary',
      command: (dir) => [process.execPath, 'dist/cli/main.js', 'run', ...common(dir), '--db', 'none'],
    },
  ];
  if (existsSync('/usr/bin/suricata')) {
    list.push({ name: 'suricata', command: (dir) => ['suricata', ...common(dir), '--runmode', 'workers'] });
  }
  return list;
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Processor seconds of a process and its threads, from /proc/PID/stat (fields 14 and 15, in hundredths). */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Starts an engine in the router and waits until it has bound its queue. */
async function start(lab: InlineLab, argv: string[]): Promise<ChildProcess> {
  const child = spawn('ip', ['netns', 'exec', lab.router, ...argv], { stdio: 'ignore', detached: true });
  const until = Date.now() + WaitMs;
  const bound = (): boolean =>
    parseQueueStates(lab.inRouter('cat', ['/proc/net/netfilter/nfnetlink_queue'])).some(({ queue }) => queue === 0);
  while (!bound()) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${argv[0]} does not answer the queue`);
    await pause(50);
  }
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await ended;
}

/** Requests a second under load. */
function load(lab: InlineLab): number {
  const seconds = String(LoadSeconds);
  if (spawnSync('which', ['wrk']).status === 0) {
    const { stdout } = lab.inClient('wrk', ['-t', '2', '-c', String(Connections), '-d', seconds, url]);
    const errors = /Socket errors: (.*)/.exec(stdout);
    if (errors !== null) console.log(`  ${errors[0]}`);
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0);
  }
  const { stdout } = lab.inClient('ab', ['-q', '-k', '-c', String(Connections), '-t', seconds, '-n', '1000000', url]);
  return Number(/Requests per second:\s+([\d.]+)/.exec(stdout)?.[1] ?? 0);
}

/** Median and 99th percentile, milliseconds, of requests one after the other. */
function latency(lab: InlineLab): [p50: number, p99: number] {
  const script = fileURLToPath(new URL('./lib/timed-requests.js', import.meta.url));
  const { stdout, stderr } = lab.inClient(process.execPath, [script, ServerIp, '/p/1.html', String(Timed)]);
  const times = (JSON.parse(stdout || stderr) as number[]).sort((a, b) => a - b);
  return [times[Math.floor(times.length / 2)], times[Math.floor(times.length * 0.99)]];
}

/** Packets that the engine counted, from its last stats event. */
function counted(logDir: string): number {
  const lines = readFileSync(join(logDir, 'eve.json'), 'latin1').split('\n');
  const last = lines.filter((line) => line.includes('"event_type":"stats"')).at(-1);
  const event = JSON.parse(last ?? '{}') as { stats?: { decoder?: { pkts?: number } } };
  return event.stats?.decoder?.pkts ?? 0;
}

async function runOnce(lab: InlineLab, engine: Engine, scratch: string): Promise<Sample> {
  const logDir = mkdtempSync(join(scratch, 'log-'));
  const argv = engine.command(logDir);
  if (argv === null) lab.forward();
  else lab.forward('-j', 'NFQUEUE', '--queue-num', '0', '--queue-bypass');
  const child = argv === null ? null : await start(lab, argv);
  // The first requests meet code that is not optimised yet, here and in the server.
  latency(lab);
  const cpuBefore = child?.pid === undefined ? 0 : cpuSeconds(child.pid);
  const perSecond = load(lab);
  const cpuS = child?.pid === undefined ? 0 : cpuSeconds(child.pid) - cpuBefore;
  const [p50Ms, p99Ms] = latency(lab);
  if (child !== null) await stop(child);
  const packets = child === null ? 0 : counted(logDir);
  return { perSecond, p50Ms, p99Ms, cpuS, packets };
}

/** The status to exit with. */
export async function benchInline(runs: number): Promise<number> {
  const missing = inlineLabMissing();
  if (missing !== '') {
    console.log(`not run: ${missing}`);
    return 1;
  }
  const scratch = mkdtempSync(join(tmpdir(), 'peccary-inline-'));
  const lab = new InlineLab(1000);
  try {
    const config = join(scratch, 'bench.yaml');
    writeFileSync(config, Config);
    const list = engines(config, bundledRules(scratch));
    const series = new Map<string, Sample[]>(list.map((e) => [e.name, []]));
    for (let i = 0; i < runs; i++) {
      for (const e of list) series.get(e.name)?.push(await runOnce(lab, e, scratch));
    }
    return report(series, runs);
  } finally {
    lab.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function report(series: Map<string, Sample[]>, runs: number): number {
  const mid = (samples: Sample[], of: (s: Sample) => number): number => median(samples.map(of));
  const alone = series.get('router alone') ?? [];
  const [base50, base99] = [mid(alone, (s) => s.p50Ms), mid(alone, (s) => s.p99Ms)];
  console.log(`${runs} alternating runs on ${cpus().length} x ${cpus()[0].model}; medians`);
  console.log('               requests/s   added p50 ms   added p99 ms   CPU s   packets');
  const rows = [...series].map(([name, samples]) => ({
    name,
    perSecond: mid(samples, (s) => s.perSecond),
    addedP50Ms: mid(samples, (s) => s.p50Ms) - base50,
    addedP99Ms: mid(samples, (s) => s.p99Ms) - base99,
    cpuS: mid(samples, (s) => s.cpuS),
    packets: mid(samples, (s) => s.packets),
  }));
  for (const r of rows) {
    const cells = [
      r.perSecond.toFixed(0).padStart(10),
      r.addedP50Ms.toFixed(3).padStart(15),
      r.addedP99Ms.toFixed(3).padStart(15),
    ];
    console.log(
      `${r.name.padEnd(15)}${cells.join('')}${r.cpuS.toFixed(2).padStart(8)}${String(r.packets).padStart(10)}`,
    );
  }
  const [own, peer] = ['peccary', 'suricata'].map((name) => rows.find((r) => r.name === name));
  if (own !== undefined && peer !== undefined) {
    console.log(`throughput of Peccary / Suricata: ${(own.perSecond / peer.perSecond).toFixed(2)}`);
  } else console.log('no peer: suricata is not installed');
  mkdirSync('bench/results', { recursive: true });
  const result = { date: new Date().toISOString(), cpu: cpus()[0].model, runs, rows, samples: [...series] };
  writeFileSync('bench/results/inline.json', `${JSON.stringify(result, null, 1)}\n`);
  const blind = rows.filter(
    ({ name, packets, perSecond }) => perSecond === 0 || (name !== 'router alone' && packets === 0),
  );
  for (const { name } of blind) console.log(`${name} saw no traffic: this run does not count`);
  return blind.length === 0 ? 0 : 1;
}
