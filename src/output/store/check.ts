/** Whether a database is sound: what SQLite says of the file, and whether rows, counts and columns agree. */
import { BlockFields, BlockLen, decodeColumn, decodeTimes, decodeWords, Field } from './column.js';
import type { Database } from './open.js';
import { usesOf } from './schema.js';

/** Problems of one kind that are told. */
const TellMax = 20;

/** References of tables, with what they refer to. */
const references: [table: string, column: string, to: string][] = [
  ['run', 'sensor_id', 'sensor'],
  ['alert', 'run_id', 'run'],
  ['alert', 'signature_id', 'signature'],
  ['alert', 'flow_id', 'flow'],
  ['alert', 'http_id', 'http'],
  ['alert', 'host_id', 'text'],
  ['alert', 'url_id', 'text'],
  ['alert', 'payload_id', 'bytes'],
  ['alert', 'packet_id', 'bytes'],
  ['http', 'flow_id', 'flow'],
  ...['host_id', 'url_id', 'user_agent_id', 'referer_id'].map((c): [string, string, string] => ['http', c, 'text']),
  ...['request_head_id', 'response_head_id', 'request_body_id', 'response_body_id'].map(
    (c): [string, string, string] => ['http', c, 'bytes'],
  ),
  ['triage', 'alert_id', 'alert'],
  ['alert_tag', 'alert_id', 'alert'],
  ['alert_note', 'alert_id', 'alert'],
  ['event', 'alert_id', 'alert'],
  ['event', 'run_id', 'run'],
];

/** What SQLite itself finds wrong with the file: nothing when it is sound. */
export function fileProblems(db: Database): string[] {
  try {
    const found = db.prepare(`PRAGMA integrity_check(${TellMax})`).pluck().all() as string[];
    return found.length === 1 && found[0] === 'ok' ? [] : found.flatMap((text) => text.split('\n'));
  } catch (e) {
    return [(e as Error).message];
  }
}

/** Rows that refer to what is not there. */
function danglingProblems(db: Database): string[] {
  return references.flatMap(([table, column, to]) => {
    const n = db
      .prepare(`SELECT count(*) FROM ${table} WHERE ${column} IS NOT NULL AND ${column} NOT IN (SELECT id FROM ${to})`)
      .pluck()
      .get() as number;
    return n === 0 ? [] : [`${n} rows of ${table} name a ${column.replace(/_id$/, '')} that is not there`];
  });
}

/** Counts of users that differ from the users there are. */
function countProblems(db: Database): string[] {
  return (['text', 'bytes'] as const).flatMap((t) => {
    const n = db
      .prepare(
        `WITH users AS (SELECT id, count(*) - 1 AS n FROM (${usesOf[t].join(' UNION ALL ')}) WHERE id IS NOT NULL GROUP BY id)
         SELECT count(*) FROM ${t} x LEFT JOIN users u ON u.id = x.id LEFT JOIN ${t}_use c ON c.id = x.id
         WHERE u.n IS NOT coalesce(c.n, 0)`,
      )
      .pluck()
      .get() as number;
    return n === 0 ? [] : [`${n} rows of ${t} are counted as used more or less often than they are`];
  });
}

const wide = new Set<number>([Field.Src + 1, Field.Dst + 1, Field.Client + 1, Field.Actor + 1]);
const words = new Set<number>([Field.Method, Field.Proto]);

/** Why a column cannot be right, or null. */
function columnProblem(field: number, data: Buffer): string | null {
  try {
    if (field === Field.Time) return decodeTimes(data).length === BlockLen ? null : 'has too few times';
    const c = words.has(field) ? decodeWords(data).column : decodeColumn(data, wide.has(field) ? 4 : 1);
    const n = c.counts.reduce((sum, x) => sum + x, 0);
    if (!c.whole && n !== c.places.length) return 'has another number of places than of values';
    return c.places.every((p) => p < BlockLen) ? null : 'names places outside the block';
  } catch (e) {
    return (e as Error).message;
  }
}

function columnProblems(db: Database): string[] {
  const out: string[] = [];
  const columns = db.prepare('SELECT id, data FROM block_column ORDER BY id').iterate();
  for (const { id, data } of columns as IterableIterator<{ id: number; data: Buffer }>) {
    const why = columnProblem(id % BlockFields, data);
    if (why !== null) out.push(`column ${id % BlockFields} of block ${Math.floor(id / BlockFields)} ${why}`);
    if (out.length >= TellMax) break;
  }
  const blocks = db
    .prepare(
      `SELECT id FROM block b WHERE alerts - removed <>
         (SELECT count(*) FROM alert WHERE id BETWEEN b.id * ${BlockLen} AND b.id * ${BlockLen} + ${BlockLen - 1}) LIMIT ${TellMax}`,
    )
    .pluck()
    .all() as number[];
  return [...out, ...blocks.map((id) => `block ${id} has another number of alerts than its columns`)];
}

/** All that is wrong, in words for people; nothing when the database is sound. */
export function databaseProblems(db: Database): string[] {
  const file = fileProblems(db);
  if (file.length > 0) return file;
  return [...danglingProblems(db), ...countProblems(db), ...columnProblems(db)];
}
