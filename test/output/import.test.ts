/** Events of Suricata and Snort become alerts like a sensor's, and nothing of them is lost. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { Settings } from '../../src/core/settings.js';
import { eveForced } from '../../src/output/eve/config.js';
import { EveWriter } from '../../src/output/eve/writer.js';
import { EveImport } from '../../src/output/import/eve.js';
import { alertOf, timeOf } from '../../src/output/import/eve-event.js';
import { payloadOf } from '../../src/output/import/frame.js';
import { Importer } from '../../src/output/import/importer.js';
import { csvValues, snort2Fields } from '../../src/output/import/snort-csv.js';
import { loadAlert } from '../../src/output/query/alert.js';
import { databaseProblems } from '../../src/output/store/check.js';
import { openForReading, openForWriting } from '../../src/output/store/open.js';
import { tcpFrame } from '../tools/build.js';
import { peccary } from '../tools/peccary.js';
import * as samples from './samples.js';

let dir = '';
let db = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-import-'));
  db = join(dir, 'peccary.db');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Everything that an event can tell, as --eve writes it. */
function eveLines(): string[] {
  const settings = {
    outputs: [
      {
        'eve-log': {
          types: [
            {
              alert: {
                payload: true,
                packet: true,
                'http-body': true,
                metadata: { rule: { raw: true, reference: true } },
              },
            },
          ],
        },
      },
    ],
  };
  const writer = new EveWriter(eveForced(new Settings(settings), '-'), false);
  writer.useRules(() => samples.rule());
  return samples
    .everyKind()
    .map((r) => writer.line(r))
    .filter((line) => line !== '');
}

function file(name: string, content: string | Buffer): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

const importing = (...args: string[]) => peccary(['db', 'import', '--db', db, ...args]);

describe('import of EVE JSON', () => {
  it('takes every event, and gives each back as it was (user guide, "EVE JSON Format")', () => {
    const lines = eveLines();
    const types = lines.map((l) => JSON.parse(l).event_type as string);
    const r = importing(file('eve.json', lines.join('')));
    assert.equal(r.status, 0, r.stderr);
    for (const type of new Set(types))
      assert.match(r.stdout, new RegExp(`\\b${type} ${types.filter((t) => t === type).length}\\b`));
    assert.equal(peccary(['db', 'export', '--db', db]).stdout, lines.join(''));
    const http = peccary(['db', 'export', '--db', db, '--type', 'http']).stdout;
    assert.equal(http, lines.filter((_, i) => types[i] === 'http').join(''));
  });

  it('makes rows of alerts from which the same event is written', async () => {
    const lines = eveLines();
    importing(file('eve.json.gz', gzipSync(lines.join(''))));
    const stored = await openForReading(db);
    const settings = {
      outputs: [
        {
          'eve-log': {
            types: [
              {
                alert: {
                  payload: true,
                  packet: true,
                  'http-body': true,
                  metadata: { rule: { raw: true, reference: true } },
                },
              },
            ],
          },
        },
      ],
    };
    const writer = new EveWriter(eveForced(new Settings(settings), '-'), false);
    const alerts = lines.filter((l) => l.includes('"event_type":"alert"'));
    assert.ok(alerts.length >= 4);
    alerts.forEach((line, i) => {
      const alert = loadAlert(stored, i + 1);
      assert.ok(alert !== null);
      writer.useRules(() => alert.rule);
      const again = JSON.parse(writer.line({ ...alert.record, origin: 0 }));
      const first = JSON.parse(line);
      // What later events tell of the flow and the transaction is in the row too.
      for (const o of [again, first]) for (const key of ['flow', 'http']) delete o[key];
      assert.deepEqual(again, first);
    });
    stored.close();
  });

  it('takes the times of any zone, to the microsecond', () => {
    assert.equal(timeOf('2026-01-02T03:04:05.123456+0000'), samples.t0);
    assert.equal(timeOf('2026-01-02T04:34:05.123456+0130'), samples.t0);
    assert.equal(timeOf('2026-01-02T03:04:05.123456Z'), samples.t0);
    assert.equal(timeOf('yesterday'), null);
    assert.equal(timeOf(5), null);
  });

  it('refuses what is no event and takes the rest, whatever the members are', () => {
    const odd = {
      timestamp: '2026-01-02T03:04:05.1+0000',
      event_type: 'alert',
      src_ip: 5,
      vlan: 'x',
      flow_id: 'y',
      alert: { signature: [], metadata: 5 },
      http: [],
      flow: 'f',
      files: [1, { size: 'z' }],
    };
    const r = importing(file('eve.json', `{"a":1}\nnonsense\n${JSON.stringify(odd)}\n[]\n${eveLines()[0].trimEnd()}`));
    assert.equal(r.status, 1);
    assert.match(r.stderr, /3 records refused, the first: line 1: no EVE event/);
    assert.match(r.stdout, /alert 2/);
    assert.equal(alertOf(odd)?.record.src, '');
  });

  it('takes any values of members without a fault of the database', async () => {
    const open = await openForWriting(db);
    const to = new Importer(open, { path: db, inputs: ['/x'], append: false, sensor: 's', version: '0' });
    const eve = new EveImport(to);
    const events = eveLines().map((l) => JSON.parse(l));
    let n = 0;
    fc.assert(
      fc.property(fc.nat(events.length - 1), fc.nat(), fc.jsonValue(), (which, at, value) => {
        const e = structuredClone(events[which]);
        const places: [Record<string, unknown>, string][] = [];
        const walk = (o: Record<string, unknown>): void => {
          for (const key of Object.keys(o)) {
            places.push([o, key]);
            if (typeof o[key] === 'object' && o[key] !== null) walk(o[key] as Record<string, unknown>);
          }
        };
        walk(e);
        const [of, key] = places[at % places.length];
        of[key] = value;
        eve.line(JSON.stringify(e), ++n);
      }),
      { numRuns: 3000, seed: 7 },
    );
    const s = to.close();
    assert.equal(s.fault, null);
    assert.equal(Object.values(s.taken).reduce((a, b) => a + b, 0) + s.refused, n);
    const again = await openForReading(db);
    assert.deepEqual(databaseProblems(again), []);
    again.close();
  });

  it('replaces an earlier import of the same file', () => {
    const path = file('eve.json', eveLines().join(''));
    importing(path);
    assert.match(importing(path).stdout, /^run 2:/);
    assert.equal(peccary(['db', 'export', '--db', db]).stdout, eveLines().join(''));
    assert.match(peccary(['db', 'check', '--db', db]).stdout, /sound: 4 alerts of 1 run/);
  });
}).timeout(60_000);

/** A unified2 record (Snort 2 manual, "Unified2 File Format"). */
function record(type: number, ...parts: (Buffer | [size: 1 | 2 | 4, value: number])[]): Buffer {
  const body = Buffer.concat(
    parts.map((p) => {
      if (Buffer.isBuffer(p)) return p;
      const b = Buffer.alloc(p[0]);
      b.writeUIntBE(p[1], 0, p[0]);
      return b;
    }),
  );
  const head = Buffer.alloc(8);
  head.writeUInt32BE(type, 0);
  head.writeUInt32BE(body.length, 4);
  return Buffer.concat([head, body]);
}

const u32 = (...values: number[]): [4, number][] => values.map((v) => [4, v]);
const at = 1_767_323_045;
/** Sensor 1, event `id`; then signature, generator, revision, class, priority. */
const head = (id: number, sid: number, gid = 1) => u32(1, id, at, 123_456, sid, gid, 7, 3, 2);
const v4 = (text: string) => Buffer.from(text.split('.').map(Number));

function unified2(): Buffer {
  const frame = tcpFrame({ srcPort: 4000, dstPort: 80 }, 'GET /../ HTTP/1.0\r\n\r\n');
  const v6 = (last: number) => Buffer.concat([Buffer.from('20010db8', 'hex'), Buffer.alloc(11), Buffer.from([last])]);
  return Buffer.concat([
    record(
      104,
      ...head(1, 1000001),
      v4('192.0.2.1'),
      v4('198.51.100.7'),
      [2, 4000],
      [2, 80],
      [1, 6],
      [1, 0],
      [1, 0],
      [1, 1],
      [4, 0],
      [2, 12],
      [2, 0],
    ),
    record(2, ...u32(1, 1, at, at, 123_456, 1, frame.length), Buffer.from(frame)),
    record(110, ...u32(4, 0), ...u32(1, 1, at, 1, 1, 12), v4('203.0.113.9')),
    record(110, ...u32(4, 0), ...u32(1, 1, at, 9, 1, 13), Buffer.from('/../x')),
    record(7, ...head(2, 55, 116), v4('192.0.2.2'), v4('198.51.100.7'), [2, 8], [2, 0], [1, 1], [1, 0], [1, 0], [1, 0]),
    record(
      105,
      ...head(3, 1000001),
      v6(1),
      v6(2),
      [2, 5000],
      [2, 443],
      [1, 17],
      [1, 0],
      [1, 0],
      [1, 0],
      [4, 0],
      [2, 0],
      [2, 0],
    ),
    record(99, Buffer.from('unknown')),
  ]);
}

interface Row {
  id: number;
  timestamp: string;
  src_ip: string;
  src_port: number | null;
  dest_ip: string;
  proto: string;
  signature: string;
  action: string;
  url?: string;
}
const rows = (...more: string[]): Row[] =>
  JSON.parse(peccary(['alerts', 'list', '--db', db, '--format', 'json', '--sort', 'id', ...more]).stdout);

describe('import of unified2', () => {
  it('takes events of IPv4 and IPv6 with packets and extra data (Snort 2 manual, "Unified2 File Format")', async () => {
    const map = file(
      'sid-msg.map',
      '# a map\n1000001 || WEB traversal || cve,2021-41773\n116 || 55 || 1 || x || 1 || DECODE odd || url,example.net\n',
    );
    const r = importing(file('snort.u2', unified2()), '--sid-msg', map);
    assert.match(r.stderr, /1 record refused, the first: record at \d+: type 99 is not known/);
    const list = rows().sort((a, b) => a.id - b.id);
    assert.deepEqual(
      list.map((a) => [a.src_ip, a.src_port ?? null, a.proto, a.signature, a.action]),
      [
        ['192.0.2.1', 4000, 'TCP', 'WEB traversal', 'blocked'],
        ['192.0.2.2', null, 'ICMP', 'DECODE odd', 'allowed'],
        ['2001:0db8:0000:0000:0000:0000:0000:0001', 5000, 'UDP', 'WEB traversal', 'allowed'],
      ],
    );
    assert.match(list[0].timestamp, /^2026-01-02T03:04:05\.123456/);
    const stored = await openForReading(db);
    const first = loadAlert(stored, list[0].id)?.record;
    assert.equal(first?.payload?.toString(), 'GET /../ HTTP/1.0\r\n\r\n');
    assert.deepEqual([first?.client, first?.vlan, first?.rev], ['203.0.113.9', [12], 7]);
    assert.deepEqual(
      [loadAlert(stored, 2)?.record.icmpType, loadAlert(stored, 2)?.rule.references],
      [8, [{ type: 'url', value: 'example.net' }]],
    );
    stored.close();
  });

  it('takes what is whole of a file that is cut anywhere, and of one that is not sound', () => {
    const whole = unified2();
    for (const [bytes, alerts] of [
      [whole.subarray(0, whole.length - 10), 3],
      [whole.subarray(0, 70), 1],
      [Buffer.concat([whole.subarray(0, 68), Buffer.alloc(4), Buffer.alloc(40, 0xff)]), 1],
    ] as const) {
      const r = importing(file('snort.u2', bytes), '--format', 'unified2');
      assert.match(r.stderr, /refused/);
      assert.match(r.stdout, new RegExp(`alert ${alerts}`));
    }
  });

  it('finds the payload of a frame, and none where there is none', () => {
    const frame = Buffer.from(tcpFrame({ srcPort: 1, dstPort: 2 }, 'abc'));
    assert.equal(Buffer.from(payloadOf(frame, 1) ?? []).toString(), 'abc');
    const tagged = Buffer.concat([frame.subarray(0, 12), Buffer.from('8100000c', 'hex'), frame.subarray(12)]);
    assert.equal(Buffer.from(payloadOf(tagged, 1) ?? []).toString(), 'abc');
    assert.equal(Buffer.from(payloadOf(frame.subarray(14), 101) ?? []).toString(), 'abc');
    for (let n = 0; n < frame.length - 3; n++) assert.equal(payloadOf(frame.subarray(0, n), 1), null);
  });
}).timeout(60_000);

describe("import of Snort's CSV", () => {
  it("takes Snort 2's default fields (manual, CSV)", () => {
    const line = `08/14-13:21:05.123456 ,1,1000001,3,"WEB ""odd"", message",TCP,192.0.2.1,4000,198.51.100.7,80,0:1:2,3:4:5,0x4A,***AP***,0x1,0x2,,0x20,64,0,1,60,61440,,,,`;
    assert.equal(csvValues(line).length, snort2Fields.split(',').length);
    const r = importing(file('alert.csv', `${line}\nnonsense\n`), '--year', '2024');
    assert.match(r.stderr, /1 record refused, the first: line 2: "nonsense" is no time/);
    const [row] = rows();
    assert.deepEqual(
      [row.timestamp.slice(0, 26), row.src_ip, row.src_port, row.dest_ip, row.signature],
      ['2024-08-14T13:21:05.123456', '192.0.2.1', 4000, '198.51.100.7', 'WEB "odd", message'],
    );
  });

  it("takes Snort 3's default fields, and those that are named (reference, alert_csv)", () => {
    importing(
      file(
        'a.csv',
        '25/08-13:21:05.1\n08/14/25-13:21:05.000001, 5, TCP, stream_tcp, 20, C2S, 192.0.2.1:4000, 2001:db8::1:80, 1:42:2, drop\n',
      ),
      '--fields',
      'timestamp,pkt_num,proto,pkt_gen,pkt_len,dir,src_ap,dst_ap,rule,action',
    );
    assert.deepEqual(
      rows().map((a) => [a.src_port, a.dest_ip, a.action]),
      [[4000, '2001:0db8:0000:0000:0000:0000:0000:0001', 'blocked']],
    );
    importing(
      file(
        'b.csv',
        'gid,sid,rev,timestamp,src_addr,dst_addr,proto,msg,priority,b64_data\n1,7,1,01/02/2026-03:04:05.5,192.0.2.9,198.51.100.7,UDP,seven,1,YWJj\n',
      ),
    );
    assert.deepEqual(
      rows().map((a) => [a.src_ip, a.proto, a.signature]),
      [['192.0.2.9', 'UDP', 'seven']],
    );
  });
}).timeout(60_000);

const schemaPath = process.env.PECCARY_EVE_SCHEMA;

describe('export of what was imported', () => {
  it("is valid against Suricata's schema (PECCARY_EVE_SCHEMA)", function () {
    if (schemaPath === undefined || !existsSync(schemaPath)) {
      console.log('      PECCARY_EVE_SCHEMA names no schema: not checked');
      this.skip();
    }
    const ajv = new Ajv({ strict: false });
    const valid = ajv.compile(JSON.parse(readFileSync(schemaPath, 'utf8')));
    importing(file('eve.json', eveLines().join('')));
    const lines = peccary(['db', 'export', '--db', db]).stdout.trimEnd().split('\n');
    for (const type of ['alert', 'http', 'flow', 'fileinfo', 'anomaly', 'drop'])
      assert.ok(
        lines.some((l) => l.includes(`"event_type":"${type}"`)),
        type,
      );
    for (const line of lines) assert.ok(valid(JSON.parse(line)), `${ajv.errorsText(valid.errors)}: ${line}`);
  });
}).timeout(60_000);
