import assert from 'node:assert/strict';
import { ExpiryTimer } from '../../src/sensor/expiry-timer.js';

/** Resolves once the condition holds, within half a minute. */
async function until(holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !holds(); ) {
    assert.ok(Date.now() < end, 'in time');
    await new Promise((done) => setTimeout(done, 5));
  }
}

describe('the end of an entry of threshold.config', () => {
  let ends = 0;
  let timer: ExpiryTimer;
  beforeEach(() => {
    ends = 0;
    timer = new ExpiryTimer(() => ends++);
  });
  afterEach(() => timer.stop());

  it('is told once, when its time has come', async () => {
    const at = Date.now() + 30;
    timer.set(at);
    await until(() => ends > 0);
    assert.ok(Date.now() >= at);
    timer.set(Date.now() - 1000);
    await until(() => ends > 1);
    assert.equal(ends, 2);
  });

  it('is not told once another set of rules is in force, or none has an end', async () => {
    let later = 0;
    const other = new ExpiryTimer(() => later++);
    timer.set(Date.now() + 20);
    timer.set(null);
    other.set(Date.now() + 40);
    await until(() => later === 1);
    assert.equal(ends, 0);
  });
});
