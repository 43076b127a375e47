/** The matches and conditions of a rule in plain words: for `peccary rules show`. */
import type {
  ByteNumber,
  Condition,
  ContentMatch,
  Effect,
  Match,
  NumberOrVar,
  NumberTest,
  Threshold,
} from '../rules/ir.js';
import { conditionText, contentText, effectText, matchText } from './rule-text.js';

function numberWord(value: NumberOrVar): string {
  return typeof value === 'number' ? String(value) : `the value of ${value.var}`;
}

function testWords({ op, lo, hi }: NumberTest): string {
  switch (op) {
    case '=':
      return `is ${lo}`;
    case '!=':
      return `is not ${lo}`;
    case '<':
      return `is less than ${lo}`;
    case '<=':
      return `is at most ${lo}`;
    case '>':
      return `is more than ${lo}`;
    case '>=':
      return `is at least ${lo}`;
    default:
      return `is between ${lo} and ${hi}`;
  }
}

/** Where a content must lie. */
function placeWords(m: ContentMatch): string[] {
  const out: string[] = [];
  if (m.startsWith) out.push('at the very beginning');
  if (m.offset !== null && m.depth !== null)
    out.push(
      typeof m.offset === 'number' && typeof m.depth === 'number'
        ? `within bytes ${m.offset} to ${m.offset + m.depth - 1}`
        : `within ${numberWord(m.depth)} bytes from byte ${numberWord(m.offset)}`,
    );
  else if (m.depth !== null) out.push(`within the first ${numberWord(m.depth)} bytes`);
  else if (m.offset !== null) out.push(`from byte ${numberWord(m.offset)} on`);
  const { distance, within } = m;
  if (distance !== null) {
    const back = typeof distance === 'number' && distance < 0;
    if (distance === 0) out.push('anywhere after the match before');
    else if (back) out.push(`from ${-distance} bytes before the end of the match before`);
    else out.push(`at least ${numberWord(distance)} bytes after the match before`);
  }
  if (within !== null)
    out.push(
      `ending at most ${numberWord(within)} bytes ${distance === null ? 'after the match before' : 'from there'}`,
    );
  if (m.endsWith) out.push('at the very end');
  return out;
}

function contentWords(m: ContentMatch): string {
  const words = [`${m.negated ? 'does not contain' : 'contains'} "${contentText(m.bytes)}"`];
  if (m.nocase) words.push('in any case');
  words.push(...placeWords(m));
  if (m.fastPatternOnly) words.push('found by the search alone');
  if (m.replace !== null) words.push(`replaced by "${contentText(m.replace)}" inline`);
  return words.join(', ');
}

const after = (relative: boolean): string => (relative ? ' after the match before' : '');

function readWords(m: ByteNumber): string {
  const base: Record<number, string> = { 0: 'any', 8: 'octal', 10: 'decimal', 16: 'hexadecimal' };
  const form = m.base === null ? `${m.endian} endian` : `as ${base[m.base]} text`;
  const mask = m.bitmask === 0 ? '' : `, masked with 0x${m.bitmask.toString(16)}`;
  const count = m.bytes === 0 ? 'the number' : `the ${numberWord(m.bytes)}-byte number`;
  return `${count} at offset ${numberWord(m.offset)}${after(m.relative)} (${form}${mask})`;
}

const comparisons = {
  '<': 'less than',
  '>': 'more than',
  '=': 'equal to',
  '<=': 'at most',
  '>=': 'at least',
  '&': 'having all bits of',
  '^': 'having other bits than',
};

export function matchWords(m: Match): string {
  switch (m.kind) {
    case 'content':
      return contentWords(m);
    case 'pcre': {
      const kept =
        m.captures.length === 0 ? '' : `, keeping ${m.captures.map((c) => `${c.scope}:${c.name}`).join(', ')}`;
      return `${m.negated ? 'does not match' : 'matches'} /${m.expr}/${m.flags}${after(m.relative)}${kept}`;
    }
    case 'isdataat':
      return `has ${m.negated ? 'no byte' : 'a byte'} at offset ${numberWord(m.at)}${after(m.relative)}`;
    case 'bsize':
      return `its length ${testWords(m.test)}`;
    case 'byte_test':
      return `${readWords(m)} is ${m.negated ? 'not ' : ''}${comparisons[m.op]} ${numberWord(m.value)}`;
    case 'byte_extract':
      return `keeps ${readWords(m)} as ${m.name}`;
    case 'byte_math':
      return `keeps ${readWords(m)} ${m.op} ${numberWord(m.value)} as ${m.name}`;
    case 'byte_jump':
      return `goes on ${readWords(m)} bytes further`;
    default:
      return matchText(m);
  }
}

const setWords = { isset: 'is set', isnotset: 'is not set' };
const flagModes = { exact: 'exactly', all: 'at least', any: 'any of', none: 'none of' };

/** Letters of TCP flags, from the lowest bit. */
function tcpFlags(bits: number): string {
  const letters = [...'FSRPAUEC'].filter((_, i) => (bits & (1 << i)) !== 0).join('');
  return letters === '' ? 'none' : letters;
}

export function conditionWords(c: Condition): string {
  switch (c.kind) {
    case 'number':
      return `${c.field} ${testWords(c.test)}`;
    case 'flowbits':
      return `flowbit ${c.names.join(' or ')} ${setWords[c.cmd]}`;
    case 'xbits':
      return `xbit ${c.name} of ${c.track} ${setWords[c.cmd]}`;
    case 'hostbits':
      return `hostbit ${c.name} of ${c.by} ${setWords[c.cmd]}`;
    case 'tcp_flags': {
      const ignored = c.ignore === 0 ? '' : `, not minding ${tcpFlags(c.ignore)}`;
      return `TCP flags: ${flagModes[c.mode]} ${tcpFlags(c.flags)}${ignored}`;
    }
    default:
      return conditionText(c);
  }
}

export function effectWords(e: Effect): string {
  if (e.kind === 'flowbits') return `${e.cmd}s flowbit ${e.names.join(', ')}`;
  if (e.kind === 'xbits') return `${e.cmd}s xbit ${e.name} of ${e.track}`;
  if (e.kind === 'hostbits') return `${e.cmd}s hostbit ${e.name} of ${e.by}`;
  return effectText(e);
}

const trackWords = {
  by_src: 'source',
  by_dst: 'destination',
  by_both: 'pair of addresses',
  by_rule: 'rule',
  by_flow: 'flow',
};

export function thresholdWords({ type, count, seconds, track }: Threshold): string {
  const each = `each ${trackWords[track]} in ${seconds} s`;
  switch (type) {
    case 'limit':
      return `alerts at most ${count} times for ${each}`;
    case 'threshold':
      return `alerts on every ${count}th match for ${each}`;
    case 'both':
      return `alerts once, after ${count} matches, for ${each}`;
    case 'detection_filter':
      return `alerts on each match after the first ${count} for ${each}`;
    default:
      return `${type}: ${count} for ${each}`;
  }
}
