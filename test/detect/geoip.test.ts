import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Settings } from '../../src/core/settings.js';
import { parseRuleText } from '../../src/rules/load.js';
import { mmdbFile } from '../tools/mmdb.js';
import { Run } from './engine-harness.js';
import { get, http, ok } from './frames.js';

/** One session of ten packets, six of them by the client. */
const session = http([get('/a'), ok('hi')], { client: { ip: '10.1.2.3' }, server: { ip: '198.51.100.7' } });

describe('geoip (Suricata user guide, "Header Keywords / geoip")', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peccary-geoip-'));
  const database = join(folder, 'countries.mmdb');
  const settings = { 'geoip-database': database };
  before(() => {
    writeFileSync(
      database,
      mmdbFile([
        ['10.0.0.0/8', 'DE'],
        ['192.0.2.0/24', 'US'],
        ['198.51.100.0/25', 'FR'],
      ]),
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  it('matches every packet by the country of its source, destination, either or both', () => {
    const rules = [
      'alert ip any any -> any any (geoip:src,DE; sid:1;)',
      'alert ip any any -> any any (geoip:dst,DE; sid:2;)',
      'alert ip any any -> any any (geoip:both,DE,FR; sid:3;)',
      'alert ip any any -> any any (geoip:DE; sid:4;)',
      'alert ip any any -> any any (geoip:any,!DE,FR; sid:5;)',
      'alert ip any any -> any any (geoip:src,!DE; sid:6;)',
      'alert ip any any -> any any (geoip:src,US,!DE; sid:7;)',
      'alert tcp any any -> any any (content:"GET"; geoip:src,DE; sid:8;)',
      'alert http any any -> any any (geoip:src,DE; sid:10;)',
      'alert tcp any any -> any any (flow:to_client; geoip:src,FR; sid:17;)',
    ].join('\n');
    // What Suricata 7.0.10 gives with the same rules, database and packets.
    assert.deepEqual(new Run(rules, { settings }).replay(session).counts(), {
      1: 6,
      2: 4,
      3: 10,
      4: 10,
      6: 4,
      7: 4,
      8: 1,
      10: 3,
      17: 4,
    });
  });

  it('an address that the database does not know matches nothing, negated or not', () => {
    const unknown = http([get('/a'), ok('hi')], { client: { ip: '203.0.113.1' }, server: { ip: '203.0.113.2' } });
    const rules =
      'alert ip any any -> any any (geoip:any,DE; sid:1;)\nalert ip any any -> any any (geoip:any,!DE; sid:2;)';
    assert.deepEqual(new Run(rules, { settings }).replay(unknown).sids(), []);
  });

  it('without a database, or with a damaged one, the rule is refused with the reason', () => {
    const rule = 'alert ip any any -> any any (geoip:src,DE; sid:1;)';
    const refused = (tree: Record<string, string>): string => {
      return parseRuleText(rule, new Settings(tree)).failed[0]?.reason;
    };
    assert.equal(refused({}), 'geoip: no geoip-database is configured');
    assert.match(refused({ 'geoip-database': join(folder, 'none.mmdb') }), /cannot read .*none\.mmdb/);
    const broken = join(folder, 'broken.mmdb');
    writeFileSync(broken, 'no database');
    assert.match(refused({ 'geoip-database': broken }), /cannot read .*broken\.mmdb/);
  });

  it('a tree that leads nowhere costs a count, not the packet', () => {
    const bytes = mmdbFile([['10.0.0.0/8', 'DE']]);
    // Records beyond the data.
    bytes.fill(0xee, 3, 48);
    writeFileSync(join(folder, 'odd.mmdb'), bytes);
    const run = new Run('alert ip any any -> any any (geoip:src,DE; sid:1;)', {
      settings: { 'geoip-database': join(folder, 'odd.mmdb') },
    });
    assert.deepEqual(run.replay(session).sids(), []);
  });
});
