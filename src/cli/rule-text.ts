/** Parts of a rule in few words, near to how rules are written. */
import { appProtoNames } from '../protocol/app-proto.js';
import { toBytes } from '../rules/byte-text.js';
import type { AddressSet, Condition, Effect, Match, NumberOrVar, NumberTest, PortSet, Rule } from '../rules/ir.js';
import { safe } from './format.js';

export function headerText(rule: Rule): string {
  const side = (addresses: AddressSet, ports: PortSet): string => `${addresses.text} port ${ports.text}`;
  const arrow = rule.bidirectional ? '<>' : '->';
  return safe(`${rule.proto.name}, ${side(rule.src, rule.srcPorts)} ${arrow} ${side(rule.dst, rule.dstPorts)}`);
}

export function flowText(rule: Rule): string {
  const { direction, state, stream, frag } = rule.flow;
  const words: (string | null)[] = [direction, state];
  if (stream !== null) words.push(stream === 'only' ? 'reassembled data only' : 'packets only');
  if (frag !== null) words.push(frag === 'only' ? 'fragmented packets only' : 'no fragmented packets');
  return words.filter((word) => word !== null).join(', ');
}

/** Bytes of a content as rules write them: printable ASCII, the rest in hexadecimal between bars. */
export function contentText(bytes: string): string {
  let out = '';
  let inHex = false;
  for (const byte of toBytes(bytes)) {
    const plain = byte >= 0x20 && byte < 0x7f && !'";\\|:'.includes(String.fromCharCode(byte));
    if (plain === inHex) out += '|';
    else if (inHex) out += ' ';
    out += plain ? String.fromCharCode(byte) : byte.toString(16).padStart(2, '0');
    inHex = !plain;
  }
  return inHex ? `${out}|` : out;
}

export function matchText(match: Match): string {
  if (match.kind === 'content') {
    const words = [`${match.negated ? 'no ' : ''}"${contentText(match.bytes)}"`];
    if (match.nocase) words.push('any case');
    if (match.startsWith) words.push('at the start');
    if (match.endsWith) words.push('at the end');
    for (const key of ['offset', 'depth', 'distance', 'within'] as const) {
      const value = match[key];
      if (value !== null) words.push(`${key} ${numberText(value)}`);
    }
    if (match.fastPattern) words.push(match.fastPatternOnly ? 'fast pattern only' : 'fast pattern');
    return words.join(', ');
  }
  if (match.kind === 'pcre')
    return `${match.negated ? 'no ' : ''}/${match.expr}/${match.flags}${match.relative ? ', relative' : ''}`;
  if (match.kind === 'bsize') return `size ${testText(match.test)}`;
  return `${match.kind} ${fieldsText(match)}`;
}

function numberText(value: NumberOrVar): string {
  return typeof value === 'number' ? String(value) : value.var;
}

function testText(test: NumberTest): string {
  return test.op === 'in' ? `${test.lo} to ${test.hi}` : `${test.op} ${test.lo}`;
}

export function conditionText(condition: Condition): string {
  if (condition.kind === 'app_protocol') {
    const side = condition.side === 'either' ? '' : `, ${condition.side}`;
    return `app-layer-protocol ${condition.negated ? 'not ' : ''}${appProtoNames[condition.app]}${side}`;
  }
  if (condition.kind === 'number') return `${condition.field} ${testText(condition.test)}`;
  return `${condition.kind} ${fieldsText(condition)}`;
}

/** Fields whose value says what it is. */
const bare = new Set(['cmd', 'names', 'name', 'op', 'value']);
/** Values that are as if nothing was written. */
const usual: Record<string, unknown> = { endian: 'big', bitmask: 0, multiplier: 0, align: 0, postOffset: 0 };

export function effectText(effect: Effect): string {
  return `${effect.kind} ${fieldsText(effect)}`;
}

/** The fields besides `kind` that say something: "name value", flags by name alone, without nulls and falses. */
function fieldsText(of: Match | Condition | Effect): string {
  const words: string[] = [];
  for (const [key, value] of Object.entries(of)) {
    if (key === 'kind' || value === null || value === false || (Array.isArray(value) && value.length === 0)) continue;
    if (usual[key] === value) continue;
    if (value === true) words.push(key);
    else if (bare.has(key) && typeof value !== 'object') words.push(String(value));
    else if (bare.has(key) && Array.isArray(value)) words.push(value.join(', '));
    else if (key === 'test' && 'lo' in value) words.push(testText(value as NumberTest));
    else if (typeof value === 'object' && 'var' in value) words.push(`${key} ${String(value.var)}`);
    else if (Array.isArray(value) && typeof value[0] === 'string') words.push(`${key} ${value.join(', ')}`);
    else words.push(`${key} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  }
  return safe(words.join(' '));
}
