/** Words of a database that a shell completes: signatures, hosts, categories, tags. */
import type { Database } from '../store/open.js';

export const wordKinds = ['sid', 'signature', 'category', 'host', 'tag'] as const;
export type WordKind = (typeof wordKinds)[number];

/** Values offered at most. */
const Most = 200;
/** Hosts are those of so many of the newest alerts. */
const HostAlerts = 20_000;

const questions: Record<WordKind, string> = {
  sid: `SELECT DISTINCT CASE gid WHEN 1 THEN '' ELSE gid || ':' END || sid AS word FROM signature`,
  signature: 'SELECT DISTINCT msg AS word FROM signature',
  category: 'SELECT DISTINCT category AS word FROM signature',
  tag: 'SELECT DISTINCT tag AS word FROM alert_tag',
  host: `SELECT DISTINCT t.value AS word FROM (SELECT host_id FROM alert ORDER BY time_us DESC LIMIT ${HostAlerts}) a
    JOIN text t ON t.id = a.host_id`,
};

/** Words of a kind that begin with `start`, in any case. */
export function wordsOfKind(db: Database, kind: WordKind, start: string): string[] {
  return db
    .prepare(
      `SELECT word FROM (${questions[kind]}) WHERE lower(substr(word, 1, length(@start))) = lower(@start) ORDER BY word LIMIT ${Most}`,
    )
    .pluck()
    .all({ start }) as string[];
}
