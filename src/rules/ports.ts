/** Port lists of rule headers to PortSet (user guide, "Ports (source and destination)"). */
import { RuleFault } from './faults.js';
import type { PortSet } from './ir.js';
import { walkList } from './listexpr.js';
import { parseDecimal } from './numbers.js';
import { normalise, type Range, subtract } from './ranges.js';
import type { Variables } from './variables.js';

const PortMax = 65535;
const next = (x: number): number => x + 1;
const before = (x: number): number => x - 1;

function portRange(text: string): Range<number> {
  if (text.toLowerCase() === 'any') return [0, PortMax];
  const colon = text.indexOf(':');
  const left = colon < 0 ? text : text.slice(0, colon).trim();
  const right = colon < 0 ? left : text.slice(colon + 1).trim();
  const lo = left === '' && colon >= 0 ? 0 : parseDecimal(left, PortMax);
  const hi = right === '' && colon >= 0 ? PortMax : parseDecimal(right, PortMax);
  if (lo === null || hi === null) {
    throw new RuleFault(`"${text}" is no port`, 'write any, 80, 80:90, 1024:, :1023, [80,443] or $NAME');
  }
  if (lo > hi) throw new RuleFault(`port range "${text}" ends before it begins`, `write ${hi}:${lo}`);
  return [lo, hi];
}

export function parsePorts(text: string, vars: Variables): PortSet {
  const want: Range<number>[] = [];
  const not: Range<number>[] = [];
  walkList(text, vars, { item: (item, negated) => (negated ? not : want).push(portRange(item)) });
  const excluded = normalise(not, next);
  const wanted: Range<number>[] = want.length === 0 ? [[0, PortMax]] : normalise(want, next);
  const ranges = subtract(wanted, excluded, next, before);
  if (ranges.length === 0)
    throw new RuleFault(`port list "${text}" leaves no port`, 'remove the negation of all of them, or write any');
  return { any: ranges.length === 1 && ranges[0][0] === 0 && ranges[0][1] === PortMax, ranges, text };
}
