/**
 * Every limit of docs/limits.md that packets meet: it is met with a bound set low, counted, and told by what the table
 * says tells of it; with the bound as it is by default the same traffic meets nothing.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';
import { Settings } from '../../src/core/settings.js';
import { findingsOf, HealthWatch } from '../../src/sensor/health.js';
import { healthConfig } from '../../src/sensor/health-config.js';
import { isToldByHealth, type Limit, limits } from '../../src/sensor/limits.js';
import { type LimitCase, type Met, meet } from './limit-case.js';
import { packetCases } from './limit-cases.js';
import { detectCases } from './limit-cases-detect.js';
import { httpCases, storeDir } from './limit-cases-http.js';

const cases = [...packetCases, ...httpCases, ...detectCases];
const config = healthConfig(new Settings({}));

/** What the health log says of a limit. */
function healthOf(limit: Limit, { counters }: Met): string[] {
  const watch = new HealthWatch(config);
  const told = [counters, counters, counters].flatMap((now) =>
    watch
      .look(now, 0, 60)
      .changes.filter((change) => change.counter === limit.counter)
      .map(({ event, summary, cause, remedy }) => `${event}: ${summary}: ${cause}; ${remedy}`),
  );
  const [found] = findingsOf(counters, config).filter((finding) => finding.counter === limit.counter);
  if (isToldByHealth(limit)) assert.equal(found.count, counters[limit.counter]);
  return told;
}

function check(limitCase: LimitCase, met: Met): void {
  const limit = limits.find(({ counter }) => counter === limitCase.counter) as Limit;
  assert.ok(met.counters[limit.counter] > 0, `${limit.counter} tells of it`);
  if (limit.events !== undefined) {
    const event = limitCase.event as string;
    assert.ok(limit.events.includes(event), `${event} is among the events of the limit`);
    assert.ok(met.events.has(event), `${event} among ${[...met.events]}`);
    // A packet that is dropped meets no rules.
    if (limitCase.inline !== true) assert.ok(met.eventAlerts > 0, 'a rule on the event alerts');
  }
  const told = healthOf(limit, met);
  if (!isToldByHealth(limit)) assert.deepEqual(told, []);
  else {
    assert.equal(told.length, 2, 'it begins once and is over once');
    assert.match(told[0], /^begins: limit of .*: met (once|\d+ times): /);
    if (limit.remedy === undefined) for (const key of limit.keys) assert.ok(told[0].includes(key), told[0]);
    assert.match(told[1], /^ends: limit of .*: not met any more: /);
  }
}

describe('Limits (docs/limits.md)', () => {
  after(() => rmSync(storeDir, { recursive: true, force: true }));

  it('there is a case for each', () => {
    const known = new Set(cases.map(({ counter }) => counter));
    const missing = limits.map(({ counter }) => counter).filter((name) => !known.has(name));
    // Those have tests of their own beside this one.
    const others = ['limits-output.test.ts', 'limits-live.test.ts', 'limits-live.root.test.ts'];
    const texts = others.map((name) => readFileSync(join(packageRoot(), 'test/hostile', name), 'utf8')).join();
    assert.deepEqual(
      missing.filter((name) => !texts.includes(name) && !texts.includes(name.replace(/_(away|slow|long)$/, '_$'))),
      [],
    );
  });

  for (const limitCase of cases) {
    it(`${limitCase.name}: ${limitCase.key ?? 'a bound that stands'}`, () => {
      const limit = limits.find(({ counter }) => counter === limitCase.counter) as Limit;
      if (limitCase.key !== undefined) {
        const usual = meet(limitCase, true);
        assert.equal(usual.counters[limit.counter] ?? 0, 0, 'the default is not met');
        if (limitCase.event !== undefined) assert.ok(!usual.events.has(limitCase.event), 'nor told of');
      }
      check(limitCase, meet(limitCase));
      if (limitCase.counter.startsWith('file_store.')) assert.ok(limitCase.key !== undefined || existsSync(storeDir));
    });
  }

  it('what decoding costs is counted in bytes, the same on every machine', () => {
    const work = cases.find(({ name }) => name === 'work of decoding') as LimitCase;
    const counted = [1, 2, 3].map(() => meet(work).counters['http.decoder_bytes']);
    assert.equal(new Set(counted).size, 1);
    assert.ok(counted[0] > 0 && counted[0] < 200_000);
  });
});
