import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { alertCounts, replayEvents } from '../tools/peccary.js';

interface Expected {
  transactions: number;
  alerts: Record<string, number>;
}

describe('sample captures', function () {
  this.timeout(60_000);
  const expected = JSON.parse(readFileSync('pcaps/expected.json', 'utf8')) as Record<string, Expected>;

  it('all have their expected alerts recorded', () => {
    assert.deepEqual(
      readdirSync('pcaps')
        .filter((f) => f.endsWith('.pcap'))
        .sort(),
      Object.keys(expected).sort(),
    );
  });

  for (const [file, want] of Object.entries(expected)) {
    it(`${file} gives ${want.transactions} transactions and its alerts`, () => {
      const events = replayEvents(`pcaps/${file}`);
      assert.deepEqual(alertCounts(events), want.alerts);
      assert.equal(events.filter((e) => e.event_type === 'http').length, want.transactions);
    });
  }
});
