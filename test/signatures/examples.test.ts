import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcapFile } from '../tools/capture-writer.js';
import { type Example, loadExamples, messageFrames } from '../tools/examples.js';
import { replayEvents } from '../tools/peccary.js';

/** Each message comes from a client address of its own, which tells alerts apart in one capture. */
const clientOf = (index: number): string => `192.168.${index >> 8}.${index & 255}`;

describe('bundled signatures', function () {
  this.timeout(60_000);
  const examples = loadExamples('signatures/examples.yaml');
  const fired = new Map<string, Set<number>>();

  before(() => {
    const dir = mkdtempSync(join(tmpdir(), 'peccary-examples-'));
    try {
      const frames = examples.flatMap((e: Example, i) => [
        ...messageFrames(e.fire, clientOf(2 * i + 1), 1.7e15 + i * 120e6),
        ...messageFrames(e.quiet, clientOf(2 * i + 2), 1.7e15 + i * 120e6 + 60e6),
      ]);
      const file = join(dir, 'examples.pcap');
      writeFileSync(file, pcapFile(frames));
      for (const e of replayEvents(file)) {
        if (e.alert === undefined) continue;
        const client = e.src_ip === '10.0.0.80' ? e.dest_ip! : e.src_ip!;
        fired.set(client, (fired.get(client) ?? new Set()).add(e.alert.signature_id));
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('are at least eighty, each with an example', () => {
    const text = readdirSync('signatures')
      .filter((f) => f.endsWith('.rules'))
      .map((f) => readFileSync(join('signatures', f), 'utf8'))
      .join('\n');
    // A rule with noalert remembers something for others, which then fire.
    const sids = [...text.matchAll(/^alert (?!.*\bnoalert;).*\bsid:(\d+);/gm)].map((m) => Number(m[1])).sort();
    assert.ok(sids.length >= 80);
    assert.deepEqual(examples.map((e) => e.sid).sort(), sids);
  });

  it('each fire on their example', () => {
    const missed = examples.filter((e, i) => !fired.get(clientOf(2 * i + 1))?.has(e.sid)).map((e) => e.sid);
    assert.deepEqual(missed, []);
  });

  it('leave every benign look-alike alone', () => {
    const loud = examples.flatMap((e, i) => [...(fired.get(clientOf(2 * i + 2)) ?? [])].map((sid) => [e.sid, sid]));
    assert.deepEqual(loud, []);
  });
});
