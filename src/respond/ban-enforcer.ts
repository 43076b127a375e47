/**
 * Carries bans out where they can be: in the firewall, and for clients behind trusted proxies in the workers, who drop
 * their requests. Looks each time whether it took effect.
 */
import type { BanClock } from './ban-clock.js';
import type { Ban } from './ban-store.js';
import { ClientLimit, type ClientTable } from './client-table.js';
import type { NftChange } from './nft.js';
import { type Firewall, NftQueue } from './nft-queue.js';

const enum Limit {
  /** Milliseconds within which changes of the clients' table are made together. */
  PublishMs = 20,
  /** Bans that end within so many milliseconds may be gone from the kernel already. */
  SoonMs = 2000,
}

export class BanEnforcer {
  private readonly queue: NftQueue | null;
  private publishing: Promise<void> | null = null;

  /** `firewall` null: a dry run. `clients` null: nobody drops requests. `bans`: those in force. */
  constructor(
    private readonly firewall: Firewall | null,
    readonly clients: ClientTable | null,
    private readonly bans: () => Iterable<Ban>,
    private readonly clock: BanClock,
  ) {
    this.queue = firewall === null ? null : new NftQueue(firewall, () => this.wanted());
  }

  /** Whether anything is done at all. */
  get isReal(): boolean {
    return this.queue !== null;
  }

  /** Runs of nft so far, and changes that wait for one. */
  get runs(): number {
    return this.queue?.runs ?? 0;
  }

  get waiting(): number {
    return this.queue?.length ?? 0;
  }

  /** Puts all bans into force; why that cannot be, or null. */
  async rebuild(): Promise<string | null> {
    if (this.firewall === null) return null;
    await this.publish();
    return (await this.firewall.rebuild(this.wanted())).fault;
  }

  /** Begins (`seconds` above 0) or ends a ban; why it has not taken effect, or null. Nothing is done in a dry run. */
  async change({ address, via }: Ban, seconds: number): Promise<string | null> {
    const { queue, clients } = this;
    if (queue === null) return null;
    const published = this.publish();
    if (via === null) {
      return new Promise((done) => queue.push({ address, seconds }, (_, fault) => done(fault)));
    }
    await published;
    if (clients === null || clients.has(address) === seconds > 0) return null;
    return seconds > 0 ? `more than ${ClientLimit.Most} clients are banned` : 'its requests are still dropped';
  }

  /** Whether the firewall has what it was given: others can flush it. What is missing is put back; what and why, or null. */
  async check(): Promise<{ missing: number; reason: string; fault: string | null } | null> {
    const { firewall } = this;
    if (firewall === null) return null;
    const soon = this.clock.nowMs() + Limit.SoonMs;
    const expected = [...this.bans()].filter((b) => b.via === null && b.endsMs > soon);
    const addresses = expected.map(({ address }) => address);
    const listed = await firewall.listed(addresses.length > 0 ? addresses : ['0.0.0.0', '::']);
    const inForce = new Set([...this.bans()].map(({ address }) => address));
    const gone = addresses.filter((a) => typeof listed === 'string' || (!listed.has(a) && inForce.has(a)));
    if (typeof listed !== 'string' && gone.length === 0) return null;
    const reason = typeof listed === 'string' ? listed : 'the kernel does not have them';
    return { missing: gone.length, reason, fault: await this.rebuild() };
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.publishing;
    await this.queue?.idle();
  }

  private wanted(): NftChange[] {
    const now = this.clock.nowMs();
    const seconds = (ban: Ban): number => Math.max(1, Math.ceil((ban.endsMs - now) / 1000));
    return [...this.bans()].flatMap((ban) =>
      ban.via === null ? [{ address: ban.address, seconds: seconds(ban) }] : [],
    );
  }

  /** Tells the workers who is banned: those behind proxies first, and others in case they come by a proxy too. */
  private publish(): Promise<void> {
    const { clients } = this;
    if (clients === null) return Promise.resolve();
    this.publishing ??= new Promise((done) => {
      setTimeout(() => {
        this.publishing = null;
        const all = [...this.bans()].sort((a, b) => Number(a.via === null) - Number(b.via === null));
        clients.replace(all.slice(0, ClientLimit.Most).map(({ address }) => address));
        done();
      }, Limit.PublishMs);
    });
    return this.publishing;
  }
}
