import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Played, RoutedLab, routedLabMissing } from './tcp-lab.js';
import { Attack, clientBytes, inspect } from './tcp-sensor.js';
import { strategies } from './tcp-strategies.js';
import { assertSameBytes, assertTold } from './tcp-told.js';

const FirstPort = 42_000;

describe('TCP evasions, this machine’s Linux as the server: what it received the sensor has seen', () => {
  let lab: RoutedLab | null = null;
  const played = new Map<string, Played>();
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
    let port = FirstPort;
    for (const fastOpen of [false, true]) {
      lab.fastOpen(fastOpen);
      const serverPort = fastOpen ? 8080 : 80;
      await lab.serveRecorder(serverPort, log);
      const names = strategies.filter((s) => (s.fastOpen ?? false) === fastOpen).map((s) => s.name);
      for (const p of lab.play(names, serverPort, port)) played.set(p.name, p);
      port += names.length;
    }
    received = RoutedLab.received(log);
  });

  after(() => lab?.close());

  for (const s of strategies) {
    it(s.name, () => {
      const p = played.get(s.name);
      assert.ok(p);
      const got = received.get(p.clientPort) ?? '';
      assert.equal(got.includes(Attack), s.received, `the server got ${JSON.stringify(got.slice(0, 400))}`);
      assertTold(s, inspect(p.frames));
      assertSameBytes(clientBytes(p.frames), got);
    });
  }
});
