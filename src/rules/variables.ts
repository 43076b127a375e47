/**
 * Rule variables: `vars.address-groups` and `vars.port-groups` of the configuration over Suricata's default list
 * (suricata.yaml 7.0.10). Values may name other variables; a cycle is refused.
 */

import { nearest } from '../core/near-miss.js';
import type { Settings } from '../core/settings.js';
import { RuleFault } from './faults.js';

const defaultAddressGroups: Readonly<Record<string, string>> = {
  HOME_NET: '[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]',
  EXTERNAL_NET: '!$HOME_NET',
  HTTP_SERVERS: '$HOME_NET',
  SMTP_SERVERS: '$HOME_NET',
  SQL_SERVERS: '$HOME_NET',
  DNS_SERVERS: '$HOME_NET',
  TELNET_SERVERS: '$HOME_NET',
  AIM_SERVERS: '$EXTERNAL_NET',
  DC_SERVERS: '$HOME_NET',
  DNP3_SERVER: '$HOME_NET',
  DNP3_CLIENT: '$HOME_NET',
  MODBUS_CLIENT: '$HOME_NET',
  MODBUS_SERVER: '$HOME_NET',
  ENIP_CLIENT: '$HOME_NET',
  ENIP_SERVER: '$HOME_NET',
};

const defaultPortGroups: Readonly<Record<string, string>> = {
  HTTP_PORTS: '80',
  SHELLCODE_PORTS: '!80',
  ORACLE_PORTS: '1521',
  SSH_PORTS: '22',
  DNP3_PORTS: '20000',
  MODBUS_PORTS: '502',
  FILE_DATA_PORTS: '[$HTTP_PORTS,110,143]',
  FTP_PORTS: '21',
  GENEVE_PORTS: '6081',
  VXLAN_PORTS: '4789',
  TEREDO_PORTS: '3544',
};

/** One namespace of variables (addresses or ports). */
export class Variables {
  private readonly values = new Map<string, string>();
  /** Names being expanded, to find cycles. */
  private readonly open: string[] = [];

  constructor(
    readonly kind: 'address' | 'port',
    values: Iterable<[string, string]>,
  ) {
    for (const [k, v] of values) this.values.set(k, v);
  }

  /** Runs `use` with the value of `name`; nested calls for the same name are a cycle. */
  expand<T>(name: string, use: (value: string) => T): T {
    const value = this.values.get(name);
    if (value === undefined) {
      const guess = nearest(
        name.toLowerCase(),
        [...this.values.keys()].map((k) => k.toLowerCase()),
      );
      const hint =
        guess === null
          ? `define it under vars.${this.kind}-groups in the configuration`
          : `did you mean $${guess.toUpperCase()}?`;
      throw new RuleFault(`unknown ${this.kind} variable $${name}`, hint);
    }
    if (this.open.includes(name)) {
      throw new RuleFault(`variable $${name} refers to itself (${[...this.open, name].join(' > ')})`, null);
    }
    this.open.push(name);
    try {
      return use(value);
    } finally {
      this.open.pop();
    }
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** All names with their text, for `--dump-config`. */
  entries(): [string, string][] {
    return [...this.values];
  }
}

function merged(settings: Settings, path: string, defaults: Readonly<Record<string, string>>): [string, string][] {
  const out = new Map(Object.entries(defaults));
  for (const name of settings.keys(path)) {
    const value = settings.get(`${path}.${name}`);
    out.set(name, Array.isArray(value) ? `[${value.map(String).join(',')}]` : String(value ?? ''));
  }
  settings.get(path);
  return [...out];
}

export function addressVariables(settings: Settings): Variables {
  return new Variables('address', merged(settings, 'vars.address-groups', defaultAddressGroups));
}

export function portVariables(settings: Settings): Variables {
  return new Variables('port', merged(settings, 'vars.port-groups', defaultPortGroups));
}
