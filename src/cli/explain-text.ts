/** The answer of `rules explain` for people. */
import { Fate, Look } from '../detect/recorder.js';
import type { Trace } from '../detect/trace.js';
import { shortAddressText, wordBytes } from '../output/address-bytes.js';
import { timestamp } from '../output/eve/json.js';
import { ruleTypeNames } from '../rules/compile/layout.js';
import type { Explained } from '../sensor/explained.js';
import { bufferName, protocolName, reasonText, type Shown, type Step, stepsOf } from './explain-steps.js';
import { type Column, displayWidth, safe, tableLines } from './format.js';
import { type Paint, plural } from './text.js';

/** Widest the text becomes where there is no terminal to say. */
const NoTerminalWidth = 120;
/** Reasons in the table; the rest are counted. */
const MaxReasons = 12;
const NameWidth = 18;

export function addressOf(words: readonly number[], version: number): string {
  return version === 0 ? '?' : shortAddressText(wordBytes(words, version));
}

/** Text broken at blanks to lines of at most `width`, all but the first behind `indent` blanks. */
export function wrapped(text: string, width: number, indent: number): string[] {
  const room = Math.max(20, width - indent);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    let rest = word;
    if (line !== '' && displayWidth(line) + 1 + displayWidth(rest) > room) {
      lines.push(line);
      line = '';
    }
    for (; displayWidth(rest) > room; rest = rest.slice(room)) lines.push(rest.slice(0, room));
    line = line === '' ? rest : `${line} ${rest}`;
  }
  lines.push(line);
  return lines.map((l, i) => (i === 0 ? l : ' '.repeat(indent) + l));
}

const named: Record<string, string> = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\\': '\\\\' };

function visible(text: string): string {
  let out = '';
  for (const c of text) {
    const n = c.charCodeAt(0);
    out += named[c] ?? (n >= 0x20 && n < 0x7f ? c : `\\x${n.toString(16).padStart(2, '0')}`);
  }
  return out;
}

/** Bytes around the marked ones, on one line of at most `width`, the marked ones between » and «. */
export function excerptLine({ excerpt: e, from, to }: Shown, width: number): string {
  const marked = to >= from;
  const at = Math.max(0, Math.min(from - e.from, e.text.length));
  const end = marked ? Math.max(at, Math.min(to - e.from, e.text.length)) : at;
  const room = width - 8;
  const middle = visible(e.text.slice(at, end)).slice(0, Math.max(8, room));
  let before = visible(e.text.slice(0, at));
  let after = visible(e.text.slice(end));
  const left = Math.max(0, room - middle.length);
  const lead = marked ? Math.min(before.length, Math.max(Math.floor(left / 3), left - after.length)) : 0;
  const cutBefore = before.length > lead || e.from > 0 || (!marked && at > 0);
  before = lead === 0 ? '' : before.slice(-lead);
  const cutAfter = after.length > left - lead || e.from + e.text.length < e.len;
  after = after.slice(0, left - lead);
  if (!marked && after === '') return `… ${visible(e.text.slice(0, at)).slice(-left)} (the end)`;
  const body = marked ? `${before}»${middle}«${after}` : after;
  return `${cutBefore ? '… ' : ''}${body}${cutAfter ? ' …' : ''}`;
}

function lookLine(t: Trace): string {
  const words = [t.packet === 0 ? 'the end of a flow' : `packet ${t.packet}`, timestamp(t.tsUs)];
  const ports = t.srcPort !== 0 || t.dstPort !== 0;
  const side = (a: readonly number[], port: number): string => {
    const text = addressOf(a, t.ipVersion);
    return ports ? `${t.ipVersion === 6 ? `[${text}]` : text}:${port}` : text;
  };
  if (t.ipVersion !== 0) {
    words.push(`${protocolName(t.ipProto)} ${side(t.src, t.srcPort)} -> ${side(t.dst, t.dstPort)}`);
  }
  if (t.hasFlow) words.push(t.dir === 0 ? 'to server' : 'to client');
  if (t.tx >= 0) words.push(`transaction ${t.tx}`);
  else if (t.look === Look.Stream) words.push('raw stream');
  return words.join(', ');
}

function stepLines(s: Step, depth: number, width: number, paint: Paint): string[] {
  const indent = 2 + depth * 5;
  const mark = s.held === null ? ' - ' : s.held ? 'yes' : 'NO ';
  const name = depth === 0 ? s.name.padEnd(NameWidth) : '';
  const column = indent + 5 + (depth === 0 ? NameWidth + 1 : 0);
  const reached = s.held !== null;
  const text = [s.asks, s.found].filter((x) => x !== '').join(': ');
  const lines = wrapped(safe(reached ? text : s.asks), width, column);
  const head = `${' '.repeat(indent)}${mark}  ${name}${depth === 0 ? ' ' : ''}${lines[0]}`.trimEnd();
  const out = [s.held === false ? paint('red', head) : reached ? head : paint('dim', head), ...lines.slice(1)];
  if (s.shown !== null && s.shown.excerpt.len > 0) {
    out.push(`${' '.repeat(column)}${excerptLine(s.shown, width - column)}`);
  }
  for (const inner of s.within) out.push(...stepLines(inner, depth + 1, width, paint));
  return out;
}

function lookLines(e: Explained, t: Trace, width: number, paint: Paint): string[] {
  const steps = stepsOf(e, t, addressOf).flatMap((s) => stepLines(s, 0, width, paint));
  return [...wrapped(lookLine(t), width, 2), ...steps];
}

interface ReasonRow {
  count: number;
  why: string;
  first: string;
}

const reasonColumns: Column<ReasonRow>[] = [
  { title: 'looks', text: (r) => String(r.count), right: true },
  { title: 'why they ended', text: (r) => r.why, elastic: true },
  { title: 'first', text: (r) => r.first },
];

function reasonLines(e: Explained, width: number, paint: Paint): string[] {
  const { reasons } = e.explanation;
  if (reasons.length === 0) return [];
  const rows = reasons.slice(0, MaxReasons).map((r) => ({
    count: r.count,
    why: reasonText(e, r.first, addressOf),
    first: r.first.packet === 0 ? 'end of a flow' : `packet ${r.first.packet}`,
  }));
  const more = reasons.length > MaxReasons ? [`and ${reasons.length - MaxReasons} more reasons`] : [];
  return ['', ...tableLines(rows, reasonColumns, width, paint), ...more];
}

function setterLines(e: Explained, width: number): string[] {
  const { nearest, setters } = e.explanation;
  if (setters.length === 0 || nearest === null || nearest.condition < 0) return [];
  const lines = setters.map(({ name, rule, matches, firstPacket, inFlow }) => {
    const r = e.named[rule];
    const how =
      matches === 0
        ? `never matched: \`peccary rules explain ${r.gid}:${r.sid}\` says why`
        : `matched ${matches} times, first in packet ${firstPacket}${inFlow ? ', also in this flow' : ', never in this flow'}`;
    return `${name} is set by ${r.gid}:${r.sid} (${r.msg}), which ${how}`;
  });
  return ['', ...lines.flatMap((line) => wrapped(safe(line), width, 2))];
}

/** One sentence that says how it ended. */
function verdictText(e: Explained): string {
  const { fates, fired, looks, nearest, fast } = e.explanation;
  const alerts = fates[Fate.Alert];
  const hidden = fates.reduce((sum, n) => sum + n, 0) - alerts;
  const unseen = hidden > 0 ? `; ${plural(hidden, 'more match').replace(/matchs$/, 'matches')} without an alert` : '';
  if (fired.length > 0) return `It fired ${alerts === 1 ? 'once' : `${alerts} times`}${unseen}.`;
  if (hidden > 0) return `It matched ${hidden === 1 ? 'once' : `${hidden} times`}, without an alert.`;
  if (nearest === null) {
    const where =
      fast === null ? 'It was never looked at' : `Nothing was looked at that has a ${bufferName(fast.buffer)}`;
    return `It did not fire. ${where}: no packet of the captures came to detection.`;
  }
  return `It did not fire. Of ${plural(looks, 'look')}, this got furthest:`;
}

/** `width`: cells of the terminal, Number.MAX_SAFE_INTEGER where there is none. */
export function explainText(e: Explained, notes: readonly string[], width: number, paint: Paint): string {
  const cells = Math.min(width, width === Number.MAX_SAFE_INTEGER ? NoTerminalWidth : width);
  const { rule, explanation } = e;
  const lines = [
    ...wrapped(safe(`${rule.gid}:${rule.sid}:${rule.rev}  ${rule.msg}`), cells, 2).map((l) => paint('bold', l)),
    ...wrapped(safe(`${rule.file}:${rule.line}, type ${ruleTypeNames[explanation.type]}`), cells, 2),
    '',
    ...wrapped(verdictText(e), cells, 0),
  ];
  const shown =
    explanation.fired.length > 0 ? explanation.fired : explanation.nearest === null ? [] : [explanation.nearest];
  for (const t of shown) lines.push('', ...lookLines(e, t, cells, paint));
  if (explanation.fired.length > 0 && explanation.fates[Fate.Alert] > explanation.fired.length) {
    lines.push('', `and ${explanation.fates[Fate.Alert] - explanation.fired.length} more`);
  }
  lines.push(...setterLines(e, cells), ...reasonLines(e, cells, paint));
  if (notes.length > 0) lines.push('', 'To note:', ...notes.flatMap((n) => wrapped(`  ${n}`, cells, 4)));
  return `${lines.join('\n')}\n`;
}
