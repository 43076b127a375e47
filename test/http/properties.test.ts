import assert from 'node:assert/strict';
import fc from 'fast-check';
import { poolUsed } from '../../src/applayer/pool.js';
import { openConns } from '../../src/http/conn.js';
import { openTransactions } from '../../src/http/tx.js';
import { Dir } from '../../src/protocol/ip.js';
import { type Block, configure, feed, log, release, run } from './driver.js';

const token = fc.stringMatching(/^[A-Za-z][A-Za-z-]{0,12}$/);
const value = fc.stringMatching(/^[ -~]{0,30}$/);
const headers = fc.array(fc.tuple(token, value), { maxLength: 6 });
const body = fc.uint8Array({ maxLength: 300 }).map((b) => Buffer.from(b));

function lines(list: [string, string][]): string {
  return list
    .filter(([n]) => !/^(content|transfer|host|upgrade|expect)/i.test(n))
    .map(([n, v]) => `${n}: ${v}\r\n`)
    .join('');
}

/** A message with its body chunked or of known length. */
function message(start: string, list: [string, string][], data: Buffer, chunked: boolean): Buffer {
  const head = `${start}\r\nHost: a.example\r\n${lines(list)}`;
  if (!chunked) return Buffer.concat([Buffer.from(`${head}Content-Length: ${data.length}\r\n\r\n`, 'latin1'), data]);
  const half = data.length >> 1;
  const parts = [data.subarray(0, half), data.subarray(half)].filter((p) => p.length > 0);
  const framed = parts.flatMap((p) => [Buffer.from(`${p.length.toString(16)}\r\n`), p, Buffer.from('\r\n')]);
  return Buffer.concat([
    Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`, 'latin1'),
    ...framed,
    Buffer.from('0\r\n\r\n'),
  ]);
}

function cut(bytes: Buffer, dir: Dir, sizes: number[]): Block[] {
  const out: Block[] = [];
  for (let i = 0, k = 0; i < bytes.length; k++) {
    const n = Math.max(1, sizes[k % sizes.length]);
    out.push({ dir, bytes: bytes.subarray(i, i + n) });
    i += n;
  }
  return out;
}

function logOf(blocks: Block[]): string {
  run(blocks, 0);
  const text = log();
  release();
  return text;
}

describe('http: properties', () => {
  before(() => configure());

  it('well-formed messages give the same transactions however they are cut (RFC 9112, section 2.2)', () => {
    const exchange = fc.record({ h: headers, q: headers, b: body, c: fc.boolean(), r: body, d: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(exchange, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(40), { minLength: 1 }),
        (list, sizes) => {
          const whole: Block[] = [];
          const pieces: Block[] = [];
          for (const x of list) {
            const q = message('POST /p?x HTTP/1.1', x.q, x.b, x.c);
            const r = message('HTTP/1.1 200 OK', x.h, x.r, x.d);
            whole.push({ dir: Dir.ToServer, bytes: q }, { dir: Dir.ToClient, bytes: r });
            pieces.push(...cut(q, Dir.ToServer, sizes), ...cut(r, Dir.ToClient, sizes));
          }
          assert.equal(logOf(pieces), logOf(whole));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('no bytes make it throw, and all memory comes back', () => {
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b)),
      fc
        .constantFrom(
          'GET / HTTP/1.1\r\n',
          'POST /a HTTP/1.0\r\n',
          'HTTP/1.1 200 OK\r\n',
          'HTTP/1.0 100 C\r\n',
          '\r\n',
          '\n',
          '\r',
          ' ',
          '\0',
          ':',
          'Content-Length: 7\r\n',
          'Transfer-Encoding: chunked\r\n',
          'Content-Encoding: gzip, deflate\r\n',
          '5\r\n',
          '0\r\n',
          'X: y\r\n z\r\n',
          'Content-Type: multipart/form-data; boundary=b\r\n',
          '--b\r\n',
          '--b--',
          'Content-Disposition: x; filename="f"\r\n',
          'CONNECT a:1 HTTP/1.1\r\n',
          '\x1f\x8b\x08\0\0\0\0\0\0\x03',
        )
        .map((s) => Buffer.from(s, 'latin1')),
    );
    const piece = fc.record({ dir: fc.constantFrom(Dir.ToServer, Dir.ToClient), bytes: junk });
    const used = poolUsed();
    const conns = openConns();
    const txs = openTransactions();
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (list) => {
        for (const p of list) if (p.bytes.length > 0) feed(p.dir, p.bytes);
        run([], 0);
        log();
        release();
        assert.deepEqual([poolUsed(), openConns(), openTransactions()], [used, conns, txs]);
      }),
      { numRuns: 400 },
    );
  });

  it('many header lines, folds and chunks cost time in proportion', () => {
    const time = (n: number): number => {
      const text = `GET / HTTP/1.1\r\n${'a:\r\n '.repeat(n)}\r\n\r\n`;
      const before = performance.now();
      run([{ dir: Dir.ToServer, bytes: Buffer.from(text) }], 0);
      release();
      return performance.now() - before;
    };
    time(2000);
    const small = Math.min(time(1000), time(1000), time(1000));
    const large = Math.min(time(8000), time(8000), time(8000));
    assert.ok(large < small * 40 + 5, `${small} ms, ${large} ms`);
  });
});
