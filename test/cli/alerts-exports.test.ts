import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';
import { inProcess } from '../tools/in-process.js';
import { alertCounts, peccary, replayEvents } from '../tools/peccary.js';
import { db, dir, fill, useDatabase } from './alerts-database.js';

type Stix = { type: string; id: string } & Record<string, unknown>;

describe('peccary alerts export --format stix', () => {
  useDatabase();
  beforeEach(fill);

  const bundle = async (...args: string[]): Promise<{ type: string; id: string; objects: Stix[] }> => {
    const r = await inProcess(['alerts', 'export', '--format', 'stix', '--db', db, ...args]);
    assert.equal(r.status, 0, r.stderr);
    return JSON.parse(r.stdout);
  };
  const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[45][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

  it('is a bundle of STIX 2.1: required properties, ids by type, references that lead somewhere (sections 2.9, 3, 4, 6)', async () => {
    const { type, id, objects } = await bundle();
    assert.equal(type, 'bundle');
    assert.match(id, new RegExp(`^bundle--${uuid}$`));
    const ids = new Set(objects.map((o) => o.id));
    assert.equal(ids.size, objects.length);
    const required: Record<string, string[]> = {
      identity: ['created', 'modified', 'name'],
      indicator: ['created', 'modified', 'pattern', 'pattern_type', 'valid_from'],
      'observed-data': ['created', 'modified', 'first_observed', 'last_observed', 'number_observed', 'object_refs'],
      sighting: ['created', 'modified', 'sighting_of_ref'],
      'ipv4-addr': ['value'],
      'ipv6-addr': ['value'],
      'domain-name': ['value'],
      'network-traffic': ['protocols'],
      artifact: ['payload_bin'],
    };
    for (const o of objects) {
      assert.equal(o.spec_version, '2.1');
      assert.match(o.id, new RegExp(`^${o.type}--${uuid}$`));
      for (const name of required[o.type] ?? assert.fail(o.type))
        assert.notEqual(o[name], undefined, `${o.type}.${name}`);
      for (const [name, value] of Object.entries(o)) {
        const references = name.endsWith('_ref') ? [value] : name.endsWith('_refs') ? (value as unknown[]) : [];
        for (const r of references) assert.ok(ids.has(r as string), `${o.type}.${name}`);
        if (/^(created|modified|valid_from|(first|last)_.*|start)$/.test(name))
          assert.match(value as string, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      }
    }
    const of = (wanted: string) => objects.filter((o) => o.type === wanted);
    assert.equal(of('observed-data').length, 4);
    assert.deepEqual(
      of('indicator').map((o) => o.pattern_type),
      ['suricata', 'suricata', 'suricata'],
    );
    assert.deepEqual(
      of('sighting')
        .map((o) => o.count)
        .sort(),
      [1, 1, 2],
    );
    assert.deepEqual(
      of('ipv6-addr')
        .map((o) => o.value)
        .sort(),
      ['2001:db8::1', '2001:db8::7'],
    );
    const [reference] = of('indicator')[0].external_references as Record<string, string>[];
    assert.deepEqual(reference, { source_name: 'cve', external_id: 'CVE-2021-41773' });
    const request = of('network-traffic')[0].extensions as Record<string, Record<string, unknown>>;
    assert.equal(request['http-request-ext'].request_method, 'get');
  });

  it('gives an address the id that the standard computes (section 2.9)', async () => {
    const { objects } = await bundle('--sid', '2');
    const address = objects.find((o) => o.type === 'ipv4-addr' && o.value === '203.0.113.5');
    // UUIDv5 of {"value":"203.0.113.5"} in the standard's namespace, by another implementation.
    const python = `import uuid; print(uuid.uuid5(uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7"), '{"value":"203.0.113.5"}'))`;
    const r = spawnSync('python3', ['-c', python], { encoding: 'utf8' });
    assert.equal(address?.id, `ipv4-addr--${r.stdout.trim()}`);
  });
});

describe('peccary alerts export --format pcapng', () => {
  useDatabase();

  it('has all packets of the alerting flows, from the capture while it is there, and they alert again', async () => {
    const capture = join(dir, 'a.pcap');
    writeFileSync(capture, readFileSync(join(packageRoot(), 'pcaps', 'attack-sql-injection.pcap')));
    const replay = peccary(['replay', capture, '-k', 'none', '-l', dir, '--quiet']);
    assert.equal(replay.status, 0, replay.stderr);
    const out = join(dir, 'out.pcapng');
    const main = join(packageRoot(), 'out/src/cli/main.js');
    const write = (...args: string[]): string => {
      const r = spawnSync(process.execPath, [main, 'alerts', 'export', '--format', 'pcapng', '-l', dir, ...args]);
      assert.equal(r.status, 0, r.stderr.toString());
      writeFileSync(out, r.stdout);
      return r.stdout.toString('latin1');
    };
    const bytes = write('--sid', '5100003,5100004');
    assert.match(bytes, /alert 3: 1:5100003:1 SQL injection: quoted tautology in URI/);
    const events = replayEvents(out);
    assert.deepEqual(alertCounts(events), { 5100003: 1, 5100004: 1 });
    assert.equal(events.filter((e) => e.event_type === 'flow').length, 2);
    rmSync(capture);
    assert.match(write('--sid', '5100003'), /alert 3: 1:5100003:1/);
    assert.ok(readFileSync(out).length > 200);
  }).timeout(60_000);
});
