/** Work grows as the traffic does, whatever a sender makes of it: four times as much costs less than eight times. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { type Hostile, hostile } from '../tools/hostile.js';
import { hostileHttp } from '../tools/hostile-http.js';
import { hostilePackets } from '../tools/hostile-packets.js';
import { bundledRules, PipelineRun, poolsInUse } from '../tools/pipeline-run.js';
import type { TimedFrame } from '../tools/session.js';

/** Four times the input may cost this many times as much; quadratic work costs 16 times. */
const Factor = 8;
const Repetitions = 1;
const Chances = 4;
/** Out-of-band data is taken out, so that it costs what it can. */
const tree = { stream: { reassembly: { urgent: { policy: 'oob' } } } };
/** Costs below this are noise. */
const FloorNs = 8e6;

const folder = new URL('../../../signatures/', import.meta.url);
const flowbits = Array.from(
  { length: 200 },
  (_, i) =>
    `alert http any any -> any any (flowbits:isnotset,b${i}; flowbits:set,b${i}; http.uri; content:"/"; noalert; sid:${9_000_000 + i};)`,
).join('\n');
const ordinary = `${bundledRules(readdirSync(folder).filter((name) => name.endsWith('.rules')))}\n${flowbits}`;

/** Few enough that what every arriving byte costs does not hide how it grows. */
const inlineRules = 'alert tcp any any -> any any (content:"never there"; sid:9100001;)';

/** Time this thread was on a processor, nanoseconds; with others on the machine the clock tells nothing. */
function busyNs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]);
}

/** Least time that the pipeline took for these frames. */
function cost(frames: readonly TimedFrame[], rules: string, inline: boolean): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < Repetitions; i++) {
    const run = new PipelineRun(rules, tree, inline);
    const before = busyNs();
    run.feed(frames).finish();
    best = Math.min(best, busyNs() - before);
  }
  return best;
}

/** Throws unless four times the traffic costs less than `Factor` times as much. A busy machine gets another chance. */
function grows({ name, n, make, rules = ordinary }: Hostile, inline: boolean): void {
  for (let chance = 1; ; chance++) {
    const [once, twice, four] = [n, 2 * n, 4 * n].map((size) => cost([...make(size)], rules, inline));
    const ms = [once, twice, four].map((ns) => (ns / 1e6).toFixed(1)).join(', ');
    if (process.env.PECCARY_SHOW_COSTS !== undefined) process.stdout.write(`      ${name}: ${ms} ms\n`);
    if (four < Factor * Math.max(once, FloorNs)) break;
    assert.ok(chance < Chances, `${n}, ${2 * n} and ${4 * n} cost ${ms} ms`);
  }
  for (const [pool, used] of Object.entries(poolsInUse())) {
    if (pool !== 'trackers' && pool !== 'fragments') assert.equal(used, 0, `${pool} after the end of all flows`);
  }
}

describe('Work grows linearly with the traffic', function () {
  this.timeout(120_000);
  for (const kind of [...hostile, ...hostilePackets, ...hostileHttp]) it(kind.name, () => grows(kind, false));
  // Inline, data is looked at when it arrives, with as much of what came before it as the chunk size says: at the least
  // size the chunk is full.
  for (const kind of hostile.filter(({ name }) => /segments|requests/.test(name))) {
    it(`${kind.name}, inline`, () =>
      grows({ ...kind, n: /byte/.test(kind.name) ? 3000 : kind.n / 8, rules: inlineRules }, true));
  }
});
