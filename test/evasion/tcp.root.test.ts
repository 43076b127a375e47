import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ipStrategies } from './ip-strategies.js';
import { type Played, RoutedLab, routedLabMissing } from './tcp-lab.js';
import { Attack, AttackPath, clientBytes, inspect, linux } from './tcp-sensor.js';
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
      const tree = s.stream === undefined ? linux : { ...linux, stream: s.stream };
      assertTold(s, inspect(p.frames, tree), got.includes(Attack));
      // Whether Linux joins waiting segments, and then takes them for one, depends on where they lie in its memory.
      const exact = s.anomaly === undefined && s.received !== null;
      if (exact) assertSameBytes(clientBytes(p.frames, tree), got);
    });
  }
});

describe('evasions, a real Apache as the server: what it was asked the sensor has seen', () => {
  let lab: RoutedLab | null = null;
  let played = new Map<string, Played>();
  let asked = new Map<number, string[]>();
  const list = [...strategies.filter((s) => s.fastOpen === undefined), ...ipStrategies];

  before(async function () {
    this.timeout(120_000);
    const missing = routedLabMissing() || (spawnSync('which', ['apache2']).status === 0 ? '' : 'needs apache2-bin');
    if (missing !== '') {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    lab = new RoutedLab();
    lab.fastOpen(false);
    const log = join(lab.dir, 'access.log');
    lab.serveApache(80, log);
    const names = list.map((s) => s.name);
    played = new Map(lab.play(names, 80, 46_000).map((p) => [p.name, p]));
    // Apache logs a request when it is done with it.
    await new Promise((r) => setTimeout(r, 500));
    asked = RoutedLab.requests(log);
  });

  after(() => lab?.close());

  for (const s of list) {
    it(s.name, () => {
      const p = played.get(s.name);
      assert.ok(p);
      const paths = asked.get(p.clientPort) ?? [];
      const tree = s.stream === undefined ? linux : { ...linux, stream: s.stream };
      assertTold(s, inspect(p.frames, tree), paths.includes(AttackPath));
    });
  }
});
