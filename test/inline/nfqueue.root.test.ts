/**
 * An inline sensor on NFQUEUE between a client and a real Apache. PECCARY_INLINE_FULL=1 asks for 20,000 benign requests and
 * a download of 100 MB.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageOf } from '../tools/benign-client.js';
import { InlineLab, inlineLabMissing, ServerIp6 } from '../tools/inline-lab.js';
import { ServerIp } from '../tools/lab.js';
import { type LiveSensor, until } from '../tools/mirror-lab.js';
import type { RawResult } from '../tools/raw-client.js';
import { attacks, bytewise, rulesWith, triesOf } from './lab-rules.js';

const full = process.env.PECCARY_INLINE_FULL === '1';
const missing = inlineLabMissing();
/** Of the attacks that are cut to bytes, in the short form. */
const Every = 6;

const rule = (action: string, path: string, sid: number): string =>
  `${action} http any any -> any any (msg:"${path}"; flow:established,to_server; http.uri; content:"${path}"; sid:${sid};)`;

const ownRules = [
  rule('drop', '/dropped', 1),
  rule('reject', '/paged', 2),
  rule('rejectboth', '/evil', 3),
  rule('pass', '/evil-but-passed', 4),
  'rejectdst http any any -> any any (msg:"dst"; flow:established,to_server; http.uri; content:"/dst"; sid:5;)',
  'alert tcp any any -> any 80 (msg:"swap"; flow:to_server; content:"GET /p/3.html"; replace:"GET /p/4.html"; sid:7;)',
  'reject udp any any -> any 7777 (msg:"udp"; content:"refuse"; sid:6;)',
];

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: www.example.com\r\n\r\n`;
const counter = (s: LiveSensor, name: string): number => {
  const stats = s.events('stats').at(-1) as { stats?: { ips?: Record<string, number> } } | undefined;
  return stats?.stats?.ips?.[name] ?? 0;
};

describe('inline on NFQUEUE', function () {
  this.timeout(full ? 900_000 : 120_000);
  let lab: InlineLab;

  before(function () {
    if (missing !== '') {
      console.log(`    not run: ${missing}`);
      this.skip();
    }
    lab = new InlineLab(full ? 100e6 : 8e6);
  });
  after(() => lab?.close());

  describe('the bundled rules with rejectboth, two queues with --queue-balance', () => {
    let sensor: LiveSensor;

    before(async () => {
      const rules = rulesWith('rejectboth', join(lab.dir, 'reject.rules'));
      lab.forward('-j', 'NFQUEUE', '--queue-balance', '0:1');
      sensor = await lab.sensor('-q', '0:1', '-S', rules, '--db', 'none');
    });
    after(async () => {
      assert.equal(await sensor?.stop(), 0, sensor?.said);
    });

    it('benign requests are answered with the bytes that the server has', async () => {
      const report = await lab.benign({ requests: full ? 20_000 : 200, bigSha: lab.bigSha() });
      assert.deepEqual(report.failures, []);
      for (const kind of ['page', 'pipelined', 'upload', 'websocket']) assert.ok(report.done[kind] > 0, kind);
      assert.equal(report.done.download, 2);
      assert.deepEqual(sensor.events('alert'), []);
      if (full) console.log(`      ${JSON.stringify(report.done)}`);
    });

    it('every attack is reset before the server has it', async () => {
      lab.forgetLog();
      const tries = attacks().flatMap((e) => triesOf(e, 'whole'));
      const results = await lab.raw(tries);
      assert.deepEqual(notReset(results), []);
      assert.deepEqual(lab.logged(), []);
    });

    it('also cut to single bytes, out of order and sent twice: none is answered', async () => {
      lab.forgetLog();
      const some = attacks().filter((_, i) => full || i % Every === 0);
      const tries = some.flatMap((e) => [...triesOf(e, 'bytes'), ...triesOf(e, 'shuffled')]);
      const results = await lab.raw(tries);
      assert.deepEqual(notReset(results), []);
      assert.deepEqual(
        results.filter((r) => r.text !== ''),
        [],
      );
      // What came before the last byte of the attack has passed: where that was a whole head, Apache notes that the
      // request broke off.
      assert.deepEqual(
        lab.logged().filter((line) => !/ 400 \d+$/.test(line)),
        [],
      );
    });

    it('the events tell what was blocked', async () => {
      const sids = new Set(attacks().map(({ sid }) => sid));
      await until(() => sids.size === blockedSids(sensor, sids), 'alerts of all rules', 60_000);
      const reasons = new Set(sensor.events('drop').map(({ drop }) => (drop as { reason: string }).reason));
      for (const reason of ['rules', 'flow drop']) assert.ok(reasons.has(reason), reason);
    });
  });

  describe('rules of our own', () => {
    let sensor: LiveSensor;

    /** Apache logs one request, once it is over, and it is this one. */
    const onlyLogged = async (line: RegExp): Promise<void> => {
      await until(() => lab.logged().length > 0, 'a line of the access log', 30_000);
      assert.equal(lab.logged().length, 1);
      assert.match(lab.logged()[0], line);
      lab.forgetLog();
    };

    before(async () => {
      const rules = join(lab.dir, 'own.rules');
      writeFileSync(rules, `${ownRules.join('\n')}\n`);
      lab.forward('-j', 'NFQUEUE', '--queue-num', '3');
      const page = ['--set', 'inline.block-page.enabled=yes', '--set', 'action-order.0=pass'];
      sensor = await lab.sensor('-q', '3', '-S', rules, '--db', 'none', ...page);
      lab.forgetLog();
    });

    it('drop: the client hears nothing, the server has nothing', async () => {
      const [result] = await lab.raw(
        [{ id: 'drop', ipVersion: 4, segments: [{ at: 0, text: request('/dropped') }] }],
        1500,
      );
      assert.equal(result.outcome, 'nothing');
      assert.deepEqual(lab.logged(), []);
    });

    for (const [host, family] of [
      [ServerIp, 'IPv4'],
      [`[${ServerIp6}]`, 'IPv6'],
    ]) {
      it(`reject, ${family}: the block page, and the connection ends`, () => {
        const got = lab.inClient('curl', ['-sS', '-i', '--max-time', '20', `http://${host}/paged`]);
        assert.equal(got.status, 0, got.stderr);
        assert.match(got.stdout, /^HTTP\/1.1 403 Forbidden\r\n/);
        assert.match(got.stdout, /This request was blocked/);
        assert.deepEqual(lab.logged(), []);
      });
    }

    it('on a connection kept alive: what came before is answered, the attack gets the page', async () => {
      const got = lab.inClient('curl', ['-sS', '-i', `http://${ServerIp}/p/0.html`, `http://${ServerIp}/paged`]);
      assert.match(got.stdout, /^HTTP\/1.1 200 OK/);
      assert.match(got.stdout, /HTTP\/1.1 403 Forbidden/);
      await onlyLogged(/^GET \/p\/0.html 200/);
    });

    it('a port may be used again after a reject', async () => {
      const on = (path: string) => ({
        id: path,
        ipVersion: 4 as const,
        port: 40_000,
        segments: [{ at: 0, text: request(path) }],
      });
      const [first] = await lab.raw([on('/evil')]);
      const [second] = await lab.raw([on('/p/1.html')]);
      assert.deepEqual([first.outcome, second.outcome], ['closed', 'answered']);
      await onlyLogged(/^GET \/p\/1.html 200/);
    });

    it('rejectdst: only the server is reset', async () => {
      const [result] = await lab.raw([{ id: 'dst', ipVersion: 6, segments: [{ at: 0, text: request('/dst') }] }], 1500);
      assert.equal(result.outcome, 'nothing');
      assert.deepEqual(lab.logged(), []);
    });

    it('pass comes first', async () => {
      const segments = bytewise(request('/evil-but-passed'));
      const [result] = await lab.raw([{ id: 'pass', ipVersion: 4, segments }]);
      assert.equal(result.outcome, 'answered');
      await onlyLogged(/^GET \/evil-but-passed 404/);
    });

    for (const host of [ServerIp, `[${ServerIp6}]`]) {
      it(`replace: the server gets the other bytes, the checksum is right (${host})`, async () => {
        const got = lab.inClient('curl', ['-sS', '--max-time', '20', `http://${host}/p/3.html`]);
        assert.equal(got.stdout, pageOf(4));
        await onlyLogged(/^GET \/p\/4.html 200/);
      });
    }

    it('UDP is refused with ICMP', () => {
      const send = `const s = require('node:dgram').createSocket('udp4');
        s.on('error', (e) => { console.log(e.code); process.exit(0); });
        s.connect(7777, '${ServerIp}', () => { s.send('refuse'); setInterval(() => s.send('x'), 20); });
        setTimeout(() => process.exit(1), 20000);`;
      const got = lab.inClient(process.execPath, ['-e', send]);
      assert.match(got.stdout, /EHOSTUNREACH|ECONNREFUSED|EACCES/);
    });

    it('the first copy of a byte counts: a later one that differs is sent on as the first', async () => {
      // The server does not get the first copy: it comes with a TTL that does not reach it.
      lab.atServer('iptables', ['-I', 'INPUT', '-m', 'ttl', '--ttl-eq', '41', '-j', 'DROP']);
      const harmless = request('/p/2.html');
      const attack = request('/evilxxxx');
      assert.equal(harmless.length, attack.length);
      const [result] = await lab.raw([
        {
          id: 'differs',
          ipVersion: 4,
          segments: [
            { at: 0, text: harmless, ttl: 42 },
            { at: 0, text: attack, waitMs: 50 },
          ],
        },
      ]);
      assert.equal(result.outcome, 'answered');
      assert.match(result.text, /^HTTP\/1.1 200 OK/);
      await onlyLogged(/^GET \/p\/2.html 200/);
    });

    it('and the counters say so', async () => {
      assert.equal(await sensor.stop(), 0, sensor.said);
      for (const name of ['accepted', 'blocked', 'rejected', 'replaced']) assert.ok(counter(sensor, name) > 0, name);
      const anomalies = sensor.events('anomaly').map(({ anomaly }) => (anomaly as { event: string }).event);
      assert.ok(anomalies.includes('stream.reassembly_overlap_different_data'));
    });
  });
});

const notReset = (results: RawResult[]): string[] =>
  results.filter(({ outcome }) => outcome !== 'reset').map(({ id, outcome }) => `${id}: ${outcome}`);

function blockedSids(sensor: LiveSensor, wanted: Set<number>): number {
  const alerts = sensor.events('alert').filter(({ alert }) => alert?.action === 'blocked');
  return new Set(alerts.map(({ alert }) => alert?.signature_id ?? 0).filter((sid) => wanted.has(sid))).size;
}
