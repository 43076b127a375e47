import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Run } from './engine-harness.js';
import { udpTo } from './frames.js';

/** Alerts of one UDP payload under `alert udp (OPTIONS)`. */
function matches(options: string, payload: string): boolean {
  return new Run(`alert udp any any -> any any (${options} sid:1;)`).replay([udpTo(payload)]).seen.length > 0;
}

/** Payload, options that match it and options that do not. */
const cases: [title: string, payload: string, yes: string[], no: string[]][] = [
  [
    'content, without and with case',
    'GET /Index',
    ['content:"GET";', 'content:"index"; nocase;', 'content:!"POST";'],
    ['content:"index";', 'content:!"GET";'],
  ],
  [
    'offset and depth count from the start; depth from the offset',
    '0123456789',
    [
      'content:"345"; offset:3; depth:3;',
      'content:"012"; depth:3;',
      'content:!"345"; offset:4;',
      'content:"0"; startswith;',
    ],
    ['content:"345"; offset:4;', 'content:"567"; offset:3; depth:4;', 'content:"1"; startswith;'],
  ],
  [
    'distance and within count from the end of the match before',
    'aXXbYYYc',
    [
      'content:"a"; content:"b"; distance:2; within:1;',
      'content:"b"; content:"a"; distance:-4;',
      'content:"a"; content:!"c"; within:5;',
    ],
    [
      'content:"a"; content:"b"; distance:3;',
      'content:"a"; content:"c"; within:6;',
      'content:"a"; content:!"b"; within:3;',
    ],
  ],
  [
    'another occurrence is tried when what is relative to it fails',
    'ab ac ad',
    ['content:"a"; content:"d"; within:1;', 'content:"a"; content:"c"; within:1; content:"a"; distance:1; within:1;'],
    ['content:"a"; content:"e"; within:1;', 'content:"a"; content:"d"; within:1; content:"a"; distance:0;'],
  ],
  [
    'endswith',
    'one.two.two',
    ['content:"two"; endswith;', 'content:!"one"; endswith;'],
    ['content:"one"; endswith;', 'content:!"two"; endswith;'],
  ],
  [
    'isdataat',
    '0123456789',
    ['isdataat:9;', 'isdataat:!10;', 'content:"5"; isdataat:4,relative;', 'content:"9"; isdataat:!1,relative;'],
    ['isdataat:10;', 'content:"5"; isdataat:5,relative;', 'content:"9"; isdataat:1,relative;'],
  ],
  [
    'byte_test, binary and text, with bitmask',
    '\x01\x02\x03\x04 077 0x1f',
    [
      'byte_test:2,=,258,0;',
      'byte_test:2,=,513,0,little;',
      'byte_test:1,!=,2,0;',
      'byte_test:1,&,2,2;',
      'byte_test:2,=,16,0,bitmask 0x01f0;',
      'byte_test:3,=,77,5,string,dec;',
      'byte_test:3,=,63,5,string,oct;',
      'byte_test:4,=,31,9,string,hex;',
      'content:"|01|"; byte_test:1,=,2,0,relative;',
    ],
    ['byte_test:2,>,258,0;', 'byte_test:4,=,1,12;', 'byte_test:1,=,1,1;', 'byte_test:3,=,1,4,string,dec;'],
  ],
  [
    'byte_jump moves to where the number says',
    '\x03abcXYZ',
    [
      'byte_jump:1,0; content:"X"; distance:0; within:1;',
      'byte_jump:1,0,from_beginning; content:"c"; within:1;',
      'content:"|03|"; byte_jump:0,0,relative,post_offset 3; content:"X"; within:1;',
      // To the very end, where nothing is left.
      'byte_jump:1,0,post_offset 3; isdataat:!1,relative;',
    ],
    ['byte_jump:1,0; content:"c"; within:1;', 'byte_jump:1,1;', 'byte_jump:1,0,post_offset 4;'],
  ],
  [
    'base64_decode looks at the first place only',
    'k=??; k=JHtqbmRp',
    [],
    [
      'content:"k="; base64_decode:relative; base64_data; content:"${jndi";',
      'content:"k="; base64_decode:relative; base64_data; pcre:"/jndi/";',
    ],
  ],
  [
    'byte_extract and byte_math make variables',
    '\x02\x04ABCDEF',
    [
      'byte_extract:1,0,n; content:"A"; offset:n;',
      'byte_extract:1,1,n; content:"C"; offset:n; depth:1;',
      'byte_extract:1,0,n; byte_test:1,=,n,0;',
      'byte_math:bytes 1, offset 0, oper *, rvalue 2, result r; byte_test:1,=,r,1;',
      'byte_extract:1,0,n; content:"A"; content:"D"; distance:n; within:1;',
    ],
    [
      'byte_extract:1,1,n; content:"A"; offset:n;',
      'byte_math:bytes 1, offset 0, oper +, rvalue 1, result r; byte_test:1,=,r,1;',
    ],
  ],
  [
    'pcre, relative and negated',
    'user=admin; user=guest',
    [
      'pcre:"/user=\\w+\\x3b /";',
      'content:"user="; pcre:"/^guest/R";',
      'pcre:!"/root/";',
      'pcre:"/USER/i";',
      'pcre:"/user=(?=g)/"; content:"guest"; within:5;',
    ],
    ['pcre:"/USER/";', 'pcre:!"/admin/";', 'content:"admin"; pcre:"/admin/R";'],
  ],
  [
    'base64_decode',
    'Basic YWRtaW46c2VjcmV0',
    [
      'content:"Basic "; base64_decode:relative; base64_data; content:"admin:secret";',
      'base64_decode:bytes 8, offset 6; base64_data; content:"admin:";',
    ],
    [
      'content:"Basic "; base64_decode:relative; base64_data; content:"root";',
      'base64_decode:bytes 4, offset 6; base64_data; content:"admin";',
    ],
  ],
];

describe('Verification (Suricata manual, "Payload Keywords")', () => {
  for (const [title, payload, yes, no] of cases) {
    it(title, () => {
      for (const o of yes) assert.equal(matches(o, payload), true, `${o} should match`);
      for (const o of no) assert.equal(matches(o, payload), false, `${o} should not match`);
    });
  }

  it('the steps on one buffer are bounded (detect.inspection-recursion-limit)', () => {
    const rule =
      'alert udp any any -> any any (content:"a"; content:"a"; within:9; content:"a"; within:9; content:"b"; within:9; sid:1;)';
    const at = (n: number) =>
      new Run(rule, { settings: { detect: { 'inspection-recursion-limit': n } } }).replay([
        udpTo(`${'a'.repeat(40)}b`),
      ]);
    assert.deepEqual(at(20).sids(), []);
    assert.deepEqual(at(3000).sids(), [1]);
  });
});

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'B'), minLength: 1, maxLength: 24 });
const word = fc.string({ unit: fc.constantFrom('a', 'b', 'B'), minLength: 1, maxLength: 3 });

interface Link {
  word: string;
  nocase: boolean;
  distance: number | null;
  within: number | null;
  offset: number | null;
  depth: number | null;
}

const link = (first: boolean): fc.Arbitrary<Link> =>
  fc
    .record({
      word,
      nocase: fc.boolean(),
      relative: fc.boolean(),
      distance: fc.option(fc.integer({ min: -3, max: 4 })),
      within: fc.option(fc.integer({ min: 0, max: 5 })),
      offset: fc.option(fc.integer({ min: 0, max: 6 })),
      depth: fc.option(fc.integer({ min: 0, max: 8 })),
    })
    .map(({ word: w, nocase, relative, distance, within, offset, depth }) => {
      const isRelative = relative && !first;
      return {
        word: w,
        nocase,
        distance: isRelative ? (distance ?? 0) : null,
        within: isRelative && within !== null ? within + w.length : null,
        offset: isRelative ? null : offset,
        depth: isRelative || depth === null ? null : depth + w.length,
      };
    });

/** Whether some choice of occurrences satisfies every content: the definition, by trying all. */
function bruteForce(links: readonly Link[], payload: string, i = 0, before = 0): boolean {
  if (i === links.length) return true;
  const l = links[i];
  const relative = l.distance !== null;
  const from = relative ? Math.max(0, before + (l.distance ?? 0)) : (l.offset ?? 0);
  let to = payload.length;
  // As in Suricata, a `within` that ends before the buffer begins bounds nothing.
  const end = l.within === null ? -1 : before + l.within + (l.distance ?? 0);
  if (end >= 0) to = Math.min(to, end);
  if (l.depth !== null) to = Math.min(to, (l.offset ?? 0) + l.depth);
  for (let at = from; at + l.word.length <= to; at++) {
    const piece = payload.slice(at, at + l.word.length);
    const same = l.nocase ? piece.toLowerCase() === l.word.toLowerCase() : piece === l.word;
    if (same && bruteForce(links, payload, i + 1, at + l.word.length)) return true;
  }
  return false;
}

function written(l: Link): string {
  const parts = [`content:"${l.word}";`];
  if (l.nocase) parts.push('nocase;');
  for (const k of ['offset', 'depth', 'distance', 'within'] as const) if (l[k] !== null) parts.push(`${k}:${l[k]};`);
  return parts.join(' ');
}

describe('Prefilter and verification against trying every choice of occurrences', () => {
  it('a chain of contents matches exactly when some choice satisfies it', () => {
    const chain = fc.tuple(link(true), fc.array(link(false), { maxLength: 3 })).map(([a, rest]) => [a, ...rest]);
    fc.assert(
      fc.property(
        fc.array(chain, { minLength: 4, maxLength: 8 }),
        fc.array(text, { minLength: 4, maxLength: 8 }),
        (chains, payloads) => {
          const rules = chains.map(
            (links, i) => `alert udp any any -> any any (${links.map(written).join(' ')} sid:${i + 1};)`,
          );
          const run = new Run(rules.join('\n')).replay(payloads.map((p, i) => udpTo(p, 2000 + i)));
          const want = payloads.flatMap((p, n) =>
            chains.flatMap((links, i) => (bruteForce(links, p) ? [`${n + 1}:${i + 1}`] : [])),
          );
          assert.deepEqual(run.seen.map((s) => `${s.packet}:${s.sid}`).sort(), want.sort());
        },
      ),
      { numRuns: 150 },
    );
  });
});
