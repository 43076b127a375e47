/** Requests whose content is written oddly: targets, parameters, character sets, forms, content codings of bodies. */
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { Asked, bytes, type EvasionCase, head, request, Sees } from './http-case.js';

const Host = 'Host: www.example.com';
const Form = `f=${Asked}`;
const at = (target: string): string => head(`GET ${target} HTTP/1.1`, Host);
const target = (name: string, text: string, ...events: string[]): EvasionCase =>
  request(name, at(text), Sees.Uri, ...events);
/** A target that shows the attack only to a server that decodes more than RFC 3986 has it. */
const hidden = (name: string, text: string, ...events: string[]): EvasionCase => request(name, at(text), [], ...events);

const utf16 = (text: string): string => [...text].map((c) => `\0${c}`).join('');
const utf16le = (text: string): string => [...text].map((c) => `${c}\0`).join('');
const utf32 = (text: string): string => [...text].map((c) => `\0\0\0${c}`).join('');
const utf32le = (text: string): string => [...text].map((c) => `${c}\0\0\0`).join('');

const targets: EvasionCase[] = [
  target('one letter in percent encoding (3986, 2.1)', '/%65tc/passwd'),
  target(
    'everything in percent encoding',
    `/${[...Asked.slice(1)].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')}`,
  ),
  target('slashes in percent encoding', '/x%2fetc%2fpasswd'),
  target('hexadecimal digits of both cases', '/%65%74%63%2F%70asswd'),
  hidden('double encoding of a letter', '/%2565tc/passwd', 'uri_still_encoded'),
  hidden('double encoding of the slashes', '/x%252fetc%252fpasswd', 'uri_still_encoded'),
  hidden('double encoding in the query', '/?f=%252fetc%252fpasswd', 'uri_still_encoded'),
  hidden('double encoding of each digit', '/%%36%35tc/passwd', 'uri_still_encoded'),
  hidden('threefold encoding', '/%252565tc/passwd', 'uri_still_encoded'),
  target('%u encoding', '/%u0065tc/passwd'),
  target('%u encoding of the slashes', '/x%u002fetc%u002fpasswd'),
  target('%u encoding in capitals', '/%U0065tc/passwd'),
  hidden('%u encoding in the query', '/?f=%u002fetc%u002fpasswd', 'uri_still_encoded'),
  target('%u encoding of full-width forms', '/%uff45tc/passwd'),
  target('%u encoding of a full-width slash', '/x%uff0fetc%uff0fpasswd'),
  target('overlong UTF-8 slashes of two bytes (3629, 3)', '/x%c0%afetc%c0%afpasswd', 'uri_odd_utf8'),
  target('overlong UTF-8 slashes of three bytes', '/x%e0%80%afetc%e0%80%afpasswd', 'uri_odd_utf8'),
  target('overlong UTF-8 slashes of four bytes', '/x%f0%80%80%afetc%f0%80%80%afpasswd', 'uri_odd_utf8'),
  target('overlong UTF-8, not in percent encoding', '/x\xc0\xafetc\xc0\xafpasswd', 'uri_odd_utf8'),
  target('overlong UTF-8 dots', '/a/%c0%ae%c0%ae/etc/passwd', 'uri_odd_utf8'),
  hidden('overlong UTF-8 in the query', '/?f=%c0%afetc%c0%afpasswd', 'uri_odd_utf8'),
  target('full-width letters in UTF-8', '/%ef%bd%85tc/passwd', 'uri_odd_utf8'),
  target('a full-width slash in UTF-8', '/x%ef%bc%8fetc%ef%bc%8fpasswd', 'uri_odd_utf8'),
  hidden('full-width letters in the query', '/?f=/%ef%bd%85tc/passwd', 'uri_odd_utf8'),
  hidden('half-width forms in the query', '/?f=/etc/passwd%ef%bd%b1'.replace('etc', '%ef%bd%85tc'), 'uri_odd_utf8'),
  target('a percent sign that encodes nothing', '/%zz/etc/passwd'),
  target('an encoding that breaks off', '/etc/passwd%'),
  target('an encoded NUL in the path', '/a%00/etc/passwd'),
  target('.. in the path (3986, 5.2.4)', '/a/../etc/passwd'),
  target('.. within the attack', '/etc/x/../passwd'),
  target('many ..', `/${'a/'.repeat(20)}${'../'.repeat(20)}etc/passwd`),
  target('more .. than there are folders', '/../../../etc/passwd'),
  target('encoded ..', '/a/%2e%2e/etc/passwd'),
  target('.. with one dot encoded', '/a/.%2e/etc/passwd'),
  target('.. with encoded slashes', '/a%2f..%2fetc%2fpasswd'),
  target('a single dot', '/etc/./passwd'),
  target('an encoded single dot', '/etc/%2e/passwd'),
  target('double slashes', '//etc//passwd'),
  target('many slashes', '/etc//////passwd'),
  target('encoded double slashes', '/etc/%2fpasswd'),
  target('backslashes', '/x\\etc\\passwd'),
  target('encoded backslashes', '/x%5cetc%5cpasswd'),
  target('backslashes and ..', '/a\\..\\etc\\passwd'),
  target('%u encoding of backslashes', '/x%u005cetc%u005cpasswd'),
  target('a path parameter in front', '/a;x=1/etc/passwd'),
  target('an absolute target with ..', 'http://www.example.com/a/../etc/passwd'),
  target('a parameter twice, the attack in the first', '/?f=/etc/passwd&f=x'),
  target('a parameter twice, the attack in the second', '/?f=x&f=/etc/passwd'),
  target('a parameter a thousand times', `/?${'f=x&'.repeat(999)}f=/etc/passwd`),
  target('a parameter without a name', '/?=/etc/passwd'),
  target('a parameter behind a second question mark', '/?a?f=/etc/passwd'),
  target('a parameter behind a semicolon', '/?a;f=/etc/passwd'),
  target('an encoded parameter', '/?f=%2fetc%2fpasswd'),
  target('an encoded question mark', '/a%3ff=/etc/passwd'),
];

const post = (lines: string[], body: string | Buffer): Buffer => {
  const data = typeof body === 'string' ? bytes(body) : body;
  return Buffer.concat([bytes(head('POST /inflate HTTP/1.1', Host, `Content-Length: ${data.length}`, ...lines)), data]);
};
const plain = (charset: string): string => `Content-Type: text/plain; charset=${charset}`;

const charsets: EvasionCase[] = [
  request('UTF-7 (2152)', post([plain('utf-7')], 'f=+AC8-etc+AC8-passwd'), [], 'request_body_charset'),
  request(
    'UTF-7 in quotes and capitals',
    post([plain('"UTF-7"')], 'f=+AC8-etc+AC8-passwd'),
    [],
    'request_body_charset',
  ),
  request('UTF-16', post([plain('utf-16')], utf16(Form)), [], 'request_body_charset'),
  request('UTF-16LE', post([plain('utf-16le')], utf16le(Form)), [], 'request_body_charset'),
  request('UTF-32', post([plain('utf-32')], utf32(Form)), [], 'request_body_charset'),
  request('UTF-32LE', post([plain('UTF-32LE')], utf32le(Form)), [], 'request_body_charset'),
  request('UCS-2', post([plain('ucs-2')], utf16(Form)), [], 'request_body_charset'),
  request(
    'EBCDIC',
    post([plain('ibm037')], Buffer.from('869 7e61 85a3 8361 9781a2a2a684'.replace(/ /g, '').slice(1), 'hex')),
    [],
    'request_body_charset',
  ),
  request(
    'a byte order mark of UTF-16',
    post(['Content-Type: text/plain'], `\xfe\xff${utf16(Form)}`),
    [],
    'request_body_charset',
  ),
  request(
    'a byte order mark of UTF-16LE',
    post(['Content-Type: text/plain'], `\xff\xfe${utf16le(Form)}`),
    [],
    'request_body_charset',
  ),
  request(
    'a byte order mark of UTF-32',
    post(['Content-Type: text/plain'], `\0\0\xfe\xff${utf32(Form)}`),
    [],
    'request_body_charset',
  ),
  request('a byte order mark of UTF-8', post([plain('utf-8')], `\xef\xbb\xbf${Form}`), Sees.RequestBody),
];

const gzipped = gzipSync(Form);
const CE = 'Content-Encoding: ';
const coded: EvasionCase[] = [
  request('gzip (9110, 8.4.1.3)', post([`${CE}gzip`], gzipped), Sees.RequestBody),
  request('x-gzip', post([`${CE}x-gzip`], gzipped), Sees.RequestBody),
  request('gzip in capitals', post([`${CE}GZIP`], gzipped), Sees.RequestBody),
  request('deflate', post([`${CE}deflate`], deflateSync(Form)), Sees.RequestBody),
  request('raw deflate', post([`${CE}deflate`], deflateRawSync(Form)), Sees.RequestBody),
  request('gzip called deflate', post([`${CE}deflate`], gzipped), Sees.RequestBody),
  request('deflate called gzip', post([`${CE}gzip`], deflateSync(Form)), Sees.RequestBody),
  request(
    'gzip in chunks',
    Buffer.concat([
      bytes(
        head('POST /inflate HTTP/1.1', Host, `${CE}gzip`, 'Transfer-Encoding: chunked') +
          `${gzipped.length.toString(16)}\r\n`,
      ),
      gzipped,
      bytes('\r\n0\r\n\r\n'),
    ]),
    Sees.RequestBody,
  ),
  request('gzip twice', post([`${CE}gzip, gzip`], gzipSync(gzipped)), Sees.RequestBody),
  request('identity and gzip', post([`${CE}identity, gzip`], gzipped), Sees.RequestBody),
  request('gzip and identity', post([`${CE}gzip, identity`], gzipped), Sees.RequestBody),
  request('gzip in two lines', post([`${CE}identity`, `${CE}gzip`], gzipped), Sees.RequestBody),
  request('gzip with a parameter', post([`${CE}gzip;q=1`], gzipped), Sees.RequestBody, 'content_not_decoded'),
  request('identity', post([`${CE}identity`], Form), Sees.RequestBody),
  request('a coding that nobody knows', post([`${CE}evil`], gzipped), [], 'content_not_decoded'),
  request(
    'two members of gzip (1952, 2.2)',
    post([`${CE}gzip`], Buffer.concat([gzipSync('f='), gzipSync(Asked)])),
    Sees.RequestBody,
  ),
  request('gzip cut off', post([`${CE}gzip`], gzipped.subarray(0, gzipped.length - 8)), Sees.RequestBody),
  request(
    'gzip with a wrong checksum',
    post([`${CE}gzip`], Buffer.concat([gzipped.subarray(0, -8), Buffer.alloc(8)])),
    Sees.RequestBody,
  ),
  request(
    'a body of 200 KiB with the attack at its end',
    post([], `${'a'.repeat(200 << 10)}${Form}`),
    [],
    'request_body_limit',
  ),
  request(
    'a body that inflates to 200 KiB with the attack at its end',
    post([`${CE}gzip`], gzipSync(`${'a'.repeat(200 << 10)}${Form}`)),
    [],
    'request_body_limit',
  ),
];

const NoParts = 'multipart_no_parts';
const Php = '<?php system($_GET[0]);';

/**
 * A form of one part: boundary as the header names it, boundary as the body has it, header lines of the part. With an
 * anomaly the upload is not one that Peccary follows as a file; it is in the body all the same.
 */
function form(name: string, type: string, boundary: string, part: string[], ...events: string[]): EvasionCase {
  const sees = events.length > 0 && events[0] !== 'file_name_too_long' ? Sees.RawUpload : Sees.Upload;
  const body = `--${boundary}\r\n${head(...part)}${Php}\r\n--${boundary}--\r\n`;
  return request(name, post([`Content-Type: ${type}`], body), sees, ...events);
}
const Data = 'multipart/form-data; boundary=';
const named = 'Content-Disposition: form-data; name="f"; filename="evil.php"';

const forms: EvasionCase[] = [
  form('an upload (7578)', `${Data}abc`, 'abc', [named]),
  form('a boundary in quotes (2046, 5.1.1)', `${Data}"a b c"`, 'a b c', [named]),
  form('a boundary in quotes with an escape', `${Data}"a\\bc"`, 'abc', [named], NoParts),
  form('a boundary in single quotes', `${Data}'abc'`, "'abc'", [named]),
  form('a parameter in front of the boundary', 'multipart/form-data; charset=utf-8; boundary=abc', 'abc', [named]),
  form('a parameter behind the boundary', `${Data}abc; charset=utf-8`, 'abc', [named]),
  form('a comma behind the boundary', `${Data}abc, x`, 'abc', [named], NoParts),
  form('two boundaries, the first one used', `${Data}abc; boundary=xyz`, 'abc', [named]),
  form('two boundaries, the second one used', `${Data}xyz; boundary=abc`, 'abc', [named], NoParts),
  form('BOUNDARY in capitals', 'MULTIPART/FORM-DATA; BOUNDARY=abc', 'abc', [named]),
  form('spaces around the equals sign of the boundary', 'multipart/form-data; boundary = abc', 'abc', [named]),
  form('a tab in front of the boundary', 'multipart/form-data;\tboundary=abc', 'abc', [named]),
  form('a boundary that goes on in the body', `${Data}ab`, 'abc', [named]),
  form('another boundary in the body', `${Data}xyz`, 'abc', [named], NoParts),
  form('a boundary of 300 bytes', `${Data}${'b'.repeat(300)}`, 'b'.repeat(300), [named]),
  form('no boundary', 'multipart/form-data', 'abc', [named]),
  form('multipart/mixed', 'multipart/mixed; boundary=abc', 'abc', [named]),
  form('a file name without quotes', `${Data}abc`, 'abc', [
    'Content-Disposition: form-data; name=f; filename=evil.php',
  ]),
  form('a file name in single quotes', `${Data}abc`, 'abc', [
    "Content-Disposition: form-data; name='f'; filename='evil.php'",
  ]),
  form('a file name with an escaped quote', `${Data}abc`, 'abc', [
    'Content-Disposition: form-data; name="f"; filename="a\\"evil.php"',
  ]),
  form('an extended file name (8187)', `${Data}abc`, 'abc', [
    "Content-Disposition: form-data; name=f; filename*=UTF-8''evil.php",
  ]),
  form('two file names', `${Data}abc`, 'abc', [
    'Content-Disposition: form-data; name="f"; filename="a.txt"; filename="evil.php"',
  ]),
  form('spaces around the equals sign of the file name', `${Data}abc`, 'abc', [
    'Content-Disposition: form-data; name="f"; filename = "evil.php"',
  ]),
  form('FILENAME in capitals', `${Data}abc`, 'abc', ['CONTENT-DISPOSITION: FORM-DATA; NAME="f"; FILENAME="evil.php"']),
  form('a space in front of the colon', `${Data}abc`, 'abc', [
    'Content-Disposition : form-data; name="f"; filename="evil.php"',
  ]),
  form('a folded line', `${Data}abc`, 'abc', ['Content-Disposition: form-data; name="f";', ' filename="evil.php"']),
  form('a file name in percent encoding', `${Data}abc`, 'abc', [
    'Content-Disposition: form-data; name="f"; filename="evil%2ephp"',
  ]),
  form(
    'a file name of two thousand bytes',
    `${Data}abc`,
    'abc',
    [`Content-Disposition: form-data; name="f"; filename="${'a'.repeat(2000)}.php"`],
    'file_name_too_long',
  ),
  form(
    'a part head of five thousand bytes',
    `${Data}abc`,
    'abc',
    [`X: ${'a'.repeat(5000)}`, named],
    'multipart_invalid_header',
  ),
  request(
    'lines ended by a bare LF',
    post([`Content-Type: ${Data}abc`], `--abc\n${named}\n\n${Php}\n--abc--\n`),
    Sees.Upload,
  ),
  request(
    'text in front of the first boundary',
    post([`Content-Type: ${Data}abc`], `preamble\r\n--abc\r\n${named}\r\n\r\n${Php}\r\n--abc--\r\n`),
    Sees.Upload,
  ),
  request('no last boundary', post([`Content-Type: ${Data}abc`], `--abc\r\n${named}\r\n\r\n${Php}\r\n`), Sees.Upload),
  request(
    'a part behind the last boundary',
    post([`Content-Type: ${Data}abc`], `--abc--\r\n--abc\r\n${named}\r\n\r\n${Php}\r\n--abc--\r\n`),
    Sees.RawUpload,
  ),
  request(
    'spaces behind the boundary',
    post([`Content-Type: ${Data}abc`], `--abc  \r\n${named}\r\n\r\n${Php}\r\n--abc--\r\n`),
    Sees.Upload,
  ),
  request(
    'a hundred parts',
    post(
      [`Content-Type: ${Data}abc`],
      `${`--abc\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n`.repeat(99)}--abc\r\n${named}\r\n\r\n${Php}\r\n--abc--\r\n`,
    ),
    Sees.RawUpload,
  ),
];

const nested: EvasionCase[] = [
  request('a body in percent encoding', post([], 'f=%2fetc%2fpasswd'), Sees.DecodedBody),
  request('a body in percent encoding, twice', post([], 'f=%252fetc%252fpasswd'), Sees.DecodedBody),
  request('a body in percent encoding in gzip', post([`${CE}gzip`], gzipSync('f=%2fetc%2fpasswd')), Sees.DecodedBody),
  request('a body in base64', post([], `f=${Buffer.from('/etc/passwd').toString('base64')}`), Sees.Base64Body),
];

export const contentRequests: EvasionCase[] = [...targets, ...charsets, ...coded, ...forms, ...nested];
