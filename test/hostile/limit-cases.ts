/** Limits from decoding to the recognition of protocols, and the traffic that meets them. */
import { TcpFlag } from '../../src/protocol/tcp.js';
import { DefaultClient, DefaultServer, frame, ip, ipv4, ipv6, tcp, tcpFrame, udp } from '../tools/build.js';
import { fragmentPacket } from '../tools/fragment.js';
import { ClientIsn, Host, posted, request, ServerIsn, session, sessions, syns, timed, upTo } from '../tools/hostile.js';
import { type TimedFrame, tcpSession } from '../tools/session.js';
import type { LimitCase } from './limit-case.js';

const manyFragments = (): TimedFrame[] =>
  upTo(20).map((id) => timed(frame(ipv4({ proto: 17, id, flags: 1 }, new Uint8Array(1400))), id));

const oneDatagram = (): TimedFrame[] =>
  fragmentPacket(
    ip(DefaultClient, DefaultServer, 17, udp(DefaultClient, DefaultServer, {}, 'x'.repeat(800))),
    8,
    7,
  ).map((bytes, i) => timed(frame(bytes), i));

/** A SYN behind n IPv4 headers, each in the one before. */
function nested(n: number): TimedFrame[] {
  let packet = ip(DefaultClient, DefaultServer, 6, tcp(DefaultClient, DefaultServer, { flags: TcpFlag.Syn }));
  for (let i = 1; i < n; i++) packet = ip(DefaultClient, DefaultServer, 4, packet);
  return [timed(frame(packet))];
}

/** An IPv6 packet with n destination options headers, of padding alone. */
function optionHeaders(n: number): TimedFrame[] {
  const chain = new Uint8Array(8 * n);
  for (let i = 0; i < n; i++) chain.set([i === n - 1 ? 59 : 60, 0, 1, 4], 8 * i);
  return [timed(frame(ipv6({ proto: 60 }, chain)))];
}

const outOfOrder = (): TimedFrame[] => {
  const frames = tcpSession({ exchanges: [{ from: 'client', data: 'a'.repeat(5000) }], mss: 1000, acks: false });
  return [...frames.slice(0, 3), ...frames.slice(4, 8)];
};

/** SYNs with other numbers, none of them answered. */
const differentSyns = (): TimedFrame[] => upTo(4).map((i) => timed(tcpFrame({ seq: i * 1000, flags: TcpFlag.Syn }), i));

/** An open session whose client sends n segments with an urgent byte each, which nobody acknowledges. */
function urgentBytes(n: number): TimedFrame[] {
  const client = { srcPort: 40000, dstPort: 80 };
  const server = { srcPort: 80, dstPort: 40000, src: DefaultServer, dst: DefaultClient };
  const both = { seq: ClientIsn + 1, ack: ServerIsn + 1 };
  const flags = TcpFlag.Ack | TcpFlag.Urg;
  return [
    timed(tcpFrame({ ...client, seq: ClientIsn, flags: TcpFlag.Syn })),
    timed(tcpFrame({ ...server, seq: ServerIsn, ack: ClientIsn + 1, flags: TcpFlag.Syn | TcpFlag.Ack }), 1),
    timed(tcpFrame({ ...client, ...both, flags: TcpFlag.Ack }), 2),
    ...upTo(n).map((i) =>
      timed(tcpFrame({ ...client, ...both, seq: both.seq + 2 * i, flags, urgent: 1 }, 'ab'), 3 + i),
    ),
  ];
}

const unknown = (len: number): TimedFrame[] =>
  tcpSession({ exchanges: [{ from: 'client', data: `\x01${'a'.repeat(len)}` }], mss: 1400, close: 'none' });

const proxied = (): TimedFrame[] =>
  upTo(3).flatMap((i) =>
    session([{ from: 'client', data: `PROXY TCP4 192.0.2.${i} 10.0.0.80 4000 80\r\nGET / HTTP/1.1\r\n${Host}\r\n` }], {
      client: { port: 40_000 + i, isn: ClientIsn },
      close: 'none',
    }),
  );

const threeBits = upTo(3)
  .map((i) => `alert http any any -> any any (http.uri; content:"/"; flowbits:set,b${i}; noalert; sid:${1000 + i};)`)
  .join('\n');

export const packetCases: LimitCase[] = [
  {
    name: 'headers of a packet',
    counter: 'decoder.too_many_layers',
    key: 'decoder.max-layers',
    value: 3,
    frames: () => nested(3),
    event: 'decoder.too_many_layers',
  },
  {
    name: 'packets within a packet',
    counter: 'decoder.too_many_layers',
    key: 'decoder.max-nesting',
    value: 2,
    frames: () => nested(3),
    event: 'decoder.too_many_layers',
  },
  {
    name: 'packets within a packet, eight',
    counter: 'decoder.too_many_layers',
    frames: () => nested(9),
    event: 'decoder.too_many_layers',
  },
  { name: 'events of a packet', counter: 'decoder.events_limit', frames: () => optionHeaders(40) },
  {
    name: 'datagrams',
    counter: 'defrag.tracker_evicted',
    key: 'defrag.trackers',
    value: 4,
    frames: manyFragments,
  },
  {
    name: 'bytes of fragments',
    counter: 'defrag.tracker_evicted',
    key: 'defrag.memcap',
    value: '101376',
    frames: manyFragments,
  },
  {
    name: 'fragments of all datagrams',
    counter: 'defrag.tracker_evicted',
    key: 'defrag.max-frags',
    value: 4,
    frames: manyFragments,
  },
  {
    name: 'fragments of one datagram',
    counter: 'defrag.max_frag_hits',
    key: 'defrag.max-frags',
    value: 10,
    frames: oneDatagram,
    event: 'decoder.ipv4.frag_ignored',
  },
  {
    name: 'datagrams, inline: none gives way',
    counter: 'defrag.max_frag_hits',
    key: 'defrag.trackers',
    value: 4,
    frames: manyFragments,
    event: 'decoder.ipv4.frag_ignored',
    inline: true,
  },
  { name: 'flows', counter: 'flow.get_used', key: 'flow.memcap', value: '4000', frames: () => syns(20) },
  {
    name: 'flows, inline: none gives way',
    counter: 'flow.memcap',
    key: 'flow.memcap',
    value: '4000',
    frames: () => syns(20),
    inline: true,
  },
  {
    name: 'bits of a flow',
    counter: 'flow.var_limit',
    key: 'flow.max-vars',
    value: 2,
    frames: () => request('GET / HTTP/1.1\r\n\r\n'),
    rules: threeBits,
  },
  {
    name: 'memory of bits',
    counter: 'flow.var_limit',
    key: 'flow.vars-memcap',
    value: '40',
    frames: () => request('GET / HTTP/1.1\r\n\r\n'),
    rules: threeBits,
  },
  {
    name: 'memory of variables',
    counter: 'flow.var_limit',
    key: 'flow.vars-memcap',
    value: '1kb',
    frames: () => request(`GET /${'a'.repeat(2000)} HTTP/1.1\r\n\r\n`),
    rules: 'alert http any any -> any any (http.uri; pcre:"/(?P<flow_v>.*)/s"; sid:1;)',
  },
  {
    name: 'sessions',
    counter: 'tcp.ssn_memcap_drop',
    key: 'stream.memcap',
    value: '400',
    frames: () => sessions(4),
  },
  {
    name: 'SYNs of a handshake',
    counter: 'tcp.syn_queue_limit',
    key: 'stream.max-syn-queued',
    value: 1,
    frames: differentSyns,
    event: 'stream.3whs_syn_flood',
  },
  {
    name: 'segments',
    counter: 'tcp.segment_memcap_drop',
    key: 'stream.reassembly.memcap',
    value: '0',
    frames: outOfOrder,
    event: 'stream.reassembly_insert_memcap',
  },
  {
    name: 'bytes of a stream',
    counter: 'tcp.stream_depth_reached',
    key: 'stream.reassembly.depth',
    value: '1000',
    frames: () => request(posted('some text that is repeated, '.repeat(2000))),
    event: 'stream.reassembly_depth_reached',
  },
  {
    name: 'urgent bytes',
    counter: 'tcp.urgent_oob_limit',
    key: 'stream.reassembly.urgent.policy',
    value: 'oob',
    frames: () => urgentBytes(1100),
    event: 'stream.reassembly_urgent_oob_limit_reached',
  },
  {
    name: 'bytes of what is not recognised',
    counter: 'applayer.hold_limit',
    key: 'app-layer.hold-limit',
    value: '4kb',
    frames: () => unknown(8000),
    event: 'APPLAYER_PROTO_DETECTION_SKIPPED',
  },
  {
    name: 'PROXY headers',
    counter: 'applayer.proxy_headers_not_kept',
    key: 'app-layer.max-proxy-headers',
    value: 2,
    frames: proxied,
  },
];
