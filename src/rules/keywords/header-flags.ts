/** Header fields that are sets of bits or names (user guide, "Header Keywords"). */
import { TcpFlag } from '../../protocol/tcp.js';
import { RuleFault } from '../faults.js';
import type { Condition } from '../ir.js';
import { parseDecimal } from '../numbers.js';
import { ipProtocolNumber } from './ip-protocol-names.js';
import type { Keyword } from './keyword.js';

type Mode = 'exact' | 'all' | 'any' | 'none';
const modes: Record<string, Mode> = { '+': 'all', '*': 'any', '!': 'none' };

/** A modifier `+ * !` may stand before or after the letters. */
function modeAndLetters(text: string, letters: string): { mode: Mode; bits: string } | null {
  const m = new RegExp(`^\\s*([+*!]?)\\s*([${letters}]*)\\s*([+*!]?)\\s*$`).exec(text);
  if (m === null || (m[1] !== '' && m[3] !== '')) return null;
  return { mode: modes[m[1] || m[3]] ?? 'exact', bits: m[2] };
}

const tcpBits: Record<string, number> = {
  F: TcpFlag.Fin,
  S: TcpFlag.Syn,
  R: TcpFlag.Rst,
  P: TcpFlag.Psh,
  A: TcpFlag.Ack,
  U: TcpFlag.Urg,
  C: TcpFlag.Cwr,
  '1': TcpFlag.Cwr,
  E: TcpFlag.Ece,
  '2': TcpFlag.Ece,
  '0': 0,
};

export const tcpFlags: Keyword = {
  name: 'tcp.flags',
  aliases: ['flags'],
  description:
    'TCP flags: exactly these; + these and others, * any of these, ! none of these; after a comma, flags that do not count.',
  args: '[+|*|!]FSRPAUCE0[,FSRPAUCE12]',
  example: 'tcp.flags:S,CE;',
  value: 'required',
  apply(b, value) {
    const comma = value.indexOf(',');
    const read = modeAndLetters(comma < 0 ? value : value.slice(0, comma), 'FSRPAUCE120');
    const mask = comma < 0 ? '' : value.slice(comma + 1).trim();
    if (read === null || read.bits === '' || !/^[FSRPAUCE120]*$/.test(mask)) {
      throw new RuleFault(`flags:${value} is not understood`, 'letters are F S R P A U C E, or 0');
    }
    const bits = (s: string): number => [...s].reduce((acc, c) => acc | tcpBits[c], 0);
    b.addCondition({ kind: 'tcp_flags', flags: bits(read.bits), ignore: bits(mask), mode: read.mode });
  },
};

const fragBitsOf: Record<string, number> = { M: 1, D: 2, R: 4 };

export const fragbits: Keyword = {
  name: 'fragbits',
  description: 'IPv4 fragment bits: exactly these; + these and others, * any of these, ! none of these.',
  args: '[+|*|!]MDR',
  example: 'fragbits:D;',
  value: 'required',
  apply(b, value) {
    const read = modeAndLetters(value, 'MDR');
    if (read === null || read.bits === '')
      throw new RuleFault(`fragbits:${value} is not understood`, 'letters are M D R');
    b.addCondition({
      kind: 'ip_flags',
      flags: [...read.bits].reduce((acc, c) => acc | fragBitsOf[c], 0),
      mode: read.mode,
    });
  },
};

const ipOptions = ['rr', 'eol', 'nop', 'ts', 'sec', 'esec', 'lsrr', 'ssrr', 'satid', 'any'];

export const ipopts: Keyword = {
  name: 'ipopts',
  description: 'An IPv4 option is present.',
  args: ipOptions.join('|'),
  example: 'ipopts:lsrr;',
  value: 'required',
  apply(b, value) {
    const option = value.trim().toLowerCase();
    if (!ipOptions.includes(option))
      throw new RuleFault(`ipopts: unknown option "${value}"`, `options are ${ipOptions.join(', ')}`);
    b.addCondition({ kind: 'ip_opts', option });
  },
};

export const sameip: Keyword = {
  name: 'sameip',
  description: 'Source and destination address are equal.',
  args: '',
  example: 'sameip;',
  value: 'none',
  apply(b) {
    b.addCondition({ kind: 'same_ip' });
  },
};

export const ipProto: Keyword = {
  name: 'ip_proto',
  description: 'IP protocol by number or name; only in rules for protocol ip.',
  args: '[!|<|>]NUMBER|NAME',
  example: 'ip_proto:47;',
  value: 'required',
  quotes: 'optional',
  negatable: true,
  apply(b, value, negated) {
    if (b.proto.ipProtos.length > 0)
      throw new RuleFault('ip_proto can only be used in rules for protocol ip', 'write alert ip …');
    const m = /^\s*([<>]?)\s*([^<>\s]+)\s*$/.exec(value);
    const n = m === null ? null : /^\d/.test(m[2]) ? parseDecimal(m[2], 255) : ipProtocolNumber(m[2]);
    if (m === null || n === null)
      throw new RuleFault(
        `ip_proto: unknown protocol "${value}"`,
        'write a number from 0 to 255 or a name such as tcp or TCP',
      );
    const op = negated ? '!=' : m[1] === '' ? '=' : (m[1] as '<' | '>');
    b.addCondition({ kind: 'ip_proto', test: { op, lo: n, hi: n } });
  },
};

function checksum(layer: Extract<Condition, { kind: 'checksum' }>['layer']): Keyword {
  const name = `${layer}-csum`;
  return {
    name,
    description: `The ${layer} checksum is right or wrong; computed even where checksums are not validated.`,
    args: 'valid|invalid',
    example: `${name}:invalid;`,
    value: 'required',
    apply(b, value) {
      const v = value.trim().toLowerCase();
      if (v !== 'valid' && v !== 'invalid')
        throw new RuleFault(`${name}:${value} is not understood`, 'write valid or invalid');
      b.addCondition({ kind: 'checksum', layer, valid: v === 'valid' });
    },
  };
}

export const checksums: readonly Keyword[] = (
  ['ipv4', 'tcpv4', 'tcpv6', 'udpv4', 'udpv6', 'icmpv4', 'icmpv6'] as const
).map(checksum);
