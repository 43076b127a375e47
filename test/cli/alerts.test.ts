import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { EventRecord, RuleInfo } from '../../src/output/records.js';
import { openForWriting } from '../../src/output/store/open.js';
import { AlertStore } from '../../src/output/store/store.js';
import * as samples from '../output/samples.js';
import { type ProgramResult, peccary } from '../tools/peccary.js';

let dir = '';
let db = '';

const rules: RuleInfo[] = [
  samples.rule(),
  samples.rule({
    sid: 2,
    rev: 1,
    msg: 'SQL injection \x1b[2Jin body',
    priority: 2,
    classText: 'Web, "odd"',
    references: [],
    file: '',
    text: 'alert http …',
  }),
  samples.rule({ gid: 120, sid: 3, msg: 'PORT scan', priority: 3 }),
];

const minute = 60e6;

/** Stores a run of these records. */
async function run(records: EventRecord[], input: string, kind: 'replay' | 'live' = 'replay'): Promise<void> {
  const store = new AlertStore(await openForWriting(db), {
    path: db,
    sensor: 's',
    run: { kind, inputs: [input], append: false, version: '0', startedUs: samples.t0 },
  });
  for (const r of records) store.add(r, (i) => rules[i] ?? null);
  store.close({ packets: 1, bytes: 1, firstUs: 1, lastUs: 1, lostEvents: 0 });
  assert.equal(store.fault, null);
}

const evil = '/search?q=\x1b]0;owned\x07\u009b31m\u202e<b>,"x"';

/** Two runs: alert 1 of an old one; 2 to 5 of the latest. */
async function fill(): Promise<void> {
  await run([{ kind: 'origins', names: ['/old.pcap'] }, samples.alert()], '/old.pcap');
  await run(
    [
      { kind: 'origins', names: ['/new.pcap'] },
      samples.alert({ pcapCnt: 10 }),
      samples.alert({
        tsUs: samples.t0 + 10 * minute,
        rule: 1,
        sid: 2,
        rev: 1,
        flowId: 2,
        src: '203.0.113.5',
        srcPort: 999,
        action: 'blocked',
        payload: null,
        http: samples.http({
          hostname: 'shop.example',
          url: evil,
          method: 'POST',
          status: 0,
          userAgent: null,
          requestHead: Buffer.from(`POST ${evil} HTTP/1.1\r\nHost: shop.example\r\nCookie: a=1; b=evil\r\n\r\n`),
          requestBody: Buffer.from("user=x' OR 1=1--&\x1b[31m"),
          responseHead: null,
          responseBody: null,
        }),
        matches: [
          { buffer: 'http.request_body', off: 6, len: 8, bytes: Buffer.from("' OR 1=1") },
          { buffer: 'http.cookie', off: 7, len: 4, bytes: Buffer.from('evil') },
          { buffer: 'http.uri', off: 0, len: 9, bytes: Buffer.from('/decoded\x1b') },
        ],
      }),
      samples.alert({
        tsUs: samples.t0 + 20 * minute,
        rule: 2,
        gid: 120,
        sid: 3,
        flowId: 3,
        src: '2001:0db8:0000:0000:0000:0000:0000:0007',
        dst: '2001:0db8:0000:0000:0000:0000:0000:0001',
        dstPort: 8080,
        http: null,
        txId: -1,
        appProto: '',
        payload: Buffer.from('\x01:probe of text\r\nHELLO\r\n'),
        stream: 0,
        matches: [{ buffer: 'payload', off: 2, len: 5, bytes: Buffer.from('probe') }],
      }),
      samples.alert({ tsUs: samples.t0 + 30 * minute }),
    ],
    '/new.pcap',
  );
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-alerts-'));
  db = join(dir, 'peccary.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function alerts(...args: string[]): ProgramResult {
  return peccary(['alerts', ...args, '--db', db]);
}

function ok(...args: string[]): string {
  const r = alerts(...args);
  assert.equal(r.status, 0, r.stderr);
  return r.stdout;
}

/** Ids of the alerts that a list with these filters has, in its order. */
function ids(...filters: string[]): number[] {
  return JSON.parse(ok('list', '--format', 'json', ...filters)).map((a: { id: number }) => a.id);
}

const Steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

describe('peccary alerts list', () => {
  beforeEach(fill);

  it('shows the latest replay, newest first', () => {
    assert.deepEqual(ids(), [5, 4, 3, 2]);
    assert.deepEqual(ids('--run', 'all').length, 5);
    assert.deepEqual(ids('--run', '1'), [1]);
  });

  it('filters by signature, address, port, time, text, host and URL, all together', () => {
    assert.deepEqual(ids('--sid', '2'), [3]);
    assert.deepEqual(ids('--sid', '1:3'), []);
    assert.deepEqual(ids('--sid', '120:3,2'), [4, 3]);
    assert.deepEqual(ids('--src', '203.0.113.0/24'), [3]);
    assert.deepEqual(ids('--src', '192.0.2.1', '--src', '2001:db8::/32'), [5, 4, 2]);
    assert.deepEqual(ids('--dst', '2001:db8::1'), [4]);
    assert.deepEqual(ids('--ip', '198.51.100.0/24'), [5, 3, 2]);
    assert.deepEqual(ids('--port', '999'), [3]);
    assert.deepEqual(ids('--port', '8080,999'), [4, 3]);
    assert.deepEqual(ids('--since', '15m'), [5, 4]);
    assert.deepEqual(ids('--since', '2026-01-02T03:10', '--until', '2026-01-02 03:20:00'), [3]);
    assert.deepEqual(ids('--signature', 'sql INJ'), [3]);
    assert.deepEqual(ids('--host', 'SHOP'), [3]);
    assert.deepEqual(ids('--url', 'etc/passwd'), [5, 2]);
    assert.deepEqual(ids('--url', '%'), []);
    assert.deepEqual(ids('--url', 'etc', '--since', '5m'), [5]);
  });

  it('sorts and limits, and says that there are more', () => {
    assert.deepEqual(ids('--sort', 'id'), [2, 3, 4, 5]);
    assert.deepEqual(ids('--sort', 'severity'), [5, 2, 3, 4]);
    assert.deepEqual(ids('--limit', '2'), [5, 4]);
    assert.match(alerts('list', '--limit', '2').stderr, /2 alerts of 4; --limit 0/);
    assert.equal(alerts('list', '--limit', '4').stderr, '');
  });

  it('gives a table, JSON lines, CSV and Markdown', () => {
    const [head, first] = ok('list', '--limit', '1').split('\n');
    assert.match(head, /^ *id +time +sev +sid +signature +source +destination +request$/);
    assert.match(
      first,
      /^ *5 +2026-01-02 03:34:05\.123 +1 +1000001 +WEB traversal in path +192\.0\.2\.1:40000 +198\.51\.100\.7:80 +GET www\.example\.org\/a\/\.\.\/etc\/passwd\?x="1"$/,
    );
    const [line] = ok('list', '--limit', '1', '--format', 'jsonl').split('\n');
    const a = JSON.parse(line);
    assert.deepEqual(
      [a.id, a.run, a.timestamp, a.signature_id, a.src_ip, a.hostname, a.status, a.action],
      [5, 2, '2026-01-02T03:34:05.123456+0000', 1000001, '192.0.2.1', 'www.example.org', 404, 'allowed'],
    );
    const csv = ok('list', '--sid', '2', '--format', 'csv').split('\r\n');
    assert.equal(csv[0], 'id,time,sev,sid,signature,source,destination,request');
    assert.match(
      csv[1],
      /^3,2026-01-02 03:14:05\.123,2,2,SQL injection \\x1b\[2Jin body \(blocked\),203\.0\.113\.5:999,198\.51\.100\.7:80,"POST shop\.example\/search\?q=.*<b>,""x"""$/,
    );
    const md = ok('list', '--sid', '2', '--format', 'markdown').split('\n');
    assert.match(md[1], /^\| ---: \| --- \|/);
    assert.match(md[2], /\\<b\\>/);
    assert.equal(md.length, 4);
  });

  it('never lets control characters of traffic or rules through', () => {
    for (const format of ['table', 'json', 'jsonl', 'csv', 'markdown']) {
      assert.doesNotMatch(ok('list', '--format', format).replaceAll('\r\n', '\n'), Steering, format);
      assert.doesNotMatch(ok('top', '--by', 'url', '--format', format).replaceAll('\r\n', '\n'), Steering, format);
    }
    assert.doesNotMatch(ok('show', '3', '--hex', '--full'), Steering);
    assert.doesNotMatch(ok('show', '3', '--format', 'json'), Steering);
    assert.doesNotMatch(ok('export'), Steering);
    assert.doesNotMatch(ok('export', '--format', 'csv').replaceAll('\r\n', '\n'), Steering);
    assert.equal(JSON.parse(ok('list', '--sid', '2', '--format', 'jsonl')).url, evil);
  });

  it('refuses what it does not understand, naming what it expects', () => {
    for (const [args, message] of [
      [['--sid', 'x'], /SID or GID:SID/],
      [['--src', '1.2.3'], /CIDR/],
      [['--port', '70000'], /0 to 65535/],
      [['--since', 'soon'], /--since soon: expected a time/],
      [['--since', '2026-02-30'], /expected a time/],
      [['--run', '99'], /no such run/],
      [['--format', 'xml'], /table, json/],
      [['--limit', '-1'], /whole number/],
    ] as [string[], RegExp][]) {
      const r = alerts('list', ...args);
      assert.equal(r.status, 2, args.join(' '));
      assert.match(r.stderr, message);
    }
  });
});

describe('peccary alerts without alerts', () => {
  it('says what to run when there is no database', () => {
    for (const args of [['list'], ['top'], ['show', '1'], ['export']]) {
      const r = alerts(...args);
      assert.equal(r.status, 1);
      assert.match(r.stderr, /there is no alert database at .*peccary\.db; make one with "peccary replay/);
    }
  });

  it('says what SQLite says of a damaged database', async () => {
    await fill();
    const bytes = readFileSync(db);
    bytes.fill(0xff, 4096, bytes.length);
    writeFileSync(db, bytes);
    for (const args of [['list'], ['top'], ['show', '1'], ['export']]) {
      const r = alerts(...args);
      assert.equal(r.status, 1, r.stdout);
      assert.match(r.stderr, /^peccary: .*peccary\.db.*malformed/);
    }
  });

  it('finds the database in the log folder', async () => {
    await fill();
    const r = peccary(['alerts', 'list', '-l', dir, '--format', 'jsonl']);
    assert.equal(r.stdout.trim().split('\n').length, 4);
  });

  it('says so when nothing passes', async () => {
    await fill();
    assert.equal(ok('list', '--sid', '77'), 'No alerts.\n');
    assert.equal(ok('top', '--sid', '77'), 'No alerts.\n');
    assert.equal(ok('list', '--sid', '77', '--format', 'json'), '[]\n');
    assert.equal(ok('list', '--sid', '77', '--format', 'jsonl'), '');
    const r = alerts('show', '77');
    assert.equal(r.status, 2);
    assert.match(r.stderr, /there is no alert 77/);
  });

  it('asks all live runs when the latest run is live', async () => {
    await run([samples.alert()], '/a.pcap');
    await run([samples.alert(), samples.alert()], 'eth0', 'live');
    await run([samples.alert()], 'eth0', 'live');
    assert.deepEqual(ids(), [4, 3, 2]);
  });
});

describe('peccary alerts show', () => {
  beforeEach(fill);

  it('shows the request as it was sent with the matching bytes marked', () => {
    const text = ok('show', '2');
    assert.match(
      text,
      /^Alert 2 {2}2026-01-02 03:04:05\.123456 UTC\n {2}WEB traversal in path\n {2}sid 1000001 rev 3, severity 1, Web Application Attack, allowed\n/,
    );
    assert.match(
      text,
      /\n {2}192\.0\.2\.1:40000 → 198\.51\.100\.7:80 {2}TCP\/http, to the server\n {2}packet 10 of \/new\.pcap\n/,
    );
    assert.match(
      text,
      /\nRequest\n {2}GET \/a»\/\.\.\/«etc\/passwd\?x="1" HTTP\/1\.1\n {2}Host: www\.example\.org\n {2}User-Agent: curl\/8\.0\n\nResponse\n {2}HTTP\/1\.1 404 Not Found\n/,
    );
    assert.match(text, /\n {2}<html>\\x01é<\/html>\n/);
    assert.match(text, /\nRule\n {2}web\.rules:7\n {2}alert http any any/);
    assert.match(text, /\nReferences\n {2}https:\/\/nvd\.nist\.gov\/vuln\/detail\/CVE-2021-41773\n/);
  });

  it('marks in body and header, and tells what matched only after decoding', () => {
    const text = ok('show', '3');
    assert.match(text, /\n {2}user=x»' OR 1=1«--&\\x1b\[31m\n/);
    assert.match(text, /\n {2}Cookie: a=1; b=»evil«\n/);
    assert.match(text, /\nMatched elsewhere\n {2}http\.uri at 0: »\/decoded\\x1b«\n/);
    assert.match(text, /severity 2, Web, "odd", blocked\n/);
  });

  it('shows the payload where there is no transaction', () => {
    assert.match(ok('show', '1'), /\nRequest\n/);
    assert.match(ok('show', '4'), /\nPayload\n {2}\\x01:»probe« of text\n {2}HELLO\n/);
    assert.match(ok('show', '4'), /\n {2}\[2001:db8::7\]:40000 → \[2001:db8::1\]:8080 {2}TCP/);
  });

  it('dumps payload and packet with --hex', () => {
    const text = ok('show', '4', '--hex');
    assert.match(
      text,
      /\nPayload \(24 B\)\n {2}00000000 {2}01 3a »70 72 6f 62 65« 20 {2}6f 66 20 74 65 78 74 0d {2}\|\.:»probe« of text\.\|\n/,
    );
    assert.match(text, /\nPacket \(4 B, link type 1\)\n {2}00000000 {2}01 02 03 04 {39}\|\.\.\.\.\|\n/);
  });

  it("gives JSON with the alert's id, the EVE event, heads and matches", () => {
    const a = JSON.parse(ok('show', '2', '--format', 'json'));
    assert.deepEqual(
      [a.id, a.run, a.event_type, a.alert.signature_id, a.pcap_filename],
      [2, 2, 'alert', 1000001, '/new.pcap'],
    );
    assert.match(Buffer.from(a.request_head, 'base64').toString(), /^GET \/a/);
    assert.deepEqual(a.matches, [
      { buffer: 'http.uri', offset: 2, length: 4, bytes: Buffer.from('/../').toString('base64') },
    ]);
    assert.equal(a.rule_file, 'web.rules');
  });
});

describe('peccary alerts top', () => {
  beforeEach(fill);

  const top = (...args: string[]) => JSON.parse(ok('top', '--format', 'json', ...args)) as Record<string, unknown>[];

  it('counts signatures, addresses, hosts and URLs', () => {
    assert.deepEqual(
      top().map((r) => [r.count, r.signature_id]),
      [
        [2, 1000001],
        [1, 3],
        [1, 2],
      ],
    );
    assert.deepEqual(
      top('--by', 'src').map((r) => [r.count, r.src_ip]),
      [
        [2, '192.0.2.1'],
        [1, '2001:0db8:0000:0000:0000:0000:0000:0007'],
        [1, '203.0.113.5'],
      ],
    );
    assert.deepEqual(
      top('--by', 'dst', '--limit', '1').map((r) => [r.count, r.dest_ip]),
      [[3, '198.51.100.7']],
    );
    assert.deepEqual(
      top('--by', 'host').map((r) => [r.count, r.hostname]),
      [
        [2, 'www.example.org'],
        [1, 'shop.example'],
      ],
    );
    assert.deepEqual(
      top('--by', 'url', '--sid', '2').map((r) => [r.count, r.url]),
      [[1, evil]],
    );
    const [first] = top();
    assert.deepEqual([first.first, first.last], ['2026-01-02T03:04:05.123456+0000', '2026-01-02T03:34:05.123456+0000']);
  });

  it('gives a table', () => {
    const [head, first] = ok('top').split('\n');
    assert.match(head, /^alerts +sev +sid +signature +first +last$/);
    assert.match(first, /^ +2 +1 +1000001 +WEB traversal in path +2026-01-02 03:04:05\.123 +2026-01-02 03:34:05\.123$/);
  });
});

describe('peccary alerts export', () => {
  beforeEach(fill);

  it('gives EVE as the sensor would write it, oldest first', () => {
    const events = ok('export', '--run', 'all')
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l));
    assert.deepEqual(
      events.map((e) => e.pcap_filename),
      ['/old.pcap', '/new.pcap', '/new.pcap', '/new.pcap', '/new.pcap'],
    );
    const [, e] = events;
    assert.deepEqual(
      [e.event_type, e.flow_id, e.tx_id, e.http.url, e.flow.pkts_toserver, e.pcap_cnt],
      ['alert', 77001, 0, '/a/../etc/passwd?x="1"', 4, 10],
    );
    assert.equal(
      Buffer.from(e.payload, 'base64').toString('latin1'),
      'GET /a/../etc/passwd?x="1" HTTP/1.1\r\n\x00\xff\r\n',
    );
    assert.match(e.alert.rule, /^alert http/);
  });

  const schemaPath = process.env.PECCARY_EVE_SCHEMA;
  it("is valid against Suricata's published schema", function () {
    if (schemaPath === undefined || !existsSync(schemaPath)) this.skip();
    const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(schemaPath, 'utf8')));
    for (const line of ok('export', '--run', 'all').trim().split('\n')) {
      assert.ok(validate(JSON.parse(line)), JSON.stringify(validate.errors));
    }
  });

  it('gives CSV with a head', () => {
    const [head, first] = ok('export', '--format', 'csv', '--limit', '1').split('\r\n');
    assert.match(head, /^id,run,timestamp,action,gid,signature_id/);
    assert.match(
      first,
      /^2,2,2026-01-02T03:04:05\.123456\+0000,allowed,1,1000001,3,WEB traversal in path,Web Application Attack,1,192\.0\.2\.1,40000,198\.51\.100\.7,80,TCP,http,77001,10,GET,www\.example\.org,"\/a\/\.\.\/etc\/passwd\?x=""1""",404,curl\/8\.0,http:\/\/example\.net\/,"cve,2021-41773"$/,
    );
  });
});
