import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcapFile } from '../tools/capture-writer.js';
import { readFrames } from '../tools/frames.js';
import { type MutateOptions, mutate } from '../tools/mutate.js';
import { alertCounts, type EveEvent, replayEvents } from '../tools/peccary.js';
import type { TimedFrame } from '../tools/session.js';
import { wrapperNames } from '../tools/wrap.js';

/** What may happen to packets on their way without a server noticing. */
const variants: Record<string, MutateOptions> = {
  'one-byte segments': { split: 1 },
  'one-byte segments, each acknowledged': { split: 1, acknowledge: true },
  'seven-byte segments out of order': { split: 7, reorder: 5, seed: 11 },
  'segments sent twice': { split: 200, duplicate: 0.5, seed: 12 },
  'out of order and sent twice': { split: 31, reorder: 4, duplicate: 0.3, seed: 13 },
  'IP fragments': { fragment: 48 },
  'IP fragments in reverse': { fragment: 64, fragmentOrder: 'reverse' },
  'fragments of reordered segments in random order': {
    split: 90,
    reorder: 3,
    fragment: 40,
    fragmentOrder: 'random',
    seed: 14,
  },
  ...Object.fromEntries(wrapperNames.map((name) => [`in ${name}`, { wrap: [name] } as MutateOptions])),
  'one-byte segments in VXLAN in a VLAN': { split: 1, wrap: ['vxlan', 'vlan'] },
  'fragments in GRE': { split: 60, fragment: 64, wrap: ['gre'] },
};

const captures = [
  'attack-sql-injection',
  'attack-code-injection',
  'attack-web-shells',
  'attack-leaks-and-logins',
  'attack-path-traversal',
  'pipelining',
  'chunked',
  'compressed',
  'offload-443',
];

/** An alert without what rightly depends on the packets: which signature, whose transaction. */
function identity(e: EveEvent): string {
  const ports = [`${e.src_ip}:${e.src_port}`, `${e.dest_ip}:${e.dest_port}`].sort();
  return `${e.alert?.signature_id} ${ports.join(' ')} tx ${e.tx_id}`;
}

const identities = (events: EveEvent[]): string[] =>
  events
    .filter((e) => e.alert !== undefined)
    .map(identity)
    .sort();
const http = (events: EveEvent[]): string[] =>
  events
    .filter((e) => e.event_type === 'http')
    .map((e) => `${e.http?.http_method} ${e.http?.url} ${e.http?.status}`)
    .sort();

describe('mutated captures', function () {
  this.timeout(120_000);
  let dir = '';
  let frames: TimedFrame[] = [];
  let plain: EveEvent[] = [];

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-mutations-'));
    frames = captures.flatMap((name) => readFrames(`pcaps/${name}.pcap`));
    plain = replayMutated(frames, {});
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  /** Replays frames after what `o` does to them. */
  function replayMutated(of: TimedFrame[], o: MutateOptions, ...args: string[]): EveEvent[] {
    const file = join(dir, 'mutated.pcap');
    writeFileSync(file, pcapFile(mutate(of, o)));
    return replayEvents(file, ...args);
  }

  it('have alerts of most bundled rules to lose', () => {
    assert.ok(new Set(identities(plain)).size >= 60);
  });

  for (const [name, options] of Object.entries(variants)) {
    it(`${name}: same alerts of the bundled rules, same transactions`, () => {
      const mutated = replayMutated(frames, options);
      assert.deepEqual(identities(mutated), identities(plain));
      assert.deepEqual(http(mutated), http(plain));
    });
  }

  describe('keywords that look at packets change as they must', () => {
    const rules = `
alert tcp any any -> any 80 (msg:"large payload"; dsize:>60; sid:1;)
alert tcp any any -> any 80 (msg:"one byte"; dsize:1; sid:2;)
alert tcp any any -> any 80 (msg:"push"; flags:AP; dsize:>0; sid:3;)
alert tcp-pkt any any -> any 80 (msg:"method in a packet"; content:"GET"; depth:3; sid:4;)
alert ip any any -> any any (msg:"more fragments"; fragbits:M; sid:5;)
alert http any any -> any any (msg:"method"; flow:to_server; http.method; content:"GET"; sid:6;)
`;
    const counts = (o: MutateOptions): Record<string, number> => {
      const file = join(dir, 'packet.rules');
      writeFileSync(file, rules);
      return alertCounts(
        replayMutated(readFrames('pcaps/offload-443.pcap'), o, '-S', file, '--set', 'vars.port-groups.HTTP_PORTS=443'),
      );
    };
    const port = (o: MutateOptions): Record<string, number> => {
      const file = join(dir, 'packet.rules');
      writeFileSync(file, rules.replaceAll('any 80', 'any 443'));
      return alertCounts(replayMutated(readFrames('pcaps/offload-443.pcap'), o, '-S', file));
    };

    it('nothing of a rule for port 80 on port 443', () => {
      assert.deepEqual(counts({}), { 6: 3 });
    });
    it('as recorded: a segment a request', () => {
      assert.deepEqual(port({}), { 1: 3, 3: 3, 4: 3, 6: 3 });
    });
    it('one-byte segments: dsize, flags and packet contents change, http.method does not', () => {
      const split = port({ split: 1 });
      assert.equal(split[1], undefined);
      assert.ok(split[2] > 100);
      assert.equal(split[4], undefined);
      assert.equal(split[6], 3);
    });
    it('fragments: fragbits sees them, http.method does not', () => {
      const fragments = port({ fragment: 64 });
      assert.ok(fragments[5] > 0);
      assert.equal(fragments[6], 3);
    });
  });
});
