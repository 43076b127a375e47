import assert from 'node:assert/strict';
import { Explainer } from '../../src/detect/explain.js';
import { HeaderFault } from '../../src/detect/header.js';
import { Fate, Look, setObserver } from '../../src/detect/recorder.js';
import type { Explanation, Trace } from '../../src/detect/trace.js';
import { FlowFlag } from '../../src/flow/columns.js';
import { settersOf } from '../../src/sensor/explain-setters.js';
import { udpFrame } from '../tools/build.js';
import { type Exchange, tcpSession } from '../tools/session.js';
import { Run, type RunOptions } from './engine-harness.js';

const request = 'POST /admin/Login.php?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc';
const exchanges: Exchange[] = [
  { from: 'client', data: request },
  { from: 'server', data: answer },
];
const http = tcpSession({ exchanges });

/** What is recorded of rule `sid` of `text` over frames; alerts must be those of a run without a recorder. */
function explainSid(sid: number, text: string, frames = http, options: RunOptions = {}): Explanation {
  const plain = new Run(text, options).replay(frames).seen;
  const run = new Run(text, options);
  const rules = run.rules.rules.flatMap((r, n) => (r.sid === sid ? [n] : []));
  const explainer = new Explainer(run.rules, { rules, setters: settersOf(run.rules.rules, rules) });
  setObserver(explainer);
  try {
    run.replay(frames);
  } finally {
    setObserver(null);
  }
  assert.deepEqual(run.seen, plain);
  return explainer.result();
}

/** The look that got furthest with the one rule of `text`, which must not alert. */
function nearest(text: string, frames = http, options: RunOptions = {}): Trace {
  const e = explainSid(1, `${text.slice(0, -1)} sid:1;)`, frames, options);
  assert.equal(e.fired.length, 0);
  assert.ok(e.nearest !== null);
  return e.nearest;
}

describe('What a rule is looked at for, told in order', () => {
  describe('before its buffers', () => {
    it('the part of the header that does not fit', () => {
      const faults: [string, HeaderFault][] = [
        ['alert udp any any -> any any (content:"x";)', HeaderFault.Protocol],
        ['alert tcp 1.2.3.4 any -> any any (content:"admin";)', HeaderFault.Source],
        ['alert tcp any any -> !10.0.0.0/8 any (flow:to_server; content:"admin";)', HeaderFault.Destination],
        ['alert tcp any 1:1023 -> any any (flow:to_server; content:"admin";)', HeaderFault.SourcePort],
        ['alert tcp any any -> any 8080 (flow:to_server; content:"admin";)', HeaderFault.DestinationPort],
        ['alert ip6 any any -> any any (content:"admin";)', HeaderFault.IpVersion],
      ];
      for (const [rule, fault] of faults) assert.equal(nearest(rule).header, fault, rule);
    });

    it('the flow keyword', () => {
      const opened = http.slice(0, 1);
      assert.equal(
        nearest('alert tcp any any -> any any (flow:established; flags:S;)', opened).header,
        HeaderFault.NotEstablished,
      );
      const late = 'alert tcp any any -> any any (flow:not_established; content:"admin";)';
      const { reasons } = explainSid(1, `${late.slice(0, -1)} sid:1;)`);
      assert.ok(reasons.some((r) => r.reason === `header:${HeaderFault.Established}` && r.first.packet >= 3));
      const whole = 'alert tcp any any -> any any (flow:only_frag; content:"admin";)';
      assert.equal(nearest(whole).header, HeaderFault.NotReassembled);
    });

    it('a session whose beginning is not there is never established', () => {
      const middle = tcpSession({ exchanges, handshake: false });
      const t = nearest('alert http any any -> any any (flow:established; http.uri; content:"/admin";)', middle);
      assert.ok(t.header === HeaderFault.NotEstablished || t.header === HeaderFault.NoFlow, String(t.header));
    });

    it('the protocol that the flow speaks', () => {
      const other = tcpSession({ exchanges: [{ from: 'client', data: '\x16\x03\x01\x02\x00\x01' }] });
      const t = nearest('alert http any any -> any any (http.uri; content:"/admin";)', other);
      assert.equal(t.header, HeaderFault.None);
      assert.notEqual(t.app, -1);
    });

    it('the first condition that fails, and what is there instead', () => {
      const cases: [string, number, RegExp][] = [
        ['alert tcp any any -> any any (dsize:>1000; content:"admin";)', 0, /^71$|^72$|^\d+$/],
        ['alert tcp any any -> any any (flags:A+; ttl:200; content:"admin";)', 1, /^64$/],
        ['alert tcp any any -> any any (flags:S; content:"admin";)', 0, /PA/],
        ['alert http any any -> any any (flowbits:isset,x; http.uri; content:"/admin";)', 0, /^not set in this flow$/],
        ['alert tcp any any -> any any (stream_size:client,>,5000; content:"admin";)', 0, /^client \d+, server \d+$/],
        ['alert http any any -> any any (flowint:count,>,3; http.uri; content:"/admin";)', 0, /^not set in this flow$/],
        ['alert http any any -> any any (xbits:isset,x,track ip_src; http.uri; content:"/admin";)', 0, /^not set$/],
      ];
      for (const [rule, number, found] of cases) {
        const t = nearest(rule);
        assert.equal(t.header, HeaderFault.None, rule);
        assert.equal(t.condition, number, rule);
        assert.match(t.found, found, rule);
      }
    });

    it('the fast pattern that was never seen, and where the buffer comes nearest to it', () => {
      const t = nearest('alert http any any -> any any (http.uri; content:"/admin/q";)');
      assert.equal(t.candidate, false);
      assert.equal(t.fast?.text, '/admin/Login.php?x=1');
      assert.equal(t.fastNear, 0);
      assert.ok(t.fastNearBytes >= 7);
      assert.equal(t.sections.length, 0);
    });

    it('a buffer that the transaction does not have', () => {
      const t = nearest('alert http any any -> any any (http.cookie; content:"x";)');
      assert.equal(t.candidate, false);
      assert.equal(t.fast, null);
      const later = nearest('alert http any any -> any any (http.uri; content:"/admin"; http.cookie; content:"x";)');
      assert.deepEqual(
        later.sections.map((s) => [s.matched, s.final, s.shown]),
        [
          [true, false, later.sections[0].shown],
          [false, true, null],
        ],
      );
    });

    it('the raw stream and payload in which content was not found', () => {
      const t = nearest('alert tcp any any -> any any (flow:to_server,established; content:"/nowhere";)');
      assert.equal(t.candidate, false);
      assert.match(t.fast?.text ?? '', /^POST \/admin/);
      const u = nearest('alert udp any any -> any any (content:"ping";)', [
        { tsUs: 1e15, bytes: udpFrame({ srcPort: 1, dstPort: 2 }, 'pong') },
      ]);
      assert.equal(u.fast?.text, 'pong');
      assert.equal(u.fastNearBytes, 3);
    });
  });

  describe('in its buffers', () => {
    const failed = (matches: string) => {
      const t = nearest(`alert http any any -> any any (http.uri; content:"/admin"; ${matches})`);
      const s = t.sections[t.sections.length - 1];
      assert.equal(s.matched, false, matches);
      return s.matches[s.matches.length - 1];
    };

    it('the window of a content, and where it is outside of it or in other case', () => {
      const m = failed('content:"/login"; distance:0;');
      assert.deepEqual([m.row, m.held, m.from, m.to, m.near, m.nearBytes], [1, false, 6, 20, 6, 6]);
      const outside = failed('content:"php"; distance:0; within:5;');
      assert.deepEqual([outside.held, outside.near, outside.nearBytes], [false, 13, 3]);
      const start = failed('content:"Login"; depth:6;');
      assert.deepEqual([start.from, start.to, start.near], [0, 6, 7]);
    });

    it('a negated content that is there', () => {
      const m = failed('content:!"php";');
      assert.deepEqual([m.held, m.end], [false, 16]);
    });

    it('pcre, isdataat and bsize', () => {
      assert.equal(failed('pcre:"/logout/i";').held, false);
      const there = failed('pcre:!"/Log../";');
      assert.deepEqual([there.held, there.from, there.end], [false, 7, 12]);
      const at = failed('isdataat:50;');
      assert.deepEqual([at.row, at.held, at.excerpt?.len], [1, false, 20]);
      assert.equal(failed('bsize:<10;').excerpt?.len, 20);
    });

    it('the number that byte_test read', () => {
      const m = failed('byte_test:1,=,0x41,0,relative;');
      assert.deepEqual([m.held, m.value, m.valueAt], [false, 0x2f, 6]);
    });

    it('how often a match was tried after other places of the one before it', () => {
      const frames = tcpSession({ exchanges: [{ from: 'client', data: 'GET /5a1a2a3a4 HTTP/1.1\r\n\r\n' }] });
      const t = nearest(
        'alert http any any -> any any (http.uri; content:"a"; content:"5"; distance:0; within:1;)',
        frames,
      );
      const last = t.sections[0].matches;
      assert.deepEqual(
        last.map((m) => [m.row, m.held, m.tries]),
        [
          [0, true, 0],
          [1, false, 4],
        ],
      );
    });

    it('what base64_decode made', () => {
      const body = `v=${Buffer.from('secret=42').toString('base64')}`;
      const data = `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const rule =
        'alert http any any -> any any (http.request_body; content:"v="; base64_decode:relative; base64_data; content:"secret"; content:"43"; distance:1;)';
      const t = nearest(rule, tcpSession({ exchanges: [{ from: 'client', data }] }));
      const ways = t.sections[0].matches;
      assert.deepEqual(
        ways.map((m) => m.held),
        [true, true, true, false],
      );
      assert.equal(ways[3].excerpt?.text, 'secret=42');
    });

    it('the nearest of several header lines', () => {
      const data = 'GET / HTTP/1.1\r\nHost: a\r\nX-One: begin middle\r\nX-Two: begin\r\n\r\n';
      const rule = 'alert http any any -> any any (http.request_header; content:"begin"; content:"end"; distance:0;)';
      const t = nearest(rule, tcpSession({ exchanges: [{ from: 'client', data }] }));
      assert.equal(t.sections[0].instances, 3);
      assert.match(t.sections[0].shown?.text ?? '', /^X-One/);
    });

    it('a body that was cut at its limit', () => {
      const body = `${'x'.repeat(3000)}needle`;
      const data = `POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const settings = {
        'app-layer': { protocols: { http: { libhtp: { 'default-config': { 'request-body-limit': 1000 } } } } },
      };
      const frames = tcpSession({ exchanges: [{ from: 'client', data }] });
      const t = nearest('alert http any any -> any any (http.request_body; content:"needle";)', frames, { settings });
      assert.equal(t.candidate, false);
      assert.equal(t.cut, true);
    });

    it('an event that was not raised, and conditions on files', () => {
      const event = nearest(
        'alert http any any -> any any (http.uri; content:"/admin"; app-layer-event:http.missing_host_header;)',
      );
      assert.equal(event.sections[0].buffer, -1);
      assert.equal(event.sections[0].matched, false);
      const file = nearest('alert http any any -> any any (flow:to_client; fileext:"exe"; filesize:>1;)');
      const section = file.sections.find((s) => s.buffer === -1);
      assert.deepEqual([section?.matched, section?.fileTest], [false, 0]);
    });

    it('sections that matched in earlier looks are kept with the later ones', () => {
      const rule = 'alert http any any -> any any (http.uri; content:"/admin"; http.request_body; content:"absent";)';
      const slow = tcpSession({ exchanges: [{ from: 'client', data: request }], mss: 30 });
      const t = nearest(rule, slow);
      assert.deepEqual(t.sections.map((s) => s.matched).sort(), [false, true]);
    });
  });

  describe('when it matched', () => {
    const uri = 'http.uri; content:"/admin";';

    it('what matched where', () => {
      const e = explainSid(1, `alert http any any -> any any (${uri} content:"php"; distance:0; sid:1;)`);
      assert.equal(e.fates[Fate.Alert], 1);
      assert.equal(e.fired[0].look, Look.Transaction);
      assert.equal(e.fired[0].tx, 0);
      assert.deepEqual(
        e.fired[0].sections[0].matches.map((m) => [m.held, m.end]),
        [
          [true, 6],
          [true, 16],
        ],
      );
    });

    it('at most five looks that fired are kept, all are counted', () => {
      const many = Array.from({ length: 9 }, () => exchanges).flat();
      const e = explainSid(1, `alert http any any -> any any (${uri} sid:1;)`, tcpSession({ exchanges: many }));
      assert.equal(e.fates[Fate.Alert], 9);
      assert.equal(e.fired.length, 5);
    });

    const fateOf = (text: string, options: RunOptions = {}): number | undefined => {
      const e = explainSid(1, text, http, options);
      assert.equal(e.fired.length, 0);
      return e.nearest?.fate;
    };

    it('a threshold, suppression or noalert hid it', () => {
      const rule = (more: string) => `alert http any any -> any any (${more} ${uri} sid:1;)`;
      assert.equal(fateOf(rule('threshold:type threshold,track by_src,count 5,seconds 60;')), Fate.Threshold);
      assert.equal(fateOf(rule('noalert;')), Fate.Silent);
      const suppress = { gid: 1, sid: 1, track: null, addresses: null };
      assert.equal(fateOf(rule(''), { tune: (set) => set.suppress.push(suppress) }), Fate.Suppressed);
    });

    it('a pass rule matched the packet before it, or passed the flow', () => {
      const both = `pass http any any -> any any (${uri} sid:2;)\nalert http any any -> any any (${uri} sid:1;)`;
      assert.equal(fateOf(both), Fate.Passed);
      const later = `pass http any any -> any any (${uri} sid:2;)\nalert http any any -> any any (flow:to_client; http.stat_code; content:"200"; sid:1;)`;
      const e = explainSid(1, later);
      assert.equal(e.fired.length, 0);
      assert.ok((e.nearest?.closedBy ?? -2) >= 0);
      assert.ok(FlowFlag.Pass > 0);
    });

    it('the packet had as many alerts as it may', () => {
      const first = `alert http any any -> any any (${uri} priority:1; sid:2;)`;
      const text = `${first}\nalert http any any -> any any (${uri} priority:9; sid:1;)`;
      assert.equal(fateOf(text, { settings: { 'packet-alert-max': 1 } }), Fate.AlertMax);
    });
  });

  it('the rules that set what it tests, and how often they matched', () => {
    const text = [
      'alert http any any -> any any (flowbits:isset,x; http.stat_code; content:"500"; sid:1;)',
      'alert http any any -> any any (http.uri; content:"/admin"; flowbits:set,x; noalert; sid:2;)',
      'alert http any any -> any any (http.uri; content:"/other"; flowbits:set,x; noalert; sid:3;)',
    ].join('\n');
    const { setters } = explainSid(1, text);
    assert.deepEqual(
      setters.map((s) => [s.name, s.matches, s.inFlow]),
      [
        ['flowbits x', 1, true],
        ['flowbits x', 0, false],
      ],
    );
  });

  it('reasons are counted, most frequent first, each with its first look', () => {
    const { reasons, looks } = explainSid(1, 'alert udp any any -> any any (content:"x"; sid:1;)');
    assert.deepEqual(
      reasons.map((r) => [r.reason, r.count, r.first.packet]),
      [[`header:${HeaderFault.Protocol}`, looks, 1]],
    );
  });

  it('a rule written <> is explained in both directions', () => {
    const e = explainSid(1, 'alert tcp any any <> any 80 (content:"200 OK"; sid:1;)');
    assert.equal(e.rules.length, 2);
    assert.ok(e.fates[Fate.Alert] >= 1);
  });
});
