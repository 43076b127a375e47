/**
 * `npm run soak [-- --minutes N] [--mbps RATE]`: a sensor watches traffic for N minutes (30), at RATE megabits a second or at
 * half the highest rate without loss, which is then measured first. The 20,000-request capture is sent over a veth pair
 * again and again, each time from other addresses; alerts go to a database, events to a log file that is rotated.
 *
 * Prints resident memory (least and most), packets and drops each minute. Ends with 1 when resident memory grew by 2% or more
 * in the last third of the time (of 30 minutes the last ten), when packets were dropped or are missing, or when a worker was
 * replaced. The garbage collector makes memory rise and fall; what counts is the least of a minute, and of those the median
 * of the first and of the last three minutes of that time.
 */
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { largeCapture } from '../test/tools/large-capture.js';
import { bundledRules } from './lib/bundled-rules.js';
import { LiveEngine } from './lib/live-engine.js';
import { median } from './lib/measure.js';
import { Passes } from './lib/passes.js';
import { type Place, Wire, wireMissing } from './lib/wire.js';
import { Listener, lossFree } from './live.js';

/** Growth of resident memory, as a part of it, that is too much. */
const TooMuch = 0.02;

/** Milliseconds between looks at the memory. */
const SampleMs = 2000;

const anywhere: Place = { cpu: null, urgent: false };
const firstOfAll: Place = { cpu: null, urgent: true };

/** One request in fifty of the capture: so that the database has its work too. */
const OnSome =
  'alert http any any -> any any (msg:"a large page"; flow:to_server,established; http.uri; content:"/size5"; sid:9000001;)\n';

/** Half the highest rate without loss, megabits a second. */
async function halfTheBest(wire: Wire, captures: Passes, rules: string, scratch: string): Promise<number> {
  const engine = await LiveEngine.start({
    name: 'peccary',
    wire,
    place: Listener,
    rules,
    scratch,
    more: ['--db', 'none'],
  });
  try {
    const { mbps } = await lossFree(engine, wire, captures);
    return Math.round(mbps / 2);
  } finally {
    await engine.stop();
  }
}

async function soak(minutes: number, asked: number | null): Promise<number> {
  const missing = wireMissing();
  if (missing !== '') {
    console.log(`not run: ${missing}`);
    return 1;
  }
  const capture = await largeCapture();
  const scratch = mkdtempSync(join(tmpdir(), 'peccary-soak-'));
  const wire = new Wire();
  try {
    const rules = bundledRules(scratch);
    appendFileSync(rules, OnSome);
    const mbps = asked ?? (await halfTheBest(wire, new Passes(capture, scratch), rules, scratch));
    const rotated = ['--set', 'outputs.0.eve-log.rotate-size=64mb', '--set', 'outputs.0.eve-log.rotate-keep=1'];
    const engine = await LiveEngine.start({ name: 'peccary', wire, place: firstOfAll, rules, scratch, more: rotated });
    try {
      console.log(`${minutes} minutes at ${mbps} Mbit/s`);
      return await watch(engine, wire, capture, mbps, minutes);
    } finally {
      await engine.stop();
    }
  } finally {
    wire.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function watch(engine: LiveEngine, wire: Wire, capture: string, mbps: number, minutes: number): Promise<number> {
  const before = await engine.counted();
  const sending = wire.send(capture, mbps, anywhere, minutes * 60);
  let failed = false;
  sending.catch(() => {
    failed = true;
  });
  const least: number[] = [];
  const began = performance.now();
  for (let minute = 1; minute <= minutes && !failed; minute++) {
    const samples: number[] = [];
    while (performance.now() < began + minute * 60_000 && !failed) {
      await sleep(SampleMs);
      samples.push(engine.residentMb());
    }
    least.push(Math.min(...samples));
    const { packets, dropped } = await engine.counted();
    console.log(
      `${String(minute).padStart(4)} min  ${Math.min(...samples).toFixed(1)} to ${Math.max(...samples).toFixed(1)} MB  ` +
        `${packets - before.packets} packets  ${dropped - before.dropped} dropped`,
    );
  }
  const sent = await sending;
  const after = await engine.settled();
  const counters = await engine.counters();
  const dropped = after.dropped - before.dropped;
  const missing = sent.packets - (after.packets - before.packets);
  const last = least.slice(Math.floor((minutes * 2) / 3));
  const growth = median(last.slice(-3)) / median(last.slice(0, 3)) - 1;
  const restarts = counters['sensor.worker_restarts'] ?? 0;
  const database = statSync(join(engine.dir, 'peccary.db')).size / 2 ** 20;
  console.log(
    `sent ${sent.packets} packets at ${Math.round(sent.mbps)} Mbit/s: ${dropped} dropped, ${missing} missing, ` +
      `${counters['app_layer.tx.http']} requests, ${counters['detect.alert']} alerts, database ${database.toFixed(0)} MB`,
  );
  console.log(`resident memory in the last ${last.length} minutes: ${(growth * 100).toFixed(2)}%`);
  const good = growth < TooMuch && dropped === 0 && missing <= 0 && restarts === 0;
  if (!good) console.log('failed: memory grew by 2% or more, packets were lost, or a worker was replaced');
  return good ? 0 : 1;
}

const { values: flags } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, mbps: { type: 'string' } },
});
process.exitCode = await soak(Number(flags.minutes), flags.mbps === undefined ? null : Number(flags.mbps));
