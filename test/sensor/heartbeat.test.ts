import assert from 'node:assert/strict';
import { Heartbeat, Pulse } from '../../src/sensor/heartbeat.js';

describe('the heartbeat of a worker', () => {
  const Limit = 20_000;
  const Every = 500;

  /** Looks every half second from `fromMs` on, as long as nothing but Fine is found; what was found, and when. */
  function stand(heart: Heartbeat, beat: number, fromMs: number): [Pulse, number] {
    for (let now = fromMs; ; now += Every) {
      const pulse = heart.look(beat, now);
      if (pulse !== Pulse.Fine) return [pulse, now];
    }
  }

  it('is late once after a quarter of the limit, over at the limit', () => {
    const heart = new Heartbeat(Limit, Every);
    assert.equal(heart.look(7, 1000), Pulse.Fine);
    assert.deepEqual(stand(heart, 7, 1500), [Pulse.Late, 6000]);
    assert.deepEqual(stand(heart, 7, 6500), [Pulse.Over, 21_000]);
  });

  it('goes on when it counts again, is told once, and begins anew', () => {
    const heart = new Heartbeat(Limit, Every);
    heart.look(7, 1000);
    assert.deepEqual(stand(heart, 7, 1500), [Pulse.Late, 6000]);
    assert.equal(heart.look(8, 7000), Pulse.GoesOn);
    assert.ok(heart.stoodMs >= 5000);
    assert.deepEqual(stand(heart, 8, 7500), [Pulse.Late, 12_000]);
  });

  it('that comes late again and again, but comes, is never told', () => {
    const heart = new Heartbeat(Limit, Every);
    for (let i = 0; i < 100; i++) assert.equal(heart.look(i >> 3, i * Every), Pulse.Fine);
  });

  it('is not blamed for time in which nobody looked (a suspended machine)', () => {
    const heart = new Heartbeat(Limit, Every);
    heart.look(7, 0);
    assert.equal(heart.look(7, 3_600_000), Pulse.Fine);
    assert.equal(heart.stoodMs, 2 * Every);
    assert.equal(heart.look(8, 3_600_500), Pulse.Fine);
  });
});
