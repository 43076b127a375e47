import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { get, http, ok } from '../detect/frames.js';
import { pcapFile } from '../tools/capture-writer.js';
import { replayEvents } from '../tools/peccary.js';

describe('config rules (Suricata user guide, "Config Rules")', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peccary-config-'));
  after(() => rmSync(folder, { recursive: true }));
  const capture = join(folder, 'a.pcap');
  const other = { client: { port: 40_001 }, startUs: 1_700_000_001_000_000 };
  writeFileSync(
    capture,
    pcapFile([
      ...http([get('/one'), ok('a'), get('/two'), ok('b'), get('/three'), ok('c')]),
      ...http([get('/four'), ok('d')], other),
    ]),
  );

  /** Targets of the http events that remain, and how many events of other kinds. */
  function run(rule: string): { urls: string[]; flows: number; files: number; alerts: number } {
    const rules = join(folder, 'a.rules');
    writeFileSync(rules, rule);
    const events = replayEvents(capture, '-S', rules);
    const count = (type: string): number => events.filter((e) => e.event_type === type).length;
    return {
      urls: events.filter((e) => e.event_type === 'http').map((e) => String(e.http?.url)),
      flows: count('flow'),
      files: count('fileinfo'),
      alerts: count('alert'),
    };
  }

  it('logging disable, scope tx: the transaction has no http event, and a config rule no alert', () => {
    assert.deepEqual(
      run(
        'config http any any -> any any (http.uri; content:"/two"; config:logging disable, type tx, scope tx; sid:1;)',
      ),
      { urls: ['/one', '/three', '/four'], flows: 2, files: 4, alerts: 0 },
    );
  });

  it('scope flow: no transaction of the flow has one from then on', () => {
    assert.deepEqual(
      run(
        'alert http any any -> any any (http.uri; content:"/two"; config:logging disable, type tx, scope flow; sid:1;)',
      ),
      { urls: ['/one', '/four'], flows: 2, files: 4, alerts: 1 },
    );
  });

  it('a rule on the stream means the latest transaction', () => {
    assert.deepEqual(
      run(
        'config tcp any any -> any any (flow:to_server; content:"/four"; config:logging disable, type tx, scope tx; sid:1;)',
      ).urls,
      ['/one', '/two', '/three'],
    );
  });
});
