import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Run } from './engine-harness.js';
import { get, http, ok, post } from './frames.js';

const any = 'any any -> any any';
const rules = [
  'http.uri; content:"/admin";',
  'http.uri; content:"id="; content:"select"; distance:1; nocase;',
  'http.method; content:"POST";',
  'http.header; content:"X-Evil"; nocase;',
  'http.user_agent; content:"curl"; startswith;',
  'http.cookie; content:"sid=";',
  'http.request_body; content:"union"; nocase;',
  'http.request_body; content:"a="; depth:2; content:"&b="; distance:0;',
  'http.host; content:"shop"; bsize:12;',
  'http.stat_code; content:"200"; file.data; content:"root:";',
  'http.uri; content:"/admin"; http.request_body; content:"pw";',
  'http.header_names; content:!"Referer";',
  'http.request_line; content:" HTTP/1.1"; endswith;',
  'flow:to_client; file.data; content:"secret"; http.header; content:"Content-Length";',
  'http.uri; pcre:"/id=\\d+/"; http.user_agent; content:!"curl";',
].map((o, i) => `alert http ${any} (${o} sid:${i + 1};)`);

const request = fc.oneof(
  fc
    .record({
      path: fc.constantFrom('/', '/admin', '/x?id=1', '/x?id=SELECT'),
      more: fc.constantFrom('', 'X-Evil: 1\r\n', 'User-Agent: curl/8\r\n', 'Cookie: sid=1\r\n'),
    })
    .map(({ path, more }) => get(path, more)),
  fc
    .record({ path: fc.constantFrom('/admin', '/p'), body: fc.constantFrom('a=1&b=2', 'x UNION y', 'pw=1', '') })
    .map(({ path, body }) => post(path, body)),
);
const response = fc.constantFrom(
  ok(''),
  ok('root:x:0'),
  ok(`${'z'.repeat(3000)}secret`),
  ok('nothing', 'X-Evil: 2\r\n'),
);
const conversation = fc.array(fc.tuple(request, response), { minLength: 1, maxLength: 3 }).map((pairs) => pairs.flat());

describe('Segmentation does not change what transaction rules see', () => {
  it('any size of segments gives the alerts of whole messages', () => {
    fc.assert(
      fc.property(conversation, fc.integer({ min: 1, max: 40 }), (messages, mss) => {
        const alerts = (size: number) =>
          new Run(rules.join('\n'))
            .replay(http(messages, { mss: size }))
            .seen.map((s) => `${s.tx}:${s.sid}:${s.dir}`)
            .sort();
        assert.deepEqual(alerts(mss), alerts(1460));
      }),
      { numRuns: 25 },
    );
  });

  it('the inline order, where data is inspected on arrival, gives the same alerts', () => {
    fc.assert(
      fc.property(conversation, fc.integer({ min: 5, max: 200 }), (messages, mss) => {
        const alerts = (inline: boolean) =>
          new Run(rules.join('\n'), { inline })
            .replay(http(messages, { mss }))
            .seen.map((s) => `${s.tx}:${s.sid}`)
            .sort();
        assert.deepEqual(alerts(true), alerts(false));
      }),
      { numRuns: 25 },
    );
  });
});
