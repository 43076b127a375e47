/** tag, bypass, prefilter, config, requires, nfq_set_mark: how a rule is run and what it causes. */
import { didYouMean } from '../diagnostics.js';
import { RuleFault, RuleSkip } from '../faults.js';
import { parseDecimal } from '../numbers.js';
import type { Keyword } from './keyword.js';
import { isKnownKeyword } from './known.js';

const enum TagDefault {
  Packets = 256,
}

export const tag: Keyword = {
  name: 'tag',
  description: 'Records what follows in the session or from the host.',
  args: 'session|host[, COUNT, packets|bytes|seconds[, src|dst]]',
  example: 'tag:session,10,packets;',
  value: 'required',
  apply(b, value) {
    const m = /^\s*(session|host)\s*(?:,\s*(\d+)\s*,\s*(packets|bytes|seconds)\s*(?:,\s*(src|dst)\s*)?)?$/.exec(value);
    const count = m === null ? null : m[2] === undefined ? TagDefault.Packets : parseDecimal(m[2], 0xffff_ffff);
    if (m === null || count === null)
      throw new RuleFault(`tag:${value} is not understood`, 'write tag:session,10,packets');
    b.addEffect({
      kind: 'tag',
      what: m[1] as 'session',
      metric: (m[3] ?? 'packets') as 'packets',
      count,
      side: m[1] === 'host' ? ((m[4] ?? 'src') as 'src') : null,
    });
  },
};

export const bypass: Keyword = {
  name: 'bypass',
  description: 'After a match the rest of the flow is not inspected.',
  args: '',
  example: 'http.host; content:"updates.example"; bypass;',
  value: 'none',
  apply(b) {
    b.addEffect({ kind: 'bypass' });
  },
};

/** Conditions that can be looked at before everything else. */
const prefilterable = new Set([
  'app_protocol',
  'tcp_flags',
  'ip_flags',
  'stream_size',
  'flow',
  'seq',
  'ack',
  'fragoffset',
  'ttl',
  'itype',
  'icode',
  'icmp_id',
  'icmp_seq',
  'dsize',
  'id',
  'icmpv6.mtu',
  'tcp.mss',
]);

export const prefilter: Keyword = {
  name: 'prefilter',
  description:
    'The condition before it decides whether the rest of the rule is looked at; after a content the same as fast_pattern.',
  args: '',
  example: 'ttl:1; prefilter; content:"abc";',
  value: 'none',
  apply(b) {
    const last = b.lastOption;
    if (last === 'match') {
      const { match } = b.order[b.order.length - 1];
      if (match.kind !== 'content')
        throw new RuleFault(
          `prefilter is not supported for ${match.kind}`,
          'put it after a content or a header keyword',
        );
      if (b.fastPattern === null) {
        match.fastPattern = true;
        b.fastPattern = match;
      }
      return;
    }
    if (last === 'flow') return;
    const c = last === 'condition' ? b.conditions[b.lastCondition] : undefined;
    if (c === undefined)
      throw new RuleFault('prefilter needs a match before it', 'put it after the condition it is meant for');
    const name = c.kind === 'number' ? c.field : c.kind;
    if (!prefilterable.has(name))
      throw new RuleFault(`prefilter is not supported for ${name}`, 'put it after a content or another header keyword');
    b.rule.prefilter = b.lastCondition;
  },
};

export const config: Keyword = {
  name: 'config',
  description:
    'No http event is written of the transaction that matched, or with scope flow of any of the flow from then on; type says nothing more, as in Suricata 7.0.10. Files, flows and alerts are written all the same.',
  args: 'logging disable, type tx|flow, scope tx|flow',
  example: 'config:logging disable, type tx, scope tx;',
  value: 'required',
  apply(b, value) {
    const m = /^\s*(logging\s+disable)\s*,\s*type\s+(tx|flow)\s*,\s*scope\s+(tx|flow)\s*$/.exec(value);
    if (m === null)
      throw new RuleFault(`config:${value} is not understood`, 'write config:logging disable, type tx, scope tx');
    b.addEffect({ kind: 'config', what: m[1], side: m[2], scope: m[3] });
  },
};

export const nfqSetMark: Keyword = {
  name: 'nfq_set_mark',
  description: 'Would mark the packet for netfilter; marks are not set here: the rule is loaded with a remark.',
  args: 'MARK[/MASK]',
  example: 'content:"abc"; nfq_set_mark:0x1/0xff;',
  value: 'required',
  apply(b, value) {
    const m = /^\s*(?:0x[0-9a-f]{1,8}|\d{1,10})(?:\/(?:0x[0-9a-f]{1,8}|\d{1,10}))?\s*$/i.exec(value);
    if (m === null) throw new RuleFault(`nfq_set_mark:${value} is not understood`, 'write nfq_set_mark:0x1/0xff');
    b.env.warn('nfq_set_mark: packet marks are not set', 'the rest of the rule works');
    b.lastOption = 'effect';
  },
};

/** The version that rules are taken to be written for. */
const versions: Record<7 | 8, readonly number[]> = { 7: [7, 0, 10], 8: [8, 0, 0] };

export const requires: Keyword = {
  name: 'requires',
  description: 'The rule is only loaded when these hold.',
  args: 'version OP N[.N[.N]][ | …][, feature NAME][, keyword NAME (version 8)]',
  example: 'requires:version >= 7.0.3;',
  value: 'required',
  apply(b, value) {
    for (const part of value.split(',')) {
      const t = part.trim();
      const space = t.search(/\s/);
      const what = space < 0 ? t : t.slice(0, space);
      const rest = space < 0 ? '' : t.slice(space).trim();
      if (what === 'version') {
        if (
          !rest.split('|').some((clause) =>
            clause
              .trim()
              .split(/\s+(?=[<>])/)
              .every((c) => versionHolds(c, b.env.ruleVersion)),
          )
        ) {
          throw new RuleSkip(`requires version ${rest}`);
        }
      } else if (what === 'keyword' && b.env.ruleVersion === 8) {
        if (!isKnownKeyword(rest, b.env.ruleVersion)) throw new RuleSkip(`requires keyword ${rest}`);
      } else if (what === 'feature') throw new RuleSkip(`requires feature ${rest}`);
      else
        throw new RuleSkip(
          `requires something unknown: ${t}${didYouMean(what, ['version', 'keyword', 'feature']) ?? ''}`,
        );
    }
  },
};

function versionHolds(clause: string, ruleVersion: 7 | 8): boolean {
  const m = /^\s*(<=|>=|<|>)\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?\s*$/.exec(clause);
  if (m === null)
    throw new RuleFault(`requires: version clause "${clause}" is not understood`, 'write version >= 7.0.3');
  const want = [m[2], m[3], m[4]].map((x) => Number(x ?? 0));
  const have = versions[ruleVersion];
  let order = 0;
  for (let i = 0; i < 3 && order === 0; i++) order = have[i] - want[i];
  return m[1] === '<' ? order < 0 : m[1] === '<=' ? order <= 0 : m[1] === '>' ? order > 0 : order >= 0;
}
