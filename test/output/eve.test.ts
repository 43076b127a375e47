import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { Settings, type Tree } from '../../src/core/settings.js';
import { type EveOptions, eveForced, eveFromSettings } from '../../src/output/eve/config.js';
import { EveWriter } from '../../src/output/eve/writer.js';
import type { EventRecord, RuleInfo } from '../../src/output/records.js';
import * as samples from './samples.js';

/** Options with everything switched on. */
function full(): EveOptions {
  const types: Tree = [
    {
      alert: {
        payload: true,
        'payload-printable': true,
        packet: true,
        'http-body': true,
        'http-body-printable': true,
        verdict: true,
        metadata: { rule: { raw: true, reference: true, metadata: true } },
      },
    },
    { anomaly: { packethdr: true } },
    { drop: { verdict: true, alerts: true } },
  ];
  return eveForced(new Settings({ outputs: [{ 'eve-log': { 'community-id': true, 'pcap-file': true, types } }] }), '-');
}

const rules: RuleInfo[] = [samples.rule(), samples.rule({ target: 'dest_ip', classText: '', references: [] })];

function lines(options: EveOptions, records: EventRecord[], live = false): string[] {
  const w = new EveWriter(options, live);
  w.useRules((i) => rules[i] ?? null);
  return records.map((r) => w.line(r));
}

function one(options: EveOptions, r: EventRecord): Record<string, never> {
  return JSON.parse(lines(options, [r])[0]);
}

const plain = () => eveForced(new Settings(), '-');

describe('EVE events (Suricata user guide 7.0, "EVE JSON Format")', () => {
  it('writes an alert in the order of keys that readers of Suricata know', () => {
    const [line] = lines(plain(), [samples.alert()]);
    assert.equal(
      line,
      '{"timestamp":"2026-01-02T03:04:05.123456+0000","flow_id":77001,"pcap_cnt":4,"event_type":"alert","src_ip":"192.0.2.1","src_port":40000,' +
        '"dest_ip":"198.51.100.7","dest_port":80,"proto":"TCP","pkt_src":"wire/pcap","tx_id":0,"alert":{"action":"allowed","gid":1,' +
        '"signature_id":1000001,"rev":3,"signature":"WEB traversal in path","category":"Web Application Attack","severity":1,' +
        '"metadata":{"attack_target":["Server","Web"],"created_at":["2026_01_01"]}},"http":{"hostname":"www.example.org",' +
        '"url":"/a/../etc/passwd?x=\\"1\\"","http_user_agent":"curl/8.0","http_content_type":"text/html","http_refer":"http://example.net/",' +
        '"http_method":"GET","protocol":"HTTP/1.1","status":404,"length":196},"app_proto":"http","direction":"to_server",' +
        '"flow":{"pkts_toserver":4,"pkts_toclient":3,"bytes_toserver":500,"bytes_toclient":400,"start":"2026-01-02T03:04:03.623456+0000",' +
        '"src_ip":"192.0.2.1","dest_ip":"198.51.100.7","src_port":40000,"dest_port":80}}\n',
    );
  });

  it('writes http, flow, anomaly, drop and stats events', () => {
    const got = lines(plain(), [
      samples.httpEvent(),
      samples.flowEvent(),
      samples.anomaly(),
      samples.drop(),
      samples.stats({ 'decoder.pkts': 5, 'tcp.sessions': 2, mine: 1 }),
    ]);
    const start = '{"timestamp":"2026-01-02T03:04:05.123456+0000","flow_id":77001,"pcap_cnt":4,"event_type":';
    const tuple = '"src_ip":"192.0.2.1","src_port":40000,"dest_ip":"198.51.100.7","dest_port":80,"proto":"TCP"';
    assert.deepEqual(got, [
      `${start}"http",${tuple},"pkt_src":"wire/pcap","tx_id":0,"http":{"hostname":"www.example.org","url":"/a/../etc/passwd?x=\\"1\\"",` +
        '"http_user_agent":"curl/8.0","http_content_type":"text/html","http_refer":"http://example.net/","http_method":"GET",' +
        '"protocol":"HTTP/1.1","status":404,"length":196}}\n',
      `{"timestamp":"2026-01-02T03:04:03.623456+0000","flow_id":77001,"event_type":"flow",${tuple},"app_proto":"http",` +
        '"flow":{"pkts_toserver":4,"pkts_toclient":3,"bytes_toserver":500,"bytes_toclient":400,"start":"2026-01-02T03:04:03.623456+0000",' +
        '"end":"2026-01-02T03:04:05.123456+0000","age":2,"state":"closed","reason":"timeout","alerted":true},' +
        '"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"12","syn":true,"fin":true,"psh":true,"ack":true,"state":"closed","tc_gap":true}}\n',
      `${start}"anomaly",${tuple},"pkt_src":"wire/pcap","anomaly":{"type":"stream","event":"stream.est_packet_out_of_window"}}\n`,
      `${start}"drop",${tuple},"pkt_src":"wire/pcap","direction":"to_server","drop":{"len":60,"tos":0,"ttl":64,"ipid":99,"tcpseq":1,"tcpack":2,` +
        '"tcpwin":512,"syn":false,"ack":true,"psh":true,"rst":false,"urg":false,"fin":false,"tcpres":0,"tcpurgp":0,"reason":"rules"},"tx_id":0,' +
        '"alert":{"action":"blocked","gid":1,"signature_id":1000001,"rev":3,"signature":"WEB traversal in path",' +
        '"category":"Web Application Attack","severity":1}}\n',
      '{"timestamp":"2026-01-02T03:04:05.123456+0000","event_type":"stats","stats":{"uptime":2,"decoder":{"pkts":5},"tcp":{"sessions":2}}}\n',
    ]);
  });

  it('adds payload, packet, bodies, rule text, references and verdict where the configuration asks', () => {
    const e = one(full(), samples.alert({ rule: 0 })) as unknown as {
      payload: string;
      payload_printable: string;
      stream: number;
      packet: string;
      packet_info: { linktype: number };
      verdict: { action: string };
      http: Record<string, string>;
      alert: { rule: string; references: string[] };
      community_id: string;
      pcap_filename: string;
    };
    assert.equal(
      Buffer.from(e.payload, 'base64').toString('latin1'),
      'GET /a/../etc/passwd?x="1" HTTP/1.1\r\n\x00\xff\r\n',
    );
    assert.equal(e.payload_printable, 'GET /a/../etc/passwd?x="1" HTTP/1.1\r\n..\r\n');
    assert.equal(e.stream, 1);
    assert.equal(e.packet, 'AQIDBA==');
    assert.equal(e.packet_info.linktype, 1);
    assert.equal(e.verdict.action, 'alert');
    assert.equal(e.http.http_response_body_printable, '<html>...</html>');
    assert.equal(e.http.http_response_body, Buffer.from('<html>\u0001é</html>').toString('base64'));
    assert.match(e.alert.rule, /^alert http any/);
    assert.deepEqual(e.alert.references, ['https://nvd.nist.gov/vuln/detail/CVE-2021-41773']);
    assert.match(e.community_id, /^1:[A-Za-z0-9+/]{27}=$/);
  });

  it('leaves the payload out of a stream alert without data, and writes an empty one for a packet', () => {
    const stream = one(full(), samples.alert({ payload: null })) as Record<string, unknown>;
    assert.equal('payload_printable' in stream, false);
    assert.equal(stream.stream, 1);
    const pkt = one(full(), samples.alert({ payload: Buffer.alloc(0), stream: 0 })) as Record<string, unknown>;
    assert.equal(pkt.payload_printable, '');
    assert.equal('payload' in pkt, false);
  });

  it('cuts stream payload at payload-buffer-size', () => {
    const o = full();
    if (o.alert !== null) o.alert.payloadBufferSize = 3;
    assert.equal((one(o, samples.alert()) as Record<string, unknown>).payload_printable, 'GET');
  });

  it('escapes control characters, quotes and backslashes (RFC 8259 section 7) and keeps UTF-8', () => {
    const [line] = lines(plain(), [samples.httpEvent({ http: samples.http({ url: '/a"b\\c\u0001\n\x7f/é€\\xff' }) })]);
    assert.match(line, /"url":"\/a\\"b\\\\c\\u0001\\n\x7f\/é€\\\\xff"/);
  });

  it('lists one drop a flow and direction with flows: start, every drop with flows: all', () => {
    const tree = (flows: string): Tree => ({
      outputs: [{ 'eve-log': { enabled: 'yes', types: [{ drop: { flows } }] } }],
    });
    const three = [samples.drop(), samples.drop(), samples.drop({ direction: 'to_client' })];
    const count = (flows: string) => {
      const o = eveFromSettings(new Settings(tree(flows)), true);
      assert.ok(o);
      return lines(o, three).filter((l) => l !== '').length;
    };
    assert.equal(count('start'), 2);
    assert.equal(count('all'), 3);
    assert.equal(eveFromSettings(new Settings(tree('all')), false)?.drop, null);
  });

  it("reads outputs.eve-log with Suricata's keys and defaults", () => {
    assert.equal(eveFromSettings(new Settings(), false), null);
    const tree: Tree = {
      outputs: [
        { fast: { enabled: 'no' } },
        {
          'eve-log': {
            enabled: 'yes',
            filename: 'x.json',
            'community-id': 'yes',
            'community-id-seed': 7,
            types: ['alert', 'flow', { http: { extended: 'yes' } }, { anomaly: { enabled: 'no' } }, 'stats'],
          },
        },
      ],
    };
    const o = eveFromSettings(new Settings(tree), false);
    assert.ok(o);
    assert.deepEqual(
      [o.filename, o.communityIdSeed, o.flow, o.http?.extended, o.anomaly, o.fileinfo, o.stats],
      ['x.json', 7, true, true, null, false, true],
    );
    assert.equal(o.alert?.ruleMetadata, true);
    assert.equal(o.alert?.payload, false);
    assert.equal(eveForced(new Settings(tree), '-').anomaly?.stream, true);
  });

  it('names interfaces, not files, when live', () => {
    const [, line] = lines(full(), [{ kind: 'origins', names: ['eth0'] }, samples.httpEvent({ pcapCnt: 0 })], true);
    const e = JSON.parse(line);
    assert.equal(e.in_iface, 'eth0');
    assert.equal('pcap_filename' in e, false);
  });

  it('gives every kind of event as valid JSON of one line', () => {
    for (const options of [plain(), full()]) {
      for (const line of lines(options, samples.everyKind())) {
        if (line === '') continue;
        assert.equal(line.indexOf('\n'), line.length - 1);
        assert.ok(JSON.parse(line).event_type);
      }
    }
  });

  const schemaPath = process.env.PECCARY_EVE_SCHEMA;
  it("gives every kind of event valid against Suricata's published schema", function () {
    if (schemaPath === undefined || !existsSync(schemaPath)) this.skip();
    const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(schemaPath, 'utf8')));
    for (const options of [plain(), full()]) {
      for (const line of lines(options, samples.everyKind())) {
        if (line !== '' && !validate(JSON.parse(line))) assert.fail(`${line}${JSON.stringify(validate.errors)}`);
      }
    }
  });
});
