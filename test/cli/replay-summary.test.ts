import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { progressText } from '../../src/cli/progress.js';
import { exitStatus, printFaults, printRemarks, textSummary } from '../../src/cli/replay-summary.js';
import { byteSize, painter } from '../../src/cli/text.js';
import type { ReplaySummary, RuleNoteSummary } from '../../src/sensor/options.js';

const unkept = { failed: 0, skipped: 0, warnings: 0 };

function summary(changes: Partial<ReplaySummary>): ReplaySummary {
  return {
    packets: 12345,
    bytes: 8_100_000,
    elapsedMs: 500,
    flows: 1,
    transactions: 20,
    alerts: 0,
    drops: 0,
    stopped: false,
    bySignature: [],
    rules: { loaded: 87, failed: [], skipped: [], warnings: [], unkept },
    faults: [],
    lostEvents: 0,
    outputFaults: [],
    notes: [],
    counters: {},
    health: [],
    unknownKeys: [],
    db: 'peccary.db',
    suspensions: [],
    ...changes,
  };
}
const plain = painter({ isTTY: false }, true);

function remarks(of: ReplaySummary, notes: string[] = []): string {
  let text = '';
  const out = new Writable({
    write(piece, _encoding, done) {
      text += piece;
      done();
    },
  });
  printRemarks(out, notes, of);
  printFaults(out, of);
  return text;
}

describe('the summary of a replay', () => {
  it('tells packets, bytes, time and speed, flows, rules and alerts', () => {
    assert.equal(
      textSummary(summary({}), ['a.pcap'], '.', 80, plain),
      'a.pcap: 12,345 packets, 8.1 MB in 0.50 s (16.2 MB/s)\n' +
        '1 flow, 20 HTTP transactions, 87 rules loaded, 0 rules refused\n0 alerts\n',
    );
  });

  it('lists the most frequent signatures, counts the rest, and says where to look next', () => {
    const bySignature = Array.from({ length: 17 }, (_, i) => ({
      gid: 1,
      sid: 100 + i,
      rev: 1,
      msg: i === 0 ? 'bell \u0007 in a name' : `rule ${i}`,
      priority: 1,
      count: 1000 - i,
    }));
    const text = textSummary(
      summary({ alerts: 900, bySignature, db: 'logs/peccary.db' }),
      ['a', 'b'],
      'logs',
      80,
      plain,
    );
    assert.match(text, /^2 captures: /);
    assert.match(text, /^ 1,000 {9}1 {2}1:100:1 {4}bell \\x07 in a name$/m);
    assert.match(text, /and 2 more signatures/);
    assert.doesNotMatch(text, /rule 15/);
    assert.match(text, /peccary alerts show ID -l logs/);
    const elsewhere = textSummary(summary({ alerts: 1, db: '/a/b.db' }), ['a'], 'logs', 80, plain);
    assert.match(elsewhere, /Stored in \/a\/b\.db: `peccary alerts list --db \/a\/b\.db`/);
  });

  it('colours by priority on a terminal alone', () => {
    const bySignature = [{ gid: 1, sid: 1, rev: 1, msg: 'm', priority: 1, count: 1 }];
    const of = summary({ alerts: 1, bySignature, db: null });
    assert.ok(!textSummary(of, ['a'], '.', 80, plain).includes('\x1b'));
    assert.ok(!textSummary(of, ['a'], '.', 80, painter({ isTTY: true }, false)).includes('\x1b'));
    const before = process.env.NO_COLOR;
    delete process.env.NO_COLOR;
    try {
      assert.ok(textSummary(of, ['a'], '.', 80, painter({ isTTY: true }, true)).includes('\x1b[31m'));
    } finally {
      if (before !== undefined) process.env.NO_COLOR = before;
    }
  });

  it('prints refused rules with place and remedy, capture faults, unknown keys and losses', () => {
    const note: RuleNoteSummary = { file: 'a.rules', line: 3, column: 9, sid: 7, reason: 'no', hint: 'write yes' };
    const text = remarks(
      summary({
        rules: { loaded: 1, failed: Array(12).fill(note), skipped: [note], warnings: [], unkept },
        faults: [{ file: 'x.pcap', packet: 12, offset: 345, message: 'truncated' }],
        unknownKeys: ['steam (did you mean stream?)', 'dpdk'],
        lostEvents: 2,
        outputFaults: ['eve.json: no space left'],
      }),
      ['main.yaml:3:1: stream replaces the one of main.yaml:1:1'],
    );
    assert.match(text, /^a\.rules:3:9: no \(sid 7\)\n {4}write yes$/m);
    assert.match(text, /and 2 refused rules more/);
    assert.doesNotMatch(text, /no rule is usable/);
    const none = summary({ rules: { loaded: 0, failed: [note], skipped: [], warnings: [], unkept } });
    assert.match(remarks(none), /^no rule is usable, 1 rule refused: `peccary rules check` says why$/m);
    assert.match(text, /1 rule skipped: `peccary rules check` says why/);
    assert.match(text, /x\.pcap: after packet 12, at byte 345: truncated/);
    assert.match(text, /keys that Peccary does not have: steam \(did you mean stream\?\), dpdk/);
    assert.match(text, /stream replaces the one/);
    assert.match(text, /2 events lost/);
    assert.deepEqual(text.match(/^output: .*$/gm), ['output: eve.json: no space left']);
    assert.doesNotMatch(text, /stopped/);
    assert.match(
      remarks(summary({ stopped: true })),
      /^stopped before the end of the captures; what was found .* kept$/m,
    );
  });
});

describe('exit status of a replay', () => {
  const fault = { file: 'x', packet: 1, offset: 9, message: 'truncated' };
  it('is 0 for a damaged capture of which something was read, 1 when nothing was', () => {
    assert.equal(exitStatus(summary({ faults: [fault] })), 0);
    assert.equal(exitStatus(summary({ faults: [fault], packets: 0 })), 1);
    assert.equal(exitStatus(summary({ packets: 0 })), 0);
  });
  it('is 1 when output was lost', () => {
    assert.equal(exitStatus(summary({ lostEvents: 1 })), 1);
    assert.equal(exitStatus(summary({ outputFaults: ['disk full'] })), 1);
  });
});

describe('progress on a terminal', () => {
  const at = { packets: 5000, bytesRead: 50_000_000, bytesTotal: 100_000_000, alerts: 7, elapsedMs: 1000 };
  it('shows the part done, packets, speed and alerts within the width', () => {
    assert.equal(progressText(at, 100), '[============            ]  50%  5,000 packets  50 MB/s  7 alerts');
    assert.equal(progressText(at, 30).length, 29);
  });
  it('shows no bar when the size is unknown', () => {
    assert.equal(progressText({ ...at, bytesTotal: 0 }, 80), '5,000 packets  50 MB/s  7 alerts');
  });
});

describe('text for people', () => {
  it('writes sizes with three digits', () => {
    assert.deepEqual([0, 32.244, 999, 1000, 999_600, 2_500_000_000].map(byteSize), [
      '0 B',
      '32 B',
      '999 B',
      '1 kB',
      '1 MB',
      '2.5 GB',
    ]);
  });
});
