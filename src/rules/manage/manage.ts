/**
 * Rule management in suricata-update's formats: disable, enable, drop and modify rules while they are loaded, then switch
 * on those that others need for their flowbits. Text to text, before rules are parsed, so that the rest of loading knows
 * nothing of it. Order, and what each list does, as suricata-update 1.3 (manual, "Rule Matching"; checked by running it).
 */

import { RuleFault } from '../faults.js';
import type { ManagementReport, RuleNote } from '../ir.js';
import { type Candidate, candidatesOf, isSilent, type RuleFileText, rewritten } from './candidates.js';
import { asDrop } from './changes.js';
import { enableNeeded } from './flowbits.js';
import { type ListFiles, type ListLine, type ReadLists, readLists } from './lists.js';

export interface Managed {
  files: RuleFileText[];
  report: ManagementReport;
  /** Lines that were not understood or whose change makes no rule. */
  failed: RuleNote[];
  /** Lines that match no rule. */
  warnings: RuleNote[];
}

const note = (
  at: { file: string; line: number },
  sid: number | null,
  reason: string,
  hint: string | null,
): RuleNote => ({
  file: at.file,
  line: at.line,
  column: 1,
  sid,
  reason,
  hint,
});

/** A commented rule counts unless another of its number is switched on or has a higher revision. */
function withoutDoubles(all: readonly Candidate[]): Candidate[] {
  const best = new Map<string, Candidate>();
  for (const c of all) {
    const id = `${c.gid}:${c.sid}`;
    const other = best.get(id);
    if (other === undefined || (!other.enabled && (c.enabled || c.rev > other.rev))) best.set(id, c);
  }
  return all.filter((c) => c.enabled || best.get(`${c.gid}:${c.sid}`) === c);
}

/** Applies the lists to the text of rule files. Throws PeccaryError when a list cannot be read. */
export function manageRules(files: readonly RuleFileText[], lists: ListFiles): Managed {
  return applyLists(files, readLists(lists));
}

/** As manageRules, with lists that were read before. */
export function applyLists(files: readonly RuleFileText[], { lines, faults }: ReadLists): Managed {
  const rules = withoutDoubles(files.flatMap(candidatesOf));
  const before = new Map(rules.map((c) => [c, c.enabled ? c.text : '']));
  const failed = faults.map((fault) => note(fault, null, fault.reason, fault.hint));
  const counts = lines.map(() => ({ matched: 0, changed: 0 }));
  for (const rule of rules) {
    lines.forEach((line, i) => {
      if (!line.matches(rule)) return;
      counts[i].matched++;
      if (applyLine(line, rule, failed)) counts[i].changed++;
    });
  }
  const forFlowbits = enableNeeded(rules).map(({ gid, sid }) => ({ gid, sid }));
  const report = {
    lines: lines.map(({ kind, file, line, text }, i) => ({ kind, file, line, text, ...counts[i] })),
    forFlowbits,
  };
  const warnings = report.lines
    .filter((line) => line.matched === 0)
    .map((line) => note(line, null, `"${line.text}" matches no rule`, 'remove the line or correct it'));
  return { files: files.map((f) => ({ path: f.path, text: rewritten(f, rules, before) })), report, failed, warnings };
}

/** Whether the line changed the rule. */
function applyLine(line: ListLine, rule: Candidate, failed: RuleNote[]): boolean {
  switch (line.kind) {
    case 'disable':
    case 'enable': {
      const wanted = line.kind === 'enable';
      if (rule.enabled === wanted) return false;
      rule.enabled = wanted;
      return true;
    }
    case 'drop': {
      if (isSilent(rule.text)) return false;
      const text = asDrop(rule.text);
      if (text === rule.text) return false;
      rule.text = text;
      return true;
    }
    default:
      return modify(line, rule, failed);
  }
}

function modify(line: ListLine, rule: Candidate, failed: RuleNote[]): boolean {
  try {
    const text = line.apply(rule.text);
    if (text === rule.text) return false;
    rule.text = text;
    return true;
  } catch (e) {
    if (!(e instanceof RuleFault)) throw e;
    failed.push(
      note(line, rule.sid, `makes no rule of ${rule.gid}:${rule.sid}, which stays as it is: ${e.reason}`, e.hint),
    );
    return false;
  }
}
