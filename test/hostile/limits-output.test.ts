/** The limits of docs/limits.md that events meet on their way out, and what tells of them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Settings, type Tree } from '../../src/core/settings.js';
import { outputConfig } from '../../src/output/config.js';
import { openOutputs } from '../../src/output/outputs.js';
import { OutputPort } from '../../src/output/port.js';
import { findingsOf, HealthWatch } from '../../src/sensor/health.js';
import { healthConfig } from '../../src/sensor/health-config.js';
import { outputCounters } from '../../src/sensor/output-counters.js';
import * as samples from '../output/samples.js';

const config = healthConfig(new Settings({}));

describe('Limits of the outputs (docs/limits.md)', function () {
  this.timeout(30_000);
  let dir = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-limits-'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  /** Counters after events were pushed in batches to a writer that sleeps `slowMs` for each. */
  async function pour(keys: Record<string, Tree>, slowMs: number): Promise<Record<string, number>> {
    const eve = join(dir, 'eve.json');
    const read = outputConfig(new Settings({ outputs: keys }), { eve, logDir: dir, inline: false, live: true });
    const run = { kind: 'live' as const, inputs: ['a'], append: false, version: '0', startedUs: samples.t0 };
    const outputs = openOutputs({ ...read, db: null, workers: 1, live: true, run, slowMs });
    await outputs.ready();
    const port = new OutputPort(outputs.portMemory(0));
    for (let i = 1; i <= 3000; i++) {
      port.push(samples.httpEvent({ pcapCnt: i }));
      if (i % 50 === 0) port.flush();
    }
    port.close();
    return outputCounters(await outputs.close(null));
  }

  function told(counters: Record<string, number>, where: 'live' | 'replay'): string[] {
    const found =
      where === 'live' ? new HealthWatch(config).look(counters, 0, 60).changes : findingsOf(counters, config);
    return found.map(
      ({ counter, summary }) => `${counter}: ${summary.replace(/met (once|\d+ times)$/, 'met N times')}`,
    );
  }

  const Spilled = 'output.batches_spilled: limit of output: bytes of events that wait for the writer: met N times';
  const Lost = 'output.events_lost: limit of output: bytes of events that wait on disk: met N times';

  it('outputs.queue.size: events wait on disk, which a running sensor tells', async () => {
    const counters = await pour({ queue: { size: '64kb' } }, 5);
    assert.ok(counters['output.batches_spilled'] > 0);
    assert.deepEqual(told(counters, 'live'), [Spilled]);
    assert.deepEqual(told(counters, 'replay'), []);
  });

  it('outputs.spill.size: events are lost', async () => {
    const counters = await pour({ queue: { size: '64kb' }, spill: { size: '16kb', 'when-full': 'lose' } }, 5);
    assert.ok(counters['output.events_lost'] > 0);
    assert.deepEqual(told(counters, 'live'), [Spilled, Lost]);
    assert.deepEqual(told(counters, 'replay'), [Lost]);
  });

  it('what readers of sockets missed is told by the reason (how it comes about: test/output/datagram.test.ts)', async () => {
    const counters = await pour({}, 0);
    for (const why of ['away', 'slow', 'long']) {
      const name = `output.socket_lost_${why}`;
      assert.equal(counters[name], 0);
      const [line, ...more] = told({ ...counters, [name]: 7 }, 'live');
      assert.match(line, new RegExp(`^${name}: limit of output: .*: met N times$`));
      assert.deepEqual(more, []);
    }
  });

  it('as they are by default neither is met', async () => {
    assert.deepEqual(told(await pour({}, 0), 'live'), []);
  });
});
