/** Several workers replay as one does: the same events in the same order. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcapFile } from '../tools/capture-writer.js';
import { readFrames } from '../tools/frames.js';
import { type MutateOptions, mutate } from '../tools/mutate.js';
import { type EveEvent, replayEvents } from '../tools/peccary.js';
import { type TimedFrame, tcpSession } from '../tools/session.js';
import { wrapperNames } from '../tools/wrap.js';

/** Counters that tell how the work was done, not what was found. */
const ofTheWork = /memuse|mpm|host_table|^flow\.(mgr|wrk)|captured|regex/;

function flat(o: object, path = ''): [string, unknown][] {
  return Object.entries(o).flatMap(([k, v]) =>
    typeof v === 'object' && v !== null ? flat(v as object, `${path}${k}.`) : [[`${path}${k}`, v] as [string, unknown]],
  );
}

/** Events as they are comparable between runs: flows by order of appearance, counters without those of the work. */
function comparable(events: readonly EveEvent[]): string[] {
  const flows = new Map<unknown, number>();
  return events.map((e) => {
    const { flow_id: id, ...rest } = e;
    if (id !== undefined && !flows.has(id)) flows.set(id, flows.size);
    if (e.event_type === 'stats') {
      return flat(e.stats as object)
        .filter(([name]) => !ofTheWork.test(name))
        .map(([name, n]) => `${name}=${n}`)
        .sort()
        .join(' ');
    }
    return JSON.stringify({ ...rest, flow: flows.get(id) ?? null });
  });
}

/** Kinds of packets that only decoding tells the owner of. */
const ways: Record<string, MutateOptions> = {
  plain: {},
  fragments: { split: 60, fragment: 48, fragmentOrder: 'random', seed: 3 },
  shuffled: { split: 90, reorder: 4, duplicate: 0.2, seed: 4 },
  'fragments in GRE': { split: 60, fragment: 64, wrap: ['gre'] },
  'fragments in VXLAN in a VLAN': { fragment: 64, wrap: ['vxlan', 'vlan'] },
  ...Object.fromEntries(wrapperNames.map((name) => [name, { wrap: [name] } as MutateOptions])),
};

/** Rules whose matches depend on others, of other flows. */
const stateful = `
alert http any any -> any any (msg:"limit"; http.uri; content:"/a"; threshold:type limit,track by_src,count 2,seconds 60; sid:1;)
alert http any any -> any any (msg:"threshold"; http.uri; content:"/a"; threshold:type threshold,track by_dst,count 7,seconds 60; sid:2;)
alert http any any -> any any (msg:"filter"; http.uri; content:"/a"; detection_filter:track by_dst,count 5,seconds 60; sid:3;)
alert http any any -> any any (msg:"both"; http.uri; content:"/b"; threshold:type both,track by_both,count 3,seconds 60; sid:4;)
alert http any any -> any any (msg:"set"; http.uri; content:"/c"; xbits:set,seen,track ip_dst,expire 60; sid:5;)
alert http any any -> any any (msg:"test"; http.uri; content:"/d"; xbits:isset,seen,track ip_dst; sid:6;)
alert http any any -> any any (msg:"toggle"; http.uri; content:"/d"; xbits:toggle,seen,track ip_dst,expire 60; sid:7;)
alert http any any -> any any (msg:"tag"; http.uri; content:"/e"; tag:host,4,packets,src; sid:8;)
alert http any any -> any any (msg:"session"; http.uri; content:"/f"; tag:session,3,packets; sid:9;)
drop http any any -> any any (msg:"drop"; http.uri; content:"/g"; detection_filter:track by_dst,count 3,seconds 60; sid:10;)
alert http any any -> any any (msg:"add"; http.uri; dataset:set,uris,type string,memcap 1mb,hashsize 64; sid:11;)
alert http any any -> any any (msg:"known"; http.uri; content:"/a"; dataset:isset,uris,type string; sid:12;)
alert http any any -> any any (msg:"remove"; http.uri; content:"/c"; dataset:unset,uris,type string; sid:13;)
`;

/** Sessions that overlap in time, from a few clients to a few servers. */
function crowd(): TimedFrame[] {
  const frames = Array.from({ length: 160 }, (_, n) =>
    tcpSession({
      client: { ip: `192.0.2.${n % 7}`, port: 20_000 + n },
      server: { ip: `198.51.100.${n % 3}` },
      startUs: 1_700_000_000_000_000 + ((n * 7919) % 160) * 3_100,
      exchanges: ['abcdefg'[n % 7], 'abcdefg'[(n * 3) % 7]].flatMap((path) => [
        { from: 'client' as const, data: `GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n` },
        { from: 'server' as const, data: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
      ]),
    }),
  ).flat();
  return frames.sort((a, b) => a.tsUs - b.tsUs);
}

describe('replay with several workers', function () {
  this.timeout(120_000);
  let dir = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-crew-'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  /** Replays with 1, 2 and 3 workers and compares. What one worker found. */
  function compare(inputs: string, ...args: string[]): EveEvent[] {
    const one = replayEvents(inputs, '--workers', '1', ...args);
    const expected = comparable(one);
    for (const workers of ['2', '3']) {
      const found = comparable(replayEvents(inputs, '--workers', workers, ...args));
      for (let i = 0; i < expected.length; i++) assert.equal(found[i], expected[i], `event ${i} of ${workers} workers`);
      assert.equal(found.length, expected.length);
    }
    return one;
  }

  function capture(frames: readonly TimedFrame[]): string {
    const file = join(dir, 'a.pcap');
    writeFileSync(file, pcapFile(frames));
    return file;
  }

  it('the bundled captures as one run: the same events in the same order', () => {
    const events = compare('pcaps');
    assert.ok(events.filter((e) => e.event_type === 'alert').length > 100);
  });

  it('fragments and tunnels: the same events in the same order', () => {
    const frames = readFrames('pcaps/attack-sql-injection.pcap').slice(0, 120);
    const all = Object.values(ways).flatMap((way) => mutate(frames, way));
    const timed = all.map((f, i) => ({ ...f, tsUs: frames[0].tsUs + i * 1000 }));
    assert.ok(compare(capture(timed)).length > 100);
  });

  it('thresholds, bits and tags by host count over all workers in the order of packets', () => {
    const rules = join(dir, 'a.rules');
    writeFileSync(rules, stateful);
    const file = capture(crowd());
    const sids = new Set(compare(file, '-S', rules).map((e) => e.alert?.signature_id));
    for (let sid = 1; sid <= 13; sid++) assert.ok(sids.has(sid), `sid ${sid}`);
    compare(file, '-S', rules, '--simulate-ips');
  });

  it('flows that time out end in the order of opening', () => {
    const frames = crowd().map((f, i) => ({ ...f, tsUs: f.tsUs + Math.floor(i / 300) * 4_000_000_000 }));
    assert.ok(compare(capture(frames)).some((e) => (e.flow as { reason?: string } | undefined)?.reason === 'timeout'));
  });

  it('standard input is read once, by one worker', () => {
    const file = capture(crowd().slice(0, 40));
    assert.ok(replayEvents(file, '--workers', '16').length > 0);
  });
});
