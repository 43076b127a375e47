/**
 * Takes changes of the firewall as they come and carries them out in batches, one run of nft at a time, then looks whether
 * the kernel has them. Later changes of an address replace earlier ones that still wait, so that there are never more of
 * them than addresses.
 */
import type { NftChange, NftResult } from './nft.js';

/** What NftTable offers of it. */
export interface Firewall {
  rebuild(bans: readonly NftChange[]): Promise<NftResult>;
  change(changes: readonly NftChange[]): Promise<NftResult>;
  listed(of: readonly string[]): Promise<Set<string> | string>;
}

const enum Limit {
  /** Changes of one run. */
  Batch = 1024,
  /** Milliseconds between the beginnings of two runs. */
  PauseMs = 50,
}

/** Why a change was not carried out when a later one of the same address took its place. */
export const Superseded = 'another change of this address came before it was carried out';

/** What became of a change; `fault`: why it has not taken effect, or null. */
export type Settled = (change: NftChange, fault: string | null) => void;

export class NftQueue {
  /** Runs of nft, and those that failed. */
  runs = 0;
  failures = 0;
  private readonly waiting = new Map<string, NftChange & { settled: Settled }>();
  private working: Promise<void> | null = null;

  /** `wanted`: all that is to be banned at the moment, for making the table anew when it is not as it was left. */
  constructor(
    private readonly firewall: Firewall,
    private readonly wanted: () => NftChange[],
  ) {}

  get length(): number {
    return this.waiting.size;
  }

  push(change: NftChange, settled: Settled): void {
    const before = this.waiting.get(change.address);
    this.waiting.delete(change.address);
    this.waiting.set(change.address, { ...change, settled });
    before?.settled(before, Superseded);
    this.working ??= this.work();
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.working !== null) await this.working;
  }

  private async work(): Promise<void> {
    // Whatever comes in the same turn goes into the same batch.
    await new Promise((done) => setImmediate(done));
    while (this.waiting.size > 0) {
      const began = performance.now();
      const batch = [...this.waiting.values()].slice(0, Limit.Batch);
      for (const { address } of batch) this.waiting.delete(address);
      const fault = await this.carryOut(batch);
      const listed = fault === null ? await this.firewall.listed(batch.map(({ address }) => address)) : fault;
      for (const { settled, ...change } of batch) settled(change, missing(change, listed));
      const left = Limit.PauseMs - (performance.now() - began);
      if (left > 0 && this.waiting.size > 0) await new Promise((done) => setTimeout(done, left));
    }
    this.working = null;
  }

  /** Why the changes could not be made, or null. */
  private async carryOut(batch: readonly NftChange[]): Promise<string | null> {
    this.runs++;
    const first = await this.firewall.change(batch);
    if (first.fault === null) return null;
    this.failures++;
    // Someone has removed the table (a firewall that was loaded anew does that): all of it is made again.
    const again = await this.firewall.rebuild(this.wanted());
    return again.fault;
  }
}

function missing({ address, seconds }: NftChange, listed: Set<string> | string): string | null {
  if (typeof listed === 'string') return listed;
  if (seconds > 0) return listed.has(address) ? null : 'the kernel does not have it';
  return listed.has(address) ? 'the kernel still has it' : null;
}
