/** Limits of HTTP and of files, and the traffic that meets them. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { Host, posted, request, response, session, sessions, upTo } from '../tools/hostile.js';
import type { Exchange, TimedFrame } from '../tools/session.js';
import { http, type LimitCase, libhtp } from './limit-case.js';

const text = Buffer.from('some text that is repeated, '.repeat(2000));
const inBody = 'alert http any any -> any any (http.request_body; content:"never there"; sid:1;)';
const inAnswer = 'alert http any any -> any any (file.data; content:"never there"; sid:1;)';

const Form = 'Content-Type: multipart/form-data; boundary=B\r\n';
const upload = (i: number): string =>
  `--B\r\nContent-Disposition: form-data; name="f${i}"; filename="x${i}"\r\n\r\nd\r\n`;
const form = (parts: string): TimedFrame[] => request(posted(`${parts}--B--\r\n`, Form));
const uploads = (): TimedFrame[] => form(upTo(5).map(upload).join(''));

/** LZMA (the .lzma format, with a dictionary of 64 KiB): 64 bytes, 6,000 times "a", and the 64 bytes once more. */
const lzma = Buffer.from(
  'XQAAAQD//////////wAZjkikePG02scS7zuVakGxoJ4lBlreFI0jausB1EMOiwAmn93b4c0dVqjUYTNAxS2aj/TXPqGG4NaE6FKOLpcv0GEQDtJnD5I3' +
    'TRZ2aik8a4zn3zMyEM02X7F8kNH/6BB//63KUIA=',
  'base64',
);

const oddRequests = (n: number): TimedFrame[] =>
  session(
    upTo(n).flatMap((): Exchange[] => [
      { from: 'client', data: `GET / HTTP/1.1\r\n${Host}no colon\r\n\r\n` },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
    ]),
  );

const memory: LimitCase[] = [
  {
    name: 'memory of HTTP',
    counter: 'http.memcap',
    key: `${http}.memcap`,
    value: '8kb',
    frames: () => request(posted(text)),
  },
  {
    name: 'memory of HTTP, for a body',
    counter: 'http.body_no_memory',
    key: `${http}.memcap`,
    value: '8kb',
    frames: () => request(posted(text)),
    event: 'REQUEST_BODY_LIMIT',
    rules: inBody,
  },
  {
    name: 'open transactions of all connections',
    counter: 'http.tx_limit',
    key: `${http}.max-open-transactions`,
    value: 2,
    frames: () => sessions(4),
  },
  {
    name: 'open transactions of a connection',
    counter: 'http.max_tx',
    key: `${libhtp}.max-tx`,
    value: 3,
    frames: () => request(`GET / HTTP/1.1\r\n${Host}\r\n`.repeat(8)),
    event: 'CONNECTION_NOT_FOLLOWED',
  },
];

const heads: LimitCase[] = [
  {
    name: 'bytes of a line',
    counter: 'http.line_limit',
    key: `${libhtp}.meta-field-limit`,
    value: 100,
    frames: () => request(`GET / HTTP/1.1\r\nA: ${'b'.repeat(200)}\r\n\r\n`),
    event: 'REQUEST_FIELD_TOO_LONG',
  },
  {
    name: 'header lines',
    counter: 'http.headers_limit',
    key: `${libhtp}.headers-limit`,
    value: 5,
    frames: () =>
      request(
        `GET / HTTP/1.1\r\n${upTo(9)
          .map((i) => `A${i}: b\r\n`)
          .join('')}\r\n`,
      ),
    event: 'REQUEST_TOO_MANY_HEADERS',
  },
  {
    name: 'header lines of one name',
    counter: 'http.header_repetitions_limit',
    key: `${libhtp}.header-repetitions-limit`,
    value: 3,
    frames: () => request(`GET / HTTP/1.1\r\n${'Cookie: a=b\r\n'.repeat(9)}\r\n`),
    event: 'REQUEST_HEADER_REPETITION',
  },
  {
    name: 'bytes of a head',
    counter: 'http.head_limit',
    key: `${http}.head-limit`,
    value: '1kb',
    frames: () =>
      request(
        `GET / HTTP/1.1\r\n${upTo(9)
          .map((i) => `A${i}: ${'b'.repeat(200)}\r\n`)
          .join('')}\r\n`,
      ),
    event: 'CONNECTION_NOT_FOLLOWED',
  },
  {
    name: 'bytes of a head, a megabyte',
    counter: 'http.head_limit',
    frames: () => request(`GET / HTTP/1.1\r\n${`${'A'.repeat(900)}: b\r\n`.repeat(1200)}\r\n`),
    event: 'CONNECTION_NOT_FOLLOWED',
  },
  { name: 'warnings', counter: 'http.warnings_limit', frames: () => oddRequests(520), event: 'TOO_MANY_WARNINGS' },
];

const bodies: LimitCase[] = [
  {
    name: 'bytes of the body of a request',
    counter: 'http.body_limit',
    key: `${libhtp}.request-body-limit`,
    value: '1kb',
    frames: () => request(posted(text)),
    event: 'REQUEST_BODY_LIMIT',
    rules: inBody,
  },
  {
    name: 'bytes of the body of a response',
    counter: 'http.body_limit',
    key: `${libhtp}.response-body-limit`,
    value: '1kb',
    frames: () => response('', text),
    event: 'RESPONSE_BODY_LIMIT',
    rules: inAnswer,
  },
  {
    name: 'layers of codings',
    counter: 'http.encoding_layers_limit',
    key: `${libhtp}.response-body-decompress-layer-limit`,
    value: 1,
    frames: () => response('Content-Encoding: gzip, gzip\r\n', gzipSync(gzipSync(text))),
    event: 'TOO_MANY_ENCODING_LAYERS',
  },
  {
    name: 'layers of codings, sixteen',
    counter: 'http.encoding_layers_limit',
    also: { [`${libhtp}.response-body-decompress-layer-limit`]: 0 },
    frames: () =>
      response(
        `Content-Encoding: ${upTo(17)
          .map(() => 'gzip')
          .join(', ')}\r\n`,
        text,
      ),
    event: 'TOO_MANY_ENCODING_LAYERS',
  },
  {
    name: 'decoded bytes out of proportion',
    counter: 'http.compression_bombs',
    key: `${libhtp}.compression-bomb-limit`,
    value: '1kb',
    frames: () => response('Content-Encoding: br\r\n', brotliCompressSync(Buffer.alloc(900_000))),
    event: 'COMPRESSION_BOMB',
  },
  {
    name: 'work of decoding',
    counter: 'http.compression_bombs',
    key: `${libhtp}.decompression-time-limit`,
    value: 100,
    frames: () => response('Content-Encoding: gzip\r\n', gzipSync(text)),
    event: 'COMPRESSION_BOMB',
  },
  {
    name: 'memory of a decoder',
    counter: 'http.decoder_memory_limit',
    key: `${libhtp}.lzma-memlimit`,
    value: '1',
    also: { [`${libhtp}.lzma-enabled`]: 'yes' },
    frames: () => response('Content-Encoding: lzma\r\n', lzma),
    event: 'LZMA_MEMLIMIT_REACHED',
  },
  {
    name: 'uploads of a form',
    counter: 'http.multipart_files_limit',
    key: `${libhtp}.multipart-files-limit`,
    value: 3,
    frames: uploads,
    event: 'MULTIPART_FILE_NOT_FOLLOWED',
  },
  {
    name: 'bytes of the header of a part',
    counter: 'http.multipart_head_limit',
    frames: () => form(`--B\r\nX: ${'y'.repeat(3000)}\r\nZ: ${'y'.repeat(3000)}\r\n\r\nd\r\n`),
    event: 'MULTIPART_INVALID_HEADER',
  },
  {
    name: 'bytes of a file name',
    counter: 'http.file_name_limit',
    frames: () => form(`--B\r\nContent-Disposition: form-data; filename="${'x'.repeat(1500)}"\r\n\r\nd\r\n`),
    event: 'FILE_NAME_TOO_LONG',
  },
];

const byName = 'alert http any any -> any any (filename:"never there"; sid:1;)';
/** Two answers whose bodies are there in part, and go on. */
const openAnswers = (): TimedFrame[] =>
  upTo(3).flatMap((i) =>
    session(
      [
        { from: 'client', data: `GET /f${i}.bin HTTP/1.1\r\n${Host}\r\n` },
        { from: 'server', data: `HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n${'z'.repeat(2000)}` },
      ],
      { client: { port: 40_000 + i, isn: 1 }, close: 'none' },
    ),
  );

/** A store that is asked for after the first bytes of a file came, or for all files. */
const store = (more: Record<string, string | number>): LimitCase['also'] => ({
  outputs: [{ 'file-store': { enabled: 'yes', dir: join(tmpdir(), `peccary-limits-${process.pid}`), ...more } }],
});
export const storeDir = join(tmpdir(), `peccary-limits-${process.pid}`);
const storeLater = 'alert http any any -> any any (file.data; content:"never there"; filestore; sid:1;)';

const files: LimitCase[] = [
  {
    name: 'files of a transaction',
    counter: 'file.tx_limit',
    key: 'files.max-per-transaction',
    value: 2,
    frames: uploads,
    rules: byName,
  },
  {
    name: 'files of all transactions',
    counter: 'file.open_limit',
    key: 'files.max-open',
    value: 2,
    frames: openAnswers,
    rules: byName,
  },
  {
    name: 'bytes of a file that may be stored later',
    counter: 'file_store.held_limit',
    key: 'files.held-limit',
    value: 1000,
    also: store({}),
    frames: openAnswers,
    rules: storeLater,
  },
  {
    name: 'bytes of all files that may be stored later',
    counter: 'file_store.held_limit',
    key: 'files.held-memcap',
    value: 5000,
    also: store({}),
    frames: openAnswers,
    rules: storeLater,
  },
  {
    name: 'descriptors of the store',
    counter: 'file_store.open_files_max_hit',
    also: store({ 'force-filestore': 'yes', 'max-open-files': 2 }),
    frames: openAnswers,
  },
];

export const httpCases: LimitCase[] = [...memory, ...heads, ...bodies, ...files];
