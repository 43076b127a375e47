/** Flows that are not inspected any more (Suricata user guide 7.0, "Ignoring Traffic", "bypass"; "Stream", `stream.bypass`). */
import assert from 'node:assert/strict';
import { counterSnapshot } from '../../src/core/counters.js';
import type { Tree } from '../../src/core/settings.js';
import { Settings } from '../../src/core/settings.js';
import { eveForced } from '../../src/output/eve/config.js';
import { EveWriter } from '../../src/output/eve/writer.js';
import type { EventRecord, FlowEventRecord } from '../../src/output/records.js';
import { udpFrame } from '../tools/build.js';
import { PipelineRun } from '../tools/pipeline-run.js';
import { DefaultStartUs, type TimedFrame, tcpSession } from '../tools/session.js';

const rules = `alert http any any -> any any (msg:"first"; http.uri; content:"/first"; bypass; sid:1;)
alert http any any -> any any (msg:"second"; http.uri; content:"/second"; sid:2;)
alert udp any any -> any any (msg:"datagram"; content:"needle"; sid:3;)
`;
const get = (uri: string): { from: 'client'; data: string } => ({
  from: 'client',
  data: `GET ${uri} HTTP/1.1\r\nHost: a\r\n\r\n`,
});
const answer = (len: number): { from: 'server'; data: string } => ({
  from: 'server',
  data: `HTTP/1.1 200 OK\r\nContent-Length: ${len}\r\n\r\n${'x'.repeat(len)}`,
});

interface Result {
  run: PipelineRun;
  flows: FlowEventRecord[];
  packets: number;
  bytes: number;
  byVolume: number;
}

function replay(frames: TimedFrame[], tree: Tree = {}): Result {
  const before = counterSnapshot();
  const run = new PipelineRun(rules, tree);
  const flows: FlowEventRecord[] = [];
  run.onRecord = (r: EventRecord) => {
    if (r.kind === 'flow') flows.push(r);
  };
  run.feed(frames).finish();
  const after = counterSnapshot();
  const more = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
  return {
    run,
    flows,
    packets: more('flow_bypassed.local_pkts'),
    bytes: more('flow_bypassed.local_bytes'),
    byVolume: more('flow.bypassed_by_volume'),
  };
}

describe('a bypassed flow', () => {
  const both = tcpSession({ exchanges: [get('/first'), answer(2), get('/second'), answer(2)] });

  it('is one that a rule with bypass has matched: what follows is counted and not inspected', () => {
    const { run, flows, packets, bytes } = replay(both);
    assert.deepEqual([run.alerts(1), run.alerts(2)], [1, 0]);
    const [flow] = flows;
    assert.deepEqual([flows.length, flow.state], [1, 'bypassed']);
    // The request is inspected when it is acknowledged: handshake, request, acknowledgement come before.
    const rest = both.slice(5);
    assert.deepEqual([packets, bytes], [rest.length, rest.reduce((n, f) => n + f.bytes.length, 0)]);
    assert.equal(flow.flow.pktsToServer + flow.flow.pktsToClient, both.length);
    const line = JSON.parse(new EveWriter(eveForced(new Settings(), '-'), false).line(flow));
    assert.deepEqual([line.flow.bypass, line.flow.state], ['local', 'bypassed']);
    assert.deepEqual(Object.keys(line.flow).slice(-4), ['bypass', 'state', 'reason', 'alerted']);
  });

  it('with stream.bypass is one of which a direction has passed stream.reassembly.depth', () => {
    const frames = tcpSession({ exchanges: [get('/zero'), answer(5000), get('/second'), answer(2)] });
    const depth = { reassembly: { depth: '2kb' } };
    assert.equal(replay(frames, { stream: depth }).run.alerts(2), 1);
    const { run, flows, packets } = replay(frames, { stream: { ...depth, bypass: 'yes' } });
    assert.equal(run.alerts(2), 0);
    assert.equal(flows[0].state, 'bypassed');
    assert.ok(packets > 10 && packets < frames.length - 6, `${packets}`);
    assert.equal(replay(both, { stream: { bypass: 'yes' } }).packets, replay(both).packets);
  });

  it('is one past flow.bypass-volume, TCP or not; without that key all is inspected', () => {
    const frames = tcpSession({ exchanges: [get('/zero'), answer(300_000), get('/second'), answer(2)] });
    const off = replay(frames);
    assert.deepEqual([off.run.alerts(2), off.byVolume, off.packets], [1, 0, 0]);
    const on = replay(frames, { flow: { 'bypass-volume': '100kb' } });
    assert.deepEqual([on.run.alerts(2), on.byVolume, on.flows[0].state], [0, 1, 'bypassed']);
    // Looked at with each 64th packet: at most as many packets of a direction come too late.
    const inspected = frames.length - on.packets;
    const atVolume = frames.findIndex(
      (_, i) => frames.slice(0, i).reduce((n, f) => n + f.bytes.length, 0) > 100 * 1024,
    );
    assert.ok(inspected >= atVolume && inspected <= atVolume + 2 * 64, `${inspected} ${atVolume}`);
    assert.equal(replay(frames, { flow: { 'bypass-volume': '1gb' } }).run.alerts(2), 1);
    const datagrams = Array.from({ length: 200 }, (_, i) => ({
      tsUs: DefaultStartUs + i,
      bytes: udpFrame({ srcPort: 1000, dstPort: 2000 }, `needle${'.'.repeat(1000)}`),
    }));
    assert.equal(replay(datagrams).run.alerts(3), 200);
    const udp = replay(datagrams, { flow: { 'bypass-volume': '50kb' } });
    assert.deepEqual([udp.run.alerts(3), udp.packets, udp.byVolume], [63, 137, 1]);
  });

  it('ends when its addresses and ports are used for another connection, which is inspected', () => {
    const again = tcpSession({
      startUs: DefaultStartUs + 1e6,
      client: { isn: 77_000 },
      server: { isn: 99_000 },
      exchanges: [get('/second'), answer(2)],
    });
    const { run, flows } = replay([...both.slice(0, -4), ...again]);
    assert.deepEqual([run.alerts(1), run.alerts(2)], [1, 1]);
    assert.deepEqual(
      flows.map((f) => f.state),
      ['bypassed', 'closed'],
    );
  });

  it('lives as long as flow-timeouts has it for bypassed flows', () => {
    const late = udpFrame({ srcPort: 1, dstPort: 2 }, 'late');
    const timedOut = (seconds: number): number => {
      const frames = [...both, { tsUs: both[both.length - 1].tsUs + seconds * 1e6, bytes: late }];
      const { flows } = replay(frames, { 'flow-timeouts': { tcp: { bypassed: 20, established: 5000, closed: 5000 } } });
      return flows.filter((f) => f.state === 'bypassed' && f.reason === 'timeout').length;
    };
    assert.deepEqual([timedOut(19), timedOut(22)], [0, 1]);
  });

  it('gives what came before at its end: data that was not acknowledged is inspected then', () => {
    const open = tcpSession({ exchanges: [get('/second')], acks: false, close: 'none' });
    const { run } = replay(open, { stream: { bypass: 'yes', reassembly: { depth: 10 } } });
    assert.equal(run.alerts(2), 1);
  });
});
