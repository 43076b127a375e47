/** Outputs of a running sensor: the packets of alerts (Suricata user guide 7.0, "Packet logging"), two fast logs, HUP. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFrames } from '../tools/frames.js';
import { pageText } from '../tools/lab.js';
import { MirrorLab, mirrorLabMissing, realTime, until } from '../tools/mirror-lab.js';
import { replayEvents } from '../tools/peccary.js';

const Rules = 'alert http any any -> any any (msg:"evil"; flow:to_server; http.uri; content:"/evil"; sid:1;)\n';

describe('packets of alerts of a running sensor', function () {
  this.timeout(40_000);
  let lab: MirrorLab;

  before(function () {
    const missing = mirrorLabMissing();
    if (missing !== '') {
      console.log(`      skipped: ${missing}`);
      this.skip();
    }
    lab = new MirrorLab({ content: (root) => writeFileSync(join(root, 'page.html'), pageText(1, 8000)) });
  });

  after(() => lab?.close());

  it('are in captures with their whole connections, before and after; a new one, as all files, at HUP', async () => {
    const rules = join(lab.lab.dir, 'pcap.rules');
    const config = join(lab.lab.dir, 'pcap.yaml');
    writeFileSync(rules, Rules);
    const outputs = [
      { 'pcap-log': { enabled: 'yes', conditional: 'alerts' } },
      { fast: { enabled: 'yes', filename: 'one.log' } },
      { fast: { enabled: 'yes', filename: 'two.log' } },
    ];
    writeFileSync(config, JSON.stringify({ outputs }));
    // Two workers: packets are kept by the owner of their connection.
    const two = ['--set', `af-packet.0.interface=${lab.port}`, '--set', 'af-packet.0.threads=2'];
    const sensor = await lab.sensorWith({ through: realTime() }, '-S', rules, '-c', config, ...two);
    const inLog = (name: string): string => join(sensor.dir, name);
    const captures = (): string[] =>
      readdirSync(sensor.dir)
        .filter((n) => /^log\.pcap\.[\d-]+$/.test(n))
        .sort();
    const lines = (name: string): number => readFileSync(inLog(name), 'utf8').split('\n').length - 1;
    const fins = (file: string): number => readFrames(file).filter((f) => (f.bytes[47] & 0x01) !== 0).length;
    await lab.requests('/page.html?a=', 200, 4);
    lab.lab.curl('/evil-one', '-H', 'X-Mark: first');
    await until(() => sensor.alerted(1).length === 1 && captures().length === 1, 'the first alert');
    const isWritten = (): boolean => statSync(inLog(captures()[0])).size > 0;
    await until(() => isWritten() && fins(inLog(captures()[0])) === 2, 'the end of its connection');
    for (const name of ['one.log', 'two.log']) renameSync(inLog(name), inLog(`${name}.old`));
    sensor.signal('SIGHUP');
    await until(() => readdirSync(sensor.dir).includes('two.log'), 'files opened anew');
    await lab.requests('/page.html?b=', 200, 4);
    lab.lab.curl('/evil-two');
    await until(() => sensor.alerted(1).length === 2, 'the second alert');
    assert.equal(await sensor.stop(), 0);
    const files = captures().map(inLog);
    assert.equal(files.length, 2);
    assert.deepEqual(
      sensor.events('alert').map((e) => e.capture_file),
      files,
    );
    files.forEach((file, i) => {
      const text = readFrames(file).map((f) => Buffer.from(f.bytes).toString('latin1'));
      assert.ok(text.some((t) => t.includes(i === 0 ? 'GET /evil-one' : 'GET /evil-two')));
      assert.ok(text.some((t) => t.includes('404 Not Found')));
      assert.ok(!text.some((t) => t.includes('GET /page.html')));
      // SYN, SYN/ACK … FIN, and nothing of another connection.
      const flags = readFrames(file).map((f) => f.bytes[47]);
      assert.deepEqual([flags[0], flags[1]], [0x02, 0x12]);
      assert.equal(fins(file), 2);
      const again = replayEvents(file, '-S', rules).filter((e) => e.event_type === 'alert');
      assert.deepEqual(
        again.map((e) => [e.alert?.signature_id, e.http?.url]),
        [[1, i === 0 ? '/evil-one' : '/evil-two']],
      );
    });
    assert.deepEqual(['one.log.old', 'one.log', 'two.log.old', 'two.log'].map(lines), [1, 1, 1, 1]);
    assert.match(sensor.said, /stopped packets=\d+ .*kernel_drops=0/);
  });
});
