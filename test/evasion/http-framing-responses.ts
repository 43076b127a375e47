/** Answers framed oddly (RFC 9112): lengths, chunks, lines, status lines, interim answers, bodies where none may be. */
import { type EvasionCase, head, Leaked, LeakedField, response, Sees } from './http-case.js';

const Page = `<pre>${Leaked}root</pre>\n`;
const size = Page.length;
const Type = 'Content-Type: text/html';
const TE = 'Transfer-Encoding: chunked';
const Ambiguous = 'response_framing_ambiguous';
const ok = (lines: string[], body: string, start = 'HTTP/1.1 200 OK'): string => head(start, Type, ...lines) + body;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunked = (text: string): string => `${chunk(text)}0\r\n\r\n`;

const lengths: EvasionCase[] = [
  response(
    'a length and chunks (9112, 6.3)',
    ok(['Content-Length: 4', TE], chunked(Page)),
    Sees.ResponseBody,
    Ambiguous,
  ),
  response(
    'chunks and a length that is too large',
    ok([TE, 'Content-Length: 999'], chunked(Page)),
    Sees.ResponseBody,
    Ambiguous,
  ),
  response(
    'two equal lengths',
    ok([`Content-Length: ${size}`, `Content-Length: ${size}`], Page),
    Sees.ResponseBody,
    Ambiguous,
  ),
  response(
    'two lengths, the first one smaller',
    ok(['Content-Length: 2', `Content-Length: ${size}`], Page),
    Sees.ResponseBody,
    'duplicate_content_length_field_in_response',
  ),
  response(
    'two lengths, the second one smaller',
    ok([`Content-Length: ${size}`, 'Content-Length: 2'], Page),
    Sees.ResponseBody,
    'duplicate_content_length_field_in_response',
  ),
  response('a list of lengths', ok([`Content-Length: ${size}, ${size}`], Page), Sees.ResponseBody, Ambiguous),
  response('a length with a plus sign', ok([`Content-Length: +${size}`], Page), Sees.ResponseBody, Ambiguous),
  response('a length with a minus sign', ok([`Content-Length: -${size}`], Page), Sees.ResponseBody, Ambiguous),
  response('a length with leading zeros', ok([`Content-Length: 0000${size}`], Page), Sees.ResponseBody),
  response('a length with spaces around it', ok([`Content-Length:   ${size}   `], Page), Sees.ResponseBody),
  response(
    'a length past 64 bits',
    ok(['Content-Length: 18446744073709551999'], Page),
    [],
    'invalid_content_length_field_in_response',
    'connection_not_followed',
  ),
  response(
    'a length without digits',
    ok(['Content-Length: none'], Page),
    [],
    'invalid_content_length_field_in_response',
    'connection_not_followed',
  ),
  response('a length that is too small', ok(['Content-Length: 5'], Page), Sees.ResponseBody),
  response('a length that is too large', ok([`Content-Length: ${size + 100}`], Page), Sees.ResponseBody),
  response('no length', ok([], Page), Sees.ResponseBody),
  response('no length and HTTP/1.0', ok([], Page, 'HTTP/1.0 200 OK'), Sees.ResponseBody),
];

const codings: EvasionCase[] = [
  ['in capitals', 'Transfer-Encoding: CHUNKED'],
  ['with a tab in front', 'Transfer-Encoding:\tchunked'],
  ['behind identity', 'Transfer-Encoding: identity, chunked', 'response_abnormal_transfer_encoding'],
  ['in two lines', 'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked', 'response_abnormal_transfer_encoding'],
  ['twice', 'Transfer-Encoding: chunked, chunked', 'response_abnormal_transfer_encoding'],
  ['in a folded line', 'Transfer-Encoding:\r\n chunked'],
  ['with a parameter', 'Transfer-Encoding: chunked;x=1', 'response_abnormal_transfer_encoding'],
  ['in quotes', 'Transfer-Encoding: "chunked"', 'response_abnormal_transfer_encoding'],
  ['with a letter in front', 'Transfer-Encoding: xchunked', 'response_abnormal_transfer_encoding'],
  ['with a NUL behind', 'Transfer-Encoding: chunked\0', 'response_abnormal_transfer_encoding'],
  ['with a space in front of the colon', 'Transfer-Encoding : chunked', 'response_header_invalid'],
  ['behind a line without a colon', 'X\r\nTransfer-Encoding: chunked', 'response_field_missing_colon'],
].map(([what, line, ...events]) =>
  response(`chunked ${what} (9112, 6.1)`, ok([line], chunked(Page)), Sees.ResponseBody, ...events),
);

const x = size.toString(16);
const chunks: EvasionCase[] = [
  response('a chunk size with 0x in front (9112, 7.1)', ok([TE], `0x${x}\r\n${Page}\r\n0\r\n\r\n`), [], Ambiguous),
  response(
    'a chunk size with a plus sign',
    ok([TE], `+${x}\r\n${Page}\r\n0\r\n\r\n`),
    Sees.ResponseBody,
    'invalid_response_chunk_len',
  ),
  response(
    'a chunk size with a minus sign',
    ok([TE], `-${x}\r\n${Page}\r\n0\r\n\r\n`),
    Sees.ResponseBody,
    'invalid_response_chunk_len',
  ),
  response('a chunk size with spaces around it', ok([TE], `  ${x}  \r\n${Page}\r\n0\r\n\r\n`), Sees.ResponseBody),
  response(
    'a chunk size with leading zeros',
    ok([TE], `000000000000000${x}\r\n${Page}\r\n0\r\n\r\n`),
    Sees.ResponseBody,
  ),
  response(
    'a chunk size past 32 bits',
    ok([TE], `1000000${x.padStart(2, '0')}\r\n${Page}\r\n0\r\n\r\n`),
    Sees.ResponseBody,
  ),
  response(
    'a chunk size past 64 bits',
    ok([TE], `100000000000000${x.padStart(2, '0')}\r\n${Page}\r\n0\r\n\r\n`),
    Sees.ResponseBody,
    'invalid_response_chunk_len',
  ),
  response('a chunk extension (9112, 7.1.1)', ok([TE], `${x};a="b"\r\n${Page}\r\n0\r\n\r\n`), Sees.ResponseBody),
  response('letters behind a chunk size', ok([TE], `${x} foo\r\n${Page}\r\n0\r\n\r\n`), Sees.ResponseBody, Ambiguous),
  response('chunk sizes ended by a bare LF', ok([TE], `${x}\n${Page}\n0\n\n`), Sees.ResponseBody),
  response('a chunk size ended by a bare CR', ok([TE], `${x}\r${Page}\r0\r\r`), [], Ambiguous),
  response('a chunk longer than it says', ok([TE], `4\r\n${Page}\r\n0\r\n\r\n`), [], Ambiguous),
  response(
    'a chunk size that is none',
    ok([TE], `zz\r\n${Page}\r\n0\r\n\r\n`),
    Sees.ResponseBody,
    'invalid_response_chunk_len',
  ),
  response('an empty line in front of the chunk size', ok([TE], `\r\n${chunked(Page)}`), Sees.ResponseBody),
  response('chunks of one byte', ok([TE], `${[...Page].map(chunk).join('')}0\r\n\r\n`), Sees.ResponseBody),
  response('no last chunk', ok([TE], chunk(Page)), Sees.ResponseBody),
  response('bytes behind the last chunk', ok([TE], `0\r\n\r\n${Page}`), Sees.ResponseBody),
  response('chunked and not chunked at all', ok([TE], Page), Sees.ResponseBody, 'invalid_response_chunk_len'),
  response(
    'chunks under HTTP/1.0',
    ok([TE], chunked(Page), 'HTTP/1.0 200 OK'),
    Sees.ResponseBody,
    'response_chunked_old_proto',
  ),
  response('an attack in the trailer', ok([TE], `0\r\nX-File: ${LeakedField}\r\n\r\n`), Sees.ResponseHeader),
];

const lines: EvasionCase[] = [
  response('lines ended by a bare LF (9112, 2.2)', `HTTP/1.1 200 OK\n${Type}\n\n${Page}`, Sees.ResponseBody),
  response('lines ended by a bare CR', `HTTP/1.1 200 OK\r${Type}\r\r\n${Page}`, [], Ambiguous),
  response('lines ended by LF CR', `HTTP/1.1 200 OK\n\r${Type}\n\r\n\r${Page}`, [], Ambiguous),
  response('line ends of CR CR LF', `HTTP/1.1 200 OK\r\r\n${Type}\r\r\n\r\r\n${Page}`, Sees.ResponseBody, Ambiguous),
  response('an empty line in front of the status line', `\r\n${ok([], Page)}`, Sees.ResponseBody),
  response('junk in front of the status line', `junk\r\n${ok([], Page)}`, Sees.ResponseBody),
  response('no status line at all', Page, Sees.ResponseBody),
  response('a folded header line', ok(['X-File: a', ` ${LeakedField}`], ''), Sees.ResponseHeader),
  response(
    'a header line without a colon',
    ok(['X-File', `X ${LeakedField}`], ''),
    Sees.ResponseHeader,
    'response_field_missing_colon',
  ),
  response(
    'a header line without a name',
    ok([`: ${LeakedField}`], ''),
    Sees.ResponseHeader,
    'response_header_invalid',
  ),
  response('a NUL in a header value', ok([`X-File: a\0${LeakedField}`], ''), Sees.ResponseHeader),
  response(
    'a NUL in a header name',
    ok([`X-\0File: ${LeakedField}`], ''),
    Sees.ResponseHeader,
    'response_header_invalid',
  ),
  response(
    'a space in front of the colon',
    ok([`X-File : ${LeakedField}`], ''),
    Sees.ResponseHeader,
    'response_header_invalid',
  ),
  response(
    'one header a hundred times',
    ok([...Array.from({ length: 99 }, () => 'X-File: a'), `X-File: ${Leaked}`], ''),
    [],
    'response_header_repetition',
  ),
  response(
    'two thousand headers',
    ok(
      Array.from({ length: 2000 }, (_, i) => `X-${i}: a`),
      Page,
    ),
    [],
    'response_too_many_headers',
    'connection_not_followed',
  ),
  response(
    'a header line of twenty thousand bytes',
    ok([`X: ${'a'.repeat(20_000)}`], Page),
    [],
    'response_field_too_long',
    'connection_not_followed',
  ),
];

const starts: EvasionCase[] = [
  ['HTTP/1.2 200 OK', 'response_invalid_protocol'],
  ['HTTP/2.0 200 OK', 'response_invalid_protocol'],
  ['HTTP/9.9 200 OK', 'response_invalid_protocol'],
  ['HTTP/1.010 200 OK', 'response_invalid_protocol'],
  ['http/1.1 200 OK', 'response_invalid_protocol'],
  ['HTTP 1.1 200 OK', 'response_invalid_protocol'],
  ['HTTP/1.1200 OK', 'response_invalid_protocol'],
  ['HTTP/1.1\t200\tOK'],
  ['HTTP/1.1  200  OK'],
  ['HTTP/1.1 200'],
  ['HTTP/1.1 2000 OK', 'response_invalid_status'],
  ['HTTP/1.1 20x OK', 'response_invalid_status'],
  ['HTTP/1.1 OK', 'response_invalid_status'],
  ['HTTP/1.1 999 OK'],
  ['HTTP/1.1 099 OK', 'response_invalid_status'],
].map(([line, ...events]) =>
  response(`status line: ${JSON.stringify(line)} (9112, 4)`, ok([], Page, line), Sees.ResponseBody, ...events),
);

export const framingResponses: EvasionCase[] = [...lengths, ...codings, ...chunks, ...lines, ...starts];
