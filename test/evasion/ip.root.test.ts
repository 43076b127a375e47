import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ipStrategies } from './ip-strategies.js';
import { type Played, RoutedLab, routedLabMissing } from './tcp-lab.js';
import { Attack, clientBytes, inspect } from './tcp-sensor.js';
import { assertSameBytes, assertTold } from './tcp-told.js';

describe('evasions by fragments, this machine’s Linux as the server: what it received the sensor has seen', () => {
  let lab: RoutedLab | null = null;
  let played = new Map<string, Played>();
  let received = new Map<number, string>();

  before(async function () {
    this.timeout(120_000);
    const missing = routedLabMissing();
    if (missing !== '') {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    lab = new RoutedLab();
    const log = join(lab.dir, 'received');
    writeFileSync(log, '');
    await lab.serveRecorder(80, log);
    const names = ipStrategies.map((s) => s.name);
    played = new Map(lab.play(names, 80, 44_000).map((p) => [p.name, p]));
    received = RoutedLab.received(log);
  });

  after(() => lab?.close());

  for (const s of ipStrategies) {
    it(s.name, () => {
      const p = played.get(s.name);
      assert.ok(p);
      const got = received.get(p.clientPort) ?? '';
      assertTold(s, inspect(p.frames), got.includes(Attack));
      if (s.anomaly === undefined) assertSameBytes(clientBytes(p.frames), got);
    });
  }
});
