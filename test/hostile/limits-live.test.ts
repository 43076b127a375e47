/** The limits of docs/limits.md that only a running sensor has, each met at the stage that has it. */
import assert from 'node:assert/strict';
import type { Batch } from '../../src/capture/batch.js';
import { SourceStatus } from '../../src/capture/batch.js';
import { CapSource } from '../../src/capture/cap-source.js';
import { crossMemory } from '../../src/capture/crossing.js';
import type { LiveInterface } from '../../src/capture/live-config.js';
import { InterfaceCell, type LiveSource } from '../../src/capture/live-source.js';
import { PacketRing as CaptureRing, RecordKind } from '../../src/capture/packet-ring.js';
import { counterSnapshot, resetCounters } from '../../src/core/counters.js';
import { Region, u8 } from '../../src/core/memory.js';
import { Settings } from '../../src/core/settings.js';
import { Packet } from '../../src/decode/packet.js';
import { DatasetLog, datasetLogMemory } from '../../src/detect/dataset-log.js';
import { flows } from '../../src/flow/columns.js';
import { PacketRing } from '../../src/output/packet-ring.js';
import { type CaptureOptions, CaptureWhat } from '../../src/output/pcap-config.js';
import type { OutputPort } from '../../src/output/port.js';
import { LinkType } from '../../src/protocol/link-type.js';
import { Exchange } from '../../src/sensor/exchange.js';
import { HealthWatch } from '../../src/sensor/health.js';
import { healthConfig } from '../../src/sensor/health-config.js';
import { SharedBatch } from '../../src/sensor/shared-batch.js';
import { shareTraffic } from '../../src/sensor/sharing.js';
import { syns } from '../tools/hostile.js';

/** Counters of limits that the health log says begin to be met. */
function told(): string[] {
  const { changes } = new HealthWatch(healthConfig(new Settings({}))).look(counterSnapshot(), 0, 60);
  return changes.flatMap(({ counter, event }) => (counter === undefined ? [] : [`${event} ${counter}`]));
}

/** An interface that has these frames, and no others after them. */
function source(frames: readonly Uint8Array[]): LiveSource {
  let waiting = frames;
  const next = (batch: Batch): SourceStatus => {
    if (waiting.length === 0) return SourceStatus.Idle;
    let at: number = Region.ArenaOff;
    for (const bytes of waiting) {
      const i = batch.count++;
      u8.set(bytes, at);
      batch.off[i] = at;
      batch.capLen[i] = batch.wireLen[i] = bytes.length;
      batch.tsUs[i] = Date.now() * 1000 + i;
      batch.linkType[i] = LinkType.Ethernet;
      at += bytes.length;
    }
    waiting = [];
    return SourceStatus.Packets;
  };
  return { origins: ['a'], faults: [], next } as unknown as LiveSource;
}

/** The first of two workers looks for packets until `counter` rises; nobody is the second. */
function lookUntil(counter: string, ringBytes: number, frames: readonly Uint8Array[]): void {
  resetCounters();
  const sharing = shareTraffic(2);
  sharing.rings[0][1] = crossMemory(ringBytes);
  const exchange = new Exchange(source(frames), sharing);
  const out = new SharedBatch();
  for (const end = Date.now() + 30_000; counterSnapshot()[counter] === 0; ) {
    assert.ok(Date.now() < end, `${counter} does not rise`);
    exchange.next(out);
  }
}

describe('Limits of a running sensor (docs/limits.md)', function () {
  this.timeout(60_000);

  it('packets for another worker whose ring is full are dropped, counted and told', () => {
    lookUntil(
      'capture.crossing_drops',
      4096,
      [...syns(200)].map(({ bytes }) => bytes),
    );
    assert.ok(told().includes('begins capture.crossing_drops'));
  });

  it('a worker that stands still is not waited for; that is counted and told', () => {
    lookUntil('capture.crossing_unordered', 1 << 16, []);
    assert.deepEqual(told(), ['begins capture.crossing_unordered']);
  });

  it('changes of data sets that a worker does not read are not told to it; that is counted and told', () => {
    resetCounters();
    const memory = datasetLogMemory();
    const [writes, sleeps] = [new DatasetLog(memory, 0), new DatasetLog(memory, 1)];
    for (let n = 0; counterSnapshot()['detect.dataset_unshared'] === 0; n++)
      writes.append(true, 'string/a', `value ${n}`);
    assert.deepEqual(told(), ['begins detect.dataset_unshared']);
    const values: string[] = [];
    sleeps.catchUp((added, set, value) => values.push(`${added} ${set} ${value}`));
    assert.ok(values.length > 10_000);
    values.forEach((v, n) => {
      assert.equal(v, `true string/a value ${n}`);
    });
    writes.append(false, 'string/b', 'ö');
    sleeps.catchUp((added, set, value) => assert.deepEqual([added, set, value], [false, 'string/b', 'ö']));
    writes.catchUp(() => assert.fail('its own changes'));
  });

  /** Ten packets of a flow, the last with an alert, in a ring with these bounds. */
  function ring(bounds: Partial<CaptureOptions>, count: number, len: number): number {
    resetCounters();
    const options = { what: CaptureWhat.Alerts, beforeUs: 1e9, afterUs: 50, flowBytes: 0, bufferBytes: 1 << 20 };
    let sent = 0;
    const port = { pushFrame: () => sent++ } as unknown as OutputPort;
    const packets = new PacketRing({ ...options, ...bounds }, port);
    const p = new Packet();
    flows.serial[1] = 1;
    for (let i = 0; i < count; i++) {
      p.reset();
      p.flow = 1;
      p.tsUs = i;
      p.linkType = LinkType.Ethernet;
      p.wireLen = len;
      if (i === count - 1) packets.alerted(p);
      packets.take([p], 0, Region.ArenaOff, len, 0, true);
    }
    return sent;
  }

  it('outputs.pcap-log.flow-limit: packets past it are not written', () => {
    assert.equal(ring({ flowBytes: 450 }, 10, 100), 4);
    assert.equal(counterSnapshot()['pcap_log.flow_limit'], 6);
    assert.deepEqual(told(), ['begins pcap_log.flow_limit']);
    assert.equal(ring({}, 10, 100), 10);
    assert.deepEqual(told(), []);
  });

  it('outputs.pcap-log.buffer-size: packets before an alert that it does not hold are not written', () => {
    assert.ok(ring({}, 2000, 1500) < 1000);
    assert.deepEqual(told(), ['begins pcap_log.window_cut']);
    assert.equal(ring({ bufferBytes: 8 << 20 }, 2000, 1500), 2000);
    assert.deepEqual(told(), []);
  });

  it('--capture cap: what the worker has not read when the ring is full, and bursts that are ended, are counted and told', () => {
    resetCounters();
    const cells = new Float64Array(InterfaceCell.Stride);
    const tap = { name: 'a', bpf: null } as unknown as LiveInterface;
    const feed = new CaptureRing();
    const reader = new CapSource([tap], feed.shared, cells);
    const bytes = Buffer.alloc(60_000);
    const push = (): boolean => feed.push(RecordKind.Packet, bytes, bytes.length, LinkType.Ethernet, 0, 0);
    while (push()) assert.equal(cells[InterfaceCell.RingFull], 0);
    cells[InterfaceCell.RingFull]++; // as CapFeed does
    reader.count();
    assert.deepEqual(told(), ['begins capture.cap_ring_full']);
    const batch = new SharedBatch();
    assert.equal(reader.next(batch, 0), SourceStatus.Packets);
    assert.ok(push(), 'there is room for what comes after');
    resetCounters();
    cells[InterfaceCell.Reopened]++;
    reader.count();
    reader.count();
    assert.equal(counterSnapshot()['capture.cap_reopened'], 1);
    assert.deepEqual(told(), ['begins capture.cap_reopened']);
  });
});
