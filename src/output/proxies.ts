/**
 * The real client behind proxies, from what they say: X-Forwarded-For (Suricata user guide 7.0, "EVE Output", "xff"),
 * Forwarded (RFC 7239) and the PROXY protocol. Pure text; encode-client.ts finds the headers.
 */
import { isIP } from 'node:net';
import type { Settings } from '../core/settings.js';
import { type AddressRange, addressBytes, addressRange } from './address-bytes.js';

export interface ClientSource {
  /** Header in lower case. `forwarded` is read as RFC 7239 has it, any other as a list of addresses. */
  header: string;
  /** The proxies stand before the clients, and the first address is meant; else before the servers, and the last is. */
  forward: boolean;
  /** Who is believed; null: anybody. */
  trusted: { lo: Uint8Array; hi: Uint8Array }[] | null;
}

/** Bytes of a header that are looked at: the last ones, or with `forward` the first. */
export const ForwardedMost = 4096;

/** An address that somebody was asked for and that is told: null where it is hidden, unknown or no address. */
export type Hop = string | null;

/** "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80", any of them in quotes. */
function addressOf(text: string): Hop {
  const t = text.trim().replace(/^"(.*)"$/, '$1');
  const bracketed = /^\[([^\]]*)\](?::[\w.-]*)?$/.exec(t);
  const bare = bracketed?.[1] ?? /^([\d.]+):[\w.-]+$/.exec(t)?.[1] ?? t;
  const version = bare.includes('%') ? 0 : isIP(bare);
  return version === 0 || (bracketed !== null && version !== 6) ? null : bare;
}

/** Parts between `mark` that is not in a quoted string (RFC 9110 section 5.6.4). */
function parts(text: string, mark: string): string[] {
  const out: string[] = [];
  let from = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') quoted = !quoted;
    else if (c === '\\' && quoted) i++;
    else if (c === mark && !quoted) {
      out.push(text.slice(from, i));
      from = i + 1;
    }
  }
  out.push(text.slice(from));
  return out;
}

/** X-Forwarded-For and its kind, the client first; an empty element counts for nothing. */
export function forwardedFor(value: string): Hop[] {
  return value
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(addressOf);
}

/** Forwarded: the `for` of each element, the client first (RFC 7239 section 4). */
export function forwarded(value: string): Hop[] {
  return parts(value, ',')
    .filter((element) => element.trim() !== '')
    .map((element) => {
      const pair = parts(element, ';').find((p) => /^\s*for\s*=/i.test(p));
      if (pair === undefined) return null;
      return addressOf(pair.slice(pair.indexOf('=') + 1).replace(/\\(.)/g, '$1'));
    });
}

/** Bytes of an address for comparing and for the store: IPv4 within IPv6 (::ffff:192.0.2.1) as IPv4. */
export function plainBytes(address: string): Buffer {
  const b = addressBytes(address);
  const mapped = b.length === 16 && b.readUInt32BE(8) === 0xffff && b.readUInt32BE(0) === 0 && b.readUInt32BE(4) === 0;
  return mapped ? b.subarray(12) : b;
}

function isTrusted(address: string, { trusted }: ClientSource): boolean {
  if (trusted === null) return true;
  const b = plainBytes(address);
  return trusted.some((r) => r.lo.length === b.length && Buffer.compare(b, r.lo) >= 0 && Buffer.compare(b, r.hi) <= 0);
}

/**
 * Who asked, '' when nobody says so who is believed. `peer` is the address that the connection came from, `hops` those that
 * the proxies name, the client first. With trusted proxies: the last one that is none of them.
 */
export function clientOf(source: ClientSource, peer: string, hops: readonly Hop[]): string {
  if (hops.length === 0 || !isTrusted(peer, source)) return '';
  if (source.forward) return hops[0] ?? '';
  if (source.trusted === null) return hops[hops.length - 1] ?? '';
  for (let i = hops.length - 1; i >= 0; i--) {
    const hop = hops[i];
    if (hop === null) return '';
    if (!isTrusted(hop, source)) return hop;
  }
  return hops[0] ?? '';
}

/** `xff` of an event type or of eve-log. */
export interface XffOptions {
  enabled: boolean;
  /** The client takes the place of the peer's address; else it is told besides. */
  overwrite: boolean;
  source: ClientSource;
}

function trustedProxies(settings: Settings): AddressRange[] | null {
  const key = 'outputs.forwarded.trusted-proxies';
  if (settings.get(key) === undefined) return null;
  return settings.list(key).map((text) => {
    const range = addressRange(text);
    if (range === null) throw settings.fault(key, `addresses and CIDR blocks (not "${text}")`);
    return range;
  });
}

/** Reads `xff` below `path`; throws PeccaryError 'config'. */
export function xffOptions(settings: Settings, path: string): XffOptions {
  const choice = (key: string, first: string, second: string): boolean => {
    const value = settings.string(`${path}.xff.${key}`, first);
    if (value !== first && value !== second) throw settings.fault(`${path}.xff.${key}`, `${first} or ${second}`);
    return value === second;
  };
  return {
    enabled: settings.bool(`${path}.xff.enabled`, false),
    overwrite: choice('mode', 'extra-data', 'overwrite'),
    source: {
      header: settings.string(`${path}.xff.header`, 'X-Forwarded-For').toLowerCase(),
      forward: choice('deployment', 'reverse', 'forward'),
      trusted: trustedProxies(settings),
    },
  };
}
