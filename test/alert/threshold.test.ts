import assert from 'node:assert/strict';
import { Run } from '../detect/engine-harness.js';
import { udpTo } from '../detect/frames.js';

/** Times (seconds) at which packets alert under a threshold. */
function alertTimes(threshold: string, times: number[]): number[] {
  const rule = `alert udp any any -> any any (content:"x"; ${threshold} sid:1;)`;
  const run = new Run(rule).replay(times.map((t) => udpTo('x', 2000, t)));
  return run.seen.map((s) => times[s.packet - 1]);
}

describe('Thresholds (Suricata manual, "Thresholding Keywords")', () => {
  const cases: [title: string, threshold: string, times: number[], want: number[]][] = [
    [
      'limit: the first so many of a window',
      'threshold:type limit, track by_src, count 2, seconds 10;',
      [0, 1, 2, 9, 10, 11, 12],
      [0, 1, 11, 12],
    ],
    [
      'threshold: each so manieth',
      'threshold:type threshold, track by_src, count 3, seconds 10;',
      [0, 1, 2, 3, 4, 5, 6],
      [2, 5],
    ],
    [
      'threshold: a window that ran out begins again',
      'threshold:type threshold, track by_src, count 3, seconds 10;',
      [0, 1, 11, 12, 13],
      [13],
    ],
    ['threshold of one: each', 'threshold:type threshold, track by_src, count 1, seconds 10;', [0, 1, 2], [0, 1, 2]],
    [
      'both: once a window, at the so manieth',
      'threshold:type both, track by_src, count 2, seconds 10;',
      [0, 1, 2, 3, 11, 12, 13],
      [1, 12],
    ],
    [
      'both of one: the first of each window',
      'threshold:type both, track by_src, count 1, seconds 10;',
      [0, 1, 11, 12],
      [0, 11],
    ],
    [
      'detection_filter: all beyond the count',
      'detection_filter:track by_src, count 2, seconds 10;',
      [0, 1, 2, 3, 11, 12],
      [2, 3],
    ],
    [
      'the end of a window belongs to it',
      'threshold:type limit, track by_src, count 1, seconds 10;',
      [0, 10, 10.5],
      [0, 10.5],
    ],
  ];
  for (const [title, threshold, times, want] of cases)
    it(title, () => assert.deepEqual(alertTimes(threshold, times), want));

  it('by_src, by_dst and by_both count addresses, by_rule all', () => {
    const other = { ...udpTo('x', 2000, 1) };
    other.bytes = other.bytes.slice();
    other.bytes[14 + 15] = 99;
    const frames = [udpTo('x', 2000, 0), other];
    const n = (track: string) =>
      new Run(
        `alert udp any any -> any any (content:"x"; threshold:type limit, track ${track}, count 1, seconds 60; sid:1;)`,
      ).replay(frames).seen.length;
    assert.deepEqual(['by_src', 'by_dst', 'by_both', 'by_rule'].map(n), [2, 1, 2, 1]);
  });

  it('effects happen although the threshold hides the alert', () => {
    const rules = `alert udp any any -> any any (content:"x"; flowbits:set,b; threshold:type limit, track by_src, count 1, seconds 60; sid:1;)
alert udp any any -> any any (content:"x"; flowbits:isset,b; sid:2;)`;
    const run = new Run(rules).replay([udpTo('x', 2000, 0), udpTo('x', 2001, 1)]);
    assert.deepEqual(
      run.seen.map((s) => `${s.packet}:${s.sid}`),
      ['1:1', '1:2', '2:2'],
    );
  });
});

describe('threshold.config (Suricata manual, "Global-Thresholds")', () => {
  const rule = 'alert udp any any -> any any (content:"x"; sid:1;)';
  const frames = [0, 1, 2, 3].map((t) => udpTo('x', 2000, t));

  it('event_filter stands for a rule or for all', () => {
    const filter = (sid: number) => ({
      gid: sid === 0 ? 0 : 1,
      sid,
      threshold: { type: 'limit' as const, track: 'by_src' as const, count: 1, seconds: 60 },
    });
    for (const sid of [0, 1]) {
      const run = new Run(rule, { tune: (set) => set.eventFilters.push(filter(sid)) }).replay(frames);
      assert.equal(run.seen.length, 1);
    }
    assert.equal(new Run(rule, { tune: (set) => set.eventFilters.push(filter(2)) }).replay(frames).seen.length, 4);
  });

  it('suppress hides alerts by address', () => {
    const suppress =
      (track: 'by_src' | 'by_dst' | 'by_either' | null) =>
      (set: Parameters<NonNullable<ConstructorParameters<typeof Run>[1]>['tune'] & object>[0]) => {
        const addresses = {
          any: false,
          v4: [[0xc0a8010a, 0xc0a8010a]] as [number, number][],
          v6: [],
          text: '192.168.1.10',
        };
        set.suppress.push({ gid: 1, sid: 1, track, addresses: track === null ? null : addresses });
      };
    const n = (track: 'by_src' | 'by_dst' | 'by_either' | null) =>
      new Run(rule, { tune: suppress(track) }).replay(frames).seen.length;
    assert.deepEqual([n('by_src'), n('by_dst'), n('by_either'), n(null)], [0, 4, 0, 0]);
  });

  it('rate_filter changes the action beyond its count, until its timeout', () => {
    const rate = {
      gid: 1,
      sid: 1,
      track: 'by_src' as const,
      count: 2,
      seconds: 60,
      newAction: 'drop' as const,
      timeoutS: 5,
    };
    const run = new Run(rule, { inline: true, tune: (set) => set.rateFilters.push(rate) });
    run.replay([0, 1, 2, 3, 20, 21].map((t) => udpTo('x', 2000 + t, t)));
    // The window still runs when the timeout is over: the second match after it is beyond the count again.
    assert.deepEqual(run.drops, [3, 4, 6]);
    assert.equal(run.seen.length, 6);
  });
});
