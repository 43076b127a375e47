import assert from 'node:assert/strict';
import { nfqueueConfig, queueNumbers } from '../../src/capture/nfqueue-config.js';
import { parseQueueStates } from '../../src/capture/nfqueue-state.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { checkQueueRules, iptablesQueueRules, nftQueueRules } from '../../src/sensor/queue-rules.js';
import { QueueWatch } from '../../src/sensor/queue-watch.js';

const config = (nfq: Tree, queues = [0]) => nfqueueConfig(new Settings({ nfq }), queues);

describe('rules that send packets to queues', () => {
  it('iptables-save: number, balance, bypass (iptables-extensions(8), NFQUEUE)', () => {
    const text = [
      '*filter',
      ':FORWARD ACCEPT [0:0]',
      '-A FORWARD -p tcp -m tcp --dport 80 -j NFQUEUE --queue-num 7',
      '-A FORWARD -j NFQUEUE --queue-balance 0:3 --queue-bypass',
      '-A INPUT -m comment --comment "-j NFQUEUE" -j ACCEPT',
      'COMMIT',
    ].join('\n');
    const found = iptablesQueueRules('iptables-save', text).map(({ from, to, bypass }) => [from, to, bypass]);
    assert.deepEqual(found, [
      [7, 7, false],
      [0, 3, true],
    ]);
  });

  it('nft list ruleset, older and newer words (nft(8), QUEUE STATEMENT)', () => {
    const text = [
      'table inet filter {',
      '\tchain forward {',
      '\t\ttcp dport 80 counter packets 0 bytes 0 queue num 0-3 bypass',
      '\t\tqueue flags bypass,fanout to 4-5',
      '\t\tudp dport 53 queue to 9',
      '\t\tqueue',
      '\t\taccept comment "queue num 8"',
    ].join('\n');
    const found = nftQueueRules(text).map(({ from, to, bypass }) => [from, to, bypass]);
    assert.deepEqual(found, [
      [0, 3, true],
      [4, 5, true],
      [9, 9, false],
      [0, 0, false],
    ]);
  });

  it('fail-open is refused when any rule of a queue has no bypass, or when nobody can tell', () => {
    const open = config({ 'fail-open': 'yes' }, [1, 2]);
    const said: string[] = [];
    const log = (_: string, message: string): number => said.push(message);
    const of = (bypass: boolean, from: number) => ({ tool: 'nft', text: `queue ${from}`, from, to: from, bypass });
    checkQueueRules(open, [of(true, 1), of(true, 2), of(false, 3)], log);
    assert.deepEqual(said, []);
    assert.throws(() => checkQueueRules(open, [of(true, 1), of(false, 2)], log), /"queue 2" \(nft\) has no bypass/);
    assert.throws(() => checkQueueRules(open, null, log), /could not be listed/);
    checkQueueRules(config({}, [1]), [of(true, 1)], log);
    assert.match(said[0], /traffic passes: the rule "queue 1"/);
  });
});

describe('-q and the keys of nfq (Suricata manual, "Suricata.yaml", "NFQ")', () => {
  it('numbers and ranges', () => {
    assert.deepEqual(queueNumbers(['0', '4:6', '5']), [0, 4, 5, 6]);
    for (const bad of ['x', '3:1', '65536', '', '0:64', '-1']) assert.throws(() => queueNumbers([bad]), /-q|64 queues/);
  });

  it('defaults, modes, marks', () => {
    const plain = config({});
    assert.deepEqual([plain.mode, plain.failOpen, plain.batch, plain.bypassMask], [0, false, 256, 0]);
    const repeat = config({ mode: 'repeat', 'repeat-mark': 3, 'repeat-mask': 7, 'bypass-mark': 8, batchcount: 20 });
    const { repeatMark, repeatMask, bypassMask, batch } = repeat;
    assert.deepEqual([repeatMark, repeatMask, bypassMask, batch], [3, 7, 0xffff_ffff, 20]);
    assert.throws(() => config({ mode: 'route', 'route-queue': 0 }), /own queues/);
    assert.throws(() => config({ mode: 'pass' }), /accept, repeat or route/);
  });
});

describe('the watchdog', () => {
  // Queue, port, waiting, mode, range, dropped, user dropped, last number.
  const line = (queue: number, waiting: number, lastId: number): string =>
    `${String(queue).padStart(5)} ${4711} ${waiting} 2 65531     0     0 ${lastId}  1\n`;
  const look = (watch: QueueWatch, text: string, ms: number): number => watch.look(parseQueueStates(text), ms);

  it('a queue in which packets wait and none leaves stands still', () => {
    const watch = new QueueWatch([5], 600);
    let stood = 0;
    for (let ms = 0; ms <= 600; ms += 50) {
      assert.equal(stood, 0);
      stood = look(watch, line(5, 3 + ms / 50, 10 + ms / 50), ms);
    }
    assert.equal(stood, 600);
  });

  it('one that is full and moves, one that is empty, and one of another sensor do not', () => {
    const watch = new QueueWatch([5], 600);
    for (let ms = 0; ms < 5000; ms += 50) {
      assert.equal(look(watch, line(5, 4096, 10_000 + ms) + line(6, 9, 20), ms), 0);
    }
    for (let ms = 5000; ms < 9000; ms += 50) assert.equal(look(watch, line(5, 0, 20_000), ms), 0);
  });

  it('a pause that the sensor has told of does not count, for five seconds at most', () => {
    const watch = new QueueWatch([5], 600);
    watch.expect(true, 0);
    for (let ms = 0; ms <= 5550; ms += 50) assert.equal(look(watch, line(5, 1, 10), ms), 0, `${ms}`);
    assert.ok(look(watch, line(5, 1, 10), 5600) >= 600);
    watch.expect(true, 5650);
    watch.expect(false, 5700);
    for (let ms = 5750; ms <= 6300; ms += 50) assert.equal(look(watch, line(5, 1, 10), ms), 0);
    assert.equal(look(watch, line(5, 1, 10), 6350), 600);
  });

  it('numbers that begin again at 0 are movement; a watchdog that was itself stopped has seen nothing', () => {
    const watch = new QueueWatch([5], 600);
    look(watch, line(5, 1, 0xffff_ffff), 0);
    assert.equal(look(watch, line(5, 1, 1), 250), 0);
    assert.equal(look(watch, line(5, 1, 1), 5000), 0);
    assert.equal(look(watch, line(5, 1, 1), 5050), 0);
  });
});
