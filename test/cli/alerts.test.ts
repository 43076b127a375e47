import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import * as samples from '../output/samples.js';
import { peccary } from '../tools/peccary.js';
import { alerts, db, dir, evil, fill, ids, ok, run, Steering, useDatabase } from './alerts-database.js';

describe('peccary alerts list', () => {
  useDatabase();
  beforeEach(fill);

  it('shows the latest replay, newest first', async () => {
    assert.deepEqual(await ids(), [5, 4, 3, 2]);
    assert.deepEqual((await ids('--run', 'all')).length, 5);
    assert.deepEqual(await ids('--run', '1'), [1]);
  });

  it('filters by signature, address, port, time, text, host and URL, all together', async () => {
    assert.deepEqual(await ids('--sid', '2'), [3]);
    assert.deepEqual(await ids('--sid', '1:3'), []);
    assert.deepEqual(await ids('--sid', '120:3,2'), [4, 3]);
    assert.deepEqual(await ids('--src', '203.0.113.0/24'), [3]);
    assert.deepEqual(await ids('--src', '192.0.2.1', '--src', '2001:db8::/32'), [5, 4, 2]);
    assert.deepEqual(await ids('--dst', '2001:db8::1'), [4]);
    assert.deepEqual(await ids('--ip', '198.51.100.0/24'), [5, 3, 2]);
    assert.deepEqual(await ids('--port', '999'), [3]);
    assert.deepEqual(await ids('--port', '8080,999'), [4, 3]);
    assert.deepEqual(await ids('--since', '15m'), [5, 4]);
    assert.deepEqual(await ids('--since', '2026-01-02T03:10', '--until', '2026-01-02 03:20:00'), [3]);
    assert.deepEqual(await ids('--signature', 'sql INJ'), [3]);
    assert.deepEqual(await ids('--host', 'SHOP'), [3]);
    assert.deepEqual(await ids('--url', 'etc/passwd'), [5, 2]);
    assert.deepEqual(await ids('--url', '%'), []);
    assert.deepEqual(await ids('--url', 'etc', '--since', '5m'), [5]);
  });

  it('sorts and limits, and says that there are more', async () => {
    assert.deepEqual(await ids('--sort', 'id'), [2, 3, 4, 5]);
    assert.deepEqual(await ids('--sort', 'severity'), [5, 2, 3, 4]);
    assert.deepEqual(await ids('--limit', '2'), [5, 4]);
    assert.match(
      (await alerts('list', '--limit', '2')).stderr,
      /^2 alerts of 4; --after 4 shows the next, --limit 0 all\n$/,
    );
    assert.equal((await alerts('list', '--limit', '4')).stderr, '');
  });

  it('gives a table, JSON lines, CSV and Markdown', async () => {
    const [head, first] = (await ok('list', '--limit', '1')).split('\n');
    assert.match(head, /^ *id +time +sev +sid +signature +source +destination +request$/);
    assert.match(
      first,
      /^ *5 +2026-01-02 03:34:05\.123 +1 +1000001 +WEB traversal in path +192\.0\.2\.1:40000 +198\.51\.100\.7:80 +GET www\.example\.org\/a\/\.\.\/etc\/passwd\?x="1"$/,
    );
    const [line] = (await ok('list', '--limit', '1', '--format', 'jsonl')).split('\n');
    const a = JSON.parse(line);
    assert.deepEqual(
      [a.id, a.run, a.timestamp, a.signature_id, a.src_ip, a.hostname, a.status, a.action],
      [5, 2, '2026-01-02T03:34:05.123456+0000', 1000001, '192.0.2.1', 'www.example.org', 404, 'allowed'],
    );
    const csv = (await ok('list', '--sid', '2', '--format', 'csv')).split('\r\n');
    assert.equal(csv[0], 'id,time,sev,sid,signature,source,destination,request');
    assert.match(
      csv[1],
      /^3,2026-01-02 03:14:05\.123,2,2,SQL injection \\x1b\[2Jin body \(blocked\),203\.0\.113\.5:999,198\.51\.100\.7:80,"POST shop\.example\/search\?q=.*<b>,""x"""$/,
    );
    const md = (await ok('list', '--sid', '2', '--format', 'markdown')).split('\n');
    assert.match(md[1], /^\| ---: \| --- \|/);
    assert.match(md[2], /\\<b\\>/);
    assert.equal(md.length, 4);
  });

  it('never lets control characters of traffic or rules through', async () => {
    for (const format of ['table', 'json', 'jsonl', 'csv', 'markdown']) {
      assert.doesNotMatch((await ok('list', '--format', format)).replaceAll('\r\n', '\n'), Steering, format);
      assert.doesNotMatch(
        (await ok('top', '--by', 'url', '--format', format)).replaceAll('\r\n', '\n'),
        Steering,
        format,
      );
    }
    assert.doesNotMatch(await ok('show', '3', '--hex', '--full'), Steering);
    assert.doesNotMatch(await ok('show', '3', '--format', 'json'), Steering);
    assert.doesNotMatch(await ok('export'), Steering);
    assert.doesNotMatch((await ok('export', '--format', 'csv')).replaceAll('\r\n', '\n'), Steering);
    assert.equal(JSON.parse(await ok('list', '--sid', '2', '--format', 'jsonl')).url, evil);
  });

  it('refuses what it does not understand, naming what it expects', async () => {
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
      const r = await alerts('list', ...args);
      assert.equal(r.status, 2, args.join(' '));
      assert.match(r.stderr, message);
    }
  });
});

describe('peccary alerts without alerts', () => {
  useDatabase();
  it('says what to run when there is no database', async () => {
    for (const args of [['list'], ['top'], ['show', '1'], ['export']]) {
      const r = await alerts(...args);
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
      const r = await alerts(...args);
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
    assert.equal(await ok('list', '--sid', '77'), 'No alerts.\n');
    assert.equal(await ok('top', '--sid', '77'), 'No alerts.\n');
    assert.equal(await ok('list', '--sid', '77', '--format', 'json'), '[]\n');
    assert.equal(await ok('list', '--sid', '77', '--format', 'jsonl'), '');
    const r = await alerts('show', '77');
    assert.equal(r.status, 2);
    assert.match(r.stderr, /there is no alert 77/);
  });

  it('asks all live runs when the latest run is live', async () => {
    await run([samples.alert()], '/a.pcap');
    await run([samples.alert(), samples.alert()], 'eth0', 'live');
    await run([samples.alert()], 'eth0', 'live');
    assert.deepEqual(await ids(), [4, 3, 2]);
  });
});

describe('peccary alerts top', () => {
  useDatabase();
  beforeEach(fill);

  const top = async (...args: string[]) =>
    JSON.parse(await ok('top', '--format', 'json', ...args)) as Record<string, unknown>[];

  it('counts signatures, addresses, hosts and URLs', async () => {
    assert.deepEqual(
      (await top()).map((r) => [r.count, r.signature_id]),
      [
        [2, 1000001],
        [1, 3],
        [1, 2],
      ],
    );
    assert.deepEqual(
      (await top('--by', 'src')).map((r) => [r.count, r.src_ip]),
      [
        [2, '192.0.2.1'],
        [1, '2001:0db8:0000:0000:0000:0000:0000:0007'],
        [1, '203.0.113.5'],
      ],
    );
    assert.deepEqual(
      (await top('--by', 'dst', '--limit', '1')).map((r) => [r.count, r.dest_ip]),
      [[3, '198.51.100.7']],
    );
    assert.deepEqual(
      (await top('--by', 'host')).map((r) => [r.count, r.hostname]),
      [
        [2, 'www.example.org'],
        [1, 'shop.example'],
      ],
    );
    assert.deepEqual(
      (await top('--by', 'url', '--sid', '2')).map((r) => [r.count, r.url]),
      [[1, evil]],
    );
    const [first] = await top();
    assert.deepEqual([first.first, first.last], ['2026-01-02T03:04:05.123456+0000', '2026-01-02T03:34:05.123456+0000']);
  });

  it('gives a table', async () => {
    const [head, first] = (await ok('top')).split('\n');
    assert.match(head, /^alerts +sev +sid +signature +first +last$/);
    assert.match(first, /^ +2 +1 +1000001 +WEB traversal in path +2026-01-02 03:04:05\.123 +2026-01-02 03:34:05\.123$/);
  });
});

describe('peccary alerts export', () => {
  useDatabase();
  beforeEach(fill);

  it('gives EVE as the sensor would write it, oldest first', async () => {
    const events = (await ok('export', '--run', 'all'))
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
  it("is valid against Suricata's published schema", async function () {
    if (schemaPath === undefined || !existsSync(schemaPath)) this.skip();
    const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(schemaPath, 'utf8')));
    for (const line of (await ok('export', '--run', 'all')).trim().split('\n')) {
      assert.ok(validate(JSON.parse(line)), JSON.stringify(validate.errors));
    }
  });

  it('gives CSV with a head', async () => {
    const [head, first] = (await ok('export', '--format', 'csv', '--limit', '1')).split('\r\n');
    assert.match(head, /^id,run,timestamp,action,gid,signature_id/);
    assert.match(
      first,
      /^2,2,2026-01-02T03:04:05\.123456\+0000,allowed,1,1000001,3,WEB traversal in path,Web Application Attack,1,192\.0\.2\.1,40000,198\.51\.100\.7,80,TCP,http,77001,10,GET,www\.example\.org,"\/a\/\.\.\/etc\/passwd\?x=""1""",404,curl\/8\.0,http:\/\/example\.net\/,"cve,2021-41773"$/,
    );
  });
});
