/** Hostile HTTP and what hostile bytes make rules do. What grows with `n` is said at each; see hostile.ts. */
import { gzipSync } from 'node:zlib';
import { concat } from './bytes.js';
import { Host, type Hostile, pieces, posted, request, response, session, single, upTo } from './hostile.js';
import type { Exchange } from './session.js';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A hundred requests with these header lines. */
function heads(lines: string): ReturnType<typeof session> {
  const one = `GET / HTTP/1.1\r\n${Host}${lines}\r\n`;
  return session(
    upTo(20).flatMap((): Exchange[] => [
      { from: 'client', data: one },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
    ]),
  );
}

const chunked = (body: string): Uint8Array =>
  latin1(`POST / HTTP/1.1\r\n${Host}Transfer-Encoding: chunked\r\n\r\n${body}0\r\n\r\n`);

/** Bytes one a segment. */
const dribble = (data: Uint8Array): ReturnType<typeof session> => pieces(data, single(upTo(data.length)));

const empty = gzipSync(new Uint8Array(0));
const members = (n: number): Uint8Array => concat(...upTo(n).map(() => empty));

/** Rules that hostile bytes make work. */
const strainedRules = `
alert tcp any any -> any any (content:"a"; content:"a"; distance:0; content:"a"; distance:0; content:"b"; within:3; sid:8000001;)
alert http any any -> any any (http.request_body; content:"a"; content:"a"; distance:1; content:"a"; distance:2; content:!"a"; within:1; content:"q"; distance:0; sid:8000002;)
alert http any any -> any any (http.request_body; content:"j"; byte_jump:1,0,relative; content:"j"; within:4; byte_test:1,>,5,0,relative; sid:8000003;)
alert http any any -> any any (http.request_body; content:"j"; byte_extract:1,0,v,relative; content:"j"; distance:v; content:"q"; distance:v; sid:8000004;)
alert http any any -> any any (http.request_body; content:"x"; pcre:"/(y+)+z/R"; sid:8000005;)
alert tcp any any -> any any (content:"y"; pcre:"/(x|j|y)*q/"; sid:8000006;)
alert http any any -> any any (http.request_body; pcre:"/a.*a.*a.*q/s"; sid:8000007;)
`;

export const hostileHttp: Hostile[] = [
  { name: 'cookies', n: 1000, make: (n) => heads(`Cookie: ${'a=b; '.repeat(n)}\r\n`) },
  { name: 'ranges', n: 1000, make: (n) => heads(`Range: bytes=${'0-1,'.repeat(n)}\r\n`) },
  { name: 'a long name of a header', n: 4000, make: (n) => heads(`${'A'.repeat(n)}: b\r\n`) },
  { name: 'codings of a body', n: 1000, make: (n) => response(`Content-Encoding: ${'gzip, '.repeat(n)}\r\n`, empty) },
  { name: 'codings of a transfer', n: 1000, make: (n) => heads(`Transfer-Encoding: ${'chunked, '.repeat(n)}\r\n`) },
  { name: 'dots of a host', n: 4000, make: (n) => request(`GET / HTTP/1.1\r\nHost: ${'.'.repeat(n)}\r\n\r\n`) },
  { name: 'lines without a colon', n: 20_000, make: (n) => request(`GET / HTTP/1.1\r\n${'abc\r\n'.repeat(n)}\r\n`) },
  { name: 'carriage returns alone', n: 40_000, make: (n) => request(`GET / HTTP/1.1\r\nA: ${'\r'.repeat(n)}\r\n\r\n`) },
  { name: 'NULs', n: 40_000, make: (n) => request(`GET / HTTP/1.1\r\nA: ${'\0'.repeat(n)}\r\n\r\n`) },
  {
    name: 'empty lines before a request',
    n: 40_000,
    make: (n) => request(`${'\r\n'.repeat(n)}GET / HTTP/1.1\r\n\r\n`),
  },
  { name: 'a request line in single bytes', n: 2000, make: (n) => dribble(latin1(`GET /${'a'.repeat(n)}`)) },
  {
    name: 'a header line in single bytes',
    n: 2000,
    make: (n) => dribble(latin1(`GET / HTTP/1.1\r\nA: ${'a'.repeat(n)}`)),
  },
  {
    name: 'headers in single bytes',
    n: 1000,
    make: (n) => dribble(latin1(`GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(n)}\r\n`)),
  },
  { name: 'what nobody recognises, in single bytes', n: 8000, make: (n) => dribble(latin1('\x01'.repeat(n))) },
  {
    name: 'what may be a PROXY header, in single bytes',
    n: 4000,
    make: (n) => dribble(latin1(`PROXY ${' '.repeat(n)}`)),
  },
  {
    name: 'a PROXY header of version 2, in single bytes',
    n: 4000,
    make: (n) => dribble(latin1(`\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff${'a'.repeat(n)}`)),
  },
  { name: 'arguments of a URI', n: 2000, make: (n) => request(`GET /?${'a=b&'.repeat(n)} HTTP/1.1\r\n${Host}\r\n`) },
  { name: 'arguments of a form', n: 20_000, make: (n) => request(posted('a=b&'.repeat(n))) },
  { name: 'chunk extensions', n: 10_000, make: (n) => request(chunked('1;a=b;c\r\na\r\n'.repeat(n))) },
  { name: 'a chunk extension without end', n: 50_000, make: (n) => request(chunked(`1;${'a'.repeat(n)}\r\na\r\n`)) },
  { name: 'zeros before a chunk length', n: 50_000, make: (n) => request(chunked(`${'0'.repeat(n)}1\r\na\r\n`)) },
  { name: 'trailer lines', n: 10_000, make: (n) => request(`${chunked('').toString()}${'T: v\r\n'.repeat(n)}\r\n`) },
  {
    name: 'folded header lines of a response',
    n: 40_000,
    make: (n) => response(`A: b\r\n${' c\r\n'.repeat(n)}`, new Uint8Array(1)),
  },
  { name: 'headers of a response', n: 10_000, make: (n) => response('A: b\r\n'.repeat(n), new Uint8Array(1)) },
  { name: 'empty members of gzip', n: 2000, make: (n) => response('Content-Encoding: gzip\r\n', members(n)) },
  {
    name: 'headers of a part of a form',
    n: 10_000,
    make: (n) =>
      request(
        posted(`--B\r\n${'A: b\r\n'.repeat(n)}\r\nd\r\n--B--\r\n`, 'Content-Type: multipart/form-data; boundary=B\r\n'),
      ),
  },
  {
    name: 'bytes that contents lead astray',
    n: 20_000,
    rules: strainedRules,
    make: (n) => request(posted('a'.repeat(n))),
  },
  {
    name: 'bytes that jumps lead astray',
    n: 20_000,
    rules: strainedRules,
    make: (n) => request(posted('j\x01'.repeat(n))),
  },
  {
    name: 'bytes that regular expressions go back over',
    n: 4000,
    rules: strainedRules,
    make: (n) => request(posted(`x${'y'.repeat(n)}!`)),
  },
  {
    name: 'raw stream in small pieces',
    n: 500,
    rules: strainedRules,
    make: (n) =>
      session(
        upTo(n).flatMap((i): Exchange[] => [
          { from: 'client', data: `y${i % 2 === 0 ? 'x' : 'j'}` },
          { from: 'server', data: 'ay' },
        ]),
      ),
  },
];
