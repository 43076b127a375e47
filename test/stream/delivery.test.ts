import assert from 'node:assert/strict';
import fc from 'fast-check';
import { counter, counts } from '../../src/core/counters.js';
import { Region } from '../../src/core/memory.js';
import { Dir } from '../../src/protocol/ip.js';
import { pagesInUse } from '../../src/stream/pages.js';
import { StreamStatus } from '../../src/stream/stream.js';
import { ACK, FIN, RST, SYN, URG, Wire } from './harness.js';

const depthReached = counter('tcp.stream_depth_reached');
const urgentLimit = counter('tcp.urgent_oob_limit');

describe('stream delivery (RFC 9293 section 3.10.7.4)', () => {
  it('passive: hands data out when the receiver has acknowledged it', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'GET / HTTP/1.1' });
    assert.equal(w.got[Dir.ToServer].text, '');
    w.send(false, { seq: 501, ack: 115 });
    assert.equal(w.got[Dir.ToServer].text, 'GET / HTTP/1.1');
  });

  it('inline: hands data out when it arrives', () => {
    const w = new Wire({}, true);
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'abc' });
    assert.equal(w.got[Dir.ToServer].text, 'abc');
  });

  it('gives in-order data that is acknowledged in its batch without using the segment pool', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'abc' });
    w.send(true, { seq: 104, ack: 501, data: 'def' });
    w.send(false, { seq: 501, ack: 107 });
    assert.equal(w.got[Dir.ToServer].text, 'abcdef');
    assert.equal(pagesInUse(), 0);
  });

  it('keeps unacknowledged data over the end of a batch', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'abc' });
    w.batchEnds();
    assert.equal(pagesInUse(), 1);
    w.send(true, { seq: 104, ack: 501, data: 'def' });
    w.send(false, { seq: 501, ack: 107 });
    assert.equal(w.got[Dir.ToServer].text, 'abcdef');
    assert.equal(pagesInUse(), 0);
  });

  it('orders segments that arrive in reverse', () => {
    const w = new Wire();
    w.open();
    const text = 'the quick brown fox jumps over the lazy dog';
    for (let i = text.length - 1; i >= 0; i--) w.send(true, { seq: 101 + i, ack: 501, data: text[i] });
    w.send(false, { seq: 501, ack: 101 + text.length });
    assert.equal(w.got[Dir.ToServer].text, text);
  });

  it('reports bytes that were acknowledged but never seen as a gap and goes on', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'abc' });
    w.send(true, { seq: 114, ack: 501, data: 'xyz' });
    w.send(false, { seq: 501, ack: 117 });
    assert.equal(w.got[Dir.ToServer].text, 'abcxyz');
    assert.equal(w.got[Dir.ToServer].gap, 10);
  });

  it('does not report a gap for bytes that may still come', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 111, ack: 501, data: 'xyz' });
    w.send(false, { seq: 501, ack: 101 });
    assert.equal(w.got[Dir.ToServer].gap, 0);
    w.send(true, { seq: 101, ack: 501, data: '0123456789' });
    w.send(false, { seq: 501, ack: 114 });
    assert.equal(w.got[Dir.ToServer].text, '0123456789xyz');
    assert.equal(w.got[Dir.ToServer].gap, 0);
  });

  it('a FIN ends its direction once it is acknowledged (RFC 9293 section 3.6)', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'abc', flags: ACK | FIN });
    assert.equal(w.got[Dir.ToServer].eof, 0);
    w.send(false, { seq: 501, ack: 105 });
    assert.equal(w.got[Dir.ToServer].text, 'abc');
    assert.equal(w.got[Dir.ToServer].eof, 1);
    assert.equal(w.got[Dir.ToClient].eof, 0);
    w.end();
    assert.equal(w.got[Dir.ToServer].eof, 1);
    assert.equal(w.got[Dir.ToClient].eof, 1);
  });

  it('a valid reset makes what was sent inspectable and ends both directions', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'abc' });
    w.send(true, { seq: 104, ack: 501, flags: RST | ACK });
    assert.equal(w.got[Dir.ToServer].text, 'abc');
    assert.equal(w.got[Dir.ToServer].eof, 1);
    assert.equal(w.got[Dir.ToClient].eof, 1);
  });

  it('hands out what is left when the flow ends, and gives all memory back', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'abc' });
    w.send(true, { seq: 200, ack: 501, data: 'late' });
    w.batchEnds();
    w.end();
    assert.equal(w.got[Dir.ToServer].text, 'abclate');
    assert.equal(w.got[Dir.ToServer].gap, 96);
    assert.equal(pagesInUse(), 0);
  });

  it('urgent data is data like any other, or left out by urgent.policy gap (RFC 6093 section 3)', () => {
    for (const [policy, text, gap] of [
      ['inline', 'abcd', 0],
      ['gap', 'ad', 2],
    ] as const) {
      const w = new Wire({ stream: { reassembly: { urgent: { policy } } } });
      w.open();
      w.send(true, { seq: 101, ack: 501, data: 'a' });
      w.send(true, { seq: 102, ack: 501, data: 'bc', flags: ACK | URG, urgent: 1 });
      w.send(true, { seq: 104, ack: 501, data: 'd' });
      w.send(false, { seq: 501, ack: 105 });
      assert.equal(w.got[Dir.ToServer].text, text);
      assert.equal(w.got[Dir.ToServer].gap, gap);
    }
  });

  it('urgent.policy oob: past 1,024 bytes that wait, oob-limit-policy says what becomes of the segment', () => {
    for (const [policy, inline, bytes, gap, dropped] of [
      ['inline', false, 1026, 0, false],
      ['drop', false, 1026, 0, false],
      ['gap', false, 1024, 2, false],
      ['drop', true, 1024, 2, true],
    ] as const) {
      const urgent = { policy: 'oob', 'oob-limit-policy': policy };
      const w = new Wire({ stream: { reassembly: { urgent } } }, inline);
      w.deliver = false;
      w.open();
      const send = (i: number): string[] =>
        w.send(true, { seq: 101 + 2 * i, ack: 501, data: 'ab', flags: ACK | URG, urgent: 1, off: Region.ArenaOff });
      for (let i = 0; i < 1024; i++) {
        assert.ok(!send(i).includes('reassembly_urgent_oob_limit_reached'));
        w.batchEnds();
      }
      const before = counts[urgentLimit];
      assert.ok(send(1024).includes('reassembly_urgent_oob_limit_reached'));
      assert.equal(counts[urgentLimit], before + 1);
      assert.equal((w.status & StreamStatus.Drop) !== 0, dropped);
      // Of each pair of bytes before that the first is urgent and left out.
      w.send(false, { seq: 501, ack: 101 + 2 * 1025 });
      w.send(true, { seq: 101 + 2 * 1025, ack: 501, data: 'z' });
      w.send(false, { seq: 501, ack: 102 + 2 * 1025 });
      w.drain(w.flow);
      assert.equal(w.got[Dir.ToServer].bytes.length, bytes + 1, policy);
      assert.equal(w.got[Dir.ToServer].gap, gap, policy);
    }
  });

  it('takes data on a SYN with a fast open cookie (RFC 7413 section 4.2)', () => {
    const w = new Wire();
    w.send(true, { seq: 100, flags: SYN, fastOpen: true, data: 'GET /' });
    w.send(false, { seq: 500, ack: 106, flags: SYN | ACK });
    assert.equal(w.got[Dir.ToServer].text, 'GET /');
  });

  it('past the depth data is still framed, and marked so', () => {
    const w = new Wire({ stream: { reassembly: { depth: 4 } } });
    const before = counts[depthReached];
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'abcdefgh' });
    w.send(false, { seq: 501, ack: 109 });
    assert.equal(w.got[Dir.ToServer].text, 'abcdefgh');
    assert.equal(counts[depthReached], before + 1);
  });

  it('depth-scope connection: nothing past the depth is handed out', () => {
    const w = new Wire({ stream: { reassembly: { depth: 4, 'depth-scope': 'connection' } } });
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'abcdefgh' });
    w.send(false, { seq: 501, ack: 109 });
    assert.equal(w.got[Dir.ToServer].text, 'abcd');
  });

  it('loses data at reassembly.memcap, never more memory than that', () => {
    const w = new Wire({ stream: { reassembly: { memcap: 5120 } } });
    w.open(100, 500, 7);
    for (let i = 0; i < 20; i++) w.send(true, { seq: 101 + 5000 * i + 5000, ack: 501, data: 'x' });
    assert.equal(pagesInUse(), 2);
    w.end();
    assert.equal(pagesInUse(), 0);
  });
});

describe('stream properties', () => {
  const stream = fc.uint8Array({ minLength: 1, maxLength: 6000 });
  /** Cuts of a stream into segments, their order, which are sent twice, and where batches end. */
  const plan = fc.record({
    data: stream,
    isn: fc.constantFrom(0, 100, 0xffff_f000, 0xffff_fffe, 0x7fff_fff0),
    cuts: fc.array(fc.nat(6000), { maxLength: 40 }),
    order: fc.infiniteStream(fc.nat(1 << 20)),
    inline: fc.boolean(),
  });

  it('any segmentation, order and repetition delivers the byte stream, over sequence wrap (RFC 9293 section 3.4)', () => {
    fc.assert(
      fc.property(plan, ({ data, isn, cuts, order, inline }) => {
        const w = new Wire({}, inline);
        w.open(isn, 500);
        const edges = [...new Set([0, data.length, ...cuts.map((x) => x % (data.length + 1))])].sort((a, b) => a - b);
        const pieces = edges.slice(1).map((to, i) => ({ from: edges[i], to }));
        const next = (): number => order.next().value as number;
        const sent = pieces.flatMap((s) => (next() % 3 === 0 ? [s, s] : [s]));
        for (let i = sent.length - 1; i > 0; i--) {
          const j = next() % (i + 1);
          [sent[i], sent[j]] = [sent[j], sent[i]];
        }
        const seen = new Uint8Array(data.length);
        for (const s of sent) {
          w.send(true, { seq: isn + 1 + s.from, ack: 501, data: data.slice(s.from, s.to) });
          seen.fill(1, s.from, s.to);
          // A receiver acknowledges what it has without a hole.
          let have = 0;
          while (have < seen.length && seen[have] === 1) have++;
          if (next() % 2 === 0) w.send(false, { seq: 501, ack: isn + 1 + have });
          if (next() % 4 === 0) w.batchEnds();
        }
        w.send(false, { seq: 501, ack: isn + 1 + data.length });
        assert.deepEqual(w.got[Dir.ToServer].bytes, [...data]);
        assert.equal(w.got[Dir.ToServer].gap, 0);
        w.end();
        assert.equal(pagesInUse(), 0);
      }),
      { numRuns: 150 },
    );
  });

  it('arbitrary segments never throw and never leak pages', () => {
    const segment = fc.record({
      toServer: fc.boolean(),
      seq: fc.oneof(fc.integer({ min: 90, max: 9000 }), fc.integer()),
      ack: fc.oneof(fc.integer({ min: 90, max: 9000 }), fc.integer()),
      flags: fc.nat(63),
      data: fc.uint8Array({ maxLength: 300 }),
      window: fc.nat(65_535),
      at: fc.nat(1000),
      wscale: fc.option(fc.nat(14), { nil: undefined }),
      ts: fc.option(fc.tuple(fc.nat(50), fc.nat(50)), { nil: undefined }),
    });
    const conf = fc.record({ midstream: fc.boolean(), 'async-oneside': fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(segment, { maxLength: 60 }),
        conf,
        fc.boolean(),
        fc.boolean(),
        (list, stream, inline, hs) => {
          const w = new Wire({ stream, 'exception-policy': 'ignore' }, inline);
          if (hs) w.open();
          list.forEach((s, i) => {
            w.send(s.toServer, s);
            if (i % 7 === 0) w.batchEnds();
          });
          w.end();
          assert.equal(pagesInUse(), 0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
