/** What stands around an alert: what people did about it, what its source did besides, and what to try next. */
import { timestamp } from '../output/eve/json.js';
import type { StoredAlert } from '../output/query/alert.js';
import type { AlertRow } from '../output/query/list.js';
import { type Neighbours, NeighbourUs } from '../output/query/neighbours.js';
import { alertName, type Source } from '../output/query/sources.js';
import type { Note, Triage } from '../output/query/triage.js';
import { requestText, shortTime, sidText } from './alerts-row.js';
import type { Section } from './alerts-text.js';
import { safe } from './format.js';
import { plural } from './text.js';

const done: Record<Note['action'], (n: Note) => string> = {
  comment: (n) => `"${n.text}"`,
  archived: () => 'archived it',
  unarchived: () => 'took it out of the archive',
  escalated: () => 'escalated it',
  deescalated: () => 'took the escalation back',
  tagged: (n) => `tagged it ${n.text}`,
  untagged: (n) => `removed the tag ${n.text}`,
  suppressed: (n) => `suppressed: ${n.text}`,
  threshold: (n) => `set a threshold: ${n.text}`,
};

export function triageSection(t: Triage): Section | null {
  const state = [t.archived ? 'archived' : '', t.escalated ? 'escalated' : '', ...t.tags.map((tag) => `#${tag}`)];
  const said = state.filter((s) => s !== '').join(', ');
  const notes = t.notes.map(
    (n) => `${timestamp(n.timeUs).slice(0, 16).replace('T', ' ')} ${n.who}: ${done[n.action](n)}`,
  );
  const lines = [...(said === '' ? [] : [said]), ...notes].map(safe);
  return lines.length === 0 ? null : { title: 'Triage', lines };
}

function neighbourLine(source: Source, r: AlertRow, width: number): string {
  const id = alertName(source, r.id).padStart(width);
  return `${id}  ${shortTime(r.timeUs)}  ${sidText(r.gid, r.sid)}  ${safe(r.signature)}  ${safe(requestText(r))}`.trimEnd();
}

export function neighbourSection(source: Source, alert: StoredAlert, n: Neighbours): Section | null {
  if (n.count <= 1) return null;
  const width = Math.max(
    ...[...n.before, ...n.after].map((r) => alertName(source, r.id).length),
    String(alert.id).length,
  );
  const own = `${alertName(source, alert.id).padStart(width)}  this alert`;
  const hours = NeighbourUs / 3600e6;
  return {
    title: `Same source (${plural(n.count, 'alert')} within ${plural(hours, 'hour')} before and after)`,
    lines: [
      ...n.before.map((r) => neighbourLine(source, r, width)),
      own,
      ...n.after.map((r) => neighbourLine(source, r, width)),
    ],
  };
}

/** An argument as a shell takes it. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Commands that lead on from here. */
export function nextSection(source: Source, a: StoredAlert): Section {
  const id = alertName(source, a.id);
  const sid = sidText(a.record.gid, a.record.sid);
  const lines = [`peccary rules show ${sid}`];
  // A capture can be asked why; its name is that of a file.
  if (a.origin !== null && a.record.pcapCnt > 0)
    lines.push(safe(`peccary rules explain ${sid} ${shellWord(a.origin)}`));
  lines.push(`peccary alerts suppress ${id} --by src --for 7d --why 'false positive'`);
  return { title: 'Next', lines };
}
