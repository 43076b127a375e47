/** "can never match" is a promise: rules made at random are tried on everything that a short payload or message can be. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { Settings } from '../../src/core/settings.js';
import { parseRuleText } from '../../src/rules/load.js';
import { sidsOf } from '../detect/engine-harness.js';
import { get, http, ok, udpTo } from '../detect/frames.js';

const settings = new Settings({});
const udp = 'alert udp any any -> any any';
const web = 'alert http any any -> any any';
const agent = 'User-Agent: probe/1.0 of ours\r\n';

/** Every text over `ab` of at most `longest` bytes. */
function texts(longest: number): string[] {
  const out = [''];
  for (let from = 0, len = 0; len < longest; len++) {
    const to = out.length;
    for (; from < to; from++) out.push(`${out[from]}a`, `${out[from]}b`);
  }
  return out;
}

const bytes = fc.stringMatching(/^[ab]{1,3}$/);
const near = fc.integer({ min: 0, max: 6 });
const content = fc
  .record({
    bytes,
    no: fc.boolean(),
    nocase: fc.boolean(),
    ends: fc.boolean(),
    place: fc.oneof(
      fc.constant(''),
      fc.constant('startswith;'),
      near.map((n) => `offset:${n};`),
      fc.tuple(near, near).map(([o, d]) => `offset:${o}; depth:${d + 3};`),
      fc.integer({ min: -4, max: 4 }).map((n) => `distance:${n};`),
      fc.tuple(fc.integer({ min: -3, max: 3 }), near).map(([d, w]) => `distance:${d}; within:${w + 3};`),
      near.map((w) => `within:${w + 3};`),
    ),
  })
  .map(
    (c) =>
      `content:${c.no ? '!' : ''}"${c.bytes}"; ${c.nocase ? 'nocase; ' : ''}${c.place}${c.ends ? ' endswith;' : ''}`,
  );
const size = fc.oneof(
  near.map((n) => `dsize:<${n + 1};`),
  near.map((n) => `dsize:>${n};`),
  near.map((n) => `dsize:${n};`),
);
const data = fc
  .tuple(fc.boolean(), near, fc.boolean())
  .map(([no, n, r]) => `isdataat:${no ? '!' : ''}${n}${r ? ',relative' : ''};`);
const number = fc.tuple(near, fc.boolean()).map(([n, r]) => `byte_test:1,>,0,${n}${r ? ',relative' : ''};`);
const options = fc.array(fc.oneof({ arbitrary: content, weight: 5 }, size, data, number, fc.constant('pcre:"/b/R";')), {
  minLength: 2,
  maxLength: 5,
});

describe('property: rules made at random', () => {
  it('that are called never-matching match no payload at all', () => {
    const frames = texts(7).map((text, i) => udpTo(text, 2000 + i));
    let called = 0;
    fc.assert(
      fc.property(fc.array(options, { minLength: 150, maxLength: 150 }), (rules) => {
        const text = rules.map((o, i) => `${udp} (${o.join(' ')} sid:${i + 1};)`).join('\n');
        const set = parseRuleText(text, settings);
        const never = new Set(set.warnings.flatMap((w) => (w.reason.startsWith('can never') ? [w.sid] : [])));
        called += never.size;
        const loaded = set.rules.map((r) => r.text).join('\n');
        const fired = sidsOf(loaded, frames).filter((sid) => never.has(sid));
        assert.deepEqual(
          fired.map((sid) => rules[sid - 1].join(' ')),
          [],
        );
      }),
      { numRuns: 6 },
    );
    assert.ok(called > 50, `${called} rules were called so`);
  });

  it('what buffers are said never to hold is not in them, whatever the messages', () => {
    const rules = [
      ...['uri.raw', 'request_line', 'protocol', 'stat_code', 'stat_msg', 'response_line'].map(
        (name) => `http.${name}; content:"|0a|";`,
      ),
      'http.method; pcre:"/[ \\t\\n]/";',
      'http.header_names; content:":";',
      'http.header_names; content:!"|0d 0a|"; startswith;',
      'http.header_names; content:!"|0d 0a 0d 0a|"; endswith;',
      'http.header; content:!"|0d 0a|"; endswith;',
      'flow:to_server; http.header; content:"|0d 0a|cookie:"; nocase;',
      'flow:to_server; http.header; content:"cookie:"; nocase; startswith;',
      'flow:to_client; http.header; content:"|0d 0a|set-cookie:"; nocase;',
      'flow:to_client; http.header; content:"set-cookie:"; nocase; startswith;',
    ].map((o, i) => `${web} (${o} sid:${i + 1};)`);
    // One that does match shows that the messages are looked at.
    const all = [...rules, `${web} (http.method; bsize:>0; sid:100;)`, `${web} (http.stat_code; bsize:>0; sid:101;)`];
    const part = fc.constantFrom(
      ...['GET', 'POST', ' ', '\t', '\r', '\n', '\r\n', ':', ': ', '/', 'a', '%0a', 'HTTP/1.1', 'HTTP/1.1 200', 'Host'],
      ...['Cookie', 'set-cookie', '\0', '\x0b', '200', ' x', '\r\n x'],
    );
    const odd = fc.array(part, { maxLength: 16 }).map((parts) => parts.join(''));
    const message = fc.tuple(fc.boolean(), odd).map(([whole, text]) => ({ whole, text }));
    const seen = new Set<number>();
    fc.assert(
      fc.property(fc.array(fc.tuple(message, message), { minLength: 40, maxLength: 40 }), (exchanges) => {
        const frames = exchanges.flatMap(([q, r], i) =>
          http(
            [
              get('/x', agent),
              ok('x'),
              `${q.whole ? 'GET /y HTTP/1.1\r\n' : ''}${q.text}\r\n\r\n`,
              `${r.whole ? 'HTTP/1.1 200 OK\r\n' : ''}${r.text}\r\nContent-Length: 0\r\n\r\n`,
            ],
            { client: { ip: '10.0.0.1', port: 20_000 + i } },
          ),
        );
        const fired = sidsOf(all.join('\n'), frames);
        for (const sid of fired) seen.add(sid);
        assert.deepEqual(
          fired.filter((sid) => sid < 100).map((sid) => rules[sid - 1]),
          [],
        );
      }),
      { numRuns: 12 },
    );
    assert.deepEqual([...seen].sort(), [100, 101]);
  }).timeout(60_000);
});
