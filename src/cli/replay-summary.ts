/** What a finished replay tells a person, and a program. */
import { join } from 'node:path';
import type { ReplaySummary, RuleNoteSummary } from '../sensor/options.js';
import { type Column, safe, safeJson, tableLines } from './format.js';
import { costColumns, suspensionLines, worstRules } from './rule-costs-text.js';
import { byteSize, grouped, type Paint, plural } from './text.js';

/** Signatures in the table; the rest are counted. */
const MaxSignatures = 15;
/** Refused rules and capture faults printed in full; the rest are counted. */
const MaxNotes = 10;

function refusedCount({ rules }: ReplaySummary): number {
  return rules.failed.length + rules.unkept.failed;
}

/** Remarks on the configuration and on rules. */
export function printRemarks(out: NodeJS.WritableStream, configNotes: string[], summary: ReplaySummary): void {
  for (const note of configNotes) out.write(`configuration: ${safe(note)}\n`);
  if (summary.unknownKeys.length > 0) {
    out.write(`configuration: keys that Peccary does not have: ${safe(summary.unknownKeys.join(', '))}\n`);
  }
  for (const note of summary.notes) out.write(`rules: ${safe(note)}\n`);
  const { failed, unkept } = summary.rules;
  const refused = refusedCount(summary);
  const skipped = summary.rules.skipped.length + unkept.skipped;
  for (const note of failed.slice(0, MaxNotes)) out.write(`${noteText(note)}\n`);
  if (refused > MaxNotes) {
    out.write(`and ${plural(refused - MaxNotes, 'refused rule')} more: \`peccary rules check\` lists them all\n`);
  }
  if (skipped > 0) out.write(`${plural(skipped, 'rule')} skipped: \`peccary rules check\` says why\n`);
  const idle = summary.rules.warnings.filter((note) => note.reason.endsWith('matches no rule'));
  for (const note of idle.slice(0, MaxNotes)) out.write(`${noteText(note)}\n`);
  const dead = summary.rules.warnings.filter((note) => note.reason.startsWith('can never match')).length;
  if (dead > 0) out.write(`${plural(dead, 'rule')} that can never match: \`peccary rules check\` says why\n`);
}

/** No usable rule, damaged captures, outputs that could not be written, lost events: told even to who wants quiet. */
export function printFaults(out: NodeJS.WritableStream, summary: ReplaySummary): void {
  for (const line of suspensionLines(summary.suspensions, MaxNotes)) out.write(`${line}\n`);
  const { loaded } = summary.rules;
  const refused = refusedCount(summary);
  if (loaded === 0 && refused > 0) {
    out.write(`no rule is usable, ${plural(refused, 'rule')} refused: \`peccary rules check\` says why\n`);
  }
  for (const fault of summary.faults.slice(0, MaxNotes)) {
    out.write(`${safe(fault.file)}: after packet ${fault.packet}, at byte ${fault.offset}: ${safe(fault.message)}\n`);
  }
  if (summary.faults.length > MaxNotes) out.write(`and ${summary.faults.length - MaxNotes} more capture faults\n`);
  for (const fault of summary.outputFaults) out.write(`output: ${safe(fault)}\n`);
  if (summary.lostEvents > 0) {
    out.write(`${plural(summary.lostEvents, 'event')} lost: the disk budget of the spill file was spent\n`);
  }
  if (summary.stopped) out.write('stopped before the end of the captures; what was found until then is kept\n');
}

/** A damaged capture is no failure (what was found is kept) unless nothing could be read; lost output is one. */
export function exitStatus(summary: ReplaySummary): 0 | 1 {
  const nothingRead = summary.packets === 0 && summary.faults.length > 0;
  return nothingRead || summary.outputFaults.length > 0 || summary.lostEvents > 0 ? 1 : 0;
}

/** One refused, skipped or doubtful rule: place, reason, remedy. */
export function noteText(note: RuleNoteSummary): string {
  const sid = note.sid === null ? '' : ` (sid ${note.sid})`;
  const hint = note.hint === null ? '' : `\n    ${safe(note.hint)}`;
  return `${safe(note.file)}:${note.line}:${note.column}: ${safe(note.reason)}${sid}${hint}`;
}

export function jsonSummary(summary: ReplaySummary): string {
  return `${safeJson(JSON.stringify(summary))}\n`;
}

/** `width`: cells of the terminal. */
export function textSummary(
  summary: ReplaySummary,
  inputs: string[],
  logDir: string,
  width: number,
  paint: Paint,
): string {
  const seconds = summary.elapsedMs / 1000;
  const speed = seconds > 0 ? ` (${byteSize(summary.bytes / seconds)}/s)` : '';
  const name = inputs.length === 1 ? inputs[0] : `${inputs.length} captures`;
  const lines = [
    `${name}: ${plural(summary.packets, 'packet')}, ${byteSize(summary.bytes)} in ${seconds.toFixed(2)} s${speed}`,
    `${plural(summary.flows, 'flow')}, ${plural(summary.transactions, 'HTTP transaction')}, ` +
      `${plural(summary.rules.loaded, 'rule')} loaded, ${plural(refusedCount(summary), 'rule')} refused` +
      (summary.drops > 0 ? `, ${plural(summary.drops, 'packet')} dropped` : ''),
    paint('bold', plural(summary.alerts, 'alert')),
  ];
  const told = latencyLine(summary);
  if (told !== null) lines.push(told);
  for (const { summary: what, cause, remedy } of summary.health)
    lines.push(`${paint('yellow', what)}: ${cause}; ${remedy}`);
  return [
    `${lines.join('\n')}\n`,
    signatureTable(summary, width, paint),
    profileTable(summary, width, paint),
    nextSteps(summary, logDir),
  ].join('');
}

type Signature = ReplaySummary['bySignature'][number];

const signatureColumns: Column<Signature>[] = [
  { title: 'alerts', text: (s) => grouped(s.count), right: true },
  { title: 'priority', text: (s) => String(s.priority), right: true, style: ({ priority }) => priorityStyle(priority) },
  { title: 'signature', text: (s) => `${s.gid}:${s.sid}:${s.rev}` },
  { title: 'message', text: (s) => s.msg, elastic: true, style: ({ priority }) => priorityStyle(priority) },
];

function priorityStyle(priority: number): 'red' | 'yellow' | null {
  return priority === 1 ? 'red' : priority === 2 ? 'yellow' : null;
}

function signatureTable(summary: ReplaySummary, width: number, paint: Paint): string {
  if (summary.bySignature.length === 0) return '';
  const lines = tableLines(summary.bySignature.slice(0, MaxSignatures), signatureColumns, width, paint);
  const rest = summary.bySignature.length - MaxSignatures;
  if (rest > 0) lines.push(`and ${plural(rest, 'more signature')}`);
  return `\n${lines.join('\n')}\n`;
}

/** The rules that took most of the time. */
function profileTable({ profile }: ReplaySummary, width: number, paint: Paint): string {
  if (profile === undefined) return '';
  const worst = worstRules(profile, 'total', MaxSignatures);
  const rest = profile.length - worst.length;
  const more = rest > 0 ? [`and ${plural(rest, 'more rule')}: \`peccary rules profile\` shows all`] : [];
  return `\n${[...tableLines(worst, costColumns, width, paint), ...more].join('\n')}\n`;
}

/** What the latency budget led to, when there is one and it was broken. */
function latencyLine({ counters }: ReplaySummary): string | null {
  const of = (name: string): number => counters[`detect.latency.${name}`] ?? 0;
  const [packets, rules, suspended] = [of('packet_timeouts'), of('rule_timeouts'), of('suspensions')];
  if (packets + rules === 0) return null;
  return (
    `latency budget: broken by ${plural(packets, 'packet')} and ${plural(rules, 'check')}, ` +
    `${plural(suspended, 'suspension')}, ${plural(of('skipped'), 'check')} skipped`
  );
}

function nextSteps(summary: ReplaySummary, logDir: string): string {
  if (summary.db === null || summary.alerts === 0) return '';
  const where =
    summary.db !== join(logDir, 'peccary.db') ? ` --db ${summary.db}` : logDir === '.' ? '' : ` -l ${logDir}`;
  return `\nStored in ${summary.db}: \`peccary alerts list${where}\`, \`peccary alerts show ID${where}\`\n`;
}
