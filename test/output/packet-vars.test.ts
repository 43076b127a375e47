import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { get, http, ok, post } from '../detect/frames.js';
import { pcapFile } from '../tools/capture-writer.js';
import { type EveEvent, replayEvents } from '../tools/peccary.js';

interface WithMetadata extends EveEvent {
  metadata?: { pktvars?: Record<string, string>[]; flowvars?: Record<string, string>[] };
}

describe('EVE metadata: variables of packets (Suricata user guide, "EVE JSON Format / Metadata")', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peccary-vars-'));
  after(() => rmSync(folder, { recursive: true }));

  it('every alert of a packet tells what was captured in it, in the order captured', () => {
    const capture = join(folder, 'a.pcap');
    const rules = join(folder, 'a.rules');
    writeFileSync(
      capture,
      pcapFile(http([get('/index.php?user=bob&id=77'), ok('hello'), post('/login', 'user=eve&pass=1'), ok('done')])),
    );
    writeFileSync(
      rules,
      [
        'alert http any any -> any any (http.uri; pcre:"/user=(?P<pkt_user>[a-z]+)&id=(?P<flow_id>\\d+)/"; sid:1;)',
        'alert http any any -> any any (flow:to_server; http.uri; pcre:"/user=([a-z]+)/, pkt:who"; sid:2;)',
        'alert http any any -> any any (flow:to_server; http.uri; pcre:"/id=(?P<alert_num>\\d+)/"; sid:3;)',
        'alert tcp any any -> any any (flow:to_server; pcre:"/user=(?P<pkt_raw>[a-z]+)/"; sid:6;)',
        'alert tcp any any -> any any (flow:to_client; content:"done"; sid:7;)',
      ].join('\n'),
    );
    const told = (replayEvents(capture, '-S', rules) as WithMetadata[]).flatMap((e) =>
      e.alert === undefined ? [] : [[e.alert.signature_id, e.metadata?.pktvars, e.metadata?.flowvars]],
    );
    told.sort(([a], [b]) => Number(a) - Number(b));
    // As Suricata 7.0.10 writes them.
    const first = [{ raw: 'bob' }, { user: 'bob' }, { who: 'bob' }];
    const id = [{ id: '77' }];
    assert.deepEqual(told, [
      [1, first, id],
      [2, first, id],
      [3, first, id],
      [6, first, id],
      [6, [{ raw: 'eve' }], id],
      [7, undefined, id],
    ]);
  });
});
