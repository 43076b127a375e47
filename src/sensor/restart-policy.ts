/** When a sensor that ended abnormally is started again, and when no more. */

export const enum RestartLimit {
  /** Milliseconds before the first restart, doubled with each that follows a short life, and their most. */
  FirstMs = 1000,
  MostMs = 60_000,
  /** A sensor that ran for so many milliseconds has lived: what comes after begins anew. */
  LivedMs = 60_000,
  /** Short lives one after the other, then there is no use in another. */
  Attempts = 10,
}

export class RestartPolicy {
  private short = 0;

  /** Milliseconds to wait after a sensor that ran for `ranMs`; null: no more. */
  wait(ranMs: number): number | null {
    if (ranMs >= RestartLimit.LivedMs) this.short = 0;
    if (this.short === RestartLimit.Attempts) return null;
    return Math.min(RestartLimit.MostMs, RestartLimit.FirstMs * 2 ** this.short++);
  }
}
