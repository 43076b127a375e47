/**
 * Saving what can be read of a damaged database into a new one: table by table in the order of row ids, stepping over ids
 * that lie in pages which cannot be read. What rows then miss (a signature, a transaction) is replaced or left out; columns,
 * words and counts are made anew.
 */
import type { Database } from './open.js';
import { countUses } from './schema.js';

export interface Salvaged {
  /** Rows saved, by table. */
  rows: Record<string, number>;
  /** Ids were stepped over, or a table could not be read to its end. */
  damaged: string[];
}

const tables = [
  'sensor',
  'run',
  'signature',
  'text',
  'bytes',
  'flow',
  'http',
  'alert',
  'triage',
  'alert_tag',
  'alert_note',
  'event',
];

/** The ids of a row in the order of the table; `alert_tag` has none of its own. */
const keyOf = (table: string): string => (table === 'alert_tag' ? 'alert_id' : table === 'triage' ? 'alert_id' : 'id');

const Biggest = Number.MAX_SAFE_INTEGER;

type Row = Record<string, unknown>;

class TableReader {
  private readonly from;
  private readonly key: string;

  constructor(db: Database, table: string) {
    this.key = keyOf(table);
    this.from = db.prepare(`SELECT * FROM ${table} WHERE ${this.key} >= ? ORDER BY ${this.key}`);
  }

  private readable(id: number): boolean {
    try {
      for (const _ of this.from.iterate(id)) break;
      return true;
    } catch {
      return false;
    }
  }

  /** The least id from which on there is something to read; null when there is nothing more. */
  private skip(bad: number): number | null {
    let step = 1;
    while (!this.readable(bad + step)) {
      step *= 2;
      if (bad + step > Biggest / 2) return null;
    }
    let lo = bad + Math.floor(step / 2);
    let hi = bad + step;
    while (lo + 1 < hi) {
      const mid = Math.floor((lo + hi) / 2);
      if (this.readable(mid)) hi = mid;
      else lo = mid;
    }
    return hi;
  }

  /** Every row that can be read; returns whether some could not. */
  *rows(): Generator<Row, boolean> {
    let at: number | null = -Biggest;
    let damaged = false;
    while (at !== null) {
      let last: number = at;
      try {
        for (const row of this.from.iterate(at) as IterableIterator<Row>) {
          last = row[this.key] as number;
          yield row;
        }
        return damaged;
      } catch {
        damaged = true;
        at = this.skip(last === -Biggest ? 0 : last);
      }
    }
    return damaged;
  }
}

/** Columns that a table of the present format has. */
function columnsOf(db: Database, table: string): string[] {
  return (db.pragma(`table_info(${table})`) as { name: string }[]).map((c) => c.name);
}

function copyTable(from: Database, to: Database, table: string): { rows: number; damaged: boolean } {
  const known = columnsOf(to, table);
  let insert: { run(...values: unknown[]): unknown } | null = null;
  let columns: string[] = [];
  let rows = 0;
  let damaged = false;
  let reader: Generator<Row, boolean>;
  try {
    reader = new TableReader(from, table).rows();
  } catch {
    return { rows, damaged: true };
  }
  for (let next = reader.next(); ; next = reader.next()) {
    if (next.done) {
      damaged ||= next.value;
      break;
    }
    if (insert === null) {
      columns = Object.keys(next.value).filter((c) => known.includes(c));
      // Of bytes in an older format it is not known what they are.
      const more = table === 'bytes' && !columns.includes('kind') ? ['kind'] : [];
      const marks = [...columns.map(() => '?'), ...more.map(() => '0')].join(', ');
      insert = to.prepare(`INSERT OR IGNORE INTO ${table} (${[...columns, ...more].join(', ')}) VALUES (${marks})`);
    }
    const row = next.value;
    try {
      insert.run(...columns.map((c) => row[c]));
      rows++;
    } catch {
      damaged = true; // a value that the column cannot have
    }
  }
  return { rows, damaged };
}

/** Rows that refer to what was lost. */
const mend = `
INSERT OR IGNORE INTO sensor (id, name) SELECT DISTINCT sensor_id, 'sensor ' || sensor_id FROM run
  WHERE sensor_id NOT IN (SELECT id FROM sensor);
INSERT OR IGNORE INTO sensor (id, name) SELECT 1, 'salvaged' WHERE NOT EXISTS (SELECT 1 FROM sensor);
INSERT INTO run (id, sensor_id, kind, name, version, started_us)
  SELECT run_id, (SELECT min(id) FROM sensor), 'live', 'salvaged', '', min(time_us) FROM alert
  WHERE run_id NOT IN (SELECT id FROM run) GROUP BY run_id;
INSERT INTO signature (id, gid, sid, rev, msg, action, severity, category, refs, metadata, file, line, rule)
  SELECT DISTINCT signature_id, 0, 0, 0, '(the signature was lost)', 'alert', 3, '', '[]', '[]', '', 0, '' FROM alert
  WHERE signature_id NOT IN (SELECT id FROM signature);
DELETE FROM http WHERE flow_id NOT IN (SELECT id FROM flow);
UPDATE alert SET flow_id = NULL, http_id = NULL WHERE flow_id NOT IN (SELECT id FROM flow);
UPDATE alert SET http_id = NULL WHERE http_id NOT IN (SELECT id FROM http);
${[
  ...['host_id', 'url_id'].map((c) => ['alert', c, 'text']),
  ...['payload_id', 'packet_id'].map((c) => ['alert', c, 'bytes']),
  ...['host_id', 'url_id', 'user_agent_id', 'referer_id'].map((c) => ['http', c, 'text']),
  ...['request_head_id', 'response_head_id', 'request_body_id', 'response_body_id'].map((c) => ['http', c, 'bytes']),
]
  .map(([table, c, to]) => `UPDATE ${table} SET ${c} = NULL WHERE ${c} NOT IN (SELECT id FROM ${to});`)
  .join('\n')}
DELETE FROM triage WHERE alert_id NOT IN (SELECT id FROM alert);
DELETE FROM alert_tag WHERE alert_id NOT IN (SELECT id FROM alert);
DELETE FROM alert_note WHERE alert_id NOT IN (SELECT id FROM alert);
DELETE FROM event WHERE alert_id NOT IN (SELECT id FROM alert) OR run_id NOT IN (SELECT id FROM run);
`;

/** Makes columns, words and counts of users anew, from the rows; what refers to nothing is mended. */
export function mendDatabase(db: Database): void {
  db.transaction(() => {
    db.exec(mend);
    db.exec('DELETE FROM block; DELETE FROM block_column; DELETE FROM late;');
    for (const t of ['text', 'bytes']) db.exec(`INSERT INTO ${t}_words (${t}_words) VALUES ('delete-all');`);
    db.exec('UPDATE words_done SET done = 0;');
    db.exec(countUses);
  }).immediate();
}

/** Copies all that can be read from `from` into the empty database `to`. */
export function salvage(from: Database, to: Database): Salvaged {
  const rows: Record<string, number> = {};
  const damaged: string[] = [];
  to.transaction(() => {
    for (const table of tables) {
      const copied = copyTable(from, to, table);
      rows[table] = copied.rows;
      if (copied.damaged) damaged.push(table);
    }
  }).immediate();
  mendDatabase(to);
  return { rows, damaged };
}
