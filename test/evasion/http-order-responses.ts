/** Answers in another order than questions, interim ones, bodies where none may be, CONNECT and Upgrade (RFC 9110, 9112). */
import { bytes, type EvasionCase, head, Leaked, response, Sees, Taken } from './http-case.js';

const Page = `<pre>${Leaked}root</pre>\n`;
const size = Page.length;
const Type = 'Content-Type: text/html';
const Ambiguous = 'response_framing_ambiguous';
const ok = (lines: string[], body: string, start = 'HTTP/1.1 200 OK'): string => head(start, Type, ...lines) + body;
const Host = 'Host: www.example.com';

/** Exchanges in another order than question and answer. */
function talk(name: string, turns: ['client' | 'server', string][], sees: Sees[], ...events: string[]): EvasionCase {
  return { name, exchanges: turns.map(([from, text]) => ({ from, data: bytes(text) })), sees, events };
}

const Get = head('GET /page HTTP/1.1', Host);
const Good = ok([`Content-Length: ${size}`], Page);
const Continue = head('HTTP/1.1 100 Continue');
const Form = 'f=/etc/passwd';
const post = head('POST /form HTTP/1.1', Host, `Content-Length: ${Form.length}`);

const order: EvasionCase[] = [
  response('100 before the answer (9110, 15.2.1)', Continue + Good, Sees.ResponseBody),
  response('100 three times', Continue + Continue + Continue + Good, Sees.ResponseBody, '100_continue_already_seen'),
  response(
    '100 with a length',
    head('HTTP/1.1 100 Continue', 'Content-Length: 5') + Good,
    Sees.ResponseBody,
    Ambiguous,
  ),
  response(
    '102 and 103 before the answer',
    head('HTTP/1.1 102 Processing') + head('HTTP/1.1 103 Early Hints', 'Link: </a>') + Good,
    Sees.ResponseBody,
  ),
  response('two answers to one request', Taken + Good, Sees.ResponseBody, 'unable_to_match_response_to_request'),
  talk('an answer without a request', [['server', Good]], [Sees.ResponseBody], 'unable_to_match_response_to_request'),
  talk(
    'an answer before the request',
    [
      ['server', Good],
      ['client', Get],
      ['server', Taken],
    ],
    [Sees.ResponseBody],
    'unable_to_match_response_to_request',
  ),
  talk(
    'an answer in the middle of the request line',
    [
      ['client', 'GET /pa'],
      ['server', Good],
      ['client', Get.slice(7)],
    ],
    [Sees.ResponseBody],
    'request_line_incomplete',
  ),
  talk(
    'an early answer, then the body of the request',
    [
      ['client', post],
      ['server', Taken],
      ['client', Form],
    ],
    [Sees.RequestBody],
  ),
  talk(
    '417 and the body that Expect announced',
    [
      ['client', head('POST /form HTTP/1.1', Host, 'Expect: 100-continue', `Content-Length: ${Form.length}`)],
      ['server', head('HTTP/1.1 417 Expectation Failed', 'Content-Length: 0')],
      ['client', Form],
      ['server', Taken],
    ],
    [Sees.RequestBody],
  ),
  talk(
    '417 and another request instead of the body',
    [
      ['client', head('POST /form HTTP/1.1', Host, 'Expect: 100-continue', `Content-Length: ${Form.length}`)],
      ['server', head('HTTP/1.1 417 Expectation Failed', 'Content-Length: 0')],
      ['client', head('GET /etc/passwd HTTP/1.1', Host)],
      ['server', Taken],
    ],
    [Sees.Uri],
  ),
  response(
    'a body of 204 (9110, 15.3.5)',
    ok([`Content-Length: ${size}`], Page, 'HTTP/1.1 204 No Content'),
    Sees.ResponseBody,
  ),
  response(
    'a body of 304 (9110, 15.4.5)',
    ok([`Content-Length: ${size}`], Page, 'HTTP/1.1 304 Not Modified'),
    Sees.ResponseBody,
  ),
  {
    ...response('a body of 204 without a length', ok([], Page, 'HTTP/1.1 204 No Content'), Sees.ResponseBody),
    onePiece: true,
  },
  response('a body of 205', ok([`Content-Length: ${size}`], Page, 'HTTP/1.1 205 Reset Content'), Sees.ResponseBody),
  talk(
    'a body of the answer to HEAD (9110, 9.3.2)',
    [
      ['client', head('HEAD / HTTP/1.1', Host)],
      ['server', Good],
    ],
    [Sees.ResponseBody],
  ),
  talk(
    'CONNECT, granted, and a request in the tunnel (9110, 9.3.6)',
    [
      ['client', head('CONNECT www.example.com:80 HTTP/1.1', Host)],
      ['server', head('HTTP/1.1 200 Connected')],
      ['client', head('GET /etc/passwd HTTP/1.1', Host)],
      ['server', Good],
    ],
    [Sees.Uri, Sees.ResponseBody],
  ),
  talk(
    'CONNECT, refused, and another request',
    [
      ['client', head('CONNECT www.example.com:80 HTTP/1.1', Host)],
      ['server', head('HTTP/1.1 405 Method Not Allowed', 'Content-Length: 0')],
      ['client', head('GET /etc/passwd HTTP/1.1', Host)],
      ['server', Good],
    ],
    [Sees.Uri, Sees.ResponseBody],
  ),
  talk(
    'CONNECT, refused, and another request in the same segment',
    [
      ['client', head('CONNECT www.example.com:80 HTTP/1.1', Host) + head('GET /etc/passwd HTTP/1.1', Host)],
      ['server', head('HTTP/1.1 405 Method Not Allowed', 'Content-Length: 0')],
      ['server', Good],
    ],
    [Sees.Uri, Sees.ResponseBody],
  ),
  talk(
    'CONNECT as a second request, granted, and a request in the tunnel',
    [
      ['client', Get],
      ['server', Taken],
      ['client', head('CONNECT www.example.com:80 HTTP/1.1', Host)],
      ['server', head('HTTP/1.1 200 Connected')],
      ['client', head('GET /etc/passwd HTTP/1.1', Host)],
      ['server', Good],
    ],
    [Sees.Uri, Sees.ResponseBody],
  ),
  talk(
    'Upgrade, granted, and something else in the tunnel (9110, 7.8)',
    [
      ['client', head('GET / HTTP/1.1', Host, 'Connection: Upgrade', 'Upgrade: websocket')],
      ['server', head('HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket')],
      ['client', head('GET /etc/passwd HTTP/1.1', Host)],
      ['server', Good],
    ],
    [Sees.Stream],
  ),
  talk(
    '101 to a request without Upgrade, and the answer behind it',
    [
      ['client', Get],
      ['server', head('HTTP/1.1 101 Switching Protocols') + Good],
    ],
    [],
    'connection_not_followed',
  ),
  talk(
    '101 with a length and a body',
    [
      ['client', Get],
      ['server', head('HTTP/1.1 101 Switching Protocols', `Content-Length: ${size}`) + Page],
    ],
    [Sees.ResponseBody],
  ),
  response(
    'a hundred and fifty answers to one request',
    Taken.repeat(149) + Good,
    Sees.ResponseBody,
    'unable_to_match_response_to_request',
  ),
  response(
    'a body of parts without a length',
    head('HTTP/1.1 206 Partial Content', 'Content-Type: multipart/byteranges; boundary=b') + Page,
    [],
    'response_multipart_byteranges',
    'connection_not_followed',
  ),
];
order.push(
  talk(
    'HTTP/0.9 and its answer',
    [
      ['client', 'GET /page\r\n'],
      ['server', Page],
    ],
    [Sees.ResponseBody],
  ),
  talk(
    'HTTP/0.9 behind an empty line and its answer',
    [
      ['client', '\r\nGET /etc/passwd\r\n'],
      ['server', Page],
    ],
    [Sees.Uri, Sees.ResponseBody],
  ),
  talk(
    'a request behind an empty line that nobody answers',
    [['client', `\r\n${head('GET /etc/passwd HTTP/1.1', Host)}`]],
    [Sees.Uri],
  ),
  talk(
    'HTTP/0.9 with a method that nobody knows',
    [
      ['client', 'FOO /etc/passwd\r\n'],
      ['server', Page],
    ],
    [Sees.Uri, Sees.ResponseBody],
  ),
);

export const orderResponses: EvasionCase[] = order;
