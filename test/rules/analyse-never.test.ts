/** "can never match" is a promise: each kind of it is tried on traffic that a rule without the contradiction matches. */
import { strict as assert } from 'node:assert';
import { Settings } from '../../src/core/settings.js';
import type { RuleNote } from '../../src/rules/ir.js';
import { parseRuleText } from '../../src/rules/load.js';
import { sidsOf } from '../detect/engine-harness.js';
import { get, http, ok, tcpTo, udpTo } from '../detect/frames.js';
import type { TimedFrame } from '../tools/session.js';

const settings = new Settings({});

function nevers(rules: string): RuleNote[] {
  const set = parseRuleText(rules, settings);
  assert.deepEqual(set.failed, []);
  return set.warnings.filter((w) => w.reason.startsWith('can never match'));
}

interface Case {
  what: string;
  /** The rule's options, then those of the rule without the contradiction; both may follow helping rules. */
  never: string;
  sound: string;
  head?: string;
  soundHead?: string;
  frames: TimedFrame[];
  reason: RegExp;
  help?: string;
}

const udp = 'alert udp any any -> any any';
const web = 'alert http any any -> any any';
const agent = 'User-Agent: probe/1.0 of ours\r\n';
const page = (path: string, more = ''): TimedFrame[] => http([get(path, agent + more), ok('<html>body</html>')]);

const cases: Case[] = [
  {
    what: 'tests of the size that exclude each other',
    head: web,
    never: 'http.uri; bsize:>4; bsize:<3;',
    sound: 'http.uri; bsize:>4;',
    frames: page('/index'),
    reason: /size exclude/,
  },
  {
    what: 'urilen and bsize of the same buffer',
    head: web,
    never: 'urilen:6; http.uri; bsize:7;',
    sound: 'urilen:6; http.uri; bsize:6;',
    frames: page('/index'),
    reason: /size exclude/,
  },
  {
    what: 'contents one after the other that need more than bsize allows',
    head: web,
    never: 'http.uri; content:"/in"; content:"dex"; distance:2; bsize:<8;',
    sound: 'http.uri; content:"/in"; content:"dex"; distance:0; bsize:<8;',
    frames: page('/index'),
    reason: /at least 8 bytes where at most 7/,
  },
  {
    what: 'a content behind the end of the payload that dsize allows',
    never: 'dsize:<8; content:"abcd"; content:"efgh"; offset:4; content:"xy"; offset:7;',
    sound: 'dsize:<11; content:"abcd"; content:"efgh"; offset:4; content:"xy"; offset:7;',
    frames: [udpTo('abcdefghxy')],
    reason: /at least 8 bytes where at most 7/,
  },
  {
    what: 'isdataat behind dsize',
    never: 'dsize:4; isdataat:4;',
    sound: 'dsize:4; isdataat:3;',
    frames: [udpTo('abcd')],
    reason: /at least 5 bytes where at most 4/,
  },
  {
    what: 'isdataat, relative, behind the end that bsize sets',
    head: web,
    never: 'http.uri; content:"/in"; isdataat:4,relative; bsize:6;',
    sound: 'http.uri; content:"/in"; isdataat:3,relative; bsize:6;',
    frames: page('/index'),
    reason: /at least 7 bytes where at most 6/,
  },
  {
    what: '!isdataat before a content further on',
    never: 'isdataat:!4; content:"ef"; offset:4;',
    sound: 'isdataat:!6; content:"ef"; offset:4;',
    frames: [udpTo('abcdef')],
    reason: /at least 6 bytes where at most 4/,
  },
  {
    what: 'an end that another content lies behind',
    never: 'content:"ab"; startswith; endswith; content:"c"; offset:2;',
    sound: 'content:"ab"; startswith; content:"c"; offset:2;',
    frames: [udpTo('abc'), udpTo('ab', 2001)],
    reason: /at least 3 bytes where at most 2/,
  },
  {
    what: 'a content at a distance from one with a place, behind the end',
    never: 'content:"ab"; depth:2; content:"gh"; distance:4; within:2; dsize:<8;',
    sound: 'content:"ab"; depth:2; content:"gh"; distance:4; within:2; dsize:<9;',
    frames: [udpTo('abcdefgh')],
    reason: /at least 8 bytes where at most 7/,
  },
  {
    what: 'a number read behind the end',
    never: 'dsize:4; byte_test:2,>,0,3;',
    sound: 'dsize:4; byte_test:2,>,0,2;',
    frames: [udpTo('abcd')],
    reason: /at least 5 bytes where at most 4/,
  },
  {
    what: 'the size of a hash',
    head: web,
    never: 'http.uri; to_md5; content:"0123456789abcdefg";',
    sound: 'http.uri; to_md5; bsize:16; content:!"0123456789";',
    frames: page('/index'),
    reason: /at least 17 bytes where at most 16/,
  },
  {
    what: 'different bytes at one place',
    never: 'content:"ab"; startswith; content:"bb"; offset:0; depth:2;',
    sound: 'content:"ab"; startswith; content:"AB"; nocase; offset:0; depth:2;',
    frames: [udpTo('abbb'), udpTo('bbab', 2001)],
    reason: /at one place/,
  },
  {
    what: 'different ends',
    head: web,
    never: 'http.uri; content:".php"; endswith; content:".html"; endswith;',
    sound: 'http.uri; content:".php"; endswith; content:"x.PHP"; nocase; endswith;',
    frames: [...page('/x.php'), ...page('/x.html')],
    reason: /at one place/,
  },
  {
    what: 'a content that is required and denied',
    head: web,
    never: 'http.uri; content:"/login"; content:!"log";',
    sound: 'http.uri; content:"/login"; content:!"Log";',
    frames: page('/login'),
    reason: /must be in the buffer and/,
  },
  {
    what: 'a line feed in one line',
    head: web,
    never: 'http.request_line; content:"HTTP/1.1|0d 0a|";',
    sound: 'http.request_line; content:"HTTP/1.1";',
    frames: page('/index'),
    reason: /no line feed/,
  },
  {
    what: 'white space in the method',
    head: web,
    never: 'http.method; content:"GET /x";',
    sound: 'http.method; content:"GET";',
    frames: page('/x'),
    reason: /method ends/,
  },
  {
    what: 'a colon among the names of headers',
    head: web,
    never: 'http.header_names; content:"User-Agent:";',
    sound: 'http.header_names; content:"User-Agent";',
    frames: page('/x'),
    reason: /no colons/,
  },
  {
    what: 'a beginning that the names of headers do not have',
    head: web,
    never: 'http.header_names; content:"Host|0d 0a|"; startswith;',
    sound: 'http.header_names; content:"|0d 0a|Host|0d 0a|"; startswith;',
    frames: page('/x'),
    reason: /begins with/,
  },
  {
    what: 'an end that the names of headers do not have',
    head: web,
    never: 'http.header_names; content:"User-Agent|0d 0a|"; endswith;',
    sound: 'http.header_names; content:"User-Agent|0d 0a 0d 0a|"; endswith;',
    frames: page('/x'),
    reason: /ends with/,
  },
  {
    what: 'an end that the headers do not have',
    head: web,
    never: 'http.header; content:"of ours"; endswith;',
    sound: 'http.header; content:"of ours|0d 0a|"; endswith;',
    frames: page('/x'),
    reason: /ends with/,
  },
  {
    what: 'a cookie among the headers of a request',
    head: web,
    never: 'flow:to_server; http.header; content:"|0d 0a|Cookie|3a| a=b";',
    sound: 'flow:to_server; http.header.raw; content:"|0d 0a|Cookie|3a| a=b";',
    frames: page('/x', 'Cookie: a=b\r\n'),
    reason: /leaves the cookie header out/,
  },
  {
    what: 'a cookie among the headers of a response',
    head: web,
    never: 'flow:to_client; http.header; content:"|0d 0a|Set-Cookie|3a| a=b";',
    sound: 'flow:to_client; http.header.raw; content:"|0d 0a|Set-Cookie|3a| a=b";',
    frames: http([get('/x'), ok('x', 'Set-Cookie: a=b\r\n')]),
    reason: /leaves the set-cookie header out/,
  },
  {
    what: 'numbers of the header that exclude each other',
    never: 'ttl:<10; ttl:>20; content:"ab";',
    sound: 'ttl:>20; content:"ab";',
    frames: [udpTo('ab')],
    reason: /no value of ttl/,
  },
  {
    what: 'flags that exclude each other',
    head: 'alert tcp any any -> any any',
    never: 'flags:S; flags:A+;',
    sound: 'flags:S+; flags:A+;',
    frames: [tcpTo(0x12), tcpTo(0x02), tcpTo(0x10)],
    reason: /no packet has these flags/,
  },
  {
    what: 'fields of another protocol',
    never: 'itype:8; content:"ab";',
    sound: 'ttl:>1; content:"ab";',
    frames: [udpTo('ab')],
    reason: /protocol udp have no itype/,
  },
  {
    what: 'tests of ip_proto that exclude each other',
    head: 'alert ip any any -> any any',
    never: 'ip_proto:>20; ip_proto:<18; content:"ab";',
    sound: 'ip_proto:>16; ip_proto:<18; content:"ab";',
    frames: [udpTo('ab')],
    reason: /no value of ip_proto/,
  },
  {
    what: 'addresses without a common IP version',
    head: 'alert udp 0.0.0.0/0 any -> ::/0 any',
    soundHead: 'alert udp 0.0.0.0/0 any -> any any',
    never: 'content:"ab";',
    sound: 'content:"ab";',
    frames: [udpTo('ab')],
    reason: /IP version/,
  },
  {
    what: 'a flowbit that must be set and must not',
    never: 'content:"ab"; flowbits:isset,x; flowbits:isnotset,x;',
    sound: 'content:"ab"; flowbits:isset,x;',
    help: `${udp} (content:"ab"; flowbits:set,x; noalert; sid:9;)`,
    frames: [udpTo('ab'), udpTo('ab')],
    reason: /must be set and must not/,
  },
  {
    what: 'a flowbit that nothing sets',
    never: 'content:"ab"; flowbits:isset,unset|unset2;',
    sound: 'content:"ab"; flowbits:isset,unset|x;',
    help: `${udp} (content:"ab"; flowbits:set,x; noalert; sid:9;)`,
    frames: [udpTo('ab'), udpTo('ab')],
    reason: /no loaded rule sets flowbits unset or unset2/,
  },
  {
    what: 'a flowbit that the rule alone sets after it was set',
    never: 'content:"ab"; flowbits:isset,y; flowbits:set,y;',
    sound: 'content:"ab"; flowbits:isset,x; flowbits:set,y;',
    help: `${udp} (content:"ab"; flowbits:set,x; noalert; sid:9;)`,
    frames: [udpTo('ab'), udpTo('ab')],
    reason: /set by rule 1 alone/,
  },
  {
    what: 'a flowbit that only a rule sets that never matches',
    never: 'content:"ab"; flowbits:isset,z;',
    sound: 'content:"ab"; flowbits:isset,x;',
    help: `${udp} (content:"ab"; flowbits:set,x; noalert; sid:9;)\n${udp} (content:"ab"; content:!"a"; flowbits:set,z; sid:8;)`,
    frames: [udpTo('ab'), udpTo('ab')],
    reason: /set by rule 8 alone/,
  },
  {
    what: 'a flowbit that only rules of another protocol set',
    never: 'content:"ab"; flowbits:isset,t;',
    sound: 'content:"ab"; flowbits:isset,x;',
    help: `${udp} (content:"ab"; flowbits:set,x; noalert; sid:9;)\n${web} (http.uri; content:"abc"; flowbits:set,t; sid:8;)`,
    frames: [udpTo('ab'), udpTo('ab')],
    reason: /set by rule 8 alone/,
  },
  {
    what: 'a flow variable that nothing sets',
    never: 'content:"ab"; flowint:nn,>,0;',
    sound: 'content:"ab"; flowint:nn,notset;',
    frames: [udpTo('ab')],
    reason: /no loaded rule sets flowint nn/,
  },
  {
    what: 'an xbit that nothing sets',
    never: 'content:"ab"; xbits:isset,q,track ip_src;',
    sound: 'content:"ab"; xbits:isnotset,q,track ip_src;',
    frames: [udpTo('ab')],
    reason: /no loaded rule sets xbits q/,
  },
];

describe('rules that can never match', () => {
  for (const c of cases) {
    it(c.what, () => {
      const head = c.head ?? udp;
      const help = c.help === undefined ? '' : `${c.help}\n`;
      const never = `${help}${head} (${c.never} sid:1;)`;
      const sound = `${help}${c.soundHead ?? head} (${c.sound} sid:1;)`;
      const notes = nevers(never).filter((n) => n.sid === 1);
      assert.equal(notes.length, 1, c.never);
      assert.match(notes[0].reason, c.reason);
      assert.ok(notes[0].hint !== null && notes[0].hint !== '');
      assert.deepEqual(
        nevers(sound).filter((n) => n.sid === 1),
        [],
      );
      assert.ok(sidsOf(sound, c.frames).includes(1), 'the rule without the contradiction matches');
      assert.ok(!sidsOf(never, c.frames).includes(1), 'the other does not');
    });
  }

  it('are told with the line and the column of the option', () => {
    const text = `# x\n${udp} (msg:"a"; content:"ab"; \\\n  content:!"a"; sid:1;)\n${udp} (ttl:<3; ttl:>5; flowbits:isset,gone; sid:2;)`;
    assert.deepEqual(
      nevers(text).map((n) => [n.line, n.column, n.sid]),
      [
        [2, 3, 1],
        [4, 31, 2],
      ],
    );
  });

  it('are not claimed of what only seldom matches', () => {
    const rules = [
      `${web} (http.uri; content:"%20"; sid:1;)`,
      `${web} (http.user_agent; content:"User-Agent: x"; sid:2;)`,
      `${web} (flow:to_server; http.header; content:"Cookie: x"; sid:3;)`,
      `${web} (http.header; content:"Host:shop"; sid:4;)`,
    ].join('\n');
    const odd = http([
      'GET /%2520 HTTP/1.1\r\nHost: a\r\nUser-Agent: User-Agent: x\r\nX-Cookie: x\r\nX: Host:shop\r\n\r\n',
      ok('x'),
    ]);
    assert.deepEqual(nevers(rules), []);
    assert.deepEqual(
      parseRuleText(rules, settings).warnings.flatMap((w) => (w.reason.startsWith('seldom') ? [w.sid] : [])),
      [1, 2, 3, 4],
    );
    assert.deepEqual(sidsOf(rules, odd).sort(), [1, 2, 3, 4]);
  });
});
