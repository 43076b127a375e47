/** Requests with odd heads (RFC 9112, sections 2, 3 and 5): lines, start lines, hosts, header lines, pipelines. */
import { Asked, type EvasionCase, head, request, Sees } from './http-case.js';

const Host = 'Host: www.example.com';
const Form = `f=${Asked}`;
const Next = head(`GET ${Asked} HTTP/1.1`, Host);

const post = (lines: string[], body: string): string => head('POST /form HTTP/1.1', Host, ...lines) + body;
const get = (...lines: string[]): string => head(`GET ${Asked} HTTP/1.1`, ...lines);
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunked = (text: string): string => `${chunk(text)}0\r\n\r\n`;
const TE = 'Transfer-Encoding: chunked';
const size = Form.length;

const NotFollowed = 'connection_not_followed';
const Version = 'request_invalid_protocol';

const lines: EvasionCase[] = [
  request('lines ended by a bare LF (9112, 2.2)', `GET ${Asked} HTTP/1.1\n${Host}\n\n`, Sees.Uri),
  request('lines ended by a bare CR', `GET ${Asked} HTTP/1.1\r${Host}\r\r`, Sees.Uri),
  request(
    'header lines with a bare CR inside',
    head('GET / HTTP/1.1', Host, `X: a\rX-File: ${Asked}`),
    Sees.RequestHeader,
  ),
  request('line ends of CR CR LF', `GET ${Asked} HTTP/1.1\r\r\n${Host}\r\r\n\r\r\n`, Sees.Uri),
  request('an empty line in front of the request (9112, 2.2)', `\r\n${get(Host)}`, Sees.Uri),
  request('thirty empty lines in front of the request', `${'\r\n'.repeat(30)}${get(Host)}`, Sees.Uri),
  request('bare LFs in front of the request', `\n\n${get(Host)}`, Sees.Uri),
  request('an empty line between two requests', `${head('GET / HTTP/1.1', Host)}\r\n\r\n${get(Host)}`, Sees.Uri),
  request('a space in front of the method', ` ${get(Host)}`, Sees.Uri),
  request('a tab in front of the method', `\t${get(Host)}`, Sees.Uri),
  request('a NUL in front of the method', `\0${get(Host)}`, Sees.Uri),
  request('a byte order mark in front of the method', `\xef\xbb\xbf${get(Host)}`, Sees.Uri),
  request(
    'junk in a line of its own in front of the request',
    `junk\r\n${get(Host)}`,
    Sees.Stream,
    'applayer_detect_protocol_only_one_direction',
  ),
  request('junk between two requests', `${head('GET / HTTP/1.1', Host)}junk\r\n${get(Host)}`, Sees.Uri),
  request('a form feed between two requests', `${head('GET / HTTP/1.1', Host)}\f${get(Host)}`, Sees.Uri),
  request(
    'tabs between the parts of the request line',
    head(`GET\t${Asked}\tHTTP/1.1`, Host),
    Sees.Uri,
    'method_delim_non_compliant',
  ),
  request('several spaces between the parts of the request line', head(`GET   ${Asked}   HTTP/1.1`, Host), Sees.Uri),
  request(
    'form feeds between the parts of the request line',
    head(`GET\f${Asked}\fHTTP/1.1`, Host),
    Sees.Uri,
    'method_delim_non_compliant',
  ),
  request('a space in the target', head(`GET /a b${Asked} HTTP/1.1`, Host), Sees.Stream, Version),
  request('a NUL in the target', head(`GET /a\0${Asked} HTTP/1.1`, Host), Sees.Uri),
  request('a tab in the target', head(`GET /a\t${Asked} HTTP/1.1`, Host), Sees.Uri, 'uri_delim_non_compliant'),
  request('bytes above 127 in the target', head(`GET /\xe4\xf6${Asked} HTTP/1.1`, Host), Sees.Uri),
  request('a fragment in the target', head(`GET /a#${Asked} HTTP/1.1`, Host), Sees.Uri),
  request('a space behind the version', head(`GET ${Asked} HTTP/1.1 `, Host), Sees.Uri),
];

const starts: EvasionCase[] = [
  ['HTTP/1.2', 'HTTP/1.2', Version],
  ['HTTP/1.9', 'HTTP/1.9', Version],
  ['HTTP/2.0', 'HTTP/2.0', Version],
  ['HTTP/9.9', 'HTTP/9.9', Version],
  ['HTTP/01.01', 'HTTP/01.01', Version],
  ['HTTP/1.10', 'HTTP/1.10', Version],
  ['HTTP/1.', 'HTTP/1.', Version],
  ['HTTP/1,1', 'HTTP/1,1', Version],
  ['http/1.1', 'http/1.1', Version],
  ['HTTP 1.1', 'HTTP 1.1', Version],
  ['HTTPS/1.1', 'HTTPS/1.1', Version],
  ['XTTP/1.1', 'XTTP/1.1', Version],
  ['HTTP/1.1 with more behind it', 'HTTP/1.1 x', Version],
  ['HTTP/1.1 with a NUL behind it', 'HTTP/1.1\0', Version],
  ['HTTP/0.9 in words', 'HTTP/0.9'],
].map(([what, version, ...events]) =>
  request(`version: ${what} (9112, 2.3)`, head(`GET ${Asked} ${version}`, Host), Sees.Uri, ...events),
);
starts.push(
  request('HTTP/0.9: no version', `GET ${Asked}\r\n`, Sees.Uri),
  request('HTTP/0.9 behind an empty line', `\r\nGET ${Asked}\r\n`, Sees.Uri),
  request('HTTP/0.9 with header lines', head(`GET ${Asked}`, Host), Sees.Uri),
  request('a method in lower case', head(`get ${Asked} HTTP/1.1`, Host), Sees.Uri),
  request('a method that nobody knows', head(`FOO ${Asked} HTTP/1.1`, Host), Sees.Uri),
  request('a method of punctuation', head(`!#$% ${Asked} HTTP/1.1`, Host), Sees.Uri),
  request('a method of 200 letters', head(`${'A'.repeat(200)} ${Asked} HTTP/1.1`, Host), Sees.Uri),
  {
    ...request(
      'a request with a method that nobody knows behind a plain one',
      head('GET / HTTP/1.1', Host) + head(`FOO ${Asked} HTTP/1.1`, Host),
      Sees.Uri,
      'request_body_unexpected',
    ),
    onePiece: true,
  },
  request(
    'a longer request with a method that nobody knows behind a plain one',
    head('GET / HTTP/1.1', Host) + head(`FOO ${Asked} HTTP/1.1`, Host, `X: ${'y'.repeat(300)}`),
    [],
    'request_body_unexpected',
  ),
  request(
    'a body of a method that nobody knows',
    head('FOO / HTTP/1.1', Host, `Content-Length: ${size}`) + Form,
    Sees.RequestBody,
  ),
  request('a target without a slash', head(`GET ${Asked.slice(1)}${Asked} HTTP/1.1`, Host), Sees.Uri),
  request(
    'a target of twenty thousand bytes',
    head(`GET /${'a'.repeat(20_000)}${Asked} HTTP/1.1`, Host),
    [],
    'request_field_too_long',
  ),
  request('a target of seven thousand bytes', head(`GET /${'a'.repeat(7000)}${Asked} HTTP/1.1`, Host), Sees.Uri),
);

const hosts: EvasionCase[] = [
  request('no Host (9112, 3.2)', get(), Sees.Uri, 'missing_host_header'),
  request('an empty Host', get('Host:'), Sees.Uri, 'request_header_host_invalid'),
  request('two equal Hosts', get(Host, Host), Sees.Uri),
  request('two Hosts, the second one evil', get(Host, 'Host: evil.example'), [Sees.Uri, Sees.Host]),
  request('two Hosts, the first one evil', get('Host: evil.example', Host), [Sees.Uri, Sees.Host]),
  request(
    'an absolute target against Host (9112, 3.2.2)',
    head(`GET http://evil.example${Asked} HTTP/1.1`, Host),
    [Sees.Uri, Sees.Host],
    'host_header_ambiguous',
  ),
  request(
    'an absolute target with credentials',
    head(`GET http://www.example.com@evil.example${Asked} HTTP/1.1`, Host),
    [Sees.Uri, Sees.Host],
    'host_header_ambiguous',
  ),
  request(
    'an absolute target in capitals with a port',
    head(`GET HTTP://evil.example:8080${Asked} HTTP/1.1`, Host),
    [Sees.Uri, Sees.Host],
    'host_header_ambiguous',
  ),
  request(
    'an absolute target and no Host',
    head(`GET http://evil.example${Asked} HTTP/1.1`),
    [Sees.Uri, Sees.Host],
    'missing_host_header',
  ),
  request('a Host with a path', get('Host: evil.example/x'), [Sees.Uri, Sees.Host], 'request_header_host_invalid'),
  request('a Host in capitals with a dot behind it', get('Host: EVIL.EXAMPLE.'), [Sees.Uri, Sees.Host]),
  request('a Host in a folded line', get('Host:\r\n evil.example'), [Sees.Uri, Sees.Host]),
  request(
    'a space between Host and its colon',
    get('Host : evil.example'),
    [Sees.Uri, Sees.Host],
    'request_header_invalid',
  ),
  request(
    'a Host with a port that is none',
    get('Host: evil.example:x'),
    [Sees.Uri, Sees.Host],
    'request_header_host_invalid',
  ),
];

const fields: EvasionCase[] = [
  request(
    'a NUL in a header value',
    head('GET / HTTP/1.1', Host, `X-File: a\0${Asked}`),
    Sees.RawHeader,
    'request_header_nul',
  ),
  request('a NUL in a header name', head('GET / HTTP/1.1', Host, `X-\0File: ${Asked}`), Sees.RequestHeader),
  request('a tab in a header value', head('GET / HTTP/1.1', Host, `X-File:\t\t${Asked}`), Sees.RequestHeader),
  request(
    'a tab in a header name',
    head('GET / HTTP/1.1', Host, `X-File\t: ${Asked}`),
    Sees.RequestHeader,
    'request_header_invalid',
  ),
  request(
    'a folded header line (9112, 5.2)',
    head('GET / HTTP/1.1', Host, 'X-File: a', ` ${Asked}`),
    Sees.RequestHeader,
  ),
  request(
    'a header line folded with a tab',
    head('GET / HTTP/1.1', Host, 'X-File: a', `\t${Asked}`),
    Sees.RequestHeader,
  ),
  request(
    'a folded line first of all',
    head('GET / HTTP/1.1', ` X-File: ${Asked}`, Host),
    Sees.RequestHeader,
    'invalid_request_field_folding',
  ),
  request(
    'a header line without a colon',
    head('GET / HTTP/1.1', Host, `X ${Asked}`),
    Sees.RequestHeader,
    'request_field_missing_colon',
  ),
  request(
    'a header line without a name',
    head('GET / HTTP/1.1', Host, `: ${Asked}`),
    Sees.RequestHeader,
    'request_header_invalid',
  ),
  request(
    'a header name of punctuation',
    head('GET / HTTP/1.1', Host, `X(File): ${Asked}`),
    Sees.RequestHeader,
    'request_header_invalid',
  ),
  request(
    'one header a hundred times',
    head('GET / HTTP/1.1', Host, ...Array.from({ length: 99 }, () => 'X-File: a'), `X-File: ${Asked}`),
    Sees.RawHeader,
    'request_header_repetition',
  ),
  request(
    'nine hundred headers',
    head('GET / HTTP/1.1', Host, ...Array.from({ length: 900 }, (_, i) => `X-${i}: a`), `X-File: ${Asked}`),
    Sees.RequestHeader,
  ),
  request(
    'two thousand headers',
    head('GET / HTTP/1.1', Host, ...Array.from({ length: 2000 }, (_, i) => `X-${i}: a`), `X-File: ${Asked}`),
    [],
    'request_too_many_headers',
  ),
  request(
    'a header line of eight thousand bytes',
    head('GET / HTTP/1.1', Host, `X-File: ${'a'.repeat(8000)}${Asked}`),
    Sees.RequestHeader,
  ),
  request(
    'a header line of twenty thousand bytes',
    head('GET / HTTP/1.1', Host, `X-File: ${'a'.repeat(20_000)}${Asked}`),
    [],
    'request_field_too_long',
  ),
  request(
    'a white line that ends no head',
    `GET / HTTP/1.1\r\n${Host}\r\n \r\nX-File: ${Asked}\r\n\r\n`,
    Sees.RequestHeader,
  ),
];

/** A page that costs the server nothing. */
const plain = head('GET /index.html HTTP/1.1', Host);

const order: EvasionCase[] = [
  request('the last of 150 pipelined requests (9112, 9.3.2)', plain.repeat(149) + Next, Sees.Uri),
  request('the last of 700 pipelined requests', plain.repeat(699) + Next, [], NotFollowed),
  request(
    'a body of GET (9110, 9.3.1)',
    head('GET / HTTP/1.1', Host, `Content-Length: ${size}`) + Form,
    Sees.RequestBody,
  ),
  request('a body of HEAD', head('HEAD / HTTP/1.1', Host, `Content-Length: ${size}`) + Form, Sees.RequestBody),
  request('chunks of GET', head('GET / HTTP/1.1', Host, TE) + chunked(Form), Sees.RequestBody),
  request('a body of DELETE', head('DELETE / HTTP/1.1', Host, `Content-Length: ${size}`) + Form, Sees.RequestBody),
  request('a request behind a GET that has no length', `${plain}${Next}`, Sees.Uri),
  request('bytes behind a GET that has no length', `${plain}${Form}`, [Sees.RequestBody], 'request_body_unexpected'),
  request(
    'a request that Expect hides (9110, 10.1.1)',
    post(['Expect: 100-continue', `Content-Length: ${size}`], Form),
    Sees.RequestBody,
  ),
  request('an Expect that nobody knows', post(['Expect: 999-evil', `Content-Length: ${size}`], Form), Sees.RequestBody),
  request(
    'CONNECT, refused, and a request behind it (9110, 9.3.6)',
    head('CONNECT www.example.com:80 HTTP/1.1', Host) + Next,
    Sees.Uri,
  ),
  request(
    'Upgrade that the server does not take, and a request behind it (9110, 7.8)',
    head('GET / HTTP/1.1', Host, 'Connection: Upgrade', 'Upgrade: websocket') + Next,
    Sees.Uri,
  ),
  request(
    'Upgrade to h2c that the server does not take, and a request behind it',
    head(
      'GET / HTTP/1.1',
      Host,
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQAAP__',
    ) + Next,
    Sees.Uri,
  ),
  request(
    'Connection: close and a request behind it (9112, 9.6)',
    head('GET / HTTP/1.1', Host, 'Connection: close') + Next,
    Sees.Uri,
  ),
];

export const headRequests: EvasionCase[] = [...lines, ...starts, ...hosts, ...fields, ...order];
