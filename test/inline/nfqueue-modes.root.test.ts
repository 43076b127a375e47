/** Modes and marks of `nfq` (Suricata manual, "Suricata.yaml", "NFQ"), seen by the firewall's own counters. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InlineLab, inlineLabMissing } from '../tools/inline-lab.js';
import { ServerIp } from '../tools/lab.js';

const missing = inlineLabMissing();

describe('modes and marks of nfq', function () {
  this.timeout(120_000);
  let lab: InlineLab;
  let rules: string;

  before(function () {
    if (missing !== '') {
      console.log(`    not run: ${missing}`);
      this.skip();
    }
    lab = new InlineLab(1000);
    rules = join(lab.dir, 'modes.rules');
    const of = (action: string, path: string, more: string, sid: number): string =>
      `${action} http any any -> any any (msg:"m"; flow:established,to_server; http.uri; content:"${path}"; ${more}sid:${sid};)`;
    writeFileSync(rules, `${of('reject', '/evil', '', 1)}\n${of('alert', '/p/7.html', 'bypass; ', 2)}\n`);
  });
  after(() => lab?.close());

  const curl = (path: string): number | null =>
    lab.inClient('curl', ['-sS', '-o', '/dev/null', '--max-time', '20', `http://${ServerIp}${path}`]).status;
  /** Packets that the first rule of a chain has met. */
  const counted = (table: string, chain: string): number => {
    const listed = lab.inRouter('iptables', ['-t', table, '-L', chain, '-v', '-n', '-x']).split('\n')[2] ?? '';
    return Number(listed.trim().split(/\s+/)[0]);
  };
  const queue = (n: number): string[] => ['-j', 'NFQUEUE', '--queue-num', String(n)];
  const modes = (queueNumber: number, ...sets: string[]): string[] => {
    const all = sets.flatMap((set) => ['--set', `nfq.${set}`]);
    return ['-q', String(queueNumber), '-S', rules, '--db', 'none', ...all];
  };

  it('repeat: what passes goes through the chain once more, with the mark', async () => {
    lab.forward('-m', 'mark', '--mark', '4/4', '-j', 'ACCEPT');
    lab.inRouter('iptables', ['-A', 'FORWARD', ...queue(20)]);
    const sensor = await lab.sensor(...modes(20, 'mode=repeat', 'repeat-mark=4', 'repeat-mask=4'));
    assert.equal(curl('/p/0.html'), 0);
    assert.equal(curl('/evil'), 56);
    assert.ok(counted('filter', 'FORWARD') > 5);
    assert.equal(await sensor.stop(), 0, sensor.said);
  });

  it('repeat without a rule that knows the mark does not go round for ever', async () => {
    lab.forward(...queue(21));
    const sensor = await lab.sensor(...modes(21, 'mode=repeat'));
    assert.equal(curl('/p/0.html'), 0);
    assert.equal(curl('/evil'), 56);
    assert.equal(await sensor.stop(), 0, sensor.said);
  });

  it('route: what passes goes to the other queue', async () => {
    lab.forward(...queue(22));
    const first = await lab.sensor(
      '-q',
      '22',
      '-S',
      '/dev/null',
      '--db',
      'none',
      '--set',
      'nfq.mode=route',
      '--set',
      'nfq.route-queue=23',
    );
    const second = await lab.sensor(...modes(23));
    assert.equal(curl('/p/0.html'), 0);
    assert.equal(curl('/evil'), 56);
    assert.equal(await second.stop(), 0, second.said);
    assert.equal(await first.stop(), 0, first.said);
    assert.deepEqual([first.events('drop').length, second.events('drop').length > 0], [0, true]);
  });

  it('bypass-mark: packets of a flow that is bypassed carry it', async () => {
    lab.forward(...queue(24));
    lab.inRouter('iptables', ['-t', 'mangle', '-A', 'POSTROUTING', '-m', 'mark', '--mark', '0x80/0x80']);
    const sensor = await lab.sensor(...modes(24, 'bypass-mark=128', 'bypass-mask=128'));
    assert.equal(curl('/p/0.html'), 0);
    assert.equal(counted('mangle', 'POSTROUTING'), 0);
    assert.equal(curl('/p/7.html'), 0);
    assert.ok(counted('mangle', 'POSTROUTING') > 0);
    assert.equal(await sensor.stop(), 0, sensor.said);
  });
});
