/** The memory of recent packets against a model that keeps them all. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { counter, counts } from '../../src/core/counters.js';
import { Region, u8 } from '../../src/core/memory.js';
import { Packet, PacketFlag } from '../../src/decode/packet.js';
import { flows } from '../../src/flow/columns.js';
import { flowId } from '../../src/output/flow-id.js';
import { PacketRing } from '../../src/output/packet-ring.js';
import { type CaptureOptions, CaptureWhat } from '../../src/output/pcap-config.js';
import type { OutputPort } from '../../src/output/port.js';

interface Sent {
  bytes: string;
  tsUs: number;
  flowId: number;
  wireLen: number;
}

const options: CaptureOptions = {
  what: CaptureWhat.Alerts,
  beforeUs: 100,
  afterUs: 50,
  flowBytes: 0,
  bufferBytes: 1 << 20,
};

function ringOf(more: Partial<CaptureOptions> = {}): { ring: PacketRing; sent: Sent[] } {
  const sent: Sent[] = [];
  const port = {
    pushFrame: (from: Uint8Array, off: number, len: number, wireLen: number, tsUs: number, id: number) =>
      sent.push({ bytes: Buffer.from(from.subarray(off, off + len)).toString('hex'), tsUs, flowId: id, wireLen }),
  };
  return { ring: new PacketRing({ ...options, ...more }, port as unknown as OutputPort), sent };
}

const stack = [new Packet(), new Packet()];

/** A packet of a flow, `n` in its bytes. */
function take(ring: PacketRing, flow: number, tsUs: number, n: number, len = 8, alert = false, vlanTci = 0): void {
  const [p] = stack;
  p.reset();
  p.flow = flow;
  p.tsUs = tsUs;
  p.linkType = 1;
  p.wireLen = len;
  u8.fill(0, Region.ArenaOff, Region.ArenaOff + len);
  new DataView(u8.buffer).setUint32(Region.ArenaOff + len - 4, n);
  if (alert) ring.alerted(p);
  ring.take(stack, 0, Region.ArenaOff, len, vlanTci, true);
}

const number = (s: Sent): number => Number.parseInt(s.bytes.slice(-8), 16);

describe('packets before an alert', () => {
  before(() => {
    for (let f = 1; f <= 4; f++) flows.serial[f] = f;
  });

  it('and after it are those of its flow within the window, each once and in order', () => {
    const step = fc.record({
      flow: fc.integer({ min: 0, max: 3 }),
      wait: fc.integer({ min: 0, max: 40 }),
      alert: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      end: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
    });
    const { ring, sent } = ringOf();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        sent.length = 0;
        for (let f = 1; f <= 3; f++) ring.ended(f);
        const want = new Set<number>();
        const seen = new Map<number, { n: number; at: number }[]>();
        const until = new Map<number, number>();
        let at = 1000;
        steps.forEach(({ flow, wait, alert, end }, n) => {
          at += wait;
          take(ring, flow, at, n, 8, alert);
          const list = seen.get(flow) ?? [];
          list.push({ n, at });
          if (flow === 0) {
            if (alert) want.add(n);
            return;
          }
          seen.set(flow, list);
          const active = (until.get(flow) ?? 0) >= at;
          if (alert && !active) for (const p of list) if (p.at >= at - options.beforeUs) want.add(p.n);
          if (alert) until.set(flow, Math.max(until.get(flow) ?? 0, at + options.afterUs));
          if ((until.get(flow) ?? 0) >= at) want.add(n);
          if (!end) return;
          ring.ended(flow);
          seen.delete(flow);
          until.delete(flow);
        });
        assert.deepEqual(
          [...sent.map(number)].sort((a, b) => a - b),
          [...want].sort((a, b) => a - b),
        );
        for (let f = 1; f <= 3; f++) {
          const own = sent.filter((s) => s.flowId === flowId(f)).map(number);
          assert.deepEqual(
            [...own].sort((a, b) => a - b),
            own,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are as many as the buffer holds, whole; that there were more is counted', () => {
    const { ring, sent } = ringOf({ beforeUs: 1e9 });
    const cut = counter('pcap_log.window_cut');
    const before = counts[cut];
    const lens = [60, 1500, 9000, 333];
    for (let n = 0; n < 5000; n++) take(ring, 1 + (n % 2), n, n, lens[n % 4], n === 4999);
    const got = sent.map(number);
    const bytes = sent.reduce((sum, s) => sum + s.bytes.length / 2, 0);
    assert.ok(bytes > 50_000 && bytes <= 1 << 20, `${bytes}`);
    assert.deepEqual(
      got,
      Array.from({ length: got.length }, (_, i) => 4999 - 2 * (got.length - 1 - i)),
    );
    assert.ok(sent.every((s) => s.bytes.length / 2 === lens[number(s) % 4]));
    assert.equal(counts[cut], before + 1);
  });

  it('of small packets are as many as it has rows for', () => {
    const { ring, sent } = ringOf({ beforeUs: 1e9 });
    for (let n = 0; n < 10_000; n++) take(ring, 1, n, n, 8, n === 9999);
    assert.deepEqual(
      sent.map(number),
      Array.from({ length: 4096 }, (_, i) => 10_000 - 4096 + i),
    );
  });

  it('have the VLAN tag again that the card had taken', () => {
    const { ring, sent } = ringOf();
    take(ring, 1, 10, 0x01020304, 20, true, 0x1_0000 | 0x2007);
    assert.deepEqual([sent[0].bytes, sent[0].wireLen], [`${'00'.repeat(12)}81002007${'00'.repeat(4)}01020304`, 24]);
  });

  it('belong to the flow within a tunnel and to the tunnel, and are kept once', () => {
    const { ring, sent } = ringOf();
    const [outer, inner] = stack;
    const frame = (tsUs: number, alert: Packet | null): void => {
      for (const p of stack) p.reset();
      outer.flow = 1;
      inner.flow = 2;
      outer.tsUs = inner.tsUs = tsUs;
      outer.linkType = 1;
      if (alert !== null) ring.alerted(alert);
      ring.take(stack, 1, Region.ArenaOff, 8, 0, true);
    };
    frame(1, null);
    frame(2, inner);
    frame(3, outer);
    assert.deepEqual(
      sent.map((s) => [s.tsUs, s.flowId]),
      [
        [1, flowId(2)],
        [2, flowId(2)],
        [3, flowId(2)],
      ],
    );
  });

  it('that are fragments belong to the flow of their datagram, and to no other', () => {
    const { ring, sent } = ringOf();
    const [outer, inner] = stack;
    const fragment = (tsUs: number, id: number, whole: boolean): void => {
      for (const p of stack) p.reset();
      outer.flags = PacketFlag.Fragment;
      outer.ipId = id;
      outer.tsUs = inner.tsUs = tsUs;
      inner.flow = whole ? 3 : 0;
      if (whole) ring.alerted(inner);
      ring.take(stack, whole ? 1 : 0, Region.ArenaOff, 8, 0, true);
    };
    fragment(1, 7, false);
    fragment(2, 8, false);
    fragment(3, 7, false);
    fragment(4, 7, true);
    assert.deepEqual(
      sent.map((s) => s.tsUs),
      [1, 3, 4],
    );
  });
});
