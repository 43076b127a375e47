/** The limit of answers to packets that are rejected (docs/limits.md). Needs root: it opens raw sockets, and sends nothing. */
import assert from 'node:assert/strict';
import { counterSnapshot, resetCounters } from '../../src/core/counters.js';
import { Settings } from '../../src/core/settings.js';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { InlineAnswer } from '../../src/respond/inline-answer.js';
import { RuleAction } from '../../src/rules/compile/layout.js';
import { HealthWatch } from '../../src/sensor/health.js';
import { healthConfig } from '../../src/sensor/health-config.js';
import { tcpFrame } from '../tools/build.js';
import { decode } from '../tools/decode.js';

describe('Limits of a running sensor (docs/limits.md)', () => {
  before(function () {
    if (process.getuid?.() === 0) return;
    process.stdout.write('      needs root (raw sockets)\n');
    this.skip();
  });

  it('answers past those that may wait or go in a second are not sent, counted and told', () => {
    resetCounters();
    const answer = new InlineAnswer(0, null);
    try {
      for (let i = 0; i < 20_001; i++) {
        answer.dropped(decode(tcpFrame({ srcPort: 1024 + i, seq: i, flags: TcpFlag.Syn })), RuleAction.RejectSrc);
      }
    } finally {
      answer.close();
    }
    assert.ok(counterSnapshot()['respond.answers_limited'] > 0);
    const { changes } = new HealthWatch(healthConfig(new Settings({}))).look(counterSnapshot(), 0, 60);
    assert.deepEqual(
      changes.flatMap(({ event, counter }) => (counter === undefined ? [] : [`${event} ${counter}`])),
      ['begins respond.answers_limited'],
    );
  });
});
