import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { excerptLine, explainText, wrapped } from '../../src/cli/explain-text.js';
import { displayWidth } from '../../src/cli/format.js';
import { Explainer } from '../../src/detect/explain.js';
import { setObserver } from '../../src/detect/recorder.js';
import { explained } from '../../src/sensor/explained.js';
import { Run } from '../detect/engine-harness.js';
import { pcapFile } from '../tools/capture-writer.js';
import { peccary, replayEvents } from '../tools/peccary.js';
import { type Exchange, tcpSession } from '../tools/session.js';

const rules = `
alert http any any -> any any (msg:"fires"; flow:to_server,established; http.uri; content:"/admin"; sid:1; rev:2;)
alert http any any -> any any (msg:"case"; http.uri; content:"/admin"; content:"/login.php"; distance:0; http.method; content:"GET"; sid:2;)
alert http any any -> any 8080 (msg:"port"; http.uri; content:"/admin"; sid:3;)
alert http any any -> any any (msg:"pattern"; http.uri; content:"/admin/q"; sid:4;)
alert http any any -> any any (msg:"bit"; flowbits:isset,seen; http.uri; content:"/admin"; sid:5;)
alert http any any -> any any (msg:"setter"; http.uri; content:"/nowhere"; flowbits:set,seen; sid:6;)
alert http any any -> any any (msg:"limited"; threshold:type threshold, track by_src, count 5, seconds 60; http.uri; content:"/admin"; sid:7;)
alert http any any -> any any (msg:"answer"; http.stat_code; content:"404"; sid:8;)
alert http any any -> any any (msg:"broken"; http.urii; content:"a"; sid:9;)
alert http any any -> any any (msg:"other"; gid:3; http.uri; content:"/admin"; sid:1;)
#alert http any any -> any any (msg:"off"; http.uri; content:"/admin"; sid:10;)
`;

interface Look {
  packet: number;
  tx_id: number | null;
  steps: {
    step: string;
    held: boolean | null;
    found?: string;
    buffer?: { text: string };
    steps?: { held: boolean | null }[];
  }[];
}
interface Answer {
  rule: { sid: number };
  outcome: string;
  matches: Record<string, number>;
  fired: Look[];
  nearest: Look | null;
  reasons: { reason: string; text: string; count: number; first_packet: number }[];
  setters: { sid: number; matches: number }[];
  notes: string[];
}

describe('peccary rules explain', () => {
  let dir = '';
  let capture = '';
  let file = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-explain-'));
    const exchanges: Exchange[] = [
      { from: 'client', data: 'POST /admin/Login.php?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello' },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc' },
    ];
    capture = join(dir, 'one.pcap');
    writeFileSync(capture, pcapFile(tcpSession({ exchanges })));
    file = join(dir, 'my.rules');
    writeFileSync(file, rules);
  });
  after(() => rmSync(dir, { recursive: true }));

  const explain = (sid: string, ...args: string[]) => peccary(['rules', 'explain', sid, capture, '-S', file, ...args]);
  const answer = (sid: string, ...args: string[]): Answer => {
    const { status, stdout, stderr } = explain(sid, '--json', ...args);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as Answer;
  };

  it('tells what matched where when it fired', () => {
    const { status, stdout } = explain('1:1');
    assert.equal(status, 0);
    assert.match(stdout, /^1:1:2 {2}fires$/m);
    assert.match(stdout, /^It fired once\.$/m);
    assert.match(stdout, /^packet 5, .*192\.168\.1\.10:40000 -> 10\.0\.0\.80:80, to server, transaction 0$/m);
    assert.match(stdout, /^ {2}yes {2}http\.uri +20 bytes$/m);
    assert.match(stdout, /»\/admin«\/Login\.php\?x=1$/m);
  });

  it('tells at which condition it failed, on which bytes, and what was not got to', () => {
    const { stdout } = explain('2');
    assert.match(stdout, /^It did not fire\. Of \d+ looks, this got furthest:$/m);
    assert.match(stdout, /^ {7}yes {2}"\/admin": at bytes 0 to 5$/m);
    assert.match(
      stdout,
      /^ {7}NO {3}"\/login\.php", distance 0: not in bytes 6 to 19 of 20; nearest at byte 6, in other case$/m,
    );
    assert.match(stdout, /^ +\/admin»\/Login\.php«\?x=1$/m);
    assert.match(stdout, /^ {3}- {3}http\.method$/m);
  });

  it('tells of header, fast pattern, flowbits and thresholds', () => {
    assert.match(explain('3').stdout, /NO +header .*the destination port 80 is not in 8080/);
    assert.match(explain('4').stdout, /NO +fast pattern +"\/admin\/q" in http\.uri: never seen/);
    const bit = explain('5').stdout;
    assert.match(bit, /NO +condition +flowbits isset seen: not set in this flow/);
    assert.match(
      bit,
      /flowbits seen is set by 1:6 \(setter\), which never matched: `peccary rules explain 1:6` says why/,
    );
    assert.match(explain('7').stdout, /^It matched once, without an alert\.[\s\S]*a threshold holds it back/m);
    assert.match(explain('8').stdout, /NO +fast pattern +"404" in http\.stat_code[\s\S]*^ +200$/m);
  });

  it('is JSON for programs', () => {
    const fired = answer('1:1');
    assert.equal(fired.outcome, 'fired');
    assert.equal(fired.matches.alert, 1);
    assert.ok(fired.fired[0].steps.every((s) => s.held === true));
    const failed = answer('2');
    assert.equal(failed.outcome, 'no_match');
    assert.equal(failed.nearest?.packet, 5);
    assert.equal(failed.nearest?.tx_id, 0);
    const uri = failed.nearest?.steps.find((s) => s.step === 'http.uri');
    assert.equal(uri?.held, false);
    assert.equal(uri?.buffer?.text, '/admin/Login.php?x=1');
    assert.deepEqual(
      uri?.steps?.map((s) => s.held),
      [true, false],
    );
    assert.equal(failed.nearest?.steps.find((s) => s.step === 'http.method')?.held, null);
    assert.ok(failed.reasons.some((r) => r.first_packet === 5 && r.text.includes('/login.php')));
    assert.equal(answer('7').outcome, 'hidden');
    assert.deepEqual(
      answer('5').setters.map((s) => [s.sid, s.matches]),
      [[6, 0]],
    );
  });

  it('with the options of a replay: the configuration counts', () => {
    const set = ['--set', 'vars.port-groups.WEB=8080'];
    const only = join(dir, 'web.rules');
    writeFileSync(only, 'alert http any any -> any $WEB (msg:"x"; http.uri; content:"/admin"; sid:1;)\n');
    const { stdout } = peccary(['rules', 'explain', '1', capture, '-S', only, ...set]);
    assert.match(stdout, /the destination port 80 is not in \$WEB/);
    assert.match(stdout, /\$WEB is set with vars\.port-groups\.WEB/);
    const fires = peccary(['rules', 'explain', '1', capture, '-S', only, '--set', 'vars.port-groups.WEB=80']);
    assert.match(fires.stdout, /It fired once/);
  });

  it('tells what kept traffic of the whole run from rules', () => {
    const middle = join(dir, 'middle.pcap');
    const data = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';
    writeFileSync(middle, pcapFile(tcpSession({ exchanges: [{ from: 'client', data }], handshake: false })));
    const { status, stdout } = peccary(['rules', 'explain', '1:1', middle, '-S', file]);
    assert.equal(status, 0);
    assert.match(stdout, /NO +flow +toserver, established/);
    assert.match(
      stdout,
      /sessions whose beginning is not in the capture are left out: --set stream\.midstream=yes takes them/,
    );
  });

  it('exits 2 for a rule that is not there, and says what to write instead', () => {
    const cases: [string, RegExp][] = [
      ['x', /x: expected the number of a rule, such as 5100001 or 1:5100001/],
      ['9', /9: this rule was not loaded: .*my\.rules:10:\d+: .*http\.urii.*did you mean http\.uri/],
      ['1', /1: several rules have this number: write one of 1:1, 3:1/],
      ['10', /10: this rule is commented out in .*my\.rules:12: take out the #/],
      ['4:2', /4:2: no such rule is loaded; write 1:2/],
      ['987654', /987654: no such rule is loaded; see `peccary rules list`/],
    ];
    for (const [sid, words] of cases) {
      const { status, stdout, stderr } = explain(sid);
      assert.equal(status, 2, sid);
      assert.equal(stdout, '');
      assert.match(stderr, words);
    }
    const absent = peccary(['rules', 'explain', '1:1', join(dir, 'absent.pcap'), '-S', file]);
    assert.equal(absent.status, 2);
    assert.match(absent.stderr, /absent\.pcap: no such file or folder/);
  });

  it('writes nothing, whatever outputs the configuration names', () => {
    const config = join(dir, 'sensor.yaml');
    writeFileSync(
      config,
      `default-log-dir: ${dir}\noutputs:\n  - eve-log:\n      enabled: yes\n      filename: eve.json\n`,
    );
    assert.equal(explain('1:1', '-c', config).status, 0);
    assert.equal(peccary(['replay', capture, '-S', file, '-c', config, '--db', 'none', '--quiet']).status, 0);
    const events = replayEvents(capture, '-S', file);
    assert.ok(events.some((e) => e.alert?.signature_id === 1));
  });
});

describe('The answer on a terminal', () => {
  const data = `GET /${'long/'.repeat(60)}end?q=1 HTTP/1.1\r\nHost: a\r\n\r\n`;
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  const frames = tcpSession({
    exchanges: [
      { from: 'client', data },
      { from: 'server', data: answer },
    ],
  });
  const message = 'a message of many words that does not fit into one line of a narrow terminal';
  const texts = [
    'alert http any any -> any any (msg:"M"; http.uri; content:"/long/"; content:"end?q=2"; distance:0; sid:1;)',
    'alert http [10.1.0.0/16,10.2.0.0/16,10.3.0.0/16,10.4.0.0/16] any -> any any (msg:"M"; http.uri; content:"/long/"; sid:1;)',
    'alert http any any -> any any (msg:"M"; http.uri; content:"/long/"; pcre:"/(?:aaaaaaaaaaaaaaaaaaaaa|bbbbbbbbbbbbbbbbbbbbbbbbbbbbb|ccccccccccccccccccc)/"; sid:1;)',
    'alert http any any -> any any (msg:"M"; flowbits:isset,a.flowbit.with.a.long.name; http.uri; content:"/long/"; sid:1;)',
    'alert http any any -> any any (msg:"M"; http.uri; content:"/long/"; sid:1;)',
  ];
  for (const width of [40, 60, 80, 132]) {
    it(`fits ${width} columns`, () => {
      for (const text of texts) {
        const run = new Run(text.replace('"M"', `"${message}"`));
        const explainer = new Explainer(run.rules, { rules: [0], setters: [] });
        setObserver(explainer);
        try {
          run.replay(frames);
        } finally {
          setObserver(null);
        }
        const e = explained(run.rules, explainer.result());
        const note = 'a note of many words that does not fit into one line of a narrow terminal either';
        const lines = explainText(e, [note], width, (_, plain) => plain).split('\n');
        for (const line of lines) assert.ok(displayWidth(line) <= Math.max(width, 46), `${line} (${width})`);
        assert.ok(lines.some((line) => /It (did not fire|fired)/.test(line)));
      }
    });
  }
});

describe('Places in buffers, for people', () => {
  const shown = (text: string, from: number, to: number) => ({
    excerpt: { buffer: 1, len: text.length, base: 0, from: 0, text },
    from,
    to,
  });

  it('marks the bytes and shows what is not printable', () => {
    assert.equal(excerptLine(shown('a\r\nb\x00c', 1, 3), 80), 'a»\\r\\n«b\\x00c');
    assert.equal(excerptLine(shown('abc', 3, -1), 80), '… abc (the end)');
  });

  it('fits the width, with the marked bytes in it', () => {
    const text = `${'x'.repeat(90)}needle${'y'.repeat(90)}`;
    for (const width of [30, 40, 80, 120]) {
      const line = excerptLine(shown(text, 90, 96), width);
      assert.ok(displayWidth(line) <= width, `${line} at ${width}`);
      assert.match(line, /»needle«/);
    }
  });

  it('breaks text at blanks, and words that are too long', () => {
    const lines = wrapped(`one two ${'z'.repeat(70)} three`, 40, 4);
    assert.ok(lines.every((l) => displayWidth(l) <= 40));
    assert.equal(
      lines
        .map((l) => l.trim())
        .join('')
        .replaceAll(' ', ''),
      `onetwo${'z'.repeat(70)}three`,
    );
  });
});
