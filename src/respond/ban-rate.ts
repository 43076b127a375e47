/** How many bans may begin in a second and be in force at once; what goes beyond is counted, and reported once a second. */

export class BanRate {
  private fromMs = Number.NEGATIVE_INFINITY;
  private taken = 0;
  private refused = 0;

  /** `perSecond`: bans.per-second, `most`: bans.max. `nowMs`: a monotonic clock. */
  constructor(
    private readonly perSecond: number,
    private readonly most: number,
    private readonly nowMs: () => number,
  ) {}

  /** Whether one more may begin, beside those in force. */
  take(inForce: number): boolean {
    const now = this.nowMs();
    if (now - this.fromMs >= 1000) {
      this.fromMs = now;
      this.taken = 0;
    }
    if (this.taken < this.perSecond && inForce < this.most) {
      this.taken++;
      return true;
    }
    this.refused++;
    return false;
  }

  /** What was refused in the second that is over, and why; null when nothing was, or it is not over. */
  report(inForce: number): { count: number; reason: string } | null {
    if (this.refused === 0 || this.nowMs() - this.fromMs < 1000) return null;
    const count = this.refused;
    this.refused = 0;
    const full = inForce >= this.most;
    return { count, reason: full ? `bans.max: ${this.most} addresses are banned` : 'bans.per-second is reached' };
  }
}
