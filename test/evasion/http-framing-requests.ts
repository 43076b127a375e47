/** Requests whose bodies are framed oddly (RFC 9112, sections 6 and 7): lengths, transfer codings, chunks. */
import { Asked, type EvasionCase, head, request, Sees } from './http-case.js';

const Host = 'Host: www.example.com';
const Form = `f=${Asked}`;
const Next = head(`GET ${Asked} HTTP/1.1`, Host);

const post = (lines: string[], body: string): string => head('POST /form HTTP/1.1', Host, ...lines) + body;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunked = (text: string): string => `${chunk(text)}0\r\n\r\n`;
const TE = 'Transfer-Encoding: chunked';
const size = Form.length;

const Ambiguous = 'request_framing_ambiguous';
const BadChunk = 'invalid_request_chunk_len';
const NotFollowed = 'connection_not_followed';

const lengths: EvasionCase[] = [
  request(
    'a length and chunks, the length too small (9112, 6.3)',
    post(['Content-Length: 4', TE], chunked(Form)),
    Sees.RequestBody,
    Ambiguous,
  ),
  request(
    'chunks and a length, the length too large',
    post([TE, 'Content-Length: 999'], chunked(Form)),
    Sees.RequestBody,
    Ambiguous,
  ),
  request('a length of 0 and chunks', post(['Content-Length: 0', TE], chunked(Form)), Sees.RequestBody, Ambiguous),
  request(
    'a request behind the chunks that the length covers',
    post([`Content-Length: ${5 + Next.length}`, TE], `0\r\n\r\n${Next}`),
    Sees.Uri,
    Ambiguous,
  ),
  request(
    'the same length twice',
    post([`Content-Length: ${size}`, `Content-Length: ${size}`], Form),
    Sees.RequestBody,
    Ambiguous,
  ),
  request(
    'two lengths, the first one smaller',
    post(['Content-Length: 2', `Content-Length: ${size}`], Form),
    Sees.RequestBody,
    'duplicate_content_length_field_in_request',
  ),
  request(
    'two lengths, the second one smaller',
    post([`Content-Length: ${size}`, 'Content-Length: 2'], Form),
    Sees.RequestBody,
    'duplicate_content_length_field_in_request',
  ),
  request('a list of equal lengths', post([`Content-Length: ${size}, ${size}`], Form), Sees.RequestBody, Ambiguous),
  request('a list of different lengths', post([`Content-Length: ${size}, 2`], Form), Sees.RequestBody, Ambiguous),
  request('a length with a plus sign', post([`Content-Length: +${size}`], Form), Sees.RequestBody, Ambiguous),
  request('a length with a minus sign', post([`Content-Length: -${size}`], Form), Sees.RequestBody, Ambiguous),
  request('a length with spaces around it', post([`Content-Length:   ${size}  `], Form), Sees.RequestBody),
  request('a length with leading zeros', post([`Content-Length: 00000000000000000000${size}`], Form), Sees.RequestBody),
  request(
    'a length in hexadecimal',
    post([`Content-Length: 0x${size.toString(16)}`], Form),
    Sees.RequestBody,
    Ambiguous,
  ),
  request('a length with a space inside', post([`Content-Length: 1 ${size}`], Form), Sees.RequestBody, Ambiguous),
  request('a length followed by letters', post([`Content-Length: ${size}abc`], Form), Sees.RequestBody, Ambiguous),
  request(
    'a length past 64 bits',
    post(['Content-Length: 18446744073709551999'], Form),
    [],
    'invalid_content_length_field_in_request',
  ),
  request('an empty length', post(['Content-Length: '], Form), [], 'invalid_content_length_field_in_request'),
  request(
    'a length without digits',
    post(['Content-Length: none'], Form),
    [],
    'invalid_content_length_field_in_request',
  ),
  request(
    'a length of one byte less than there is',
    post([`Content-Length: ${size - 1}`], `${Form}\r\n`),
    Sees.RequestBody,
  ),
  request(
    'a length in front of whose name stands a space',
    post([`X: y`, ` Content-Length: ${size}`], Form),
    Sees.RequestBody,
  ),
  request(
    'a space between Content-Length and its colon',
    post([`Content-Length : ${size}`], Form),
    Sees.RequestBody,
    'request_header_invalid',
  ),
  request('a tab in front of the length', post([`Content-Length:\t${size}`], Form), Sees.RequestBody),
];

const Unknown = 'invalid_transfer_encoding_value_in_request';

/** What is odd, the header line, the events. Where chunked is not what the line says, Peccary follows no further. */
const codings: EvasionCase[] = [
  ['in capitals', 'Transfer-Encoding: CHUNKED'],
  ['with a tab in front', 'Transfer-Encoding:\tchunked'],
  ['with a space behind', 'Transfer-Encoding: chunked '],
  ['behind identity', 'Transfer-Encoding: identity, chunked', Ambiguous],
  ['behind an empty list element', 'Transfer-Encoding: , chunked', Ambiguous],
  ['in two lines', 'Transfer-Encoding: identity\r\nTransfer-Encoding: chunked', Ambiguous],
  ['twice', 'Transfer-Encoding: chunked, chunked', Ambiguous],
  ['in a folded line', 'Transfer-Encoding:\r\n chunked'],
  ['with a parameter', 'Transfer-Encoding: chunked;x=1', Unknown, NotFollowed],
  ['in quotes', 'Transfer-Encoding: "chunked"', Unknown, NotFollowed],
  ['with a letter in front', 'Transfer-Encoding: xchunked', Unknown, NotFollowed],
  ['with a vertical tab in front', 'Transfer-Encoding: \x0bchunked', Ambiguous],
  ['with a NUL behind', 'Transfer-Encoding: chunked\0', 'request_header_nul'],
  ['in front of identity', 'Transfer-Encoding: chunked, identity', Ambiguous],
  ['with a space in front of the colon', 'Transfer-Encoding : chunked', 'request_header_invalid'],
  ['with an underscore in the name', 'Transfer_Encoding: chunked', 'request_body_unexpected'],
  ['behind a line without a colon', 'X\r\nTransfer-Encoding: chunked', 'request_field_missing_colon'],
  ['behind a bare CR', 'X: y\rTransfer-Encoding: chunked', 'request_body_unexpected'],
  ['behind a bare LF', 'X: y\nTransfer-Encoding: chunked'],
].map(([what, line, ...events]) => {
  const sees = events.includes(NotFollowed) ? [] : Sees.RequestBody;
  return request(`chunked ${what} (9112, 6.1)`, post([line], chunked(Form)), sees, ...events);
});

const chunks: EvasionCase[] = [
  request(
    'a chunk size with 0x in front (9112, 7.1)',
    post([TE], `0x${size.toString(16)}\r\n${Form}\r\n0\r\n\r\n`),
    Sees.RequestHeader,
    Ambiguous,
  ),
  request(
    'a chunk size with a plus sign',
    post([TE], `+${size.toString(16)}\r\n${Form}\r\n0\r\n\r\n`),
    [],
    BadChunk,
    NotFollowed,
  ),
  request(
    'a chunk size with a minus sign',
    post([TE], `-${size.toString(16)}\r\n${Form}\r\n0\r\n\r\n`),
    [],
    BadChunk,
    NotFollowed,
  ),
  request(
    'a chunk size with spaces in front',
    post([TE], `  ${size.toString(16)}\r\n${Form}\r\n0\r\n\r\n`),
    Sees.RequestBody,
    Ambiguous,
  ),
  request(
    'a chunk size with spaces behind',
    post([TE], `${size.toString(16)}  \r\n${Form}\r\n0\r\n\r\n`),
    Sees.RequestBody,
  ),
  request(
    'a chunk size with leading zeros',
    post([TE], `0000000000000000${size.toString(16)}\r\n${Form}\r\n0\r\n\r\n`),
    Sees.RequestBody,
  ),
  request(
    'a chunk size past 32 bits',
    post([TE], `1${'0'.repeat(7)}${size.toString(16).padStart(2, '0')}\r\n${Form}\r\n0\r\n\r\n`),
    [],
    BadChunk,
    NotFollowed,
  ),
  request(
    'a chunk size past 64 bits',
    post([TE], `1${'0'.repeat(14)}${size.toString(16).padStart(2, '0')}\r\n${Form}\r\n0\r\n\r\n`),
    [],
    BadChunk,
    NotFollowed,
  ),
  request(
    'a chunk extension (9112, 7.1.1)',
    post([TE], `${size.toString(16)};a=b\r\n${Form}\r\n0\r\n\r\n`),
    Sees.RequestBody,
    'request_chunk_extension',
  ),
  request(
    'a chunk extension with a quoted line end',
    post([TE], `${size.toString(16)};a="\r\n${Form}\r\n0\r\n\r\n`),
    Sees.RequestBody,
    'request_chunk_extension',
  ),
  request(
    'a chunk extension with a bare LF inside',
    post([TE], `2;a\nf=\r\n${(size - 2).toString(16)}\r\n${Asked}\r\n0\r\n\r\n`),
    Sees.RequestBody,
    'request_chunk_extension',
  ),
  request(
    'chunk sizes ended by a bare LF',
    post([TE], `${size.toString(16)}\n${Form}\n0\n\n`),
    Sees.RequestBody,
    Ambiguous,
  ),
  request('chunk sizes ended by a bare CR', post([TE], `${size.toString(16)}\r${Form}\r0\r\r`), [], Ambiguous),
  request('a chunk longer than it says', post([TE], `4\r\n${Form}\r\n0\r\n\r\n`), [], Ambiguous),
  request('a chunk size that is none', post([TE], `zz\r\n${Form}\r\n0\r\n\r\n`), [], BadChunk, NotFollowed),
  request(
    'an empty chunk size',
    post([TE], `\r\n${size.toString(16)}\r\n${Form}\r\n0\r\n\r\n`),
    [],
    BadChunk,
    NotFollowed,
  ),
  request('chunks of one byte', post([TE], `${[...Form].map(chunk).join('')}0\r\n\r\n`), Sees.RequestBody),
  request('an attack in the trailer (9112, 7.1.2)', post([TE], `0\r\nX-File: ${Asked}\r\n\r\n`), Sees.RequestHeader),
  request(
    'a request behind an unfinished trailer line',
    post([TE], `0\r\n${Next}`),
    Sees.RequestHeader,
    'request_field_missing_colon',
  ),
  request(
    'a last chunk of several zeros',
    post([TE], `${chunk(Form)}0000\r\n\r\n${head('GET / HTTP/1.1', Host)}`),
    Sees.RequestBody,
  ),
  request(
    'chunks under HTTP/1.0 (9112, 6.1)',
    head('POST /form HTTP/1.0', Host, TE) + chunked(Form),
    Sees.RequestBody,
    'invalid_transfer_encoding_value_in_request',
  ),
];

export const framingRequests: EvasionCase[] = [...lengths, ...codings, ...chunks];
