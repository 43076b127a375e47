/**
 * Counts offences by policy and address in a sliding window. Bounded twice: by addresses and by offences remembered; the
 * address longest silent is forgotten first, which is counted.
 */
const enum CountLimit {
  /** Offences remembered of all addresses: 8 MiB of times. */
  Times = 1 << 20,
}

export class BanCounts {
  /** Times (monotonic, milliseconds) of offences that are no ban yet, by policy and address; longest silent first. */
  private readonly entries = new Map<string, number[]>();
  private held = 0;
  /** Entries forgotten for want of room. */
  forgotten = 0;

  constructor(private readonly most: number) {}

  get size(): number {
    return this.entries.size;
  }

  /** Counts `times` offences now; true when they make `after` within `withinS` seconds, and counting begins anew. */
  add(policy: string, address: string, times: number, after: number, withinS: number, nowMs: number): boolean {
    const key = `${policy}\n${address}`;
    const known = this.entries.get(key);
    if (known !== undefined) this.drop(key, known);
    const from = nowMs - withinS * 1000;
    const all = known === undefined ? [] : known.filter((t) => t > from);
    if (all.length + times >= after) return true;
    for (let i = 0; i < times; i++) all.push(nowMs);
    this.entries.set(key, all);
    this.held += all.length;
    this.bound();
    return false;
  }

  private drop(key: string, times: number[]): void {
    this.entries.delete(key);
    this.held -= times.length;
  }

  private bound(): void {
    while (this.entries.size > this.most || this.held > CountLimit.Times) {
      const oldest = this.entries.entries().next().value;
      if (oldest === undefined) return;
      this.drop(...oldest);
      this.forgotten++;
    }
  }
}
