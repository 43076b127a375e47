import assert from 'node:assert/strict';
import type { Tree } from '../../src/core/settings.js';
import { frame, ip, ipv4, ipv6, tcp } from '../tools/build.js';
import { concat, hex } from '../tools/bytes.js';
import { fragmentPacket } from '../tools/fragment.js';
import { parseIp } from '../tools/packet-view.js';
import { DefaultStartUs, type TimedFrame } from '../tools/session.js';
import { wrapperNames, wrappers } from '../tools/wrap.js';
import { Ack, Psh, Syn } from './tcp-client.js';
import { Attack, inspect, linux, type Seen, Sid } from './tcp-sensor.js';

const Addresses = { 4: ['192.168.81.10', '10.82.0.80'], 6: ['2001:db8::10', '2001:db8::80'] } as const;

type Carry = (packet: Uint8Array, isAttack: boolean) => Uint8Array[];

/** A session whose packets, or whose attack alone, are carried as `carry` says; its frames. */
function session(version: 4 | 6, carry: Carry): TimedFrame[] {
  const [client, server] = Addresses[version];
  const packet = (back: boolean, seq: number, ack: number, flags: number, data = ''): Uint8Array => {
    const [src, dst] = back ? [server, client] : [client, server];
    const ports = back ? { srcPort: 80, dstPort: 40_003 } : { srcPort: 40_003, dstPort: 80 };
    return ip(src, dst, 6, tcp(src, dst, { ...ports, seq, ack, flags }, data));
  };
  const frames = [
    ...carry(packet(false, 999, 0, Syn), false),
    ...carry(packet(true, 4999, 1000, Syn | Ack), false),
    ...carry(packet(false, 1000, 5000, Ack), false),
    ...carry(packet(false, 1000, 5000, Ack | Psh, Attack), true),
    ...carry(packet(true, 5000, 1000 + Attack.length, Ack), false),
  ];
  return frames.map((bytes, i) => ({ tsUs: DefaultStartUs + i * 1000, bytes }));
}

function assertAlert(frames: TimedFrame[], tree: Tree = linux): Seen {
  const seen = inspect(frames, tree);
  assert.equal(seen.alerts[Sid.Uri], 1, `alerts ${JSON.stringify(seen.alerts)}, ${[...seen.anomalies].join(', ')}`);
  return seen;
}

/** The IPv6 packet with extension headers (type, bytes; the first byte is filled in) before its segment. */
function extended(packet: Uint8Array, headers: [type: number, bytes: Uint8Array][]): Uint8Array {
  const out = concat(packet.subarray(0, 40), ...headers.map(([, b]) => b), packet.subarray(40));
  new DataView(out.buffer).setUint16(4, out.length - 40);
  let at = 6;
  let place = 40;
  for (const [type, bytes] of headers) {
    out[at] = type;
    at = place;
    place += bytes.length;
  }
  out[at] = 6;
  return out;
}

const onlyAttack =
  (change: (packet: Uint8Array) => Uint8Array[]): Carry =>
  (packet, isAttack) =>
    (isAttack ? change(packet) : [packet]).map(frame);

const hopByHop: [number, Uint8Array] = [0, hex('00 00 01 04 00000000')];
const destination: [number, Uint8Array] = [60, hex('00 00 01 04 00000000')];
const routing: [number, Uint8Array] = [43, hex('00 02 04 00 00000000 20010db8000000000000000000000099')];
const atomic: [number, Uint8Array] = [44, hex('00 00 0000 00001234')];
/** RFC 4302: one 32-bit sequence number and a check value of twelve bytes. */
const authentication: [number, Uint8Array] = [51, hex('00 04 0000 00000001 00000001 000102030405060708090a0b')];

describe('attacks in IPv6 headers and fragments (RFC 8200)', () => {
  const chains: Record<string, [number, Uint8Array][]> = {
    'a hop-by-hop header': [hopByHop],
    'destination options': [destination],
    'destination options twice': [destination, destination],
    'a routing header': [routing],
    'an authentication header (RFC 4302)': [authentication],
    'an atomic fragment (RFC 6946)': [atomic],
    'all of them': [hopByHop, destination, routing, atomic, authentication, destination],
    'an atomic fragment within another': [atomic, atomic],
  };
  for (const [name, headers] of Object.entries(chains)) {
    it(`${name} before the segment`, () =>
      void assertAlert(
        session(
          6,
          onlyAttack((p) => [extended(p, headers)]),
        ),
      ));
  }

  it('a chain of more headers than are followed is told', () => {
    const many = Array.from({ length: 40 }, () => destination);
    const seen = inspect(
      session(
        6,
        onlyAttack((p) => [extended(p, many)]),
      ),
    );
    assert.ok(seen.alerts[Sid.Uri] === 1 || seen.anomalies.size > 0);
  });

  for (const size of [8, 16, 48]) {
    it(`fragments of ${size} bytes, last first`, () =>
      void assertAlert(
        session(
          6,
          onlyAttack((p) => fragmentPacket(p, size, 7).reverse()),
        ),
      ));
  }

  it('fragments of which each is an atomic fragment within', () => {
    const nested = (p: Uint8Array): Uint8Array[] => {
      const [first] = [extended(p, [atomic])];
      const payload = first.subarray(40);
      const out: Uint8Array[] = [];
      for (let at = 0; at < payload.length; at += 24) {
        const header = new Uint8Array(8);
        header[0] = 44;
        const d = new DataView(header.buffer);
        d.setUint16(2, at | (at + 24 < payload.length ? 1 : 0));
        d.setUint32(4, 99);
        const [src, dst] = Addresses[6];
        out.push(ipv6({ src, dst, proto: 44 }, concat(header, payload.subarray(at, at + 24))));
      }
      return out;
    };
    assertAlert(session(6, onlyAttack(nested)));
  });

  it('overlapping fragments are told (RFC 5722)', () => {
    const overlapping = (p: Uint8Array): Uint8Array[] => {
      const all = fragmentPacket(p, 24, 8);
      const decoy = all[1].slice();
      decoy.fill(0x41, 48);
      return [all[0], decoy, ...all.slice(1)];
    };
    const seen = inspect(session(6, onlyAttack(overlapping)));
    assert.ok(seen.anomalies.has('decoder.ipv6.frag_overlap'));
  });
});

describe('attacks in tunnels, whole and in fragments', () => {
  for (const version of [4, 6] as const) {
    for (const name of wrapperNames) {
      const inside: Carry = (p, isAttack) =>
        (isAttack ? fragmentPacket(p, 24, 5).reverse() : [p]).map((x) => wrappers[name](x));
      it(`IPv${version} in ${name}, the inner packet in fragments`, () => void assertAlert(session(version, inside)));
    }
  }
  for (const name of ['gre', 'vxlan', 'ipip', 'geneve', 'gre-ethernet'] as const) {
    const around: Carry = (p, isAttack) => {
      const outer = parseIp(wrappers[name](p), 1);
      assert.ok(outer);
      return (isAttack ? fragmentPacket(outer, 40, 6) : [outer]).map(frame);
    };
    it(`${name}, the outer packet in fragments`, () => void assertAlert(session(4, around)));
  }

  const nest = (p: Uint8Array, depth: number): Uint8Array => {
    let out = p;
    for (let i = 0; i < depth; i++) out = ipv4({ src: `198.51.100.${i + 1}`, dst: '198.51.100.99', proto: 4 }, out);
    return out;
  };
  for (const depth of [1, 3, 6]) {
    it(`${depth} tunnels in each other are opened`, () => void assertAlert(session(4, (p) => [frame(nest(p, depth))])));
  }
  for (const depth of [7, 8, 12, 40]) {
    it(`${depth} tunnels in each other are told`, () => {
      const seen = inspect(session(4, (p) => [frame(nest(p, depth))]));
      assert.ok(seen.anomalies.has('decoder.too_many_layers'), [...seen.anomalies].join());
    });
  }
});
