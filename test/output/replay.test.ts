/** Outputs at the end of the whole path: a capture that we make, replayed by the program itself. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { pcapFile } from '../tools/capture-writer.js';
import { peccary } from '../tools/peccary.js';
import { tcpSession } from '../tools/session.js';
import * as samples from './samples.js';

const body = "user=admin&pass=x' OR '1'='1";
const request =
  'POST /shop/%2e%2e/login?a=%41 HTTP/1.1\r\nHost: Shop.example:8080\r\nUser-Agent: caf\xc3\xa9/1.0 \xff\r\n' +
  `Content-Length: ${body.length}\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n${body}`;
const page = '<p>\x01ok</p>';
const response = `HTTP/1.1 302 Found\r\nLocation: /home\r\nContent-Type: text/html; charset=x\r\nContent-Length: ${page.length}\r\n\r\n${page}`;
const rules = `alert http any any -> any any (msg:"SQL in body"; flow:to_server,established; http.request_body; content:"' OR '"; flowbits:set,sqli; classtype:web-application-attack; reference:cve,2021-1; metadata:a b; sid:1; rev:2;)
alert tcp any any -> any any (msg:"stream"; flow:to_server; content:"POST "; sid:2;)
alert http any any -> any any (msg:"redirect"; flow:to_client; http.stat_code; content:"302"; flowbits:isset,sqli; sid:3;)
drop http any any -> any any (msg:"second"; http.uri; content:"/second"; sid:4;)
`;

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-replay-'));
  const second = 'GET /second HTTP/1.1\r\nHost: b\r\n\r\n';
  const frames = [
    ...tcpSession({
      startUs: samples.t0,
      exchanges: [
        { from: 'client', data: Buffer.from(request, 'latin1') },
        { from: 'server', data: Buffer.from(response, 'latin1') },
      ],
    }),
    ...tcpSession({
      startUs: samples.t0 + 1e6,
      client: { ip: '2001:db8::5', port: 5000 },
      server: { ip: '2001:db8::1', port: 80 },
      exchanges: [{ from: 'client', data: second }],
    }),
  ];
  writeFileSync(join(dir, 'one.pcap'), pcapFile(frames));
  writeFileSync(join(dir, 'my.rules'), rules);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function replay(...args: string[]): string {
  const all = [
    'replay',
    join(dir, 'one.pcap'),
    '-S',
    join(dir, 'my.rules'),
    '-l',
    join(dir, 'log'),
    '--quiet',
    ...args,
  ];
  const r = peccary(all);
  assert.equal(r.status, 0, r.stderr);
  return r.stdout;
}

// biome-ignore lint/suspicious/noExplicitAny: events are looked into by name
type Event = Record<string, any>;
const events = (text: string): Event[] =>
  text
    .trimEnd()
    .split('\n')
    .map((l) => JSON.parse(l));
const ofType = (all: Event[], type: string): Event[] => all.filter((e) => e.event_type === type);

describe('outputs of a replay', () => {
  it('tell of alerts, transactions, flows and counters in EVE', () => {
    const all = events(replay('--db', 'none', '--eve', '-', '--set', 'outputs.eve-log.community-id=yes'));
    const alerts = ofType(all, 'alert');
    assert.deepEqual(alerts.map((e) => e.alert.signature_id).sort(), [1, 2, 3, 4]);
    const [sql] = alerts.filter((e) => e.alert.signature_id === 1);
    assert.deepEqual(sql.alert, {
      action: 'allowed',
      gid: 1,
      signature_id: 1,
      rev: 2,
      signature: 'SQL in body',
      category: 'Web Application Attack',
      severity: 1,
      metadata: { a: ['b'] },
    });
    assert.deepEqual(
      [sql.src_ip, sql.src_port, sql.dest_ip, sql.dest_port, sql.proto],
      ['192.168.1.10', 40_000, '10.0.0.80', 80, 'TCP'],
    );
    assert.deepEqual([sql.app_proto, sql.direction, sql.tx_id, sql.pkt_src], ['http', 'to_server', 0, 'wire/pcap']);
    const [http] = ofType(all, 'http').filter((e) => e.http.url.startsWith('/shop'));
    assert.deepEqual(http.http, {
      hostname: 'shop.example',
      http_port: 8080,
      url: '/shop/%2e%2e/login?a=%41',
      http_user_agent: 'caf\\xc3\\xa9/1.0 \\xff',
      xff: '203.0.113.9',
      http_content_type: 'text/html',
      http_method: 'POST',
      protocol: 'HTTP/1.1',
      status: 302,
      redirect: '/home',
      length: page.length,
    });
    assert.deepEqual(http.metadata, { flowbits: ['sqli'] });
    const flows = ofType(all, 'flow');
    assert.deepEqual(
      flows.map((e) => [e.src_ip, e.src_port, e.app_proto, e.flow.alerted]),
      [
        ['192.168.1.10', 40_000, 'http', true],
        ['2001:0db8:0000:0000:0000:0000:0000:0005', 5000, 'http', true],
      ],
    );
    assert.equal(new Set(alerts.slice(0, 3).map((e) => e.community_id)).size, 1);
    assert.equal(sql.community_id, flows[0].community_id);
    assert.equal(sql.flow_id, flows[0].flow_id);
    assert.equal(ofType(all, 'stats')[0].stats.decoder.tcp, ofType(all, 'stats')[0].stats.decoder.pkts);
  });

  it("are valid against Suricata's published schema", function () {
    const schema = process.env.PECCARY_EVE_SCHEMA;
    if (schema === undefined || !existsSync(schema)) this.skip();
    const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(schema, 'utf8')));
    for (const e of events(replay('--db', 'none', '--eve', '-', '--simulate-ips'))) {
      assert.ok(validate(e), `${JSON.stringify(e)}${JSON.stringify(validate.errors)}`);
    }
  });

  it('tell of every dropped packet when inline', () => {
    const all = events(replay('--db', 'none', '--eve', '-', '--simulate-ips'));
    const drops = ofType(all, 'drop');
    assert.equal(drops[0].drop.reason, 'rules');
    assert.equal(drops[0].alert.signature_id, 4);
    assert.equal(drops[0].drop.hoplimit > 0, true);
    assert.ok(drops.length > 1 && drops.slice(1).every((e) => e.drop.reason === 'flow drop'));
    assert.equal(new Set(drops.map((e) => e.pcap_cnt)).size, drops.length);
    const [blocked] = ofType(all, 'alert').filter((e) => e.alert.signature_id === 4);
    assert.equal(blocked.alert.action, 'blocked');
  });

  it('are the same through a queue and a spill of the smallest size', () => {
    const plain = events(replay('--db', 'none', '--eve', '-'));
    const tight = ['--set', 'outputs.queue.size=64kb', '--set', 'outputs.spill.size=0'];
    const again = events(replay('--db', 'none', '--eve', '-', ...tight));
    const strip = (all: Event[]) => all.filter((e) => e.event_type !== 'stats').map(({ flow_id: _, ...e }) => e);
    assert.deepEqual(strip(again), strip(plain));
  });

  it('go to the files that the configuration names', () => {
    const yaml = join(dir, 'peccary.yaml');
    writeFileSync(
      yaml,
      '%YAML 1.1\n---\noutputs:\n  - fast:\n      enabled: yes\n  - eve-log:\n      enabled: yes\n      filename: events.json\n      types:\n        - alert:\n            payload-printable: yes\n        - flow\n',
    );
    replay('--db', 'none', '-c', yaml);
    assert.deepEqual(readdirSync(join(dir, 'log')).sort(), ['events.json', 'fast.log']);
    const all = events(readFileSync(join(dir, 'log', 'events.json'), 'utf8'));
    assert.deepEqual([...new Set(all.map((e) => e.event_type))].sort(), ['alert', 'flow']);
    const [sql] = all.filter((e) => e.alert?.signature_id === 1);
    assert.ok(sql.payload_printable.includes("' OR '1'='1"));
    assert.match(
      readFileSync(join(dir, 'log', 'fast.log'), 'latin1'),
      /\[\*\*\] \[1:1:2\] SQL in body \[\*\*\] \[Classification: Web Application Attack\] \[Priority: 1\] \{TCP\} 192\.168\.1\.10:40000 -> 10\.0\.0\.80:80\n/,
    );
  });

  it('fill a database that shows the request with the match, and hold one run a capture', () => {
    replay();
    replay();
    const log = join(dir, 'log');
    const list = events(
      peccary(['alerts', 'list', '-l', log, '--run', 'all', '--sort', 'id', '--format', 'jsonl']).stdout,
    );
    assert.deepEqual(list.map((a) => a.signature_id).sort(), [1, 2, 3, 4]);
    const [sql] = list.filter((a) => a.signature_id === 1);
    assert.deepEqual(
      [sql.hostname, sql.url, sql.status, sql.http_method],
      ['shop.example', '/shop/%2e%2e/login?a=%41', 302, 'POST'],
    );
    const text = peccary(['alerts', 'show', String(sql.id), '-l', log]).stdout;
    assert.match(
      text,
      /\nRequest\n {2}POST \/shop\/%2e%2e\/login\?a=%41 HTTP\/1\.1\n {2}Host: Shop\.example:8080\n {2}User-Agent: caf\\xc3\\xa9\/1\.0 \\xff\n/,
    );
    assert.match(text, /\n {2}user=admin&pass=x»' OR '«1'='1\n/);
    assert.match(text, /\nResponse\n {2}HTTP\/1\.1 302 Found\n/);
    assert.match(text, /\n {2}for 203\.0\.113\.9 \(X-Forwarded-For\)\n/);
    const [redirect] = list.filter((a) => a.signature_id === 3);
    assert.match(peccary(['alerts', 'show', String(redirect.id), '-l', log]).stdout, /HTTP\/1\.1 »302« Found/);
    const [stream] = list.filter((a) => a.signature_id === 2);
    assert.match(peccary(['alerts', 'show', String(stream.id), '-l', log]).stdout, /\n {2}»POST «\/shop/);
    assert.deepEqual(
      readdirSync(log).filter((f) => f.endsWith('.spill')),
      [],
    );
  });
});
