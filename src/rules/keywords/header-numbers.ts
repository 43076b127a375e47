/** Header fields compared with numbers (user guide, "Header Keywords"). */
import type { RuleBuilder } from '../builder.js';
import { RuleFault } from '../faults.js';
import type { NumberField, NumberTest } from '../ir.js';
import { parseDecimal, parseNumberTest } from '../numbers.js';
import { snortRange } from '../snort3-ranges.js';
import type { Keyword } from './keyword.js';

type Read = (text: string, negated: boolean) => NumberTest | null;

/** Largest value that a range in Snort 3's dialect may name. */
const Max32 = 0xffff_ffff;

const equals = (n: number | null): NumberTest | null => (n === null ? null : { op: '=', lo: n, hi: n });
/** `N`, `<N`, `>N`, `A<>B` and so on. */
const comparison =
  (max: number): Read =>
  (t) =>
    parseNumberTest(t, max);
/** A plain number. */
const plain =
  (max: number): Read =>
  (t) =>
    equals(parseDecimal(t.trim(), max));
/** `N` or `!N`. */
const maybeNot =
  (max: number): Read =>
  (t) => {
    const v = t.trim();
    const n = parseDecimal(v.startsWith('!') ? v.slice(1) : v, max);
    return n === null ? null : { op: v.startsWith('!') ? '!=' : '=', lo: n, hi: n };
  };

/** tos: decimal, or hexadecimal after x; may be negated. */
const tosValue: Read = (t, negated) => {
  const m = /^\s*(?:x([0-9a-fA-F]{1,2})|(\d{1,3}))\s*$/.exec(t);
  const n = m === null ? 256 : m[1] !== undefined ? Number.parseInt(m[1], 16) : Number(m[2]);
  return n > 255 ? null : { op: negated ? '!=' : '=', lo: n, hi: n };
};

/** fragoffset: `N`, `<N`, `>N`, `A<>B` (ends excluded). */
const fragValue: Read = (t) =>
  /^\s*[<>]?\s*\d+\s*$|^\s*\d+\s*<>\s*\d+\s*$/.test(t) ? parseNumberTest(t, 0xffff) : null;

interface Spec {
  name: string;
  field: NumberField;
  read: Read;
  args: string;
  description: string;
  example: string;
  aliases?: string[];
  more?: Partial<Keyword>;
  check?(b: RuleBuilder): void;
}

const specs: Spec[] = [
  {
    name: 'ttl',
    field: 'ttl',
    read: comparison(255),
    args: 'N|<N|>N|A-B',
    description: 'IP time to live or hop limit.',
    example: 'ttl:<10;',
  },
  {
    name: 'id',
    field: 'id',
    read: plain(0xffff),
    args: 'N',
    description: 'IPv4 identification.',
    example: 'id:31337;',
  },
  {
    name: 'tos',
    field: 'tos',
    read: tosValue,
    args: '[!]N|xHEX',
    description: 'IPv4 type of service byte.',
    example: 'tos:!8;',
    more: { quotes: 'optional', negatable: true },
  },
  {
    name: 'fragoffset',
    field: 'fragoffset',
    read: fragValue,
    args: 'N|<N|>N|A<>B',
    description: 'IP fragment offset, in units of 8 bytes.',
    example: 'fragoffset:>0;',
  },
  {
    name: 'tcp.seq',
    aliases: ['seq'],
    field: 'seq',
    read: plain(0xffff_ffff),
    args: 'N',
    description: 'TCP sequence number.',
    example: 'tcp.seq:0;',
  },
  {
    name: 'tcp.ack',
    aliases: ['ack'],
    field: 'ack',
    read: plain(0xffff_ffff),
    args: 'N',
    description: 'TCP acknowledgement number.',
    example: 'tcp.ack:0;',
  },
  {
    name: 'tcp.window',
    aliases: ['window'],
    field: 'window',
    read: maybeNot(0xffff),
    args: '[!]N',
    description: 'TCP window field.',
    example: 'tcp.window:55808;',
  },
  {
    name: 'tcp.mss',
    field: 'tcp.mss',
    read: comparison(0xffff),
    args: 'N|<N|>N|A-B',
    description: 'TCP maximum segment size option.',
    example: 'tcp.mss:<500;',
  },
  {
    name: 'itype',
    field: 'itype',
    read: comparison(255),
    args: 'N|<N|>N|A<>B',
    description: 'ICMP type.',
    example: 'itype:8;',
  },
  {
    name: 'icode',
    field: 'icode',
    read: comparison(255),
    args: 'N|<N|>N|A<>B',
    description: 'ICMP code.',
    example: 'icode:0;',
  },
  {
    name: 'icmp_id',
    field: 'icmp_id',
    read: plain(0xffff),
    args: 'N',
    description: 'ICMP identifier.',
    example: 'icmp_id:0;',
  },
  {
    name: 'icmp_seq',
    field: 'icmp_seq',
    read: plain(0xffff),
    args: 'N',
    description: 'ICMP sequence number.',
    example: 'icmp_seq:0;',
  },
  {
    name: 'icmpv6.mtu',
    field: 'icmpv6.mtu',
    read: comparison(0xffff_ffff),
    args: 'N|<N|>N|A-B',
    description: 'MTU of ICMPv6 "packet too big".',
    example: 'icmpv6.mtu:<1280;',
  },
  {
    name: 'dsize',
    field: 'dsize',
    read: comparison(0xffff),
    args: 'N|<N|>N|A<>B',
    description: 'Bytes of payload in the packet.',
    example: 'dsize:>1000;',
    check: (b) => b.once('dsize'),
  },
];

export const headerNumbers: readonly Keyword[] = specs.map((s) => ({
  name: s.name,
  aliases: s.aliases,
  description: s.description,
  args: s.args,
  example: s.example,
  value: 'required',
  ...s.more,
  apply(b, value, negated) {
    s.check?.(b);
    // Snort 3 takes ranges everywhere, Suricata only for some fields.
    const test =
      (b.dialect === 'snort3' ? snortRange(`${negated ? '!' : ''}${value}`, Max32) : null) ?? s.read(value, negated);
    if (test === null) throw new RuleFault(`${s.name}:${value} is not understood`, `write ${s.args}`);
    b.addCondition({ kind: 'number', field: s.field, test });
  },
}));
