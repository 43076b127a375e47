import assert from 'node:assert/strict';
import { counterSnapshot, resetCounters } from '../../src/core/counters.js';
import { Settings } from '../../src/core/settings.js';
import { ipv4ChecksumOk } from '../../src/decode/checksum.js';
import { Packet, PacketFlag, PacketOrigin } from '../../src/decode/packet.js';
import { openTunnel } from '../../src/decode/tunnel.js';
import { configureDefrag, DefragStatus, insertFragment } from '../../src/defrag/defrag.js';
import { fragmentsHeld, trackerCount } from '../../src/defrag/trackers.js';
import { ethernet, frame, ipv4, ipv6, udp, udpFrame, vlanTag } from '../tools/build.js';
import { concat, hex } from '../tools/bytes.js';
import { decode, eventsOf, payloadText } from '../tools/decode.js';
import { fragmentPacket } from '../tools/fragment.js';
import { configure, feed, v4, v6 } from './helpers.js';

const { Held, Complete, NotFragment } = {
  Held: DefragStatus.Held,
  Complete: DefragStatus.Complete,
  NotFragment: DefragStatus.NotFragment,
};
const eight = (c: string): string => c.repeat(8);
const Second = 1_000_000;

describe('IPv4 reassembly (RFC 791 section 3.2, RFC 815)', () => {
  beforeEach(() => configure());

  it('leaves whole packets alone', () => {
    assert.equal(feed(udpFrame({}, 'abc')).status, NotFragment);
  });

  it('mends the header: length, fragment fields, checksum', () => {
    assert.equal(feed(v4(0, true, eight('a'), { ttl: 9, flags: 3 })).status, Held);
    const got = feed(v4(8, false, 'bc', { ttl: 5 }));
    assert.equal(got.status, Complete);
    assert.equal(got.text, 'aaaaaaaabc');
    assert.deepEqual([got.inner.ipLen, got.inner.ttl, got.inner.ipFlags, got.inner.fragOff], [30, 9, 0, 0]);
    assert.ok(ipv4ChecksumOk(got.inner));
    assert.equal(got.inner.flags & (PacketFlag.Reassembled | PacketFlag.Pseudo), PacketFlag.Reassembled);
    assert.equal(got.inner.source, PacketOrigin.Defrag);
    assert.deepEqual([trackerCount(), fragmentsHeld()], [0, 0]);
  });

  it('decodes the transport of the datagram', () => {
    const packet = ipv4({ proto: 17 }, udp('192.168.1.10', '10.0.0.80', {}, 'hello world'));
    const results = fragmentPacket(packet, 8, 3)
      .reverse()
      .map((x) => feed(frame(x)));
    const last = results[results.length - 1];
    assert.equal(last.status, Complete);
    assert.deepEqual([last.inner.dstPort, payloadText(last.inner)], [53, 'hello world']);
  });

  it('keeps apart what differs in address, protocol, identification or VLAN', () => {
    const variants: Uint8Array[] = [
      v4(8, false, 'x', { src: '192.168.1.11' }),
      v4(8, false, 'x', { dst: '10.0.0.81' }),
      v4(8, false, 'x', { proto: 98 }),
      v4(8, false, 'x', { id: 8 }),
      ethernet(vlanTag(5, 0x800, ipv4({ proto: 99, id: 7, fragOff: 8 }, hex('78'))), 0x8100),
    ];
    feed(v4(0, true, eight('a')));
    for (const bytes of variants) assert.equal(feed(bytes).status, Held);
    assert.equal(feed(v4(8, false, 'x')).status, Complete);
  });

  it('does not look at VLANs when vlan.use-for-tracking is off', () => {
    configureDefrag(new Settings({ vlan: { 'use-for-tracking': false } }));
    feed(v4(0, true, eight('a')));
    const tagged = ethernet(vlanTag(5, 0x800, ipv4({ proto: 99, id: 7, fragOff: 8 }, hex('78'))), 0x8100);
    assert.equal(feed(tagged).status, Complete);
  });

  it('reports overlaps', () => {
    feed(v4(0, true, eight('a')));
    assert.deepEqual(feed(v4(0, true, eight('a'))).events, ['ipv4.frag_overlap']);
  });

  it('refuses what cannot fit a datagram of 65,535 bytes', () => {
    assert.deepEqual(feed(v4(65_504, false, `${eight('a')}bbbb`)).events, ['ipv4.frag_pkt_too_large']);
    assert.deepEqual(feed(v4(65_504, false, `${eight('a')}bbb`)).events, []);
    assert.equal(trackerCount(), 1);
  });

  it('a last fragment that loses all its bytes does not end the datagram', () => {
    configure('bsd');
    feed(v4(0, true, eight('a') + eight('b')));
    assert.equal(feed(v4(8, false, 'x')).status, Held);
    assert.equal(feed(v4(16, false, 'z')).text, 'aaaaaaaabbbbbbbbz');
  });

  it('an empty fragment is nothing', () => {
    assert.equal(feed(v4(8, false, '')).status, Held);
    assert.equal(trackerCount(), 0);
  });
});

describe('IPv6 reassembly (RFC 8200 section 4.5)', () => {
  beforeEach(() => configure());
  const data = Uint8Array.from({ length: 40 }, (_, i) => i);

  it('removes the fragment header', () => {
    feed(v6(0, true, data.subarray(0, 24)));
    const got = feed(v6(24, false, data.subarray(24)));
    assert.equal(got.status, Complete);
    assert.deepEqual([got.inner.ipLen, got.inner.ipProto, got.inner.fragHdrOff], [80, 99, 0]);
    assert.deepEqual([...Buffer.from(got.text, 'latin1')], [...data]);
  });

  it('keeps the extension headers before it, which name what follows it', () => {
    const options = hex('2c00c20400000000');
    feed(v6(0, true, data.subarray(0, 24), 7, 99, options));
    const got = feed(v6(24, false, data.subarray(24), 7, 99, options));
    assert.equal(got.status, Complete);
    assert.deepEqual([got.inner.ipProto, got.inner.ipLen], [99, 88]);
  });

  it('takes the next header from the first fragment alone', () => {
    feed(v6(24, false, data.subarray(24), 7, 6));
    assert.equal(feed(v6(0, true, data.subarray(0, 24), 7, 99)).inner.ipProto, 99);
  });

  it('an atomic fragment is no fragment (RFC 6946)', () => {
    assert.equal(feed(v6(0, false, data)).status, NotFragment);
  });

  it('reports a middle fragment of odd length', () => {
    assert.deepEqual(feed(v6(0, true, data.subarray(0, 13))).events, ['ipv6.frag_invalid_length']);
  });

  it('a datagram that begins with a fragment header is itself a fragment', () => {
    const whole = ipv6({ proto: 99 }, data);
    const [a, b] = fragmentPacket(ipv6({ proto: 17 }, whole.subarray(40)), 24, 1);
    const results: DefragStatus[] = [];
    const pieces = [a, b].flatMap((x, i) => fragmentPacketAgain(x, 16, 50 + i));
    const visit = (p: Packet): void => {
      const inner = new Packet();
      const status = insertFragment(p, inner);
      results.push(status);
      if (status === Complete) visit(inner);
    };
    for (const x of pieces) visit(decode(frame(x)));
    assert.equal(results.filter((x) => x === Complete).length, 3);
  });
});

/** Fragments a packet that already has a fragment header, which becomes part of the payload. */
function fragmentPacketAgain(packet: Uint8Array, size: number, id: number): Uint8Array[] {
  const plain = packet.slice();
  plain[6] = 17;
  return fragmentPacket(plain, size, id).map((x) => {
    x[40] = 44;
    return x;
  });
}

describe('fragments within tunnels', () => {
  it('are kept apart from those outside and come out decoded', () => {
    configure();
    const packet = ipv4({ proto: 17, id: 7 }, udp('192.168.1.10', '10.0.0.80', {}, 'hello world'));
    const [a, b, c] = fragmentPacket(packet, 8, 7);
    const tunnelled = (x: Uint8Array): Packet => {
      const inner = new Packet();
      assert.ok(openTunnel(decode(frame(ipv4({ proto: 47 }, concat(hex('00000800'), x)))), inner));
      return inner;
    };
    feed(frame(a));
    feed(frame(b));
    const deep = new Packet();
    assert.equal(insertFragment(tunnelled(c), deep), Held);
    insertFragment(tunnelled(a), deep);
    assert.equal(insertFragment(tunnelled(b), deep), Complete);
    assert.deepEqual([payloadText(deep), deep.level, deep.tunnels], ['hello world', 2, 1]);
    assert.notEqual(deep.flags & PacketFlag.Tunnelled, 0);
    assert.deepEqual(eventsOf(deep), []);
  });
});

describe('bounds (Suricata manual, "Defrag")', () => {
  it('a datagram waits defrag.timeout seconds of capture time', () => {
    configure(undefined, { timeout: 10 });
    feed(v4(0, true, eight('a')), 0);
    assert.equal(feed(v4(8, false, 'x'), 10 * Second).status, Complete);
    feed(v4(0, true, eight('a')), 20 * Second);
    assert.equal(feed(v4(8, false, 'x'), 31 * Second).status, Held);
  });

  it('defrag.host-config gives a host its own timeout', () => {
    configure(undefined, { timeout: 10, 'host-config': [{ slow: { timeout: 100, address: ['10.0.0.0/8'] } }] });
    feed(v4(0, true, eight('a')), 0);
    assert.equal(feed(v4(8, false, 'x'), 90 * Second).status, Complete);
    feed(v4(0, true, eight('a'), { dst: '172.16.0.1' }), 100 * Second);
    assert.equal(feed(v4(8, false, 'x', { dst: '172.16.0.1' }), 190 * Second).status, Held);
  });

  it('the datagram that waits longest goes when there are defrag.trackers', () => {
    configure(undefined, { trackers: 2 });
    resetCounters();
    for (const id of [1, 2, 3]) feed(v4(0, true, eight('a'), { id }));
    assert.equal(trackerCount(), 2);
    assert.equal(counterSnapshot()['defrag.tracker_evicted'], 1);
    assert.equal(feed(v4(8, false, 'x', { id: 3 })).status, Complete);
    assert.equal(feed(v4(8, false, 'x', { id: 2 })).status, Complete);
    assert.equal(feed(v4(8, false, 'x', { id: 1 })).status, Held);
  });

  it('and when defrag.memcap is spent', () => {
    configure(undefined, { memcap: '128kb' });
    resetCounters();
    for (let id = 1; id <= 100; id++) feed(v4(0, true, new Uint8Array(1400), { id }));
    assert.ok(trackerCount() < 30);
    assert.ok(counterSnapshot()['defrag.tracker_evicted'] > 70);
    assert.equal(feed(v4(1400, false, 'x', { id: 100 })).status, Complete);
  });

  it('a datagram alone cannot hold more than defrag.max-frags', () => {
    configure(undefined, { 'max-frags': 3 });
    resetCounters();
    for (const at of [8, 16, 24]) feed(v4(at, true, eight('a')));
    assert.deepEqual(feed(v4(32, true, eight('a'))).events, ['ipv4.frag_ignored']);
    assert.equal(counterSnapshot()['defrag.max_frag_hits'], 1);
  });
});

describe('hostile orders', () => {
  it('8,188 tiny fragments from the end to the start take no longer than from the start', () => {
    const packet = ipv4({ proto: 99 }, new Uint8Array(65_504).fill(0x61));
    const frames = fragmentPacket(packet, 8, 5).map(frame);
    const took = (list: Uint8Array[]): number => {
      configure();
      const packets = list.map((x) => decode(x));
      const inner = new Packet();
      const start = process.hrtime.bigint();
      let status: DefragStatus = Held;
      for (const p of packets) status = insertFragment(p, inner);
      assert.equal(status, Complete);
      return Number(process.hrtime.bigint() - start) / 1e6;
    };
    // Placing 8,188 frames of 42 bytes fits the arena many times over.
    const forward = Math.min(took(frames), took(frames), took(frames));
    const backward = Math.min(took([...frames].reverse()), took([...frames].reverse()), took([...frames].reverse()));
    assert.ok(backward < forward * 5 + 20, `${backward} ms backward, ${forward} ms forward`);
  });
});
