/**
 * The time that timeouts, thresholds and counters of a live sensor go by. It is the packets' own time as long as that runs
 * evenly with the monotonic clock; when the clock of the machine is set, the packets' time jumps and this one does not.
 */

const enum Jump {
  /** Microseconds that packet time may differ from what the monotonic clock says before it counts as set anew: more than a
   * full ring can hold back. */
  LeastUs = 60_000_000,
}

export class EngineClock {
  /** What packet time was put back by, microseconds: packet time = engine time + shift. */
  shiftUs = 0;
  private lastUs = 0;
  private lastMs = 0;

  /** Takes note of the time of a packet that has just come, `nowMs` on the monotonic clock; true when the clock was set. */
  observe(packetUs: number, nowMs: number): boolean {
    let jumped = false;
    if (this.lastMs !== 0) {
      const off = packetUs - this.shiftUs - this.now(nowMs);
      if (Math.abs(off) > Jump.LeastUs) {
        this.shiftUs += off;
        jumped = true;
      }
    }
    this.lastUs = packetUs - this.shiftUs;
    this.lastMs = nowMs;
    return jumped;
  }

  /** Engine time, microseconds; 0 before the first packet. */
  now(nowMs: number): number {
    return this.lastMs === 0 ? 0 : this.lastUs + (nowMs - this.lastMs) * 1000;
  }
}
