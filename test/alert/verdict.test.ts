import assert from 'node:assert/strict';
import { AlertFlag } from '../../src/alert/queue.js';
import { Run, sidsOf } from '../detect/engine-harness.js';
import { get, http, ok, udpTo } from '../detect/frames.js';

const any = 'any any -> any any';

describe('Actions (Suricata manual, "Action-order")', () => {
  it('a pass rule hides what comes after it, and with alert shows itself', () => {
    assert.deepEqual(
      sidsOf(`pass udp ${any} (content:"x"; sid:1;)\nalert udp ${any} (content:"x"; sid:2;)`, [udpTo('x')]),
      [],
    );
    assert.deepEqual(
      sidsOf(`pass udp ${any} (content:"x"; alert; sid:1;)\nalert udp ${any} (content:"x"; sid:2;)`, [udpTo('x')]),
      [1],
    );
    const settings = { 'action-order': ['alert', 'pass', 'drop', 'reject'] };
    assert.deepEqual(
      sidsOf(`pass udp ${any} (content:"x"; sid:1;)\nalert udp ${any} (content:"x"; sid:2;)`, [udpTo('x')], {
        settings,
      }),
      [2],
    );
  });

  it('a pass of a transaction rule passes the rest of the flow, one of a packet rule only its packet', () => {
    const alert = `alert http ${any} (http.uri; content:"/b"; sid:9;)`;
    const frames = http([get('/a'), ok(''), get('/b'), ok('')]);
    assert.deepEqual(sidsOf(`pass http ${any} (http.uri; content:"/a"; sid:1;)\n${alert}`, frames), []);
    assert.deepEqual(sidsOf(`pass tcp-pkt ${any} (content:"/a"; sid:1;)\n${alert}`, frames), [9]);
  });

  it('drop: the packet and, for stateful rules, the rest of the flow', () => {
    const frames = http([get('/a'), ok(''), get('/b'), ok('')], { acks: false });
    const tx = new Run(`drop http ${any} (http.uri; content:"/a"; sid:1;)`, { inline: true }).replay(frames);
    assert.deepEqual(
      tx.drops,
      frames.map((_, i) => i + 1).filter((n) => n >= 4),
    );
    assert.deepEqual(
      tx.seen.map((s) => [s.packet, s.sid, s.flags & AlertFlag.Blocked]),
      [[4, 1, AlertFlag.Blocked]],
    );
    const pkt = new Run(`drop tcp-pkt ${any} (content:"/a"; sid:1;)`, { inline: true }).replay(frames);
    assert.deepEqual(pkt.drops, [4]);
  });

  it('without inline a drop rule alerts as allowed, and detection of its flow ends as if it had dropped', () => {
    const rules = `drop http ${any} (http.uri; content:"/a"; sid:1;)\nalert http ${any} (http.uri; content:"/b"; sid:2;)`;
    const run = new Run(rules).replay(http([get('/a'), ok(''), get('/b'), ok('')]));
    assert.deepEqual(run.drops, []);
    assert.deepEqual(
      run.seen.map((s) => [s.sid, s.flags & AlertFlag.Blocked]),
      [[1, 0]],
    );
  });

  it('reject counts as blocked in both modes', () => {
    const run = new Run(`reject udp ${any} (content:"x"; sid:1;)`).replay([udpTo('x')]);
    assert.deepEqual(
      run.seen.map((s) => s.flags & AlertFlag.Blocked),
      [AlertFlag.Blocked],
    );
  });

  it('a threshold that is not reached holds back the action too; a suppressed alert still drops', () => {
    const rule = `drop udp ${any} (content:"x"; detection_filter:track by_src, count 2, seconds 60; sid:1;)`;
    const frames = [0, 1, 2].map((t) => udpTo('x', 2000 + t, t));
    assert.deepEqual(new Run(rule, { inline: true }).replay(frames).drops, [3]);
    const tune = (set: { suppress: unknown[] }) => set.suppress.push({ gid: 1, sid: 2, track: null, addresses: null });
    const run = new Run(`drop udp ${any} (content:"x"; sid:2;)`, { inline: true, tune }).replay([udpTo('x')]);
    assert.deepEqual([run.drops, run.seen.length], [[1], 0]);
  });

  it('noalert rules have effects and no alert', () => {
    assert.deepEqual(
      sidsOf(
        `alert udp ${any} (content:"x"; noalert; flowbits:set,a; sid:1;)\nalert udp ${any} (flowbits:isset,a; sid:2;)`,
        [udpTo('x')],
      ),
      [2],
    );
  });
});

describe('packet-alert-max (Suricata manual, "Maximum alerts per packet")', () => {
  const rules = (n: number, last: string) =>
    [...Array.from({ length: n }, (_, i) => `alert udp ${any} (content:"x"; sid:${i + 1};)`), last].join('\n');

  it('keeps the first in order of evaluation, drops before alerts', () => {
    const sids = sidsOf(rules(20, `drop udp ${any} (content:"x"; sid:99;)`), [udpTo('x')]);
    assert.deepEqual(sids, [99, ...Array.from({ length: 14 }, (_, i) => i + 1)]);
  });

  it('a drop beyond the bound still drops', () => {
    const settings = { 'packet-alert-max': 3, 'action-order': ['alert', 'drop', 'pass', 'reject'] };
    const run = new Run(rules(4, `drop udp ${any} (content:"x"; sid:99;)`), { inline: true, settings }).replay([
      udpTo('x'),
    ]);
    assert.deepEqual([run.sids(), run.drops], [[1, 2, 3], [1]]);
  });
});
