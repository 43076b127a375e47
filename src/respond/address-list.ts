/** Addresses, CIDR blocks and ranges of the configuration, and addresses in the one form in which they are compared. */
import { BlockList, isIP, SocketAddress } from 'node:net';
import type { Settings } from '../core/settings.js';

/** "2001:DB8:0::1" → "2001:db8::1", "::ffff:192.0.2.1" → "192.0.2.1"; null for what is no address. */
export function canonicalAddress(text: string): string | null {
  const version = isIP(text);
  if (version === 4) return text;
  if (version !== 6 || text.includes('%')) return null;
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

export const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Reads the list at `key`: "192.0.2.1", "2001:db8::/32", "192.0.2.1-192.0.2.9". Throws PeccaryError 'config'. */
export function addressList(settings: Settings, key: string): BlockList {
  const list = new BlockList();
  for (const text of settings.list(key)) {
    if (!add(list, text.trim())) throw settings.fault(key, `addresses, CIDR blocks and ranges (not "${text}")`);
  }
  return list;
}

function add(list: BlockList, text: string): boolean {
  const [from, to] = text.split('-').map((part) => part.trim());
  const [address, prefix] = from.split('/');
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (to !== undefined) {
    if (prefix !== undefined || isIP(to) !== version) return false;
    try {
      list.addRange(address, to, family);
    } catch {
      return false; // the end lies before the beginning
    }
    return true;
  }
  if (prefix === undefined) list.addAddress(address, family);
  else if (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 6 ? 128 : 32)) {
    list.addSubnet(address, Number(prefix), family);
  } else return false;
  return true;
}
