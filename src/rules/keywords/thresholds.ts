/** threshold and detection_filter: how often a rule alerts (user guide, "Thresholding Keywords"). */
import type { RuleBuilder } from '../builder.js';
import { RuleFault } from '../faults.js';
import type { Threshold, Track } from '../ir.js';
import { parseDecimal } from '../numbers.js';
import type { Keyword } from './keyword.js';

/** The `word value` pairs of a threshold's text; throws on a pair given twice. */
function readPairs(keyword: string, value: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const part of value.split(',')) {
    const t = part.trim();
    const space = t.search(/\s/);
    const name = space < 0 ? t : t.slice(0, space);
    if (pairs.has(name)) throw new RuleFault(`${keyword}: ${name} is given twice`, `remove one ${name}`);
    pairs.set(name, space < 0 ? '' : t.slice(space).trim());
  }
  return pairs;
}

function number(keyword: string, pairs: Map<string, string>, name: string): number {
  const text = pairs.get(name);
  const n = text === undefined ? null : parseDecimal(text, 0xffff_ffff);
  if (n === null) throw new RuleFault(`${keyword}: ${name} is missing or no number`, `write ${name} N`);
  return n;
}

function track(keyword: string, pairs: Map<string, string>, allowed: string[]): Track {
  const t = pairs.get('track') ?? '';
  if (!allowed.includes(t)) throw new RuleFault(`${keyword}: cannot track "${t}"`, `write track ${allowed.join(', ')}`);
  return t as Track;
}

/** Suricata notices a second threshold only while no sticky buffer is set; published rules have two after one. */
function checkAlone(b: RuleBuilder, keyword: string): void {
  if (b.rule.threshold === null) return;
  if (b.current === null)
    throw new RuleFault(`${keyword}: a rule can have one threshold or detection_filter`, 'remove the other');
  b.env.warn(`${keyword}: a rule has one threshold: the last counts`, 'remove the other');
}

export const threshold: Keyword = {
  name: 'threshold',
  description: 'Alerts on the first (limit), every Nth (threshold) or once after N (both) matches in a time.',
  args: 'type limit|threshold|both, track by_src|by_dst|by_both|by_rule, count N, seconds N',
  example: 'threshold:type limit, track by_src, count 1, seconds 60;',
  value: 'required',
  apply(b, value) {
    checkAlone(b, 'threshold');
    const pairs = readPairs('threshold', value);
    const type = pairs.get('type') ?? '';
    const types = b.env.ruleVersion === 8 ? ['limit', 'threshold', 'both', 'backoff'] : ['limit', 'threshold', 'both'];
    if (!types.includes(type))
      throw new RuleFault(`threshold: unknown type "${type}"`, `write type ${types.join(', ')}`);
    const tracks = ['by_src', 'by_dst', 'by_both', 'by_rule'];
    if (b.env.ruleVersion === 8) tracks.push('by_flow');
    const t: Threshold = {
      type: type as Threshold['type'],
      track: track('threshold', pairs, tracks),
      count: number('threshold', pairs, 'count'),
      seconds: type === 'backoff' ? 0 : number('threshold', pairs, 'seconds'),
    };
    if (type === 'backoff') t.multiplier = number('threshold', pairs, 'multiplier');
    b.rule.threshold = t;
  },
};

export const detectionFilter: Keyword = {
  name: 'detection_filter',
  description: 'Alerts on every match after this many in a time.',
  args: 'track by_src|by_dst, count N, seconds N',
  example: 'detection_filter:track by_src, count 10, seconds 60;',
  value: 'required',
  apply(b, value) {
    checkAlone(b, 'detection_filter');
    const pairs = readPairs('detection_filter', value);
    const tracks =
      b.env.ruleVersion === 8 ? ['by_src', 'by_dst', 'by_rule', 'by_both', 'by_flow'] : ['by_src', 'by_dst'];
    const t: Threshold = {
      type: 'detection_filter',
      track: track('detection_filter', pairs, tracks),
      count: number('detection_filter', pairs, 'count'),
      seconds: number('detection_filter', pairs, 'seconds'),
    };
    if (t.count === 0 || t.seconds === 0) throw new RuleFault('detection_filter: count and seconds must be above 0');
    b.rule.threshold = t;
  },
};
