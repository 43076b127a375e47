/**
 * The `http` table: transactions that alerts name, updated as they progress.
 *
 * An alert's payload is mostly what its transaction has as a head. Then the transaction alone counts as a user of these
 * bytes ("covers" the alert, uses.ts), and the same goes for the alert's host and URL: it is not removed before its alerts.
 */
import type { HttpRecord } from '../records.js';
import { BlockLen } from './column.js';
import { BoundedMap, type BytesTable, type TextTable } from './dedup.js';
import type { Database, Statement } from './open.js';

/** Transactions remembered; others are looked up. */
const Remembered = 16_384;

const textColumns = ['host_id', 'url_id', 'user_agent_id', 'referer_id'] as const;
const bytesColumns = ['request_head_id', 'response_head_id', 'request_body_id', 'response_body_id'] as const;
const plainColumns = [
  'method',
  'port',
  'protocol',
  'status',
  'status_string',
  'content_type',
  'redirect',
  'xff',
  'content_range',
  'length',
] as const;
const columns = [...plainColumns, ...textColumns, ...bytesColumns];

/** Columns that refer to rows of `text` and `bytes`. */
export const httpUses = { text: textColumns, bytes: bytesColumns };

type Row = Record<(typeof textColumns)[number] | (typeof bytesColumns)[number], number | null> & { id: number };

/** What tells a later record of a transaction from an earlier one. */
function stampOf(h: HttpRecord): string {
  const n = (b: Uint8Array | null) => b?.length ?? 0;
  const lengths = `${h.status} ${h.length} ${n(h.requestHead)} ${n(h.responseHead)} ${n(h.requestBody)} ${n(h.responseBody)}`;
  return `${lengths} ${h.hostname}\n${h.url}\n${h.userAgent}\n${h.referer}`;
}

const plain = (h: HttpRecord): (string | number | null)[] => [
  h.method,
  h.port,
  h.protocol,
  h.status,
  h.statusString,
  h.contentType,
  h.redirect,
  h.xff,
  h.contentRange,
  h.length,
];
const texts = (h: HttpRecord): (string | null)[] => [h.hostname, h.url, h.userAgent, h.referer];
const bytes = (h: HttpRecord): (Uint8Array | null)[] => [h.requestHead, h.responseHead, h.requestBody, h.responseBody];

interface Known {
  id: number;
  stamp: string;
  /** Rows of `bytes` that the transaction refers to. */
  refs: (number | null)[];
}

export class HttpTable {
  private readonly known = new BoundedMap<string, Known>(Remembered);
  private readonly find;
  private readonly insert;
  private readonly update;
  private readonly covered;
  private readonly late;
  private readonly follow: Partial<Record<(typeof textColumns)[number], Statement>>;
  /** Columns speak of alerts of transactions up to this row (blocks.ts). */
  private settled = 0;
  private readonly text: TextTable;
  private readonly bytes: BytesTable;
  private readonly runId: number;
  private readonly db: Database;

  constructor(db: Database, runId: number, text: TextTable, bytesTable: BytesTable) {
    this.text = text;
    this.bytes = bytesTable;
    this.runId = runId;
    this.db = db;
    this.find = db.prepare(
      `SELECT id, ${[...textColumns, ...bytesColumns].join(', ')} FROM http WHERE flow_id = ? AND tx_id = ?`,
    );
    this.insert = db.prepare(
      `INSERT INTO http (run_id, flow_id, tx_id, ${columns.join(', ')}) VALUES (?, ?, ?${', ?'.repeat(columns.length)})`,
    );
    // What an earlier record of the transaction had stays when a later one does not have it.
    this.update = db.prepare(
      `UPDATE http SET ${columns.map((c) => `${c} = coalesce(?, ${c})`).join(', ')} WHERE id = ?`,
    );
    this.covered = db
      .prepare('SELECT count(*) FROM alert WHERE flow_id = ? AND http_id = ? AND payload_id = ?')
      .pluck();
    // Alerts have the host and URL of their transaction.
    const follow = (c: string) =>
      db.prepare(`UPDATE alert SET ${c} = ? WHERE flow_id = ? AND http_id = ? AND ${c} = ?`);
    this.follow = { host_id: follow('host_id'), url_id: follow('url_id') };
    this.late = db.prepare(
      `INSERT INTO late SELECT id FROM alert WHERE flow_id = ? AND http_id = ? AND id / ${BlockLen} IN (SELECT id FROM block)
       ON CONFLICT DO NOTHING`,
    );
    this.columnsMade();
  }

  /** Columns were made: of which transactions they speak is looked up. */
  columnsMade(): void {
    const last = this.db.prepare('SELECT max(id) FROM block').pluck().get() as number | null;
    if (last === null) return;
    const until = this.db.prepare('SELECT max(http_id) FROM alert WHERE id BETWEEN ? AND ?').pluck();
    this.settled = (until.get(last * BlockLen, (last + 1) * BlockLen - 1) as number | null) ?? this.settled;
  }

  /** Columns are wrong about the alerts of this transaction from now on, if they speak of them. */
  changed(flow: number, http: number): void {
    if (http <= this.settled) this.late.run(flow, http);
  }

  /** Row id of transaction `h` of the flow row `flow`. */
  put(flow: number, h: HttpRecord): Known {
    const key = `${flow}.${h.txId}`;
    const stamp = stampOf(h);
    const known = this.known.get(key);
    if (known?.stamp === stamp) return known;
    const old = this.find.get(flow, h.txId) as Row | undefined;
    const now = old === undefined ? this.create(flow, h, stamp) : this.change(old, flow, h, stamp);
    this.known.set(key, now);
    return now;
  }

  private create(flow: number, h: HttpRecord, stamp: string): Known {
    const textIds = texts(h).map((t) => this.text.id(t));
    const refs = bytes(h).map((b) => this.bytes.id(b));
    const row = this.insert.run(this.runId, flow, h.txId, ...plain(h), ...textIds, ...refs);
    return { id: Number(row.lastInsertRowid), stamp, refs };
  }

  private change(old: Row, flow: number, h: HttpRecord, stamp: string): Known {
    const textIds = texts(h).map((t) => this.text.id(t));
    const before = bytesColumns.map((c) => old[c]);
    const given = bytes(h).map((b) => this.bytes.id(b));
    const refs = given.map((id, i) => id ?? before[i]);
    this.update.run(...plain(h), ...textIds, ...given, old.id);
    this.changed(flow, old.id);
    textColumns.forEach((column, i) => {
      const [is, was] = [textIds[i], old[column]];
      if (is === null || was === null) return;
      if (is !== was) this.follow[column]?.run(is, flow, old.id, was);
      this.text.uses.less(was);
    });
    this.countBytes(flow, old.id, before, given, refs);
    return { id: old.id, stamp, refs };
  }

  /** Each of `given` has been counted as one user more; `before` and `refs`: what the transaction referred to, and refers to. */
  private countBytes(
    flow: number,
    http: number,
    before: readonly (number | null)[],
    given: readonly (number | null)[],
    refs: readonly (number | null)[],
  ): void {
    const alerts = (id: number) => this.covered.get(flow, http, id) as number;
    // Alerts whose payload it is count from now on that they use what the transaction does not have any more …
    for (const id of new Set(before)) {
      if (id === null || refs.includes(id)) continue;
      const n = alerts(id);
      if (n > 0) this.bytes.uses.more(id, n);
    }
    given.forEach((id, i) => {
      const was = before[i];
      if (id !== null && was !== null) this.bytes.uses.less(was);
    });
    // … and need not count it of what it has now.
    for (const id of new Set(refs)) {
      if (id === null || before.includes(id)) continue;
      for (let n = alerts(id); n > 0; n--) this.bytes.uses.less(id);
    }
  }

  /** As TextTable.forget. */
  forget(): void {
    this.known.clear();
  }
}
