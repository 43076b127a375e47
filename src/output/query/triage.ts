/**
 * What people have done about alerts: archived, escalated, tagged, commented. State is kept for alerts that somebody
 * touched; each change is a note of who did what when.
 */
import type { Database } from '../store/open.js';
import { selectAlerts } from '../store/select.js';
import { type AlertFilter, questionOf } from './filter.js';

export type TriageAction =
  | 'comment'
  | 'archived'
  | 'unarchived'
  | 'escalated'
  | 'deescalated'
  | 'tagged'
  | 'untagged'
  | 'suppressed'
  | 'threshold';

export interface Note {
  timeUs: number;
  who: string;
  action: TriageAction;
  text: string;
}

export interface Triage {
  archived: boolean;
  escalated: boolean;
  tags: string[];
  notes: Note[];
}

export const enum TriageLimit {
  TagLength = 64,
  TextLength = 4096,
  /** Alerts changed in one transaction. */
  Batch = 5000,
}

/** Who changes what, and when. */
export interface Change {
  action: TriageAction;
  /** Of a comment; the tag of tagged and untagged. */
  text: string;
  who: string;
  timeUs: number;
}

export function triageOf(db: Database, id: number): Triage {
  const state = db.prepare('SELECT archived, escalated FROM triage WHERE alert_id = ?').get(id) as
    | { archived: number; escalated: number }
    | undefined;
  const notes = 'SELECT time_us AS timeUs, who, action, text FROM alert_note WHERE alert_id = ? ORDER BY id';
  return {
    archived: state?.archived === 1,
    escalated: state?.escalated === 1,
    tags: db.prepare('SELECT tag FROM alert_tag WHERE alert_id = ? ORDER BY tag').pluck().all(id) as string[],
    notes: db.prepare(notes).all(id) as Note[],
  };
}

const setFlag = (column: 'archived' | 'escalated', value: 0 | 1): string =>
  `INSERT INTO triage (alert_id, ${column}) VALUES (?, ${value})
   ON CONFLICT (alert_id) DO UPDATE SET ${column} = ${value} WHERE ${column} <> ${value}`;

/** What an action changes besides the note; null: nothing. Nothing is noted where nothing changes. */
const statements: Record<TriageAction, string | null> = {
  comment: null,
  suppressed: null,
  threshold: null,
  archived: setFlag('archived', 1),
  unarchived: 'UPDATE triage SET archived = 0 WHERE alert_id = ? AND archived = 1',
  escalated: setFlag('escalated', 1),
  deescalated: 'UPDATE triage SET escalated = 0 WHERE alert_id = ? AND escalated = 1',
  tagged: 'INSERT INTO alert_tag (alert_id, tag) VALUES (?, ?) ON CONFLICT DO NOTHING',
  untagged: 'DELETE FROM alert_tag WHERE alert_id = ? AND tag = ?',
};

/** Applies a change to these alerts, in transactions of bounded size. Returns how many it made a difference to. */
export function changeAlerts(db: Database, ids: readonly number[], change: Change): number {
  const sql = statements[change.action];
  const apply = sql === null ? null : db.prepare(sql);
  const withTag = change.action === 'tagged' || change.action === 'untagged';
  const note = db.prepare('INSERT INTO alert_note (alert_id, time_us, who, action, text) VALUES (?, ?, ?, ?, ?)');
  const exists = db.prepare('SELECT 1 FROM alert WHERE id = ?').pluck();
  let changed = 0;
  for (let at = 0; at < ids.length; at += TriageLimit.Batch) {
    db.transaction(() => {
      for (const id of ids.slice(at, at + TriageLimit.Batch)) {
        // Removed meanwhile by a sensor.
        if (exists.get(id) === undefined) continue;
        if (apply !== null && apply.run(...(withTag ? [id, change.text] : [id])).changes === 0) continue;
        note.run(id, change.timeUs, change.who, change.action, change.text);
        changed++;
      }
    }).immediate();
  }
  return changed;
}

/** Ids of all alerts that pass. */
export function idsOf(db: Database, f: AlertFilter): number[] {
  return Array.from(selectAlerts(db, questionOf(db, f), { newest: false }), (found) => found.id);
}

/** Which of these alerts there are. */
export function known(db: Database, ids: readonly number[]): number[] {
  const exists = db.prepare('SELECT 1 FROM alert WHERE id = ?').pluck();
  return ids.filter((id) => exists.get(id) !== undefined);
}
