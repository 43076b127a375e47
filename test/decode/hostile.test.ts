import assert from 'node:assert/strict';
import fc from 'fast-check';
import { u8 } from '../../src/core/memory.js';
import { checksumsOk } from '../../src/decode/checksum.js';
import { decodeFrame } from '../../src/decode/decode.js';
import { Packet } from '../../src/decode/packet.js';
import { openTunnel } from '../../src/decode/tunnel.js';
import { place } from '../tools/arena.js';
import { frame, icmpv4, ipv4, ipv6, tcp, tcpFrame, udp } from '../tools/build.js';
import { concat, hex } from '../tools/bytes.js';
import { wrapperNames, wrappers } from '../tools/wrap.js';

const Around = 64;
const linkTypes = [0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 276, 147];
const four = ipv4(
  { proto: 6 },
  tcp('192.168.1.10', '10.0.0.80', { options: hex('020405b40402080a0000000100000002') }, 'abc'),
);
const six = ipv6(
  { proto: 0 },
  concat(hex('2b00050200000100 3c00020000000000 1100c20400000000'), udp('2001:db8::10', '2001:db8::80', {}, 'abc')),
);
const seeds = [
  tcpFrame({}, 'GET / HTTP/1.1'),
  frame(six),
  frame(ipv4({ proto: 1 }, icmpv4(3, 1, concat(new Uint8Array(4), four)))),
  ...wrapperNames.flatMap((n) => [wrappers[n](four), wrappers[n](six)]),
];

/** Everything that decoding says about a frame, offsets relative to it; the bytes around it are `around`. */
function report(bytes: Uint8Array, linkType: number, around: number): unknown[] {
  const padded = new Uint8Array(bytes.length + 2 * Around).fill(around);
  padded.set(bytes, Around);
  const off = place(padded) + Around;
  const stack = Array.from({ length: 8 }, () => new Packet());
  const out: unknown[] = [];
  decodeFrame(stack[0], off, bytes.length, bytes.length, linkType);
  for (let depth = 0; ; depth++) {
    const p = stack[depth];
    const where = [p.ipOff, p.l4Off, p.payloadOff, p.fragHdrOff, p.embOff].map((o) => (o === 0 ? -1 : o - off));
    const what = [
      p.flags,
      p.ipVersion,
      p.ipLen,
      p.ipProto,
      p.src0,
      p.dst0,
      p.srcPort,
      p.dstPort,
      p.payloadLen,
      p.tcpFlags,
    ];
    out.push(where, what, [...p.events.subarray(0, p.eventCount)], p.ipOpts, p.vlanCount, checksumsOk(p));
    for (const [o, len] of [
      [p.ipOff, p.ipLen],
      [p.l4Off, p.l4HdrLen],
      [p.payloadOff, p.payloadLen],
    ]) {
      if (o !== 0) assert.ok(o >= off && len >= 0 && o + len <= off + bytes.length, 'points outside the frame');
    }
    if (depth === 7 || !openTunnel(p, stack[depth + 1])) return out;
  }
}

function unaffectedByNeighbours(bytes: Uint8Array, linkType: number): void {
  const before = u8[0];
  assert.deepEqual(report(bytes, linkType, 0x00), report(bytes, linkType, 0xff));
  assert.equal(u8[0], before);
}

describe('hostile frames', () => {
  it('random bytes of any link type are decoded from nothing but themselves', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(...linkTypes), unaffectedByNeighbours));
  });

  it('so are damaged and cut packets of every kind', () => {
    const damage = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...seeds), damage, fc.option(fc.nat(200)), (seed, changes, cut) => {
        const bytes = seed.slice(0, cut ?? seed.length);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        unaffectedByNeighbours(bytes, 1);
      }),
      { numRuns: 1000 },
    );
  });
});
