/** Generated variants of framing: one to three requests in one go, each put together from parts that are odd or not. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Asked, bytes, Leaked } from './http-case.js';

const Form = `f=${Asked}`;

const pick = (...from: string[]): fc.Arbitrary<string> => fc.constantFrom(...from);
/** Mostly the plain one. */
const mostly = (plain: string, ...odd: string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 14, arbitrary: fc.constant(plain) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });

const method = mostly('POST', 'GET', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'FOO', 'get');
const target = mostly(
  '/form',
  Asked,
  `/a/..${Asked}`,
  `/?f=${Asked}`,
  '//form',
  `/x%2f..${Asked}`,
  `/%2e${Asked}`,
  '/form#a',
);
const version = mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.10', '');
const end = mostly('\r\n', '\n', '\r\r\n', ' \r\n', '\r');
const space = mostly(' ', '  ', '\t');
const before = mostly('', '\r\n', '\r\n\r\n', '\n', ' ', 'x\r\n');

/** A header line that the body's framing depends on, its name and value written oddly. */
const framingLine = fc
  .record({
    name: mostly(
      'Transfer-Encoding',
      'transfer-encoding',
      'Transfer-encoding ',
      ' Transfer-Encoding',
      'Transfer_Encoding',
      'Content-Encoding',
    ),
    colon: mostly(': ', ':', ':\t', ' : ', ':\r\n '),
    value: mostly(
      'chunked',
      'CHUNKED',
      'identity, chunked',
      'chunked, identity',
      'xchunked',
      '"chunked"',
      'chunked;x',
      ', chunked',
      'gzip',
      'identity',
    ),
  })
  .map((l) => l.name + l.colon + l.value);

/** A length line: how far the number is from the right one, and how it is written. */
const lengthLine = fc.record({
  by: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 1, 2),
  write: mostly('N', ' N ', '00N', '+N', '-N', 'N,N', 'N ', '0xN', 'N a', '"N"'),
  name: mostly('Content-Length', 'content-length', 'Content-Length ', 'Content_Length'),
});

const sizeLine = mostly('N', '0N', 'N ', ' N', 'N;a=b', '0xN', '+N', 'N a', 'N;a="', 'Nz');
const chunkEnd = mostly('\r\n', '\n', '', 'x\r\n', '\r');

function chunkedBody(text: string, cut: number, size: string, ends: string, lineEnd: string, trailer: string): string {
  const parts = [text.slice(0, cut), text.slice(cut)].filter((p) => p !== '');
  return `${parts.map((p) => size.replace('N', p.length.toString(16)) + lineEnd + p + ends).join('')}0\r\n${trailer}\r\n`;
}

interface Parts {
  before: string;
  method: string;
  space: string;
  target: string;
  version: string;
  end: string;
  body: 'none' | 'length' | 'chunks' | 'both';
  transfer: string;
  length: { by: number; write: string; name: string };
  again: boolean;
  cut: number;
  size: string;
  chunkEnd: string;
  lineEnd: string;
  trailer: string;
  gzip: boolean;
  extra: string[];
}

function build(p: Parts): Buffer {
  const content = p.gzip ? gzipSync(Form).toString('latin1') : Form;
  const lines = [...p.extra];
  if (p.gzip) lines.push('Content-Encoding: gzip');
  if (p.body === 'length' || p.body === 'both') {
    const n = String(Math.max(0, content.length + p.length.by));
    const line = `${p.length.name}: ${p.length.write.replaceAll('N', n)}`;
    lines.push(line);
    if (p.again) lines.push(line);
  }
  if (p.body === 'chunks' || p.body === 'both') lines.push(p.transfer);
  const body =
    p.body === 'none'
      ? ''
      : p.body === 'length'
        ? content
        : chunkedBody(content, p.cut, p.size, p.chunkEnd, p.lineEnd, p.trailer);
  const start = `${p.method}${p.space}${p.target}${p.version === '' ? '' : p.space + p.version}`;
  return bytes(`${p.before}${[start, 'Host: www.example.com', ...lines].join(p.end)}${p.end}${p.end}${body}`);
}

const one = fc
  .record<Parts>({
    before,
    method,
    space,
    target,
    version,
    end: fc.oneof({ weight: 9, arbitrary: fc.constant('\r\n') }, { weight: 1, arbitrary: end }),
    body: fc.constantFrom('none', 'length', 'chunks', 'chunks', 'both'),
    transfer: framingLine,
    length: lengthLine,
    again: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    cut: fc.integer({ min: 0, max: 12 }),
    size: sizeLine,
    chunkEnd,
    lineEnd: mostly('\r\n', '\n', '\r'),
    trailer: mostly('', 'X: y\r\n', `X-File: ${Asked}\r\n`, 'no colon\r\n'),
    gzip: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    extra: fc.array(
      pick(
        'X: y',
        'X: y\r\n z',
        `X-File: ${Asked}`,
        'Connection: keep-alive',
        'Expect: 100-continue',
        'X:y\0z',
        'X',
        ': y',
        'Host: evil.example',
      ),
      { maxLength: 2, size: 'small' },
    ),
  })
  .map(build);

/** One to three requests in one go. */
export const variant: fc.Arbitrary<Buffer> = fc
  .array(one, { minLength: 1, maxLength: 3 })
  .map((list) => Buffer.concat(list));

/** A coding as Content-Encoding names it, and how the body is really coded. */
const coding = fc.constantFrom<[string, (b: Buffer) => Buffer]>(
  ['', (b) => b],
  ['gzip', (b) => gzipSync(b)],
  ['x-gzip', (b) => gzipSync(b)],
  ['deflate', (b) => deflateSync(b)],
  ['deflate', (b) => deflateRawSync(b)],
  ['deflate', (b) => gzipSync(b)],
  ['gzip', (b) => deflateSync(b)],
  ['gzip, gzip', (b) => gzipSync(gzipSync(b))],
  ['deflate, gzip', (b) => gzipSync(deflateSync(b))],
  ['identity', (b) => b],
  ['identity, gzip', (b) => gzipSync(b)],
  ['gzip, identity', (b) => gzipSync(b)],
  ['GZIP', (b) => gzipSync(b)],
  ['gzip;q=1', (b) => gzipSync(b)],
  ['br', (b) => brotliCompressSync(b)],
  ['gzip', (b) => Buffer.concat([gzipSync(b.subarray(0, 9)), gzipSync(b.subarray(9))])],
  ['gzip', (b) => Buffer.concat([gzipSync(b), Buffer.from('junk')])],
);

const codingName = mostly(
  'Content-Encoding: ',
  'content-encoding:',
  'Content-Encoding : ',
  'Content-Encoding:\r\n ',
  'Content-Encoding:\t',
);

/** An answer with the text of a password file, framed and coded oddly or not. */
export const answerVariant: fc.Arbitrary<Buffer> = fc
  .record({
    before: mostly(
      '',
      '\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\n\r\n',
    ),
    start: mostly(
      'HTTP/1.1 200 OK',
      'HTTP/1.0 200 OK',
      'HTTP/1.1 200',
      'HTTP/1.1\t200\tOK',
      'HTTP/1.2 200 OK',
      'http/1.1 200 OK',
      'HTTP/1.1 404 No',
      'HTTP/1.1 206 Part',
      'HTTP/1.1 304 Same',
      'HTTP/1.1 101 Other',
    ),
    end: mostly('\r\n', '\n', '\r\r\n', '\n\r', '\r'),
    coding,
    codingName,
    body: fc.constantFrom('none', 'length', 'chunks', 'both'),
    transfer: framingLine,
    length: lengthLine,
    cut: fc.integer({ min: 0, max: 20 }),
    size: sizeLine,
    chunkEnd,
    lineEnd: mostly('\r\n', '\n', '\r'),
    trailer: mostly('', 'X: y\r\n', 'no colon\r\n'),
    extra: fc.array(pick('X: y', 'X: y\r\n z', 'Connection: close', 'X', ': y', 'X: y\0z', 'Content-Type: text/html'), {
      maxLength: 2,
      size: 'small',
    }),
  })
  .map((p) => {
    const page = bytes(`<pre>${Leaked}root:/root:/bin/bash</pre>\n`);
    const content = p.coding[1](page).toString('latin1');
    const lines = [...p.extra];
    if (p.coding[0] !== '') lines.push(p.codingName + p.coding[0]);
    if (p.body === 'length' || p.body === 'both') {
      lines.push(`${p.length.name}: ${p.length.write.replaceAll('N', String(content.length + p.length.by))}`);
    }
    if (p.body === 'chunks' || p.body === 'both') lines.push(p.transfer);
    const plain = p.body === 'none' || p.body === 'length';
    const body = plain ? content : chunkedBody(content, p.cut, p.size, p.chunkEnd, p.lineEnd, p.trailer);
    return bytes(`${p.before}${[p.start, ...lines].join(p.end)}${p.end}${p.end}${body}`);
  });
