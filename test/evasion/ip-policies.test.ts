import assert from 'node:assert/strict';
import type { Tree } from '../../src/core/settings.js';
import { frame, ip, tcp } from '../tools/build.js';
import { DefaultStartUs, type TimedFrame } from '../tools/session.js';
import { cut } from './ip-cut.js';
import { Ack, Psh, Syn } from './tcp-client.js';
import { Attack, Decoy, inspect, Sid } from './tcp-sensor.js';

const Client = '192.168.81.10';
const Server = '10.82.0.80';
const Names = [
  ...['bsd', 'bsd-right', 'old-linux', 'linux', 'solaris', 'old-solaris', 'hpux10', 'hpux11', 'irix', 'macos'],
  ...['windows', 'vista', 'windows2k3', 'first', 'last'],
] as const;
type Name = (typeof Names)[number];

/** Fragments and segments go by these classes (Novak 2005; Novak and Sturges 2007). */
const bsd: Name[] = ['bsd', 'irix', 'hpux10'];
const windows: Name[] = ['windows', 'vista', 'windows2k3'];

interface Overlap {
  name: string;
  /** Bytes of the earlier and of the later copy, after the request's first byte of those that differ. */
  earlier: [from: number, to: number];
  later: [from: number, to: number];
  /** Systems that keep the later copy, of fragments and of segments. */
  fragments: Name[];
  segments: Name[];
}

/** The bytes in question are two units of eight, [0, 16). */
const overlaps: Overlap[] = [
  {
    name: 'two copies of one place',
    earlier: [0, 16],
    later: [0, 16],
    fragments: ['bsd-right', 'old-linux', 'last'],
    segments: ['old-linux', 'solaris', 'old-solaris', 'hpux11', 'last'],
  },
  {
    name: 'the later copy begins before the earlier and ends in it',
    earlier: [0, 24],
    later: [-8, 16],
    fragments: [...bsd, 'old-linux', 'last'],
    segments: [...bsd, 'bsd-right', 'linux', 'old-linux', 'macos', 'windows', 'windows2k3', 'last'],
  },
  {
    name: 'the later copy lies around the earlier',
    earlier: [0, 16],
    later: [-8, 24],
    fragments: [...bsd, ...windows, 'old-linux', 'solaris', 'last'],
    segments: Names.filter((n) => n !== 'first' && n !== 'vista'),
  },
  {
    name: 'the later copy begins in the earlier and ends behind it',
    earlier: [-8, 16],
    later: [0, 24],
    fragments: ['bsd-right', 'last'],
    segments: ['solaris', 'old-solaris', 'hpux11', 'last'],
  },
  {
    name: 'the later copy lies within the earlier',
    earlier: [-8, 24],
    later: [0, 16],
    fragments: ['bsd-right', 'last'],
    segments: ['last'],
  },
];

/** Place of the bytes that differ in the request, and in the IP payload. */
const Uri = 4;
const InPacket = 24;

function conversation(packets: Uint8Array[]): TimedFrame[] {
  const head = (flags: number, seq: number, ack: number, back: boolean): Uint8Array => {
    const [src, dst] = back ? [Server, Client] : [Client, Server];
    const ports = back ? { srcPort: 80, dstPort: 40_002 } : { srcPort: 40_002, dstPort: 80 };
    return ip(src, dst, 6, tcp(src, dst, { ...ports, seq, ack, flags }));
  };
  const all = [
    head(Syn, 999, 0, false),
    head(Syn | Ack, 4999, 1000, true),
    head(Ack, 1000, 5000, false),
    ...packets,
    head(Ack, 5000, 1000 + Attack.length, true),
  ];
  return all.map((p, i) => ({ tsUs: DefaultStartUs + i * 1000, bytes: frame(p) }));
}

const segment = (from: number, text: string): Uint8Array => {
  const f = { srcPort: 40_002, dstPort: 80, seq: 1000 + from, ack: 5000, flags: Ack | Psh };
  return ip(Client, Server, 6, tcp(Client, Server, f, text), { id: 9 });
};

/** The copies as fragments of one segment; what is beside them comes last. */
function fragments(o: Overlap, earlier: string, later: string): TimedFrame[] {
  const piece = (text: string, from: number, to: number): Uint8Array =>
    cut(segment(0, text), 77, { from: InPacket + from, to: InPacket + to, more: true });
  const end = 20 + Attack.length;
  const least = Math.min(o.earlier[0], o.later[0]);
  const most = Math.max(o.earlier[1], o.later[1]);
  return conversation([
    piece(earlier, ...o.earlier),
    piece(later, ...o.later),
    piece(Attack, -InPacket, least),
    cut(segment(0, Attack), 77, { from: InPacket + most, to: end, more: false }),
  ]);
}

/** The copies as segments. */
function segments(o: Overlap, earlier: string, later: string): TimedFrame[] {
  const piece = (text: string, from: number, to: number): Uint8Array =>
    segment(Math.max(1, Uri + from), text.slice(Math.max(1, Uri + from), Uri + to));
  const least = Math.max(1, Uri + Math.min(o.earlier[0], o.later[0]));
  const most = Uri + Math.max(o.earlier[1], o.later[1]);
  return conversation([
    piece(earlier, ...o.earlier),
    piece(later, ...o.later),
    segment(most, Attack.slice(most)),
    segment(0, Attack.slice(0, least)),
  ]);
}

const host = (os: Name): Tree => ({ 'host-os-policy': { [os]: ['0.0.0.0/0'] } });

function check(os: Name, o: Overlap, kind: 'fragments' | 'segments'): void {
  const make = kind === 'fragments' ? fragments : segments;
  const laterCounts = o[kind].includes(os);
  const event = kind === 'fragments' ? 'decoder.ipv4.frag_overlap' : 'stream.reassembly_overlap_different_data';
  for (const [earlier, later, alerts] of [
    [Decoy, Attack, laterCounts],
    [Attack, Decoy, !laterCounts],
  ] as const) {
    // Decoy and attack differ, so the checksum is right for one of them only.
    const seen = inspect(make(o, earlier, later), host(os), { checksums: false });
    const told = `${later === Attack ? 'attack' : 'decoy'} later: ${JSON.stringify(seen.alerts)}`;
    assert.equal(seen.alerts[Sid.Uri] === 1, alerts, told);
    assert.ok(seen.anomalies.has(event), `${event} was not told`);
  }
}

describe('overlaps of an attack and a decoy under each policy (Suricata manual, "Host OS policy")', () => {
  for (const kind of ['fragments', 'segments'] as const) {
    for (const o of overlaps) {
      for (const os of Names) it(`${kind}, ${os}: ${o.name}`, () => check(os, o, kind));
    }
  }
});
