/**
 * Whether the sensor answers its queues, seen from outside: packets that leave a queue are its heartbeat. A queue in which
 * packets wait and from which none leaves stands still, whatever the reason.
 */
import type { QueueState } from '../capture/nfqueue-state.js';

/** What the sensor tells its watchdog. */
export const enum WatchdogWord {
  Pause = 'p',
  Over = 'o',
}

export const enum QueueWatchLimit {
  /** Milliseconds that a pause which the sensor has told of lasts at most. */
  PauseMs = 5000,
  /** Milliseconds between looks. */
  EveryMs = 50,
}

interface Seen {
  /** Packets that have left so far, and since when none has. */
  left: number;
  sinceMs: number;
}

export class QueueWatch {
  private readonly seen = new Map<number, Seen>();
  private lookMs = Number.NaN;

  private pausedUntilMs = 0;

  constructor(
    private readonly queues: readonly number[],
    private readonly limitMs: number,
  ) {}

  /** A pause that the sensor expects begins or is over: it does not count, up to QueueWatchLimit.PauseMs. */
  expect(pause: boolean, nowMs: number): void {
    this.pausedUntilMs = pause ? nowMs + QueueWatchLimit.PauseMs : 0;
    this.seen.clear();
  }

  /** How long, in milliseconds, a queue has stood still when that is too long; else 0. */
  look(states: readonly QueueState[], nowMs: number): number {
    // Who was himself stopped meanwhile has seen nothing.
    const late = nowMs - this.lookMs > this.limitMs / 2;
    this.lookMs = nowMs;
    if (nowMs < this.pausedUntilMs) return 0;
    let longest = 0;
    for (const { queue, waiting, lastId } of states) {
      if (!this.queues.includes(queue)) continue;
      const left = (lastId - waiting) >>> 0;
      const before = this.seen.get(queue);
      if (late || before === undefined || before.left !== left || waiting === 0) {
        this.seen.set(queue, { left, sinceMs: nowMs });
        continue;
      }
      longest = Math.max(longest, nowMs - before.sinceMs);
    }
    return longest >= this.limitMs ? longest : 0;
  }
}
