/** The real client behind proxies: X-Forwarded-For (Suricata user guide 7.0, "xff"), Forwarded (RFC 7239), PROXY. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Settings, type Tree } from '../../src/core/settings.js';
import { addressRange } from '../../src/output/address-bytes.js';
import {
  type ClientSource,
  clientOf,
  forwarded,
  forwardedFor,
  plainBytes,
  xffOptions,
} from '../../src/output/proxies.js';
import { pcapFile } from '../tools/capture-writer.js';
import { peccary } from '../tools/peccary.js';
import { tcpSession } from '../tools/session.js';

describe('X-Forwarded-For', () => {
  it('is a list of addresses with ports, brackets and quotes; what is none is null', () => {
    assert.deepEqual(
      forwardedFor(
        ' 192.0.2.1 ,192.0.2.2:4711,"192.0.2.3",2001:db8::1, [2001:db8::2] , "[2001:db8::3]:80",, ::ffff:192.0.2.9',
      ),
      ['192.0.2.1', '192.0.2.2', '192.0.2.3', '2001:db8::1', '2001:db8::2', '2001:db8::3', '::ffff:192.0.2.9'],
    );
    const garbage = 'unknown, 999.1.1.1, [192.0.2.1], fe80::1%eth0, 192.0.2.1 x, [2001:db8::1, <script>, 192.0.2';
    assert.deepEqual(forwardedFor(garbage), new Array(8).fill(null));
    assert.deepEqual(forwardedFor(''), []);
  });

  it('whatever it holds gives addresses or nothing, in no time', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'12.:,[]"\\;=for %a'), maxLength: 200 }), (text) => {
        for (const hop of [...forwardedFor(text), ...forwarded(text)])
          if (hop !== null) assert.ok(plainBytes(hop).length > 0);
      }),
    );
    const from = performance.now();
    for (const nasty of [
      '"'.repeat(4096),
      ','.repeat(4096),
      '['.repeat(4096),
      '1.'.repeat(2048),
      'for='.repeat(1024),
    ]) {
      forwardedFor(nasty);
      forwarded(nasty);
    }
    assert.ok(performance.now() - from < 500);
  });
});

describe('Forwarded (RFC 7239)', () => {
  it('has the `for` of each element, quoted or not, in any case, wherever it stands', () => {
    assert.deepEqual(forwarded('for="_gazonk"'), [null]);
    assert.deepEqual(forwarded('For="[2001:db8:cafe::17]:4711"'), ['2001:db8:cafe::17']);
    assert.deepEqual(forwarded('for=192.0.2.60;proto=http;by=203.0.113.43'), ['192.0.2.60']);
    assert.deepEqual(forwarded('for=192.0.2.43, for=198.51.100.17'), ['192.0.2.43', '198.51.100.17']);
    assert.deepEqual(forwarded('by="a,for=1.1.1.1;b"; FOR="192.0.2.43:\\80" , proto=https,for=unknown'), [
      '192.0.2.43',
      null,
      null,
    ]);
  });
});

describe('who asked', () => {
  const source = (over: Partial<ClientSource> = {}, ...trusted: string[]): ClientSource => ({
    header: 'x-forwarded-for',
    forward: false,
    trusted: trusted.length === 0 ? null : trusted.map((t) => addressRange(t)).filter((r) => r !== null),
    ...over,
  });

  it('is the last address, with `deployment: forward` the first', () => {
    assert.equal(clientOf(source(), '10.0.0.1', ['192.0.2.1', '192.0.2.2']), '192.0.2.2');
    assert.equal(clientOf(source({ forward: true }), '10.0.0.1', ['192.0.2.1', '192.0.2.2']), '192.0.2.1');
    assert.equal(clientOf(source(), '10.0.0.1', ['192.0.2.1', null]), '');
    assert.equal(clientOf(source(), '10.0.0.1', []), '');
  });

  it('with trusted proxies is the last one that is none of them, and nobody when a stranger says so', () => {
    const s = source({}, '10.0.0.0/8', '2001:db8::/32');
    assert.equal(clientOf(s, '192.0.2.7', ['198.51.100.1']), '');
    assert.equal(clientOf(s, '10.0.0.1', ['6.6.6.6', '198.51.100.1', '10.0.0.9', '2001:db8::5']), '198.51.100.1');
    assert.equal(clientOf(s, '::ffff:10.0.0.1', ['198.51.100.1', '::ffff:10.0.0.2']), '198.51.100.1');
    assert.equal(clientOf(s, '10.0.0.1', ['6.6.6.6', null, '10.0.0.9']), '');
    assert.equal(clientOf(s, '10.0.0.1', ['10.0.0.3', '10.0.0.2']), '10.0.0.3');
    assert.equal(clientOf({ ...s, forward: true }, '192.0.2.7', ['198.51.100.1']), '');
  });

  it('is configured with Suricata keys, and outputs.forwarded.trusted-proxies', () => {
    const of = (tree: Tree) => xffOptions(new Settings(tree), 'outputs.eve-log');
    const plain = { enabled: false, overwrite: false, source: source() };
    assert.deepEqual(of({}), plain);
    const o = of({
      outputs: [
        { 'eve-log': { xff: { enabled: 'yes', mode: 'overwrite', deployment: 'forward', header: 'True-Client-IP' } } },
        { forwarded: { 'trusted-proxies': ['10.0.0.0/8', '192.0.2.1'] } },
      ],
    });
    assert.deepEqual([o.enabled, o.overwrite, o.source.forward, o.source.header], [true, true, true, 'true-client-ip']);
    assert.equal(o.source.trusted?.length, 2);
    assert.throws(
      () => of({ outputs: [{ forwarded: { 'trusted-proxies': ['proxy.example'] } }] }),
      /not "proxy\.example"/,
    );
    assert.throws(() => of({ outputs: [{ 'eve-log': { xff: { mode: 'both' } } }] }), /extra-data or overwrite/);
  });
});

describe('the real client in a replay', () => {
  let dir = '';
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
  const v2 = Buffer.concat([
    Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex'),
    Buffer.from([203, 0, 113, 40, 192, 0, 2, 1, 0x12, 0x34, 0, 80]),
  ]);

  /** One connection each, from ports 5000 on. */
  const requests: (string | Buffer)[] = [
    'GET /0 HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.1\r\nX-Forwarded-For: 203.0.113.2\r\n\r\n',
    'GET /1 HTTP/1.1\r\nHost: h\r\nForwarded: for="[2001:db8::7]:1";proto=https\r\n\r\n',
    'GET /2 HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: nobody\r\n\r\n',
    'PROXY TCP4 203.0.113.30 192.0.2.1 1234 80\r\nGET /3 HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n',
    Buffer.concat([v2, Buffer.from('GET /4 HTTP/1.1\r\nHost: h\r\n\r\n')]),
    `GET /5 HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: ${'203.0.113.9, '.repeat(1000)}203.0.113.50\r\n\r\n`,
  ];

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-client-'));
    const frames = requests.flatMap((data, i) =>
      tcpSession({
        startUs: 1_700_000_000_000_000 + i * 1e6,
        client: { ip: '10.0.0.5', port: 5000 + i },
        server: { ip: '10.0.0.1', port: 80 },
        exchanges: [
          { from: 'client', data },
          { from: 'server', data: answer },
        ],
      }),
    );
    writeFileSync(join(dir, 'a.pcap'), pcapFile(frames));
    writeFileSync(
      join(dir, 'a.rules'),
      'alert http any any -> any any (msg:"request"; http.header; content:"Host"; sid:1;)\n' +
        'alert http any any -> any any (msg:"answer"; flow:to_client; http.stat_code; content:"200"; sid:2;)\n' +
        'alert http any any -> any any (msg:"before the headers"; http.uri; content:"/5"; sid:3;)\n',
    );
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  type Event = Record<string, never> & { event_type: string; alert?: { signature_id: number; xff?: string } };

  function events(xff: string, ...args: string[]): Event[] {
    writeFileSync(
      join(dir, 'a.yaml'),
      `%YAML 1.1\n---\noutputs:\n  - eve-log:\n      enabled: yes\n      xff:\n        enabled: yes\n${xff}      types: [alert, http]\n`,
    );
    const r = peccary([
      'replay',
      join(dir, 'a.pcap'),
      '-S',
      join(dir, 'a.rules'),
      '-c',
      join(dir, 'a.yaml'),
      '-l',
      dir,
      '--quiet',
      ...args,
    ]);
    assert.equal(r.status, 0, r.stderr);
    const text = readFileSync(join(dir, 'eve.json'), 'utf8');
    rmSync(join(dir, 'eve.json'));
    return text
      .trimEnd()
      .split('\n')
      .map((l) => JSON.parse(l));
  }

  const of = (list: Event[], type: string, sid?: number) =>
    list.filter((e) => e.event_type === type && e.alert?.signature_id === sid);
  const clients = ['203.0.113.2', '2001:db8::7', undefined, '203.0.113.30', '203.0.113.40', '203.0.113.50'];

  it('is told beside the peer, in alerts and http events', () => {
    const list = events('');
    assert.deepEqual(
      of(list, 'alert', 1).map((e) => e.alert?.xff),
      clients,
    );
    assert.deepEqual(
      of(list, 'alert', 2).map((e) => e.alert?.xff),
      clients,
    );
    assert.deepEqual(
      of(list, 'http').map((e) => e.xff),
      clients,
    );
    assert.ok(of(list, 'http').every((e) => e.src_ip === '10.0.0.5'));
  });

  it('takes the place of the peer with `mode: overwrite`', () => {
    const list = events('        mode: overwrite\n');
    const want = clients.map((c) => c ?? '10.0.0.5');
    assert.deepEqual(
      of(list, 'alert', 1).map((e) => e.src_ip),
      want,
    );
    assert.deepEqual(
      of(list, 'alert', 2).map((e) => e.dest_ip),
      want,
    );
    assert.deepEqual(
      of(list, 'http').map((e) => [e.src_ip, e.xff]),
      want.map((c) => [c, undefined]),
    );
  });

  it('is not told when the peer is no trusted proxy', () => {
    const trust = (...proxies: string[]) =>
      of(
        events('', ...proxies.flatMap((p, i) => ['--set', `outputs.1.forwarded.trusted-proxies.${i}=${p}`])),
        'alert',
        1,
      ).map((e) => e.alert?.xff);
    assert.deepEqual(trust('10.9.0.0/16'), new Array(6).fill(undefined));
    assert.deepEqual(trust('10.0.0.5', '203.0.113.2', '203.0.113.30'), [
      '203.0.113.1',
      '2001:db8::7',
      undefined,
      '6.6.6.6',
      '203.0.113.40',
      '203.0.113.50',
    ]);
  });

  it('is in the database, whatever EVE writes: `alerts list --src` finds it', () => {
    events('        mode: overwrite\n');
    const list = (...args: string[]) => {
      const r = peccary(['alerts', 'list', '-l', dir, '--format', 'jsonl', ...args]);
      assert.equal(r.status, 0, r.stderr);
      return r.stdout
        .split('\n')
        .filter((l) => l !== '')
        .map((l) => JSON.parse(l));
    };
    assert.deepEqual(
      list('--src', '203.0.113.30').map((a) => [a.signature_id, a.client_ip]),
      [
        [2, '203.0.113.30'],
        [1, '203.0.113.30'],
      ],
    );
    assert.deepEqual(
      list('--src', '10.0.0.5', '--sid', '1').map((a) => a.signature_id),
      [1, 1, 1, 1, 1, 1],
    );
    assert.deepEqual(
      list('--src', '203.0.113.50').map((a) => a.signature_id),
      [2, 1, 3],
    );
    assert.equal(list('--ip', '2001:db8::/32').length, 2);
    const table = peccary(['alerts', 'list', '-l', dir, '--src', '203.0.113.40']).stdout;
    assert.match(table, /10\.0\.0\.1:80 +203\.0\.113\.40 via 10\.0\.0\.5:5004/);
    assert.match(table, /203\.0\.113\.40 via 10\.0\.0\.5:5004 +10\.0\.0\.1:80/);
    const top = peccary(['alerts', 'top', '-l', dir, '--by', 'client']).stdout;
    assert.match(top, /3 +203\.0\.113\.50/);
    assert.match(top, /2 +10\.0\.0\.5/);
  });
});
