/**
 * One request said in other ways that servers take for the same, or that a sensor might take for something else: encodings
 * of the target, white space and line ends of the head, codings of the body.
 */
import { gzipSync } from 'node:zlib';
import type { Message } from './examples.js';
import { requestBytes } from './examples.js';

const percent = (c: string): string => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`;

const targets: Record<string, (uri: string) => string> = {
  'every letter escaped': (u) => u.replace(/[a-z]/gi, percent),
  'escaped twice': (u) => u.replace(/[a-z]/gi, (c) => percent(c).replace('%', '%25')),
  '%u escapes': (u) => u.replace(/[a-z]/gi, (c) => `%u00${percent(c).slice(1)}`),
  'dot segments': (u) => u.replace(/^\//, '/a/.././'),
  'many slashes': (u) => u.replace(/\//g, '//'),
  'another case': (u) => u.toUpperCase(),
  absolute: (u) => `http://www.example.com${u}`,
  backslashes: (u) => u.replace(/\//g, '\\'),
  'plus for space': (u) => u.replaceAll('%20', '+'),
};

const heads: Record<string, (text: string) => string> = {
  'lines end in LF': (t) => t.replaceAll('\r\n', '\n'),
  'tabs in the request line': (t) => t.replace(/^(\S+) (\S+) /, '$1\t$2 '),
  'folded headers': (t) => t.replace(/\r\nUser-Agent: /, '\r\nUser-Agent:\r\n '),
  'header names in capitals': (t) => t.replace(/\r\n[A-Za-z-]+:/g, (n) => n.toUpperCase()),
  'spaces before the colon': (t) => t.replace(/\r\nUser-Agent:/, '\r\nUser-Agent :'),
  'empty line first': (t) => `\r\n${t}`,
  'a header twice': (t) => t.replace(/\r\nUser-Agent: /, '\r\nUser-Agent: Mozilla/5.0\r\nUser-Agent: '),
  'HTTP/1.0': (t) => t.replace('HTTP/1.1', 'HTTP/1.0'),
};

function chunked(text: string): string {
  let out = '';
  for (let at = 0; at < text.length; at += 3) {
    const part = text.slice(at, at + 3);
    out += `${part.length.toString(16)};x=y\r\n${part}\r\n`;
  }
  return `${out}0\r\n\r\n`;
}

function recoded(message: Message, headers: Record<string, string>, body: string): string {
  const plain = requestBytes({ ...message, body: '', headers: { ...message.headers, ...headers } });
  return (
    plain.replace(
      'Content-Length: 0',
      headers['Transfer-Encoding'] === undefined ? `Content-Length: ${body.length}` : 'X-Length: 0',
    ) + body
  );
}

/** The request of `message` in each way that changes it, by name. */
export function* evasionsOf(message: Message): Generator<[name: string, request: string]> {
  const plain = requestBytes(message);
  for (const [name, change] of Object.entries(targets)) {
    const uri = change(message.uri ?? '/');
    if (uri !== message.uri) yield [name, requestBytes({ ...message, uri })];
  }
  for (const [name, change] of Object.entries(heads)) {
    const text = change(plain);
    if (text !== plain) yield [name, text];
  }
  if (message.body === undefined || message.body === '') return;
  yield ['chunked', recoded(message, { 'Transfer-Encoding': 'chunked' }, chunked(message.body))];
  const packed = gzipSync(Buffer.from(message.body, 'latin1')).toString('latin1');
  yield ['gzip', recoded(message, { 'Content-Encoding': 'gzip' }, packed)];
}
