/**
 * Traffic made to cost more than it should, each kind at a size of the caller's choice: what grows with `n` is said at
 * each. Frames are plain Ethernet; all sessions go to port 80.
 */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { DefaultClient, DefaultServer, frame, ip, ipv4, ipv6, tcp, tcpFrame, udp } from './build.js';
import { concat } from './bytes.js';
import { fragmentPacket } from './fragment.js';
import { seeded } from './seeded.js';
import { DefaultStartUs, type Exchange, type SessionOptions, type TimedFrame, tcpSession } from './session.js';

export const Host = 'Host: h\r\n';
export const ClientIsn = 1000;
export const ServerIsn = 500_000;

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
export const timed = (bytes: Uint8Array, i = 0): TimedFrame => ({ tsUs: DefaultStartUs + i, bytes });

/** One session with these messages. */
export function session(exchanges: Exchange[], more: Partial<SessionOptions> = {}): TimedFrame[] {
  return tcpSession({ client: { isn: ClientIsn }, server: { isn: ServerIsn }, stepUs: 1, ...more, exchanges });
}

export function request(data: string | Uint8Array): TimedFrame[] {
  return session([
    { from: 'client', data: typeof data === 'string' ? latin1(data) : data },
    { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
  ]);
}

export function response(head: string, body: Uint8Array): TimedFrame[] {
  const start = latin1(`HTTP/1.1 200 OK\r\n${head}Content-Length: ${body.length}\r\n\r\n`);
  return session([
    { from: 'client', data: `GET / HTTP/1.1\r\n${Host}\r\n` },
    { from: 'server', data: concat(start, body) },
  ]);
}

export function posted(body: string | Uint8Array, head = ''): Uint8Array {
  const bytes = typeof body === 'string' ? latin1(body) : body;
  return concat(latin1(`POST / HTTP/1.1\r\n${Host}${head}Content-Length: ${bytes.length}\r\n\r\n`), bytes);
}

/** A session whose request comes in the given pieces (start, end of the request's bytes), acknowledged at its end. */
export function pieces(data: Uint8Array, cuts: Iterable<[from: number, to: number]>, scale = 0): TimedFrame[] {
  const a = { srcPort: 40000, dstPort: 80 };
  const b = { srcPort: 80, dstPort: 40000, src: DefaultServer, dst: DefaultClient };
  const options = Uint8Array.of(1, 3, 3, scale);
  const out = [
    timed(tcpFrame({ ...a, seq: ClientIsn, flags: TcpFlag.Syn, options })),
    timed(tcpFrame({ ...b, seq: ServerIsn, ack: ClientIsn + 1, flags: TcpFlag.Syn | TcpFlag.Ack, options }), 1),
    timed(tcpFrame({ ...a, seq: ClientIsn + 1, ack: ServerIsn + 1 }), 2),
    timed(tcpFrame({ ...b, seq: ServerIsn + 1, ack: ClientIsn + 1 }), 3),
  ];
  let right = 0;
  for (const [from, to] of cuts) {
    const fields = { ...a, seq: ClientIsn + 1 + from, ack: ServerIsn + 1, flags: TcpFlag.Ack };
    out.push(timed(tcpFrame(fields, data.subarray(from % data.length, (from % data.length) + to - from)), out.length));
    right = Math.max(right, to);
  }
  out.push(timed(tcpFrame({ ...b, seq: ServerIsn + 1, ack: ClientIsn + 1 + right }), out.length));
  out.push(timed(tcpFrame({ ...b, seq: ServerIsn + 1, ack: ClientIsn + 1 + right }), out.length));
  return out;
}

function shuffled(n: number): number[] {
  const random = seeded(n);
  const out = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const k = Math.floor(random() * (i + 1));
    [out[i], out[k]] = [out[k], out[i]];
  }
  return out;
}

export const single = (order: number[]): [number, number][] => order.map((i) => [i, i + 1]);
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
export const filled = (n: number): Uint8Array => posted('a'.repeat(n));

function fragments(n: number): TimedFrame[] {
  const datagram = ip(DefaultClient, DefaultServer, 17, udp(DefaultClient, DefaultServer, {}, 'x'.repeat(8 * n - 8)));
  return fragmentPacket(datagram, 8, 77)
    .reverse()
    .map((packet, i) => timed(frame(packet), i));
}

function ipOptions(n: number): TimedFrame[] {
  const options = Uint8Array.from({ length: 40 }, (_, i) => (i < 39 ? 1 : 0));
  const segment = tcp(DefaultClient, DefaultServer, { flags: TcpFlag.Syn });
  return upTo(n).map((i) => timed(frame(ipv4({ options, id: i & 0xffff }, segment)), i));
}

/** A hundred packets with n destination-options headers each. */
function extensionHeaders(n: number): TimedFrame[] {
  const chain = new Uint8Array(8 * n);
  for (let i = 0; i < n; i++) chain.set([i === n - 1 ? 59 : 60, 0, 1, 4], 8 * i);
  return upTo(100).map((i) => timed(frame(ipv6({ proto: 60 }, chain)), i));
}

function uris(uri: string): TimedFrame[] {
  return session(
    upTo(20).flatMap((): Exchange[] => [
      { from: 'client', data: `GET /${uri} HTTP/1.1\r\n${Host}\r\n` },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
    ]),
  );
}

const Form = 'Content-Type: multipart/form-data; boundary=BB\r\n';

function parts(n: number): string {
  const part = (i: number): string =>
    `--BB\r\nContent-Disposition: form-data; name="f${i}"; filename="x${i}"\r\n\r\nd\r\n`;
  return `${upTo(n).map(part).join('')}--BB--\r\n`;
}

const noise = (n: number): Uint8Array => {
  const random = seeded(9);
  return Uint8Array.from({ length: n }, () => Math.floor(random() * 256));
};

/** n layers of gzip around 100 KiB that do not compress. */
function layers(n: number): TimedFrame[] {
  let body: Uint8Array = noise(100 << 10);
  for (let i = 0; i < n; i++) body = gzipSync(body);
  return response(
    `Content-Encoding: ${upTo(n)
      .map(() => 'gzip')
      .join(', ')}\r\n`,
    body,
  );
}

function syn(i: number): TimedFrame {
  const src = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
  return timed(tcpFrame({ src, srcPort: 1024 + (i % 60000), flags: TcpFlag.Syn, seq: i }), i);
}

/** n first packets of different flows. */
export function* syns(n: number): Generator<TimedFrame> {
  for (let i = 0; i < n; i++) yield syn(i);
}

/** n whole sessions with a request each. */
export function* sessions(n: number): Generator<TimedFrame> {
  for (let i = 0; i < n; i++) {
    const client = { ip: `10.1.${i >> 8}.${i & 255}`, port: 2000 + (i % 60000), isn: i };
    const data = `GET /${i} HTTP/1.1\r\n${Host}\r\n`;
    yield* session([{ from: 'client', data }], { client, close: 'none', startUs: DefaultStartUs + i });
  }
}

/** n one-byte segments of the client, each 4 KiB after the one before, in a window of 1 GiB. */
function sparse(n: number): TimedFrame[] {
  return pieces(
    filled(100),
    upTo(n).map((i): [number, number] => [i * 4100, i * 4100 + 1]),
    14,
  );
}

/** n one-byte segments far behind a hole of 200 MiB, then n acknowledgements that creep into the hole. */
function hole(n: number): TimedFrame[] {
  const far = 200 << 20;
  const cuts = upTo(n).map((i): [number, number] => [far + 2048 * i, far + 2048 * i + 1]);
  const out = pieces(filled(100), cuts, 14).slice(0, -2);
  for (let i = 0; i < n; i++) {
    const fields = { src: DefaultServer, dst: DefaultClient, srcPort: 80, dstPort: 40000 };
    out.push(timed(tcpFrame({ ...fields, seq: ServerIsn + 1, ack: ClientIsn + 2 + i }), out.length));
  }
  return out;
}

export interface Hostile {
  name: string;
  /** The smallest of the three sizes. */
  n: number;
  /** It leaves fragments that wait for others. */
  waits?: true;
  /** Rules of its own that it makes work, instead of the ordinary ones. */
  rules?: string;
  make(n: number): Iterable<TimedFrame>;
}

export const hostile: Hostile[] = [
  {
    name: 'folded header lines',
    n: 60_000,
    make: (n) => request(`GET / HTTP/1.1\r\nA: b\r\n${' c\r\n'.repeat(n)}\r\n`),
  },
  {
    name: 'headers',
    n: 20_000,
    make: (n) =>
      request(
        `GET / HTTP/1.1\r\n${upTo(n)
          .map((i) => `H${i}: v\r\n`)
          .join('')}\r\n`,
      ),
  },
  {
    name: 'headers of one name',
    n: 20_000,
    make: (n) => request(`GET / HTTP/1.1\r\n${'Cookie: a=b\r\n'.repeat(n)}\r\n`),
  },
  {
    name: 'chunks of one byte',
    n: 60_000,
    make: (n) =>
      request(`POST / HTTP/1.1\r\n${Host}Transfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(n)}0\r\n\r\n`),
  },
  {
    name: 'pipelined requests',
    n: 120,
    make: (n) => session([{ from: 'client', data: `GET / HTTP/1.1\r\n${Host}\r\n`.repeat(n) }]),
  },
  {
    name: 'requests and responses',
    n: 500,
    make: (n) =>
      session(
        upTo(n).flatMap((i): Exchange[] => [
          { from: 'client', data: `GET /${i} HTTP/1.1\r\n${Host}\r\n` },
          { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
        ]),
      ),
  },
  { name: 'one-byte segments', n: 8000, make: (n) => pieces(filled(n), single(upTo(filled(n).length))) },
  {
    name: 'one-byte segments, last first',
    n: 8000,
    make: (n) => pieces(filled(n), single(upTo(filled(n).length).reverse())),
  },
  {
    name: 'one-byte segments in any order',
    n: 8000,
    make: (n) => pieces(filled(n), single(shuffled(filled(n).length))),
  },
  {
    name: 'overlapping segments',
    n: 6000,
    make: (n) =>
      pieces(
        filled(16 * n),
        upTo(n).map((i): [number, number] => [16 * i, 16 * i + 1000]),
        8,
      ),
  },
  {
    name: 'overlapping segments, last first',
    n: 6000,
    make: (n) =>
      pieces(
        filled(8 * n),
        upTo(n)
          .reverse()
          .map((i): [number, number] => [8 * i, 8 * i + 1000]),
        8,
      ),
  },
  { name: 'segments far apart', n: 4000, make: sparse },
  { name: 'acknowledgements within a wide hole', n: 4000, make: hole },
  { name: 'tiny fragments, last first', n: 2000, make: fragments },
  { name: 'IPv4 options', n: 20_000, make: ipOptions },
  { name: 'IPv6 extension headers', n: 40, make: extensionHeaders },
  { name: 'percent encodings of percent signs', n: 2000, make: (n) => uris(`%${'25'.repeat(n)}41`) },
  { name: 'percent encodings', n: 1000, make: (n) => uris('%2e%2f'.repeat(n / 2)) },
  { name: 'steps up in a path', n: 1000, make: (n) => uris('../'.repeat(n)) },
  { name: 'steps down and up in a path', n: 600, make: (n) => uris(`${'a/'.repeat(n)}${'../'.repeat(n)}`) },
  { name: 'parts of a form', n: 2000, make: (n) => request(posted(parts(n), Form)) },
  {
    name: 'lines like boundaries',
    n: 50_000,
    make: (n) => request(posted(`--BB\r\n\r\n${'\r\n--B'.repeat(n)}\r\n--BB--`, Form)),
  },
  { name: 'layers of gzip', n: 2, make: layers },
  { name: 'gzip bomb', n: 4, make: (n) => response('Content-Encoding: gzip\r\n', gzipSync(Buffer.alloc(n << 20))) },
  {
    name: 'deflate bomb',
    n: 4,
    make: (n) => response('Content-Encoding: deflate\r\n', deflateSync(Buffer.alloc(n << 20))),
  },
  {
    name: 'brotli bomb',
    n: 4,
    make: (n) => response('Content-Encoding: br\r\n', brotliCompressSync(Buffer.alloc(n << 20))),
  },
  {
    name: 'bodies that regular expressions dislike',
    n: 4000,
    make: (n) => request(posted(`a=${"' union/**/ select '<script ${jndi:{{()()(".repeat(n)}`)),
  },
  { name: 'flows', n: 8000, make: syns },
  { name: 'sessions left open', n: 300, make: sessions },
  {
    name: 'responses without requests',
    n: 100,
    make: (n) => session([{ from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'.repeat(n) }]),
  },
  {
    name: '100 Continue',
    n: 10_000,
    make: (n) =>
      session([
        { from: 'client', data: `GET / HTTP/1.1\r\n${Host}\r\n` },
        { from: 'server', data: 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(n) },
      ]),
  },
];
