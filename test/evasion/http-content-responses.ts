/** Answers whose content is coded oddly: content codings, gzip's members, headers and trailers, character sets, limits. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { bytes, type EvasionCase, head, Leaked, response, Sees } from './http-case.js';

export const Page = `<pre>${Leaked}root:/root</pre>\n`;

const ok = (lines: string[], body: string | Buffer): Buffer => {
  const data = typeof body === 'string' ? bytes(body) : body;
  return Buffer.concat([
    bytes(head('HTTP/1.1 200 OK', 'Content-Type: text/html', `Content-Length: ${data.length}`, ...lines)),
    data,
  ]);
};
const CE = 'Content-Encoding: ';
const coded = (name: string, coding: string, body: string | Buffer, ...events: string[]): EvasionCase =>
  response(name, ok([`${CE}${coding}`], body), Sees.ResponseBody, ...events);

const gzipped = gzipSync(Page);
const deflated = deflateRawSync(Page);
const trailer = gzipped.subarray(gzipped.length - 8);

/** A gzip member of the page with these flags and what they announce (RFC 1952, section 2.3). */
const member = (flags: number, ...fields: Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]), ...fields, deflated, trailer]);
const zero = Buffer.alloc(1);

const codings: EvasionCase[] = [
  coded('gzip (9110, 8.4.1.3)', 'gzip', gzipped),
  coded('x-gzip', 'x-gzip', gzipped),
  coded('gzip in capitals', 'GZIP', gzipped),
  coded('gzip with a comma behind', 'gzip,', gzipped),
  coded('gzip in quotes', '"gzip"', gzipped, 'abnormal_ce_header'),
  coded('gzip with a parameter', 'gzip;q=1', gzipped, 'abnormal_ce_header'),
  coded('deflate (1950)', 'deflate', deflateSync(Page)),
  coded('raw deflate (1951)', 'deflate', deflated),
  coded('x-deflate', 'x-deflate', deflateSync(Page)),
  coded('gzip called deflate', 'deflate', gzipped),
  coded('deflate called gzip', 'gzip', deflateSync(Page)),
  coded('raw deflate called gzip', 'gzip', deflated),
  coded('brotli (7932)', 'br', brotliCompressSync(bytes(Page))),
  coded('identity', 'identity', Page),
  coded('not coded, called gzip', 'gzip', Page),
  coded('not coded, called deflate', 'deflate', Page),
  coded('a coding that nobody knows, not coded', 'evil', Page, 'abnormal_ce_header'),
  response('a coding that nobody knows, coded', ok([`${CE}evil`], gzipped), [], 'abnormal_ce_header'),
  coded('gzip twice', 'gzip, gzip', gzipSync(gzipped)),
  coded('gzip twice in two lines', `gzip\r\n${CE}gzip`, gzipSync(gzipped)),
  coded('gzip named twice, done once', 'gzip, gzip', gzipped),
  coded('deflate, then gzip', 'deflate, gzip', gzipSync(deflateSync(Page))),
  coded('identity, then gzip', 'identity, gzip', gzipped, 'abnormal_ce_header'),
  response(
    'gzip five times',
    ok(
      [`${CE}gzip, gzip, gzip, gzip, gzip`],
      [1, 2, 3, 4].reduce((b) => gzipSync(b), gzipped),
    ),
    [],
    'too_many_encoding_layers',
  ),
  coded('gzip with an empty element', ', gzip', gzipped),
  coded('gzip in a folded line', '\r\n gzip', gzipped),
  response(
    'gzip as a transfer coding (9112, 7.2)',
    Buffer.concat([
      bytes(`${head('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked')}${gzipped.length.toString(16)}\r\n`),
      gzipped,
      bytes('\r\n0\r\n\r\n'),
    ]),
    [],
    'response_abnormal_transfer_encoding',
  ),
  response(
    'gzip in the trailer only',
    Buffer.concat([
      bytes(
        head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked') +
          `${Page.length.toString(16)}\r\n${Page}\r\n0\r\n${CE}gzip\r\n\r\n`,
      ),
    ]),
    Sees.ResponseBody,
  ),
];

const members: EvasionCase[] = [
  coded('two members (1952, 2.2)', 'gzip', Buffer.concat([gzipSync('<pre>'), gzipSync(Page)])),
  coded('the attack across two members', 'gzip', Buffer.concat([gzipSync(Page.slice(0, 9)), gzipSync(Page.slice(9))])),
  coded('an empty member first', 'gzip', Buffer.concat([gzipSync(''), gzipped])),
  coded('a hundred members', 'gzip', Buffer.concat([...Array.from({ length: 99 }, () => gzipSync('a')), gzipped])),
  coded('cut off in front of the trailer', 'gzip', gzipped.subarray(0, gzipped.length - 8)),
  coded('cut off within the data', 'gzip', gzipSync(`${Page}${'abcdefgh'.repeat(9)}${Math.PI}`).subarray(0, -20)),
  coded('a wrong checksum', 'gzip', Buffer.concat([gzipped.subarray(0, -8), Buffer.alloc(4, 7), gzipped.subarray(-4)])),
  coded('a wrong length', 'gzip', Buffer.concat([gzipped.subarray(0, -4), Buffer.alloc(4, 7)])),
  coded('junk behind the member', 'gzip', Buffer.concat([gzipped, bytes('junk'.repeat(10))]), 'content_not_decoded'),
  coded('zeros behind the member', 'gzip', Buffer.concat([gzipped, Buffer.alloc(40)])),
  response(
    'the page, not coded, behind an empty member',
    ok([`${CE}gzip`], Buffer.concat([gzipSync(''), bytes(Page)])),
    [],
    'content_not_decoded',
  ),
  coded(
    'a deflate stream with a wrong checksum',
    'deflate',
    Buffer.concat([deflateSync(Page).subarray(0, -4), Buffer.alloc(4)]),
  ),
  coded('a deflate stream and junk', 'deflate', Buffer.concat([deflateSync(Page), bytes('junk')])),
  coded('a deflate stream cut off', 'deflate', deflateSync(Page).subarray(0, -4)),
  coded('an extra field (1952, 2.3)', 'gzip', member(4, Buffer.from([4, 0]), bytes('abcd'))),
  coded('an extra field of sixty thousand bytes', 'gzip', member(4, Buffer.from([0x60, 0xea]), Buffer.alloc(60_000))),
  coded('a file name', 'gzip', member(8, bytes('a.html'), zero)),
  coded('a file name of five thousand bytes', 'gzip', member(8, Buffer.alloc(5000, 97), zero)),
  coded('a comment', 'gzip', member(16, bytes('hello'), zero)),
  coded('a checksum of the header', 'gzip', member(2, Buffer.from([0, 0]))),
  coded('reserved flags', 'gzip', member(0xe0)),
  response(
    'another method than deflate',
    ok([`${CE}gzip`], Buffer.concat([Buffer.from([0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 3]), deflated, trailer])),
    [],
    'gzip_decompression_failed',
  ),
  coded('stored blocks only', 'gzip', gzipSync(Page, { level: 0 })),
];

const charset = (name: string, type: string, body: string): EvasionCase =>
  response(
    name,
    head('HTTP/1.1 200 OK', `Content-Type: ${type}`, `Content-Length: ${body.length}`) + body,
    [],
    'response_body_charset',
  );
const utf16 = (text: string): string => [...text].map((c) => `\0${c}`).join('');
const utf16le = (text: string): string => [...text].map((c) => `${c}\0`).join('');
const utf32 = (text: string): string => [...text].map((c) => `\0\0\0${c}`).join('');

const charsets: EvasionCase[] = [
  charset('UTF-7 (2152)', 'text/html; charset=utf-7', '+ADw-pre+AD4-root+ADo-x'),
  charset('UTF-16', 'text/html; charset=UTF-16', utf16(Page)),
  charset('UTF-16LE in quotes', 'text/html; charset="utf-16le"', utf16le(Page)),
  charset('UTF-32', 'text/html; charset=utf-32', utf32(Page)),
  charset('a byte order mark of UTF-16', 'text/html', `\xfe\xff${utf16(Page)}`),
  charset('a byte order mark of UTF-16LE', 'text/html; charset=utf-8', `\xff\xfe${utf16le(Page)}`),
  charset('a byte order mark of UTF-32', 'text/html', `\0\0\xfe\xff${utf32(Page)}`),
  response('a byte order mark of UTF-8', ok([], `\xef\xbb\xbf${Page}`), Sees.ResponseBody),
];

const limits: EvasionCase[] = [
  response(
    'a body of 300 KiB with the attack at its end',
    ok([], `${'a'.repeat(300 << 10)}${Page}`),
    [],
    'response_body_limit',
  ),
  response(
    'a body that inflates to 300 KiB with the attack at its end',
    ok([`${CE}gzip`], gzipSync(`${'a'.repeat(300 << 10)}${Page}`)),
    [],
    'response_body_limit',
  ),
  response(
    'a body without a length of 300 KiB',
    head('HTTP/1.1 200 OK') + 'a'.repeat(300 << 10) + Page,
    [],
    'response_body_limit',
  ),
  response(
    'a bomb of 8 MiB',
    ok([`${CE}gzip, gzip`], gzipSync(gzipSync(Buffer.concat([Buffer.alloc(8 << 20), bytes(Page)])))),
    [],
    'compression_bomb',
    'response_body_limit',
  ),
];

/** LZMA (the .lzma format, one line of a password file) as liblzma writes it. */
const lzma = Buffer.from('XQAAgAD//////////wA5G+zoOi1/ylz3tEOx8Tw8rzUQktIULBMikUr/+vl0AA==', 'base64');

/** With lzma-enabled: yes. */
export const lzmaResponses: EvasionCase[] = [
  coded('LZMA', 'lzma', lzma),
  coded('LZMA, then identity', 'lzma, identity', lzma),
];

export const contentResponses: EvasionCase[] = [
  ...codings,
  ...members,
  ...charsets,
  ...limits,
  response('LZMA that is not enabled', ok([`${CE}lzma`], lzma), [], 'content_not_decoded'),
];
