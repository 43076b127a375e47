/**
 * Decides on bans and keeps them: counts offences, refuses those who must never be banned, lets the firewall act, looks
 * whether it did, ends bans on time, and tells of all of it. On the main thread; every table in it is bounded.
 */
import type { Log } from '../core/log.js';
import type { BanPolicy } from '../rules/ban-spec.js';
import { canonicalAddress } from './address-list.js';
import type { BanClock } from './ban-clock.js';
import type { BanConfig } from './ban-config.js';
import { BanCounts } from './ban-counts.js';
import { BanEnforcer } from './ban-enforcer.js';
import { BanGuard } from './ban-guard.js';
import { BanLog } from './ban-log.js';
import { BanRate } from './ban-rate.js';
import { type Ban, BanStore } from './ban-store.js';
import type { ClientTable } from './client-table.js';
import { type Firewall, Superseded } from './nft-queue.js';

/** Matches of rules that lead to a ban, as a worker tells them. */
export interface Offence {
  /** Name of the policy. */
  policy: string;
  gid: number;
  sid: number;
  /** Who is to blame as the connection shows it, and who that says it was asked by ('': nobody). */
  address: string;
  forwarded: string;
  /** How many since the worker told last, and the time of the last one's packet, microseconds since 1970. */
  times: number;
  tsUs: number;
}

const enum Every {
  /** Milliseconds between looks for bans that are over, and for whether the firewall is as it was left. */
  Sweep = 100,
  Check = 30_000,
}

/** Why an operator's wish was not carried out, or null. */
export type Wish = Promise<string | null>;

export class BanKeeper {
  private readonly bans = new Map<string, Ban>();
  private readonly counts: BanCounts;
  private readonly guard: BanGuard;
  private readonly told: BanLog;
  private readonly enforcer: BanEnforcer;
  /** The sensor is inline. */
  private readonly dropsRequests: boolean;
  private policies = new Map<string, BanPolicy>();
  /** Policy and address of refusals, and until when (monotonic) they are not told again. */
  private readonly refusals = new Map<string, number>();
  private readonly tally: Record<string, number> = {
    bans: 0,
    refused: 0,
    expired: 0,
    failed: 0,
    limited: 0,
    offences: 0,
  };
  /** No ban ends before this (monotonic). */
  private nextEndMs = Number.POSITIVE_INFINITY;
  private readonly rate: BanRate;
  private checkedMs: number;
  private readonly timer: NodeJS.Timeout;
  private storeFailed = false;

  private constructor(
    private readonly config: BanConfig,
    private readonly store: BanStore,
    firewall: Firewall | null,
    clients: ClientTable | null,
    private readonly clock: BanClock,
    private readonly log: Log,
  ) {
    this.dropsRequests = clients !== null;
    this.counts = new BanCounts(config.tracked);
    this.rate = new BanRate(config.perSecond, config.most, () => clock.nowMs());
    this.guard = new BanGuard(config.allowed, config.proxies, () => clock.nowMs());
    this.told = new BanLog(config.log, config.dryRun, log, () => clock.wallMs());
    this.enforcer = new BanEnforcer(firewall, config.dryRun ? null : clients, () => this.bans.values(), clock);
    this.checkedMs = clock.nowMs();
    this.timer = setInterval(() => this.tick(), Every.Sweep);
    this.timer.unref();
  }

  /**
   * Opens the store and puts the bans that are still in force into the firewall (null: a dry run). `clients`: what the
   * workers of an inline sensor look into, else null. Throws PeccaryError 'database', and Error with nft's words when there
   * is no firewall to be had.
   */
  static async open(
    config: BanConfig,
    firewall: Firewall | null,
    clients: ClientTable | null,
    clock: BanClock,
    log: Log,
  ): Promise<BanKeeper> {
    const store = await BanStore.open(config.database, config.dryRun, clock);
    const keeper = new BanKeeper(config, store, firewall, clients, clock, log);
    try {
      await keeper.restore();
    } catch (e) {
      await keeper.close();
      throw e;
    }
    return keeper;
  }

  private async restore(): Promise<void> {
    const { bans, over } = this.store.load();
    for (const { address, policy, durationS } of over) {
      this.tally.expired++;
      this.told.tell({ event: 'expired', address, policy, duration: durationS, enforced: false });
    }
    for (const ban of bans.slice(0, this.config.most)) {
      // Whoever must not be banned now need not wait for the end of a ban of before.
      const reason = this.guard.refusal(ban.address) ?? this.outOfReach(ban.via);
      if (reason === null) this.keep(ban);
      else this.release(ban.address, reason);
    }
    const fault = await this.enforcer.rebuild();
    if (fault !== null) throw new Error(fault);
    await this.check();
    if (this.bans.size > 0)
      this.told.tell({ event: 'restored', count: this.bans.size, enforced: this.enforcer.isReal });
  }

  private release(address: string, reason: string): void {
    this.store.remove(address);
    this.told.tell({ event: 'unbanned', address, reason });
  }

  /** Puts other policies to work; what was counted under names that stay is kept. */
  setPolicies(policies: readonly BanPolicy[]): void {
    this.policies = new Map(policies.map((p) => [p.name, p]));
  }

  /** Takes what a worker saw. */
  offend(offences: readonly Offence[]): void {
    for (const o of offences) this.count(o);
  }

  private count(o: Offence): void {
    const policy = this.policies.get(o.policy);
    const address = canonicalAddress(o.address);
    if (policy === undefined || address === null) return;
    this.tally.offences += o.times;
    const isProxy = this.guard.isProxy(address);
    const client = isProxy ? canonicalAddress(o.forwarded) : null;
    const who = client ?? address;
    if (this.bans.has(who)) return;
    if (!this.counts.add(policy.name, who, o.times, policy.after, policy.withinS, this.clock.nowMs())) return;
    const facts = { address: who, policy: policy.name, gid: o.gid, sid: o.sid, offences: policy.after };
    const via = client === null ? null : address;
    const reason = this.guard.refusal(who) ?? this.outOfReach(via);
    if (reason !== null) {
      this.refuse(facts, reason, policy.forS, via);
      return;
    }
    if (!this.rate.take(this.bans.size)) {
      this.tally.limited++;
      // Its next offence is as good as this one.
      this.counts.add(policy.name, who, policy.after - 1, policy.after, policy.withinS, this.clock.nowMs());
      return;
    }
    void this.ban({ ...facts, via, durationS: policy.forS, tsUs: o.tsUs });
  }

  private refuse(
    facts: { address: string; policy: string; gid?: number; sid?: number },
    reason: string,
    forS: number,
    via: string | null,
  ): void {
    this.tally.refused++;
    const key = `${facts.policy}\n${facts.address}`;
    const now = this.clock.nowMs();
    if ((this.refusals.get(key) ?? 0) > now) return;
    this.refusals.delete(key);
    this.refusals.set(key, now + forS * 1000);
    if (this.refusals.size > this.config.tracked) {
      const [oldest] = this.refusals.keys();
      this.refusals.delete(oldest);
    }
    this.told.tell({ event: 'refused', ...facts, ...(via === null ? {} : { via }), reason });
  }

  /** Why nothing can be done against a client behind the proxy `via` (null: it is behind none), or null. */
  private outOfReach(via: string | null): string | null {
    if (via === null || this.dropsRequests) return null;
    return 'behind a trusted proxy: its requests can only be dropped inline, the proxy is never banned';
  }

  private ban(o: {
    address: string;
    via: string | null;
    policy: string;
    gid: number | null;
    sid: number | null;
    offences?: number;
    durationS: number;
    tsUs: number | null;
  }): Wish {
    const { config, clock } = this;
    let before = 0;
    this.guarded(() => {
      before = this.store.timesBefore(o.address, config.memoryS);
    });
    const grown =
      o.gid === null
        ? o.durationS
        : Math.min(o.durationS * config.factor ** before, Math.max(o.durationS, config.longestS));
    const durationS = Math.max(1, Math.round(grown));
    const ban: Ban = {
      address: o.address,
      via: o.via,
      policy: o.policy,
      gid: o.gid,
      sid: o.sid,
      sinceMs: clock.wallMs(),
      untilMs: clock.wallMs() + durationS * 1000,
      endsMs: clock.nowMs() + durationS * 1000,
      durationS,
      times: before + 1,
    };
    this.keep(ban);
    this.guarded(() => this.store.save(ban));
    this.tally.bans++;
    const facts = {
      address: ban.address,
      ...(ban.via === null ? {} : { via: ban.via }),
      policy: ban.policy,
      ...(ban.gid === null || ban.sid === null ? {} : { gid: ban.gid, sid: ban.sid }),
      ...(o.offences === undefined ? {} : { offences: o.offences }),
      duration: durationS,
      until: new Date(ban.untilMs).toISOString(),
      times: ban.times,
    };
    return this.act(ban, durationS, (fault) => {
      const latency = o.tsUs === null ? {} : { latency_ms: Math.max(0, Math.round(clock.wallMs() - o.tsUs / 1000)) };
      this.told.tell({ event: 'ban', ...facts, enforced: fault === null && this.enforcer.isReal, ...latency });
      if (fault !== null) this.fail('ban', ban.address, fault);
    });
  }

  private keep(ban: Ban): void {
    this.bans.set(ban.address, ban);
    this.nextEndMs = Math.min(this.nextEndMs, ban.endsMs);
  }

  /** Begins (`seconds` above 0) or ends a ban; `settled` is told what came of it, and so is who waits. */
  private async act(ban: Ban, seconds: number, settled: (fault: string | null) => void): Wish {
    const fault = await this.enforcer.change(ban, seconds);
    settled(fault);
    return fault;
  }

  private fail(what: string, address: string, reason: string): void {
    if (reason === Superseded) return;
    this.tally.failed++;
    this.told.tell({ event: 'failed', address, reason: `${what}: ${reason}` });
    this.log('error', `${what} ${address} has not taken effect: ${reason}`);
  }

  /** The store is for the next start: this sensor goes on without it. */
  private guarded(work: () => void): void {
    try {
      work();
      this.storeFailed = false;
    } catch (e) {
      if (!this.storeFailed)
        this.log('error', `${this.config.database}: ${(e as Error).message}; bans may not outlive a restart`);
      this.storeFailed = true;
    }
  }

  private tick(): void {
    const now = this.clock.nowMs();
    if (now >= this.nextEndMs) this.sweep(now);
    const refused = this.rate.report(this.bans.size);
    if (refused !== null) {
      this.told.tell({ event: 'limited', ...refused });
      this.log('warning', 'addresses were not banned', refused);
    }
    if (this.enforcer.waiting > 0 || now - this.checkedMs < Every.Check) return;
    void this.check();
  }

  private sweep(now: number): void {
    let next = Number.POSITIVE_INFINITY;
    for (const ban of this.bans.values()) {
      if (ban.endsMs > now) next = Math.min(next, ban.endsMs);
      else this.expire(ban);
    }
    this.nextEndMs = next;
  }

  private expire(ban: Ban): void {
    const { address, policy, durationS, times } = ban;
    this.bans.delete(address);
    this.guarded(() => this.store.remove(address));
    this.tally.expired++;
    // The kernel ends it too, in whole seconds.
    void this.act(ban, 0, (fault) => {
      const enforced = fault === null && this.enforcer.isReal;
      this.told.tell({ event: 'expired', address, policy, duration: durationS, times, enforced });
      if (fault !== null) this.fail('the end of the ban of', address, fault);
    });
  }

  private async check(): Promise<void> {
    this.checkedMs = this.clock.nowMs();
    const found = await this.enforcer.check();
    if (found === null) return;
    const { missing, reason, fault } = found;
    this.tally.failed++;
    this.told.tell({ event: 'failed', count: missing, reason });
    this.log('error', 'the firewall was changed by others: bans are put back', { missing, reason });
    if (fault !== null) this.log('error', `bans are not in force: ${fault}`);
  }

  /** Bans by hand; `seconds` null: bans.duration. */
  async order(text: string, seconds: number | null): Wish {
    const address = canonicalAddress(text);
    if (address === null) return `${text} is no address`;
    const reason = this.guard.refusal(address);
    if (reason !== null) {
      this.refuse({ address, policy: 'operator' }, reason, 0, null);
      return `${address} is never banned: ${reason}`;
    }
    if (!this.bans.has(address) && this.bans.size >= this.config.most)
      return `bans.max: ${this.config.most} addresses are banned`;
    const durationS = seconds ?? this.config.operatorS;
    return this.ban({ address, via: null, policy: 'operator', gid: null, sid: null, durationS, tsUs: null });
  }

  /** Ends a ban before its time. */
  async pardon(text: string): Wish {
    const address = canonicalAddress(text);
    const ban = address === null ? undefined : this.bans.get(address);
    if (address === null || ban === undefined) return `${text} is not banned`;
    this.bans.delete(address);
    this.guarded(() => this.store.remove(address));
    return this.act(ban, 0, (fault) => {
      this.told.tell({
        event: 'unbanned',
        address,
        policy: ban.policy,
        reason: 'operator',
        enforced: fault === null && this.enforcer.isReal,
      });
      if (fault !== null) this.fail('unban', address, fault);
    });
  }

  /** The bans in force, those that end first first. */
  list(): Ban[] {
    return [...this.bans.values()].sort((a, b) => a.endsMs - b.endsMs);
  }

  get dryRun(): boolean {
    return this.config.dryRun;
  }

  counters(): Record<string, number> {
    const { bans, refused, expired, failed, limited, offences } = this.tally;
    return {
      'ban.active': this.bans.size,
      'ban.bans': bans,
      'ban.expired': expired,
      'ban.failed': failed,
      'ban.limited': limited,
      'ban.offences': offences,
      'ban.offenders_forgotten': this.counts.forgotten,
      'ban.nft_runs': this.enforcer.runs,
      'ban.refused': refused,
    };
  }

  /** Bans stay in force: the kernel ends them, or the next start takes them over. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.enforcer.idle();
    this.told.flush();
    this.store.close();
  }
}
