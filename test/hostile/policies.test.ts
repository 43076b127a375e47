/**
 * Exception policies (Suricata manual, "Exception Policies"): each condition is brought about, and what becomes of the
 * packets is what the policy says: nothing that was not inspected passes when it is to be dropped (fail closed), and
 * nothing is stopped when it is to pass (fail open).
 */
import assert from 'node:assert/strict';
import { counterSnapshot, resetCounters } from '../../src/core/counters.js';
import type { Tree } from '../../src/core/settings.js';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { DefaultClient, DefaultServer, frame, ip, ipv4, tcpFrame, udp } from '../tools/build.js';
import { fragmentPacket } from '../tools/fragment.js';
import { PipelineRun } from '../tools/pipeline-run.js';
import { DefaultStartUs, type TimedFrame, tcpSession } from '../tools/session.js';

/** Sees every packet that is inspected at all. */
const rules = `
alert ip any any -> any any (msg:"packet"; ttl:>0; sid:1;)
alert http any any -> any any (msg:"attack"; http.uri; content:"attack"; sid:2;)
`;

const timed = (frames: Uint8Array[]): TimedFrame[] =>
  frames.map((bytes, i) => ({ tsUs: DefaultStartUs + i * 1000, bytes }));

/** Frames of three sources: two that fill the table of two flows, and one that has no room. */
function threeFlows(): TimedFrame[] {
  return timed([1, 2, 3].map((n) => tcpFrame({ src: `10.0.0.${n}`, srcPort: 1000 + n, flags: TcpFlag.Syn }, '')));
}

/** First fragments of two datagrams, and then all of a third with a UDP message in it. */
function fragments(): TimedFrame[] {
  const waiting = [1, 2].map((id) => frame(ipv4({ proto: 17, id, flags: 1 }, new Uint8Array(64))));
  const whole = ip(DefaultClient, DefaultServer, 17, udp(DefaultClient, DefaultServer, {}, 'x'.repeat(56)));
  return timed([...waiting, ...fragmentPacket(whole, 32, 3).map(frame)]);
}

function sessions(n: number, request: string): TimedFrame[] {
  const one = (i: number): TimedFrame[] =>
    tcpSession({
      client: { port: 2000 + i, isn: 7 * i },
      exchanges: [{ from: 'client', data: request }],
      startUs: DefaultStartUs + i,
      close: 'none',
    });
  return Array.from({ length: n }, (_, i) => one(i)).flat();
}

const attack = 'GET /attack HTTP/1.1\r\nHost: h\r\n\r\n';

/** The client's data comes in two segments, the second one first, and there is no memory to keep it. */
function outOfOrder(): TimedFrame[] {
  const [syn, synAck, ack] = tcpSession({ exchanges: [], close: 'none' });
  const fields = { srcPort: 40000, dstPort: 80, ack: 500_001, flags: TcpFlag.Ack };
  const late = timed([
    tcpFrame({ ...fields, seq: 1001 + 10 }, attack.slice(10)),
    tcpFrame({ ...fields, seq: 1001 }, attack.slice(0, 10)),
  ]);
  return [syn, synAck, ack, ...late];
}

interface Condition {
  name: string;
  key: string;
  /** Bounds that bring it about. */
  bounds: [path: string, value: Tree][];
  frames: () => TimedFrame[];
  /** EVE's drop.reason, with `_` for spaces. */
  reason: string;
  /** Frames that meet it, when nothing is dropped for the whole flow; and then besides, for the flow. */
  met: number;
  flowWide: number;
  /** The counter that tells of it. */
  counter: string;
}

const conditions: Condition[] = [
  {
    name: 'no memory for a flow',
    key: 'flow.memcap-policy',
    bounds: [['flow.memcap', '800']],
    frames: threeFlows,
    reason: 'flow_memcap',
    met: 1,
    flowWide: 0,
    counter: 'flow.memcap',
  },
  {
    name: 'no memory for a datagram',
    key: 'defrag.memcap-policy',
    bounds: [['defrag.trackers', 2]],
    frames: fragments,
    reason: 'defrag_memcap',
    met: 2,
    flowWide: 0,
    counter: 'defrag.max_frag_hits',
  },
  {
    name: 'no memory for a session',
    key: 'stream.memcap-policy',
    bounds: [['stream.memcap', '400']],
    frames: () => sessions(3, attack),
    reason: 'stream_memcap',
    met: 1,
    flowWide: 4,
    counter: 'tcp.ssn_memcap_drop',
  },
  {
    name: 'no memory for a segment',
    key: 'stream.reassembly.memcap-policy',
    bounds: [['stream.reassembly.memcap', '0']],
    frames: outOfOrder,
    reason: 'stream_reassembly',
    met: 1,
    flowWide: 1,
    counter: 'tcp.segment_memcap_drop',
  },
  {
    name: 'a session picked up in its middle',
    key: 'stream.midstream-policy',
    bounds: [],
    frames: () => tcpSession({ handshake: false, exchanges: [{ from: 'client', data: attack }], close: 'none' }),
    reason: 'stream_midstream',
    met: 1,
    flowWide: 1,
    counter: 'tcp.midstream_pickups',
  },
  {
    name: 'a parser that gave up',
    key: 'app-layer.error-policy',
    bounds: [['app-layer.protocols.http.libhtp.default-config.max-tx', 2]],
    frames: () => sessions(1, attack.repeat(4)),
    reason: 'applayer_error',
    met: 1,
    flowWide: 1,
    counter: 'app_layer.error.http.parser',
  },
];

function treeOf(pairs: [path: string, value: Tree][]): Tree {
  const root: { [key: string]: Tree } = {};
  for (const [path, value] of pairs) {
    let node = root;
    const keys = path.split('.');
    for (const key of keys.slice(0, -1)) {
      node[key] ??= {};
      node = node[key] as { [key: string]: Tree };
    }
    node[keys[keys.length - 1]] = value;
  }
  return root;
}

/** Counters after the condition under a policy, and which rules alerted how often. */
function outcome(c: Condition, policy: string, inline = true): { counters: Record<string, number>; run: PipelineRun } {
  resetCounters();
  const tree = treeOf([...c.bounds, ['exception-policy', 'ignore'], [c.key, policy]]);
  const run = new PipelineRun(rules, tree, inline);
  run.feed(c.frames(), 1).finish();
  return { counters: counterSnapshot(), run };
}

describe('Exception policies (Suricata manual, "Exception Policies")', () => {
  for (const c of conditions) {
    describe(`${c.key}: ${c.name}`, () => {
      const sent = c.frames().length;
      const dropped = (counters: Record<string, number>): number[] => [
        counters['ips.accepted'],
        counters['ips.blocked'],
        counters['ips.rejected'],
        counters[`ips.drop_reason.${c.reason}`] ?? 0,
      ];

      it('drop-packet drops what could not be followed, and says why', () => {
        const { counters, run } = outcome(c, 'drop-packet');
        assert.ok(c.key === 'stream.midstream-policy' || counters[c.counter] > 0, 'the condition was met');
        const blocked = counters['ips.blocked'];
        assert.ok(blocked >= c.met, `${blocked} packets were dropped`);
        assert.equal(counters[`ips.drop_reason.${c.reason}`] + counters['ips.drop_reason.flow_drop'], blocked);
        assert.equal(run.records.drop, blocked, 'each is told');
        assert.equal(counters['ips.accepted'], sent - blocked);
      });

      it('drop-flow drops what follows too', () => {
        const { counters } = outcome(c, 'drop-flow');
        const [accepted, blocked, rejected, why] = dropped(counters);
        assert.deepEqual([accepted, blocked, rejected], [sent - c.met - c.flowWide, c.met + c.flowWide, 0]);
        assert.ok(why >= 1);
      });

      it('reject drops and rejects', () => {
        const { counters } = outcome(c, 'reject');
        const [accepted, blocked, rejected] = dropped(counters);
        assert.equal(accepted, sent - c.met - c.flowWide);
        assert.equal(blocked + rejected, c.met + c.flowWide);
      });

      for (const policy of ['pass-packet', 'pass-flow', 'bypass', 'ignore']) {
        it(`${policy} drops nothing`, () => {
          const { counters, run } = outcome(c, policy);
          assert.deepEqual(dropped(counters), [sent, 0, 0, 0]);
          assert.equal(run.records.drop ?? 0, 0);
        });
      }

      it('pass-flow lets pass what is not inspected any more', () => {
        const passed = outcome(c, 'pass-flow').run.alerts(1);
        const ignored = outcome(c, 'ignore').run.alerts(1);
        assert.ok(passed < ignored, `${passed} packets inspected, ${ignored} without the policy`);
      });

      it('drops nothing where there is nothing to drop with', () => {
        for (const policy of ['drop-flow', 'drop-packet', 'auto']) {
          const { run } = outcome(c, policy, false);
          assert.equal(run.records.drop ?? 0, 0);
          assert.equal(run.alerts(1), outcome(c, 'ignore', false).run.alerts(1), policy);
        }
      });
    });
  }

  it('exception-policy stands for those that say nothing, auto for fail closed', () => {
    for (const c of conditions) {
      resetCounters();
      new PipelineRun(rules, treeOf([...c.bounds, ['exception-policy', 'auto']]), true).feed(c.frames(), 1).finish();
      assert.ok(counterSnapshot()[`ips.drop_reason.${c.reason}`] > 0, c.key);
      resetCounters();
      new PipelineRun(rules, treeOf(c.bounds), true).feed(c.frames(), 1).finish();
      assert.ok(counterSnapshot()[`ips.drop_reason.${c.reason}`] > 0, `${c.key} by default`);
    }
  });

  it('a value that is none is refused with its place', () => {
    for (const c of conditions) assert.throws(() => outcome(c, 'drop-everything'), new RegExp(c.key));
  });

  it('a datagram that waits is not driven out by others, unless their policy is to be ignored', () => {
    const attacker = frame(ipv4({ proto: 17, id: 9, flags: 1 }, new Uint8Array(64)));
    const last = frame(ipv4({ proto: 17, id: 9, fragOff: 64 }, new Uint8Array(8)));
    const others = Array.from({ length: 8 }, (_, i) =>
      frame(ipv4({ proto: 17, id: 100 + i, flags: 1 }, new Uint8Array(64))),
    );
    const frames = timed([attacker, ...others, last]);
    for (const [policy, whole] of [
      ['drop-packet', 1],
      ['ignore', 0],
    ] as const) {
      resetCounters();
      const tree = treeOf([
        ['defrag.trackers', 4],
        ['defrag.memcap-policy', policy],
      ]);
      new PipelineRun(rules, tree, true).feed(frames).finish();
      assert.equal(counterSnapshot()['defrag.ipv4.reassembled'], whole, policy);
    }
  });

  it('a flow that is silent for a while gives way to another under every policy', () => {
    resetCounters();
    const frames = threeFlows();
    frames[2].tsUs += 5e6;
    new PipelineRun(
      rules,
      treeOf([
        ['flow.memcap', '800'],
        ['flow.memcap-policy', 'drop-packet'],
      ]),
      true,
    )
      .feed(frames)
      .finish();
    assert.equal(counterSnapshot()['ips.blocked'], 0);
    assert.equal(counterSnapshot()['flow.get_used'], 1);
  });
});
