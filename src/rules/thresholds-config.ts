/**
 * threshold.config: suppress, event_filter (also called threshold) and rate_filter (Suricata 7.0.10 user guide,
 * "Global-Thresholds"). gid 0 stands for every group and sid 0 for every signature. An entry may hold until a day
 * (threshold-expiry.ts): after it, it is not applied.
 */

import type { RuleEnvironment } from './environment.js';
import { RuleFault } from './faults.js';
import { readInput } from './inputs.js';
import type { Action, RuleSet, Threshold, Track } from './ir.js';
import { parseDecimal } from './numbers.js';
import { expiryOf } from './threshold-expiry.js';

/** Adds what the file says to the set; a wrong line is a warning and the rest counts. */
export function readThresholds(path: string, env: RuleEnvironment, set: RuleSet): void {
  let text: string;
  try {
    text = readInput(path).toString('latin1');
  } catch (e) {
    set.warnings.push({
      file: path,
      line: 0,
      column: 1,
      sid: null,
      reason: `cannot be read: ${(e as Error).message}`,
      hint: null,
    });
    return;
  }
  let held = '';
  let first = 0;
  /** What the comment before the entry says. */
  let ends: number | null = null;
  const entry = (line: string): void => {
    if (holds(ends, path, first, set)) readLine(line, path, first, env, set);
    ends = null;
    held = '';
  };
  text.split('\n').forEach((raw, i) => {
    const line = raw.trimEnd();
    if (held === '') first = i + 1;
    if (held === '' && (line.trim() === '' || line.trimStart().startsWith('#'))) {
      ends = expiryOf(line);
      return;
    }
    if (line.endsWith('\\')) held += line.slice(0, -1);
    else entry(held + line);
  });
  if (held !== '') entry(held);
}

/** Whether an entry is still to be applied. One whose end cannot be read is not. */
function holds(ends: number | null, file: string, line: number, set: RuleSet): boolean {
  if (ends === null) return true;
  if (ends > Date.now()) {
    set.expiresMs = Math.min(set.expiresMs ?? ends, ends);
    return true;
  }
  const reason = Number.isNaN(ends)
    ? 'not applied: the comment above says "expires" without a time'
    : `not applied any more: it expired at ${new Date(ends).toISOString().slice(0, 19)}Z`;
  const hint = Number.isNaN(ends) ? 'write expires 2026-01-31T14:00:05Z, or remove the comment' : 'remove the line';
  set.warnings.push({ file, line, column: 1, sid: null, reason, hint });
  return false;
}

function readLine(line: string, file: string, lineNo: number, env: RuleEnvironment, set: RuleSet): void {
  try {
    const m = /^\s*(suppress|event_filter|threshold|rate_filter)\s+(.*)$/.exec(line);
    if (m === null)
      throw new RuleFault('not understood', 'a line begins with suppress, event_filter, threshold or rate_filter');
    const pairs = new Pairs(m[2]);
    if (m[1] === 'suppress') readSuppress(pairs, env, set);
    else if (m[1] === 'rate_filter') readRateFilter(pairs, set);
    else readEventFilter(pairs, set);
  } catch (e) {
    if (!(e instanceof RuleFault)) throw e;
    set.warnings.push({ file, line: lineNo, column: 1, sid: null, reason: e.reason, hint: e.hint });
  }
}

/** `name value, name value …`; commas inside brackets belong to the value. */
class Pairs {
  private readonly values = new Map<string, string>();

  constructor(text: string) {
    let depth = 0;
    let from = 0;
    for (let i = 0; i <= text.length; i++) {
      const c = text[i];
      if (c === '[') depth++;
      else if (c === ']') depth--;
      else if (c === undefined || (c === ',' && depth === 0)) {
        const part = text.slice(from, i).trim();
        const space = part.search(/\s/);
        this.values.set(space < 0 ? part : part.slice(0, space), space < 0 ? '' : part.slice(space).trim());
        from = i + 1;
      }
    }
  }

  text(...names: string[]): string | undefined {
    for (const n of names) if (this.values.has(n)) return this.values.get(n);
    return undefined;
  }

  number(name: string, alias = name): number {
    const text = this.text(name, alias);
    const n = text === undefined ? null : parseDecimal(text, 0xffff_ffff);
    if (n === null) throw new RuleFault(`${name} is missing or no number`, `write ${name} N`);
    return n;
  }

  /** The signature meant. sid without gid would be ambiguous and is refused; gid 0 with a sid is too. */
  signature(): { gid: number; sid: number } {
    const gid = this.number('gen_id', 'gid');
    const sid = this.number('sig_id', 'sid');
    if (gid === 0 && sid !== 0)
      throw new RuleFault('gen_id 0 with a sig_id names no rule', 'write gen_id 1, or sig_id 0 for all rules');
    return { gid, sid };
  }

  track(allowed: readonly string[]): string {
    const t = this.text('track') ?? '';
    if (!allowed.includes(t)) throw new RuleFault(`cannot track "${t}"`, `write track ${allowed.join(', ')}`);
    return t;
  }
}

function readSuppress(pairs: Pairs, env: RuleEnvironment, set: RuleSet): void {
  const { gid, sid } = pairs.signature();
  if (pairs.text('track') === undefined) {
    set.suppress.push({ gid, sid, track: null, addresses: null });
    return;
  }
  const track = pairs.track(['by_src', 'by_dst', 'by_either']) as 'by_src';
  const ip = pairs.text('ip');
  if (ip === undefined || ip === '')
    throw new RuleFault('suppress with track needs ip', 'write ip 10.0.0.1, ip 10.0.0.0/8 or ip [LIST]');
  set.suppress.push({ gid, sid, track, addresses: env.addressSet(ip) });
}

const tracks = ['by_src', 'by_dst', 'by_both', 'by_rule', 'by_flow'];

function readEventFilter(pairs: Pairs, set: RuleSet): void {
  const { gid, sid } = pairs.signature();
  const type = pairs.text('type') ?? '';
  if (type !== 'limit' && type !== 'threshold' && type !== 'both')
    throw new RuleFault(`unknown type "${type}"`, 'write type limit, threshold or both');
  const threshold: Threshold = {
    type,
    track: pairs.track(tracks) as Track,
    count: pairs.number('count'),
    seconds: pairs.number('seconds'),
  };
  if (threshold.count === 0 || threshold.seconds === 0) throw new RuleFault('count and seconds must be above 0', null);
  set.eventFilters.push({ gid, sid, threshold });
}

const newActions: ReadonlySet<string> = new Set(['alert', 'drop', 'pass', 'reject']);

function readRateFilter(pairs: Pairs, set: RuleSet): void {
  const { gid, sid } = pairs.signature();
  const action = pairs.text('new_action') ?? '';
  if (!newActions.has(action))
    throw new RuleFault(`unknown new_action "${action}"`, 'write new_action alert, drop, pass or reject');
  const count = pairs.number('count');
  const seconds = pairs.number('seconds');
  if (count === 0 || seconds === 0) throw new RuleFault('count and seconds must be above 0', null);
  set.rateFilters.push({
    gid,
    sid,
    track: pairs.track(tracks) as Track,
    count,
    seconds,
    newAction: action as Action,
    timeoutS: pairs.number('timeout'),
  });
}
