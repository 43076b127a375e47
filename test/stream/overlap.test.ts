import assert from 'node:assert/strict';
import fc from 'fast-check';
import { buf } from '../../src/core/memory.js';
import { HostOs } from '../../src/defrag/host-os.js';
import { Dir } from '../../src/protocol/ip.js';
import { newDataWins } from '../../src/stream/overlap.js';
import { StreamStatus } from '../../src/stream/stream.js';
import { Wire } from './harness.js';

/** Names of host-os-policy by what a stream does with them. */
const policies: [string, HostOs][] = [
  ['bsd', HostOs.Bsd],
  ['bsd-right', HostOs.Bsd],
  ['windows', HostOs.Windows],
  ['vista', HostOs.Vista],
  ['linux', HostOs.Linux],
  ['old-linux', HostOs.OldLinux],
  ['solaris', HostOs.Solaris],
  ['hpux11', HostOs.Hpux11],
  ['first', HostOs.First],
  ['last', HostOs.Last],
];

/** Result of an earlier segment of 'o' at 10..19 and a later one of 'n' at [from, to). */
function overlap(policy: HostOs, from: number, to: number): string {
  return newDataWins(policy, from - 10, to - 20) ? 'new' : 'old';
}

describe('overlap policies (Novak and Sturges, "Target-Based TCP Stream Reassembly")', () => {
  const cases: [string, HostOs, [number, number, string][]][] = [
    [
      'bsd keeps the first copy unless the later segment begins before it',
      HostOs.Bsd,
      [
        [5, 15, 'new'],
        [5, 25, 'new'],
        [10, 20, 'old'],
        [10, 25, 'old'],
        [15, 25, 'old'],
      ],
    ],
    [
      'linux also gives way to a segment that begins with it and ends later',
      HostOs.Linux,
      [
        [5, 15, 'new'],
        [10, 20, 'old'],
        [10, 25, 'new'],
        [15, 25, 'old'],
      ],
    ],
    [
      'old-linux gives way to a segment that covers it from its start',
      HostOs.OldLinux,
      [
        [10, 20, 'new'],
        [10, 15, 'old'],
        [15, 25, 'old'],
      ],
    ],
    [
      'solaris keeps the later copy unless the first one ends last',
      HostOs.Solaris,
      [
        [5, 15, 'old'],
        [5, 20, 'new'],
        [10, 20, 'new'],
        [15, 25, 'new'],
        [15, 20, 'old'],
      ],
    ],
    [
      'first and vista always keep the first copy',
      HostOs.First,
      [
        [5, 25, 'old'],
        [10, 20, 'old'],
      ],
    ],
    [
      'last always keeps the later copy',
      HostOs.Last,
      [
        [12, 15, 'new'],
        [10, 20, 'new'],
      ],
    ],
  ];
  for (const [title, policy, list] of cases) {
    it(title, () => {
      for (const [from, to, want] of list) assert.equal(overlap(policy, from, to), want, `[${from},${to})`);
    });
  }

  it('two overlapping segments give what a map of bytes gives, for every policy', () => {
    const seg = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(fc.constantFrom(...policies), seg, seg, fc.boolean(), (entry, [a, al], [b, bl], batch) => {
        const [name, policy] = entry;
        const w = new Wire({ 'host-os-policy': { [name]: ['0.0.0.0/0'] } });
        w.open();
        // Nothing is at the front yet, so that nothing is handed out before both are there.
        w.send(true, { seq: 102 + a, ack: 501, data: 'o'.repeat(al) });
        if (batch) w.batchEnds();
        w.send(true, { seq: 102 + b, ack: 501, data: 'n'.repeat(bl) });
        w.send(true, { seq: 101, ack: 501, data: '.' });
        const model: string[] = [];
        for (let i = a; i < a + al; i++) model[i] = 'o';
        const wins = newDataWins(policy, b - a, b + bl - a - al);
        for (let i = b; i < b + bl; i++) if (model[i] === undefined || wins) model[i] = 'n';
        w.send(false, { seq: 501, ack: 102 + model.length });
        assert.equal(w.got[Dir.ToServer].text, `.${Array.from(model, (x) => x ?? '').join('')}`);
      }),
      { numRuns: 400 },
    );
  });

  it('first and last: any number of segments gives what a map of bytes gives', () => {
    const seg = fc.tuple(fc.nat(5000), fc.uint8Array({ minLength: 1, maxLength: 2500 }));
    const plan = fc.array(seg, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.boolean(), plan, fc.nat(3), (last, list, every) => {
        const w = new Wire({ 'host-os-policy': { [last ? 'last' : 'first']: ['0.0.0.0/0'] } });
        w.open(0xffff_f800, 500);
        const base = 0xffff_f801;
        const model: number[] = [];
        list.forEach(([at, data], i) => {
          w.send(true, { seq: base + 1 + at, ack: 501, data });
          data.forEach((x, k) => {
            if (last || model[at + k] === undefined) model[at + k] = x;
          });
          if (every !== 0 && i % every === 0) w.batchEnds();
        });
        w.send(true, { seq: base, ack: 501, data: '.' });
        w.send(false, { seq: 501, ack: base + 1 + model.length });
        const want = [46, ...model.filter((x) => x !== undefined)];
        assert.deepEqual(w.got[Dir.ToServer].bytes, want);
      }),
      { numRuns: 200 },
    );
  });

  it('inline the first copy of a byte stays, whatever the policy (RFC 9293 section 3.10.7.4)', () => {
    const w = new Wire({ 'host-os-policy': { last: ['0.0.0.0/0'] } }, true);
    w.open();
    w.send(true, { seq: 105, ack: 501, data: 'oooo' });
    const events = w.send(true, { seq: 101, ack: 501, data: 'nnnnnnnn' });
    assert.equal(w.got[Dir.ToServer].text, 'nnnnoooo');
    assert.deepEqual(events, ['reassembly_overlap_different_data']);
    // What is let through is what was inspected.
    assert.ok(w.status & StreamStatus.Modified);
    assert.equal(buf.toString('latin1', w.p.payloadOff, w.p.payloadOff + 8), 'nnnnoooo');
  });

  it('check-overlap-different-data tells a retransmission with other bytes, and not one with the same', () => {
    const w = new Wire({ stream: { reassembly: { 'check-overlap-different-data': true } } });
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'abcd' });
    assert.deepEqual(w.send(true, { seq: 101, ack: 501, data: 'abcd' }), []);
    assert.deepEqual(w.send(true, { seq: 101, ack: 501, data: 'abXd' }), ['reassembly_overlap_different_data']);
  });
});
