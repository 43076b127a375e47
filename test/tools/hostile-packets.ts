/** Hostile traffic below HTTP: headers, fragments, flows and TCP. What grows with `n` is said at each; see hostile.ts. */
import { TcpFlag } from '../../src/protocol/tcp.js';
import { DefaultClient, DefaultServer, ethernet, frame, icmpv4, ip, ipv4, tcp, tcpFrame, vlanTag } from './build.js';
import { concat } from './bytes.js';
import { ClientIsn, filled, type Hostile, pieces, ServerIsn, session, single, timed, upTo } from './hostile.js';
import type { TimedFrame } from './session.js';

const Repeats = 100;
const client = { srcPort: 40000, dstPort: 80 };
const server = { src: DefaultServer, dst: DefaultClient, srcPort: 80, dstPort: 40000 };
const { Syn, Ack, Rst, Urg } = { Syn: TcpFlag.Syn, Ack: TcpFlag.Ack, Rst: TcpFlag.Rst, Urg: TcpFlag.Urg };

const opened = (): TimedFrame[] => session([], { close: 'none' });

/** The handshake, then these frames. */
function after(frames: Iterable<Uint8Array>): TimedFrame[] {
  const out = opened();
  for (const bytes of frames) out.push(timed(bytes, out.length));
  return out;
}

/** A frame a hundred times. */
const often = (bytes: Uint8Array): TimedFrame[] => upTo(Repeats).map((i) => timed(bytes, i));

const inner = (): Uint8Array => ip(DefaultClient, DefaultServer, 6, tcp(DefaultClient, DefaultServer, {}, 'x'));

function vlans(n: number): TimedFrame[] {
  let packet = inner();
  let type = 0x0800;
  for (let i = 0; i < n; i++, type = 0x8100) packet = vlanTag(i & 0xfff, type, packet);
  return often(ethernet(packet, type));
}

function labels(n: number): TimedFrame[] {
  const stack = Uint8Array.from({ length: 4 * n }, (_, i) =>
    i % 4 === 2 && i === 4 * n - 2 ? 0x11 : i % 4 === 0 ? 9 : 0,
  );
  return often(ethernet(concat(stack, inner()), 0x8847));
}

function tunnels(n: number): TimedFrame[] {
  let packet = inner();
  for (let i = 0; i < n; i++) packet = ip(DefaultClient, DefaultServer, 4, packet);
  return often(frame(packet));
}

/** n fragments of one datagram, all over the same bytes, each of another length. */
function* sameBytes(n: number): Generator<TimedFrame> {
  for (let i = 0; i < n; i++) {
    const len = 8 + 8 * (i % 100);
    yield timed(frame(ipv4({ proto: 17, id: 5, flags: 1, fragOff: 8 * (i % 7) }, new Uint8Array(len))), i);
  }
}

/** First fragments of n datagrams. */
function* datagrams(n: number): Generator<TimedFrame> {
  for (let i = 0; i < n; i++) {
    const src = `10.9.${(i >> 8) & 255}.${i & 255}`;
    yield timed(frame(ipv4({ src, proto: 17, id: i & 0xffff, flags: 1 }, new Uint8Array(64))), i);
  }
}

/** n flows whose addresses and ports give the same when they are put together by exclusive or, or by addition. */
function* alike(n: number): Generator<TimedFrame> {
  for (let i = 0; i < n; i++) {
    const [a, b] = [(i >> 8) & 255, i & 255];
    const sum = i % 2 === 0;
    const dst = sum ? `10.2.${255 - a}.${255 - b}` : `10.2.${a}.${b}`;
    const ports = sum ? [20_000 + i, 60_000 - i] : [20_000 + i, 20_000 + i];
    const fields = { src: `10.1.${a}.${b}`, dst, srcPort: ports[0] & 0xffff, dstPort: ports[1] & 0xffff, flags: Syn };
    yield timed(tcpFrame(fields), i);
  }
}

/** Acknowledgements with four blocks of selective acknowledgement each, other ones every time. */
function* sacks(n: number): Generator<Uint8Array> {
  for (let i = 0; i < n; i++) {
    const options = new Uint8Array(36);
    options.set([1, 1, 5, 34]);
    const view = new DataView(options.buffer);
    for (let b = 0; b < 8; b++) view.setUint32(4 + 4 * b, ClientIsn + 1 + ((i * 7919 + b * 100) % 60_000));
    yield tcpFrame({ ...server, seq: ServerIsn + 1, ack: ClientIsn + 1, flags: Ack, options });
  }
}

/** n one-byte segments, each with an urgent pointer at itself. */
function urgent(n: number): TimedFrame[] {
  const bytes = upTo(n).map((i) =>
    tcpFrame({ ...client, seq: ClientIsn + 1 + i, ack: ServerIsn + 1, flags: Ack | Urg, urgent: 1 }, 'a'),
  );
  const ack = tcpFrame({ ...server, seq: ServerIsn + 1, ack: ClientIsn + 1 + n, flags: Ack });
  return after([...bytes, ack, ack]);
}

const errorAbout = (i: number): Uint8Array =>
  frame(
    ip('10.0.0.1', DefaultClient, 1, icmpv4(3, 1, concat(new Uint8Array(4), inner().subarray(0, 28))), {
      id: i & 0xffff,
    }),
  );

export const hostilePackets: Hostile[] = [
  { name: 'VLAN tags', n: 100, make: vlans },
  { name: 'MPLS labels', n: 1000, make: labels },
  { name: 'tunnels in tunnels', n: 60, make: tunnels },
  { name: 'fragments over the same bytes', n: 4000, waits: true, make: sameBytes },
  { name: 'first fragments', n: 4000, waits: true, make: datagrams },
  { name: 'flows with addresses and ports alike', n: 8000, make: alike },
  { name: 'selective acknowledgements', n: 5000, make: (n) => after(sacks(n)) },
  { name: 'urgent bytes', n: 5000, make: urgent },
  {
    name: 'SYNs of other numbers',
    n: 8000,
    make: (n) => upTo(n).map((i) => timed(tcpFrame({ ...client, seq: i * 7, flags: Syn }), i)),
  },
  {
    name: 'SYN/ACKs of other numbers',
    n: 8000,
    make: (n) => [
      timed(tcpFrame({ ...client, seq: ClientIsn, flags: Syn })),
      ...upTo(n).map((i) => timed(tcpFrame({ ...server, seq: i * 7, ack: ClientIsn + 1, flags: Syn | Ack }), i)),
    ],
  },
  {
    name: 'resets out of the window',
    n: 8000,
    make: (n) => after(upTo(n).map((i) => tcpFrame({ ...client, seq: ClientIsn - 9 - i, flags: Rst }))),
  },
  {
    name: 'keep-alives',
    n: 8000,
    make: (n) => after(upTo(n).map(() => tcpFrame({ ...client, seq: ClientIsn, ack: ServerIsn + 1, flags: Ack }, 'a'))),
  },
  {
    name: 'the same segment again',
    n: 6000,
    make: (n) =>
      pieces(
        filled(1000),
        upTo(n).map((): [number, number] => [0, 1000]),
      ),
  },
  {
    name: 'every other byte, then the rest',
    n: 8000,
    make: (n) => {
      const all = upTo(filled(n).length);
      return pieces(filled(n), single([...all.filter((i) => i % 2 === 1), ...all.filter((i) => i % 2 === 0)]));
    },
  },
  { name: 'errors about flows', n: 8000, make: (n) => upTo(n).map((i) => timed(errorAbout(i), i)) },
];
