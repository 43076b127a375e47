/** The claim that all evasions are tested for. */
import assert from 'node:assert/strict';
import { type Seen, Sid } from './tcp-sensor.js';
import type { Strategy } from './tcp-strategies.js';

/** What must be told of a strategy: the attack when the server got it, or the anomaly that hides it where one is named. */
export function assertTold(s: Strategy, seen: Seen, received: boolean): void {
  const told = `alerts ${JSON.stringify(seen.alerts)}, anomalies ${[...seen.anomalies].join(', ')}`;
  if (s.received === null) {
    const known = seen.alerts[Sid.Uri] === 1 || seen.anomalies.has('stream.reassembly_overlap_different_data');
    assert.ok(!received || known, `what was seen: ${told}`);
    return;
  }
  assert.equal(received, s.received, 'what the server received');
  if (s.anomaly === undefined) assert.equal(seen.alerts[Sid.Uri], received ? 1 : undefined, `what was seen: ${told}`);
  else assert.ok(s.anomaly === '' || seen.anomalies.has(s.anomaly), `${s.anomaly} was not told: ${told}`);
}

/**
 * The sensor handed on what the server's program read, byte by byte. What was sent and never acknowledged may follow: it
 * is inspected when the flow ends.
 */
export function assertSameBytes(seen: string, received: string): void {
  assert.equal(seen.slice(0, received.length), received);
}
