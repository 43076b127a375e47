/**
 * `npm run bench -- --live [--small] [--runs N]`: the highest rate without loss, for Peccary and, where it is installed, Suricata
 * with `--af-packet`, in alternation: the 20,000-request capture is sent over a veth pair at rising rates, then the rate is
 * bisected. A pass is without loss when the kernel counted every packet that was sent, dropped none, and every request is
 * in the http events. The sender has processor 0, the sensor processor 1 with all its threads, both with real-time
 * priority; one worker, a ring of 64 MiB, the bundled rules, checksums not verified. A pass at a low rate goes before.
 *
 * `--small` sends requests for a page of 500 bytes instead, sixteen times 20,000 of them a pass, to a ring of 8 MiB: more work
 * for a sensor by the byte, so that its own limit is met before the sender's.
 *
 * Prints min, median and max and the ratio of the medians, and writes bench/results/live.json.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { largeCapture, smallCapture } from '../test/tools/large-capture.js';
import { bundledRules } from './lib/bundled-rules.js';
import { type EngineName, LiveEngine } from './lib/live-engine.js';
import { median } from './lib/measure.js';
import { Passes } from './lib/passes.js';
import { type Place, Wire, wireMissing } from './lib/wire.js';

const Requests = 20_000;
export const Sender: Place = { cpu: 0, urgent: true };
export const Listener: Place = { cpu: 1, urgent: true };

/** The search ends when loss and no loss are this near, percent. */
const NearPercent = 4;

/** Megabits a second: of the pass that warms up, and the first that is tried. */
interface Begin {
  warm: number;
  first: number;
}

const Large: Begin = { warm: 400, first: 1000 };
const Small: Begin = { warm: 80, first: 200 };

interface Pass {
  asked: number | null;
  mbps: number;
  dropped: number;
  missing: number;
  http: number;
  whole: boolean;
}

/** Sends the capture once and looks what came of it. */
async function pass(engine: LiveEngine, wire: Wire, passes: Passes, asked: number | null): Promise<Pass> {
  const capture = passes.next();
  const before = await engine.counted();
  engine.newHttpEvents();
  const sent = await wire.send(capture, asked, Sender);
  const after = await engine.settled();
  const dropped = after.dropped - before.dropped;
  const missing = sent.packets - (after.packets - before.packets);
  const http = engine.newHttpEvents();
  return {
    asked,
    mbps: sent.mbps,
    dropped,
    missing,
    http,
    whole: dropped === 0 && missing <= 0 && http === passes.copies * Requests,
  };
}

/** The highest rate without loss of a sensor that has just started. */
export async function lossFree(
  engine: LiveEngine,
  wire: Wire,
  captures: Passes,
  begin: Begin = Large,
): Promise<{ mbps: number; atTop: boolean; passes: Pass[] }> {
  const warm = await pass(engine, wire, captures, begin.warm);
  if (!warm.whole) return { mbps: 0, atTop: false, passes: [warm] };
  const passes = [warm];
  let good = warm.mbps;
  let bad = Number.POSITIVE_INFINITY;
  for (let next = begin.first; (bad - good) / good > NearPercent / 100; ) {
    const p = await pass(engine, wire, captures, Math.round(next));
    passes.push(p);
    // The sender has its own limit: below the rate it was asked for there is no more to be had.
    if (p.whole && p.mbps < next * 0.93) return { mbps: Math.max(good, p.mbps), atTop: true, passes };
    if (p.whole) good = Math.max(good, p.mbps);
    else bad = Math.min(bad, Math.max(p.mbps, good * 1.001));
    next = Number.isFinite(bad) ? (good + bad) / 2 : good * 1.6;
  }
  return { mbps: good, atTop: false, passes };
}

export async function benchLive(runs: number, small: boolean): Promise<number> {
  const missing = wireMissing();
  if (missing !== '' || cpus().length < 2) {
    console.log(`not measured: ${missing || 'needs two processors'}`);
    return 1;
  }
  const capture = await (small ? smallCapture() : largeCapture());
  const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'peccary-live-'));
  const wire = new Wire();
  try {
    const rules = bundledRules(scratch);
    const captures = new Passes(capture, scratch, small ? 16 : 1);
    const names: EngineName[] = existsSync('/usr/bin/suricata') ? ['peccary', 'suricata'] : ['peccary'];
    const top = await wire.send(capture, null, Sender);
    console.log(`the sender alone: ${Math.round(top.mbps)} Mbit/s, ${Math.round(top.pps)} packets a second`);
    const found = new Map<EngineName, number[]>(names.map((name) => [name, []]));
    const all: object[] = [];
    const begin = small ? Small : Large;
    for (let run = 0; run < runs; run++) {
      for (const name of names) {
        const more = name === 'peccary' ? ['--db', 'none'] : [];
        const how = { name, wire, place: Listener, rules, scratch, ringMb: small ? 8 : 64, more };
        const engine = await LiveEngine.start(how);
        try {
          const rates = found.get(name) ?? [];
          const first = rates.length > 0 ? median(rates) : begin.first;
          const result = await lossFree(engine, wire, captures, { ...begin, first });
          rates.push(result.mbps);
          all.push({ name, run, ...result });
          console.log(
            `${name.padEnd(10)} ${String(Math.round(result.mbps)).padStart(6)} Mbit/s${result.atTop ? ' (the sender gave no more)' : ''}`,
          );
          for (const p of result.passes) console.log(`  ${JSON.stringify(p)}`);
        } finally {
          await engine.stop();
        }
      }
    }
    return report(found, runs, top.mbps, all);
  } finally {
    wire.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function report(found: Map<EngineName, number[]>, runs: number, top: number, all: object[]): number {
  console.log(`highest rate without loss, Mbit/s, ${runs} alternating runs on ${cpus()[0].model}; min / median / max`);
  for (const [name, rates] of found) {
    const [least, most] = [Math.min(...rates), Math.max(...rates)];
    console.log(`${name.padEnd(10)} ${[least, median(rates), most].map(Math.round).join(' / ')}`);
  }
  const peer = found.get('suricata');
  const ratio = peer === undefined ? null : median(found.get('peccary') ?? []) / median(peer);
  console.log(ratio === null ? 'no peer: suricata is not installed' : `Peccary / Suricata: ${ratio.toFixed(2)}`);
  mkdirSync('bench/results', { recursive: true });
  const series = Object.fromEntries(found);
  const result = { date: new Date().toISOString(), cpu: cpus()[0].model, runs, sender: top, ratio, series, all };
  writeFileSync('bench/results/live.json', `${JSON.stringify(result, null, 1)}\n`);
  return [...found.values()].some((rates) => rates.includes(0)) ? 1 : 0;
}
