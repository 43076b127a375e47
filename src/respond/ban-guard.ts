/** Who is never banned, whatever they do: a ban of these would harm the network that it is to protect. */
import { readFileSync } from 'node:fs';
import type { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';
import { canonicalAddress, familyOf } from './address-list.js';

export type Refusal = 'allow-list' | 'own address' | 'gateway' | 'trusted proxy' | 'no host';

/** Milliseconds for which own addresses and gateways are taken to stay as they are. */
const FreshMs = 1000;

export class BanGuard {
  private own = new Set<string>();
  private gateways = new Set<string>();
  private readMs = Number.NEGATIVE_INFINITY;

  /** `proxies`: null when none are configured. `nowMs`: a monotonic clock. */
  constructor(
    private readonly allowed: BlockList,
    private readonly proxies: BlockList | null,
    private readonly nowMs: () => number,
  ) {}

  /** Why the address (canonical) must not be banned, or null. */
  refusal(address: string): Refusal | null {
    this.refresh();
    const family = familyOf(address);
    if (!isHost(address)) return 'no host';
    if (this.own.has(address)) return 'own address';
    if (this.gateways.has(address)) return 'gateway';
    if (this.isProxy(address)) return 'trusted proxy';
    return this.allowed.check(address, family) ? 'allow-list' : null;
  }

  /** Whether what the address says of its clients is believed. */
  isProxy(address: string): boolean {
    return this.proxies?.check(address, familyOf(address)) ?? false;
  }

  private refresh(): void {
    const now = this.nowMs();
    if (now - this.readMs < FreshMs) return;
    this.readMs = now;
    const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    this.own = new Set(all.map(({ address }) => canonicalAddress(address.split('%')[0]) ?? ''));
    this.gateways = new Set([...gateways4(read('/proc/net/route')), ...gateways6(read('/proc/net/ipv6_route'))]);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // no IPv6, or not Linux: there is no firewall to ban with then
  }
}

/** Next hops of /proc/net/route: column 3, hexadecimal in the byte order of the host (little-endian). */
export function gateways4(table: string): string[] {
  const hops = table
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t')[2] ?? '');
  const used = hops.filter((hop) => /^[0-9A-F]{8}$/i.test(hop) && hop !== '00000000');
  return [...new Set(used)].map((hop) => [...Buffer.from(hop, 'hex')].reverse().join('.'));
}

/** Next hops of /proc/net/ipv6_route: column 5, 32 hexadecimal digits. */
export function gateways6(table: string): string[] {
  const hops = table.split('\n').map((line) => line.split(/\s+/)[4] ?? '');
  const used = hops.filter((hop) => /^[0-9a-f]{32}$/i.test(hop) && !/^0+$/.test(hop));
  return [...new Set(used)].map((hop) => canonicalAddress(hop.match(/.{4}/g)?.join(':') ?? '') ?? '');
}

/** Not loopback, unspecified, a group or broadcast. */
function isHost(address: string): boolean {
  if (familyOf(address) === 'ipv6') return address !== '::' && address !== '::1' && !/^ff/i.test(address);
  const first = Number(address.split('.')[0]);
  return first !== 0 && first !== 127 && first < 224;
}
