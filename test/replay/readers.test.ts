/** All readers stand behind one interface: what they can read gives the same alerts (README.md, `--reader`). */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcapFile, pcapngFile } from '../tools/capture-writer.js';
import { readFrames } from '../tools/frames.js';
import { type EveEvent, replayEvents } from '../tools/peccary.js';

const captures = ['attack-sql-injection', 'attack-web-shells', 'chunked', 'pipelining', 'offload-443'];

/** Alerts and transactions with what a reader could get wrong: packet numbers, times, addresses. */
const facts = (events: EveEvent[]): string[] =>
  events
    .filter((e) => e.event_type === 'alert' || e.event_type === 'http')
    .map((e) => `${e.pcap_cnt} ${e.timestamp} ${e.src_ip} ${e.alert?.signature_id} ${e.http?.url} ${e.http?.status}`);

describe('replay with each reader', function () {
  this.timeout(60_000);
  let dir = '';
  const files: Record<string, string> = {};

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-readers-'));
    const frames = captures.flatMap((name) => readFrames(`pcaps/${name}.pcap`)).sort((a, b) => a.tsUs - b.tsUs);
    const write = (name: string, bytes: Buffer): string => {
      const path = join(dir, name);
      writeFileSync(path, bytes);
      return path;
    };
    files.pcap = write('micro.pcap', pcapFile(frames));
    files['pcap, big-endian'] = write('micro-be.pcap', pcapFile(frames, { bigEndian: true }));
    files['pcap, nanoseconds'] = write('nano.pcap', pcapFile(frames, { nano: true }));
    files.pcapng = write('one.pcapng', pcapngFile(frames));
  });
  after(() => rmSync(dir, { recursive: true }));

  /** Which reader reads what: pcap-parser knows microsecond pcap alone. */
  const cases: [kind: string, readers: string[]][] = [
    ['pcap', ['pcap-parser', 'libpcap']],
    ['pcap, big-endian', ['pcap-parser', 'libpcap']],
    ['pcap, nanoseconds', ['libpcap']],
    ['pcapng', ['libpcap']],
  ];
  for (const [kind, readers] of cases) {
    for (const reader of readers) {
      it(`${reader} gives the alerts of our own reader on ${kind}`, () => {
        const own = facts(replayEvents(files[kind]));
        assert.ok(own.length > 60);
        assert.deepEqual(facts(replayEvents(files[kind], '--reader', reader)), own);
      });
    }
  }
});
