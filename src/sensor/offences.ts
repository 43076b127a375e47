/**
 * Gathers what the pipeline of a worker finds to be offences and hands it to the main thread once a batch: who is to
 * blame, and whom a proxy names in his place. Offences of one address under one policy go as one.
 */
import { clearOffences, offenceCount, offencePolicy, offenceRule, offenceTx } from '../alert/offences.js';
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import type { Packet } from '../decode/packet.js';
import type { HttpTransaction } from '../http/tx.js';
import { clientText, packetDstText, packetSrcText, serverText } from '../output/encode-base.js';
import { realClient } from '../output/encode-client.js';
import { type ClientSource, xffOptions } from '../output/proxies.js';
import type { Offence } from '../respond/bans.js';
import { RuleCol } from '../rules/compile/layout.js';
import type { RuntimeRules } from '../rules/compile/tables.js';

const enum Limit {
  /** Different offences of one batch. */
  Batch = 1024,
}

const cLost = counter('ban.offences_lost');

export class OffenceBox {
  private readonly source: ClientSource;
  private readonly found = new Map<string, Offence>();

  /** `settings`: where the names that proxies give are found (outputs.eve-log.xff), and which proxies are believed. */
  constructor(
    settings: Settings,
    private rules: RuntimeRules,
    private readonly send: (offences: Offence[]) => void,
  ) {
    this.source = xffOptions(settings, 'outputs.eve-log').source;
  }

  useRules(rules: RuntimeRules): void {
    this.rules = rules;
  }

  /** Takes the offences of the packet that was judged last. `flow`: as long as its addresses are known. */
  take(p: Packet): void {
    for (let i = 0; i < offenceCount; i++) this.add(p, i);
    clearOffences();
  }

  private add(p: Packet, i: number): void {
    const policy = this.rules.bans[offencePolicy[i]];
    const bySource = policy.by === 'src';
    let address: string;
    if (p.flow !== 0) address = bySource ? clientText(p.flow) : serverText(p.flow);
    else address = bySource ? packetSrcText(p) : packetDstText(p);
    const tx = offenceTx[i] as HttpTransaction | null;
    const forwarded = bySource ? realClient(p.flow, tx, this.source) : '';
    const key = `${policy.name}\n${address}\n${forwarded}`;
    const known = this.found.get(key);
    if (known !== undefined) {
      known.times++;
      known.tsUs = p.tsUs;
      return;
    }
    if (this.found.size >= Limit.Batch) {
      counts[cLost]++;
      return;
    }
    const { table } = this.rules;
    const at = offenceRule[i] * RuleCol.Stride;
    const [gid, sid] = [table[at + RuleCol.Gid], table[at + RuleCol.Sid] >>> 0];
    this.found.set(key, { policy: policy.name, gid, sid, address, forwarded, times: 1, tsUs: p.tsUs });
  }

  /** Hands over what was found in the batch. `shiftUs`: what was taken off the packets' times. */
  flush(shiftUs: number): void {
    if (this.found.size === 0) return;
    const all = [...this.found.values()];
    this.found.clear();
    for (const o of all) o.tsUs += shiftUs;
    this.send(all);
  }
}
