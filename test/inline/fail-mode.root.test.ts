/** What becomes of traffic when the sensor is gone, stands still, or falls behind: as configured, and as the rule says. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InlineLab, inlineLabMissing } from '../tools/inline-lab.js';
import { ServerIp } from '../tools/lab.js';
import { type LiveSensor, until } from '../tools/mirror-lab.js';

const missing = inlineLabMissing();
const bypass = '--queue-bypass';
/** Seconds that a request is given: longer than a lost first segment takes to be sent again. */
const Patience = '20';

describe('fail-open and fail-closed on NFQUEUE', function () {
  this.timeout(120_000);
  let lab: InlineLab;
  let rules: string;

  before(function () {
    if (missing !== '') {
      console.log(`    not run: ${missing}`);
      this.skip();
    }
    lab = new InlineLab(1000);
    rules = join(lab.dir, 'one.rules');
    writeFileSync(rules, 'reject http any any -> any any (msg:"a"; http.uri; content:"/evil"; sid:1;)\n');
  });
  after(() => lab?.close());

  const rule = (queue: number, ...more: string[]): void =>
    lab.forward('-j', 'NFQUEUE', '--queue-num', String(queue), ...more);
  const start = (queue: number, ...more: string[]): Promise<LiveSensor> =>
    lab.sensor('-q', String(queue), '-S', rules, '--db', 'none', ...more);
  const open = ['--set', 'nfq.fail-open=yes'];
  const passes = (seconds: string): boolean =>
    lab.inClient('curl', ['-s', '-o', '/dev/null', '--max-time', seconds, `http://${ServerIp}/p/0.html`]).status === 0;
  /** Opens connections, one each 20 ms; how many were opened so far, and milliseconds since `mark` until the next was. */
  const knocker = (): { opened(): number; mark(): void; tookMs(): number } => {
    const client = lab.talker(`const { connect } = require('node:net');
      let mark = 0;
      process.stdin.on('data', () => { mark = Date.now(); });
      process.stdin.on('end', () => process.exit(0));
      setInterval(() => {
        const begun = Date.now();
        const s = connect(80, '${ServerIp}', () => {
          process.stdout.write(mark > 0 && begun >= mark ? '<' + (Date.now() - mark) + '>' : '+');
          s.destroy();
        });
        s.on('error', () => undefined);
        s.setTimeout(900, () => s.destroy());
      }, 20);`);
    return {
      opened: () => client.said.split(/[+<]/).length - 1,
      mark: () => client.say('x'),
      tookMs: () => Number(/<(\d+)>/.exec(client.said)?.[1] ?? Number.NaN),
    };
  };
  /** How long it takes from `trouble` on until a new connection is opened. */
  const opensAfter = async (what: string, trouble: () => void): Promise<void> => {
    const client = knocker();
    await until(() => client.opened() > 5, 'connections', 30_000);
    trouble();
    client.mark();
    await until(() => !Number.isNaN(client.tookMs()), 'a connection after the trouble', 30_000);
    console.log(`      a new connection ${client.tookMs()} ms after ${what}`);
  };

  it('refuses to fail open where the rule has no --queue-bypass, and names the rule', async () => {
    rule(10);
    const sensor = lab.launch('-q', '10', '-S', rules, '--db', 'none', ...open);
    assert.equal(await sensor.exited, 2);
    assert.match(
      sensor.said,
      /nfq\.fail-open: .*-A FORWARD -j NFQUEUE --queue-num 10" \(iptables-save\) has no bypass/,
    );
  });

  it('tells of a bypass that it was not to have, and of a queue that no rule names', async () => {
    rule(11, bypass);
    const sensor = await start(11, '-q', '12');
    assert.match(sensor.said, /traffic passes: the rule "-A FORWARD -j NFQUEUE --queue-num 11 --queue-bypass"/);
    assert.match(sensor.said, /no rule of the firewall sends packets to queue 12/);
    assert.equal(await sensor.stop(), 0, sensor.said);
  });

  it('SIGKILL: with the bypass traffic passes, without it stops', async () => {
    for (const more of [[bypass], []]) {
      rule(13, ...more);
      const sensor = await start(13);
      assert.ok(passes(Patience));
      if (more.length > 0) await opensAfter('SIGKILL', () => sensor.kill());
      else {
        sensor.kill();
        await sensor.exited;
        assert.ok(!passes('0.5'));
      }
    }
  });

  it('SIGSTOP, fail-open: the watchdog ends the sensor and traffic passes', async () => {
    rule(14, bypass);
    const sensor = await start(14, ...open);
    await opensAfter('SIGSTOP', () => sensor.signal('SIGSTOP'));
    await sensor.exited;
    await until(() => /watchdog: the sensor has answered no packet for \d+ ms/.test(sensor.said), 'its word', 30_000);
    assert.ok(passes(Patience));
  });

  it('SIGSTOP, fail-closed: nothing passes until it goes on', async () => {
    rule(15);
    const sensor = await start(15);
    assert.ok(passes(Patience));
    sensor.signal('SIGSTOP');
    assert.ok(!passes('1'));
    sensor.signal('SIGCONT');
    assert.ok(passes(Patience));
    assert.equal(await sensor.stop(), 0, sensor.said);
  });

  it('a full queue: with fail-open what finds no room passes, without it is dropped', async () => {
    const small = ['--set', 'nfq.queue-length=4', '--set', 'nfq.stall-limit=60000'];
    for (const isOpen of [true, false]) {
      rule(16, bypass);
      const sensor = await start(16, ...small, ...(isOpen ? open : []));
      sensor.signal('SIGSTOP');
      // The first four packets wait; of the others the kernel decides.
      const client = knocker();
      if (isOpen) await until(() => client.opened() >= 20, 'connections', 30_000);
      else assert.ok(!passes('1.5') && client.opened() === 0);
      sensor.signal('SIGCONT');
      assert.equal(await sensor.stop(), 0, sensor.said);
    }
  });

  it('connections that were there before the sensor: go on when it fails open, are dropped when not', async () => {
    for (const isOpen of [true, false]) {
      lab.forward();
      const script = `const s = require('node:net').connect(80, '${ServerIp}');
        s.on('data', (d) => { process.stdout.write('+'); });
        s.on('error', () => process.exit(1));
        process.stdin.on('data', () => s.write('GET /p/0.html HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'));
        process.stdin.on('end', () => process.exit(0));
        s.on('connect', () => process.stdout.write('connected'));`;
      const client = lab.talker(script);
      await until(() => client.said.includes('connected'), 'the connection', 30_000);
      rule(17, ...(isOpen ? [bypass] : []));
      const sensor = await start(17, ...(isOpen ? open : []));
      client.say('x');
      if (isOpen) await until(() => client.said.includes('+'), 'the answer', 30_000);
      else await until(() => droppedMidstream(sensor), 'the drop', 30_000);
      assert.equal(client.said.includes('+'), isOpen);
      client.end();
      assert.equal(await sensor.stop(), 0, sensor.said);
    }
  });
});

const droppedMidstream = (sensor: LiveSensor): boolean =>
  sensor.events('drop').some(({ drop }) => (drop as { reason: string }).reason === 'stream midstream');
