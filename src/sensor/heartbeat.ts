/** Whether something that counts up goes on counting: how a worker that stands still is noticed. */
import type { Settings } from '../core/settings.js';

/** What a look found; Late and GoesOn are told once. */
export const enum Pulse {
  Fine,
  /** It has stood still for a quarter of the limit. */
  Late,
  /** It stood still, was told to be late, and counts again. */
  GoesOn,
  /** It has stood still for the limit: there is no waiting any longer. */
  Over,
}

/** Part of the limit after which it is told. */
const ToldAt = 0.25;

/** Seconds without a heartbeat after which a worker is replaced. */
export function stallSeconds(settings: Settings): number {
  return settings.int('health.stall-timeout', 20, 2, 3600);
}

export class Heartbeat {
  /** Milliseconds that it had stood still at the last look, or before it went on. */
  stoodMs = 0;
  private sinceMs = 0;
  private beat = -1;
  private lookMs = Number.NaN;
  private told = false;

  /** `limitMs`: how long it may stand still. `everyMs`: how often it is looked at. */
  constructor(
    private readonly limitMs: number,
    private readonly everyMs: number,
  ) {}

  /**
   * Time counts as far as it is looked at: who was himself stopped meanwhile (a suspended machine, SIGSTOP) has seen
   * nobody stand still.
   */
  look(beat: number, nowMs: number): Pulse {
    const passed = Number.isNaN(this.lookMs) ? 0 : Math.min(nowMs - this.lookMs, 2 * this.everyMs);
    this.lookMs = nowMs;
    if (beat !== this.beat) {
      const pulse = this.told ? Pulse.GoesOn : Pulse.Fine;
      this.stoodMs = this.sinceMs;
      this.sinceMs = 0;
      this.beat = beat;
      this.told = false;
      return pulse;
    }
    this.sinceMs += passed;
    this.stoodMs = this.sinceMs;
    if (this.sinceMs >= this.limitMs) return Pulse.Over;
    if (this.told || this.sinceMs < this.limitMs * ToldAt) return Pulse.Fine;
    this.told = true;
    return Pulse.Late;
  }
}
