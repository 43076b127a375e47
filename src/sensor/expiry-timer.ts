/** Calls when entries of threshold.config end, by the clock of the day. */

const enum Wait {
  /** Milliseconds between two looks at the clock, which may be set meanwhile. */
  Longest = 60_000,
}

export class ExpiryTimer {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ended: () => void) {}

  /** Waits for this clock time in milliseconds and no other; null: for nothing. */
  set(expiresMs: number | null): void {
    this.stop();
    if (expiresMs === null) return;
    const left = expiresMs - Date.now();
    const look = (): void => (expiresMs <= Date.now() ? this.ended() : this.set(expiresMs));
    this.timer = setTimeout(look, Math.min(Math.max(left, 0) + 1, Wait.Longest));
    this.timer.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
