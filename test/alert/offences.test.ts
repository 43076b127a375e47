import assert from 'node:assert/strict';
import { clearOffences, offenceCount } from '../../src/alert/offences.js';
import { Run } from '../detect/engine-harness.js';
import { udpTo } from '../detect/frames.js';

const ban = 'ban:after 9 in 1h for 1h by src;';

/** How many offences each of six packets, a second apart, is: all of them match. */
function offences(options: string, tune?: ConstructorParameters<typeof Run>[1], enabled = 'yes'): number[] {
  const rule = `alert udp any any -> any any (content:"x"; ${options} sid:1;)`;
  const run = new Run(rule, { ...tune, settings: { bans: { enabled, rules: [] } } });
  return [0, 1, 2, 3, 4, 5].map((t) => {
    clearOffences();
    run.replay([udpTo('x', 2000, t)]);
    return offenceCount;
  });
}

describe('offences (bans.rules)', () => {
  it('are all matches of rules that ban, whatever thresholds and noalert make of the alert', () => {
    const hidden = [
      'noalert;',
      'threshold:type limit, track by_src, count 1, seconds 60;',
      'threshold:type threshold, track by_src, count 3, seconds 60;',
      'threshold:type both, track by_src, count 3, seconds 60;',
    ];
    for (const options of ['', ...hidden]) assert.deepEqual(offences(`${ban} ${options}`), [1, 1, 1, 1, 1, 1], options);
  });

  it('are none of those that detection_filter lets go by', () => {
    assert.deepEqual(offences(`${ban} detection_filter:track by_src, count 4, seconds 60;`), [0, 0, 0, 0, 1, 1]);
  });

  it('are none that are suppressed, nor matches of other rules, nor any where bans are not enabled', () => {
    const tune = {
      tune: (set: { suppress: unknown[] }) => set.suppress.push({ gid: 1, sid: 1, track: null, addresses: null }),
    };
    const none = [0, 0, 0, 0, 0, 0];
    assert.deepEqual(offences(ban, tune as ConstructorParameters<typeof Run>[1]), none);
    assert.deepEqual(offences(''), none);
    assert.deepEqual(offences(ban, {}, 'no'), none);
  });
});
