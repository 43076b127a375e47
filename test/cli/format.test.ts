import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hexLines, merged, plainMarker, textLines } from '../../src/cli/alerts-bytes.js';
import { locate } from '../../src/cli/alerts-locate.js';
import { parseWhen } from '../../src/cli/alerts-when.js';
import { type Column, csvLine, displayWidth, render, safe, tableLines } from '../../src/cli/format.js';
import * as samples from '../output/samples.js';

const plain = (_: string, text: string): string => text;

describe('tables', () => {
  const columns: Column<string[]>[] = [
    { title: 'n', text: (r) => r[0], right: true },
    { title: 'first', text: (r) => r[1], elastic: true },
    { title: 'second', text: (r) => r[2], elastic: true },
  ];

  it('fit the terminal, cutting the widest columns first', () => {
    const lines = tableLines(
      [
        ['1', 'a'.repeat(100), 'short'],
        ['22', 'é', 'b'.repeat(30)],
      ],
      columns,
      60,
      plain,
    );
    assert.equal(Math.max(...lines.map(displayWidth)), 60);
    assert.match(lines[1], /^ 1 {2}a+… +short$/);
    assert.match(lines[2], /^22 {2}é +b{20,}…?$/);
  });

  it('count wide characters as two cells', () => {
    assert.equal(displayWidth('日本'), 4);
    assert.equal(displayWidth('e\u0301'), 1);
    const lines = tableLines([['1', '日本語'.repeat(20), 'x']], columns, 40, plain);
    assert.ok(displayWidth(lines[1]) <= 40);
  });

  it('hold any text on one line without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 40, max: 120 }), (text, width) => {
        const out = render([['1', text, text]], columns, () => ({ text }), 'table', width, plain);
        assert.equal(out.split('\n').length, 3);
        assert.equal(safe(out.replaceAll('\n', '')), out.replaceAll('\n', ''));
        assert.ok(Math.max(...out.split('\n').map(displayWidth)) <= width);
        assert.equal(JSON.parse(render([['', text, '']], columns, () => ({ text }), 'json', 80, plain))[0].text, text);
      }),
    );
  });

  it('quote CSV as RFC 4180 asks', () => {
    assert.equal(csvLine(['a', 'b,c', 'd"e', '']), 'a,"b,c","d""e",\r\n');
  });
});

describe('marked bytes', () => {
  it('unite ranges that meet, and ignore what lies outside', () => {
    assert.deepEqual(
      merged(
        [
          { off: 5, len: 3 },
          { off: 0, len: 2 },
          { off: 2, len: 1 },
          { off: 7, len: 9 },
          { off: 50, len: 2 },
        ],
        12,
      ),
      [
        { off: 0, len: 3 },
        { off: 5, len: 7 },
      ],
    );
  });

  it('keep every byte but line ends, whatever is marked', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[ -~\r\n]{0,80}$/).filter((s) => !s.includes('\r') && !s.includes('\\')),
        fc.array(fc.record({ off: fc.nat(90), len: fc.nat(20) }), { maxLength: 5 }),
        (text, ranges) => {
          const lines = textLines(Buffer.from(text), ranges, plainMarker);
          const back = lines.join('\n').replace(/[»«]/g, '');
          assert.equal(back, text.endsWith('\n') ? text.slice(0, -1) : text);
        },
      ),
    );
  });

  it('show invalid UTF-8 as escapes, and hexdumps of any length in rows of 16', () => {
    assert.deepEqual(textLines(Buffer.from('a\xffb\tc\r\nd', 'latin1'), [{ off: 2, len: 1 }], plainMarker), [
      'a\\xff»b«\tc',
      'd',
    ]);
    const lines = hexLines(
      Buffer.from(Array.from({ length: 20 }, (_, i) => 65 + i)),
      [{ off: 14, len: 4 }],
      plainMarker,
    );
    assert.deepEqual(lines, [
      '00000000  41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e »4f 50«  |ABCDEFGHIJKLMN»OP«|',
      `00000010  »51 52« 53 54${' '.repeat(37)}  |»QR«ST|`,
    ]);
  });
});

describe('places of matches', () => {
  const at = (buffer: string, bytes: string, off = 0, over = {}) =>
    locate(
      { buffer, off, len: bytes.length, bytes: Buffer.from(bytes) },
      samples.alert({
        http: samples.http({
          requestHead: Buffer.from(
            'GET /x/GET?a=x HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: www x\r\nX: GET\r\n\r\n',
          ),
          requestBody: Buffer.from('body GET'),
        }),
        ...over,
      }),
    );

  it('are within the part of the message that the buffer is made of', () => {
    assert.deepEqual(at('http.method', 'GET'), { part: 'requestHead', off: 0, len: 3 });
    assert.deepEqual(at('http.uri', 'GET', 3), { part: 'requestHead', off: 7, len: 3 });
    assert.deepEqual(at('http.uri', 'x', 5), { part: 'requestHead', off: 13, len: 1 });
    assert.deepEqual(at('http.user_agent', 'x', 0), { part: 'requestHead', off: 64, len: 1 });
    assert.deepEqual(at('http.host', 'WWW', 0), { part: 'requestHead', off: 31, len: 3 });
    assert.deepEqual(at('http.header', 'GET', 9), { part: 'requestHead', off: 70, len: 3 });
    assert.deepEqual(at('http.request_body', 'GET', 5), { part: 'requestBody', off: 5, len: 3 });
    assert.deepEqual(at('http.stat_code', '404', 0), { part: 'responseHead', off: 9, len: 3 });
    assert.deepEqual(at('http.header', 'text', 0, { direction: 'to_client', http: samples.http() }), {
      part: 'responseHead',
      off: 38,
      len: 4,
    });
    assert.equal(at('http.uri', 'decoded', 0), null);
    const encoded = {
      http: samples.http({ requestHead: Buffer.from("GET /x?a=1%27%20OR+'b HTTP/1.1\r\n\r\n"), requestBody: null }),
    };
    assert.deepEqual(at('http.uri', "' O", 6, encoded), { part: 'requestHead', off: 10, len: 7 });
    assert.deepEqual(at('http.uri', "1' OR 'b", 5, encoded), { part: 'requestHead', off: 9, len: 12 });
    assert.equal(at('http.uri', '%', 0, encoded)?.len, 1);
    assert.deepEqual(at('payload', 'body', 60), { part: 'requestBody', off: 0, len: 4 });
  });
});

describe('points in time', () => {
  const now = samples.t0;
  const iso = (text: string) => new Date(parseWhen(text, now, '--since') / 1000).toISOString();

  it('are relative, of a day, or absolute; always UTC', () => {
    assert.equal(iso('now'), '2026-01-02T03:04:05.123Z');
    assert.equal(iso('2h'), '2026-01-02T01:04:05.123Z');
    assert.equal(iso('7d ago'), '2025-12-26T03:04:05.123Z');
    assert.equal(iso('today'), '2026-01-02T00:00:00.000Z');
    assert.equal(iso('yesterday 14:00'), '2026-01-01T14:00:00.000Z');
    assert.equal(iso('02:30'), '2026-01-02T02:30:00.000Z');
    assert.equal(iso('2025-12-31'), '2025-12-31T00:00:00.000Z');
    assert.equal(iso('2025-12-31T23:59:58.5'), '2025-12-31T23:59:58.500Z');
    assert.equal(iso('2025-12-31T23:00:00+02:00'), '2025-12-31T21:00:00.000Z');
    assert.equal(iso('2026-01-02T03:04:05.123456+0000'), '2026-01-02T03:04:05.123Z');
  });

  it('are refused when they are none', () => {
    for (const bad of [
      '',
      'soon',
      '25:00',
      '2026-02-30',
      '2026-1-1',
      '5y',
      '-2h',
      'yesterday noon',
      '2026-01-02T',
      '99999999999999999999h',
    ]) {
      assert.throws(() => parseWhen(bad, now, '--since'), /--since .*expected a time/, bad);
    }
    fc.assert(
      fc.property(fc.string(), (s) => {
        try {
          assert.ok(Number.isFinite(parseWhen(s, now, '--since')));
        } catch (e) {
          assert.equal((e as Error).name, 'PeccaryError');
        }
      }),
    );
  });
});
