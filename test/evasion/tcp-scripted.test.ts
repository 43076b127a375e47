import assert from 'node:assert/strict';
import { partial } from './tcp-partial.js';
import { Script } from './tcp-script.js';
import { scripted } from './tcp-scripted.js';
import { inspect, Sid } from './tcp-sensor.js';

describe('TCP evasions, both sides scripted (Geneva’s servers, partial captures, RFC 9293)', () => {
  for (const s of [...scripted, ...partial]) {
    it(s.name, () => {
      const script = new Script();
      s.make(script);
      const seen = inspect(script.frames, s.tree);
      const told = `alerts ${JSON.stringify(seen.alerts)}, anomalies ${[...seen.anomalies].join(', ')}`;
      assert.equal(seen.alerts[Sid.Uri] ?? 0, s.alerts ?? 1, told);
      if (s.anomaly !== undefined && s.anomaly !== '') assert.ok(seen.anomalies.has(s.anomaly), told);
    });
  }
});
