/** Removing alerts with what only they use: transactions, flows, text, bytes, what people said of them, columns. */
import { BlockFields, BlockLen } from './column.js';
import { httpUses } from './http-table.js';
import type { Database } from './open.js';
import { triageTables } from './schema.js';
import { UseCounts } from './uses.js';

/** An alert with all that it refers to. */
export interface Doomed {
  id: number;
  flow_id: number | null;
  http_id: number | null;
  host_id: number | null;
  url_id: number | null;
  payload_id: number | null;
  packet_id: number | null;
}

export const doomedColumns = 'id, flow_id, http_id, host_id, url_id, payload_id, packet_id';

type HttpRow = Record<string, number | null>;
const httpColumns = [...httpUses.bytes, ...httpUses.text];

export class Removal {
  private readonly text: UseCounts;
  private readonly bytes: UseCounts;
  private readonly deleteAlert;
  private readonly deleteTriage;
  private readonly findHttp;
  private readonly transactionUsed;
  private readonly deleteHttp;
  private readonly deleteFlow;
  private readonly deleteHttpOf;
  private readonly shrinkBlock;
  private readonly deleteBlocks;
  private readonly deleteColumns;
  private readonly deleteLate;
  private readonly newest;

  constructor(db: Database) {
    this.text = new UseCounts(db, 'text');
    this.bytes = new UseCounts(db, 'bytes');
    this.deleteAlert = db.prepare('DELETE FROM alert WHERE id = ?');
    this.deleteTriage = [...triageTables, 'late'].map((t) => db.prepare(`DELETE FROM ${t} WHERE alert_id = ?`));
    this.findHttp = db.prepare(`SELECT ${httpColumns.join(', ')} FROM http WHERE id = ?`);
    this.transactionUsed = db.prepare('SELECT 1 FROM alert WHERE flow_id = ? AND http_id = ?');
    this.deleteHttp = db.prepare('DELETE FROM http WHERE id = ?');
    this.deleteHttpOf = db.prepare(`DELETE FROM http WHERE flow_id = ? RETURNING ${httpColumns.join(', ')}`);
    this.deleteFlow = db.prepare(
      'DELETE FROM flow WHERE id = @id AND NOT EXISTS (SELECT 1 FROM alert WHERE flow_id = @id)',
    );
    this.shrinkBlock = db
      .prepare('UPDATE block SET removed = removed + ? WHERE id = ? RETURNING removed >= alerts')
      .pluck();
    this.deleteBlocks = db.prepare('DELETE FROM block WHERE id BETWEEN ? AND ? RETURNING id').pluck();
    this.deleteColumns = db.prepare('DELETE FROM block_column WHERE id >= ? AND id < ?');
    this.deleteLate = db.prepare('DELETE FROM late WHERE alert_id >= ? AND alert_id < ?');
    this.newest = db.prepare('SELECT max(id) FROM alert').pluck();
  }

  /** Inside a transaction. */
  remove(list: readonly Doomed[]): void {
    const transactions = new Map<number, { flow: number; row: HttpRow | undefined }>();
    const flows = new Set<number>();
    const blocks = new Map<number, number>();
    for (const a of list) {
      this.deleteAlert.run(a.id);
      for (const statement of this.deleteTriage) statement.run(a.id);
      const block = Math.floor(a.id / BlockLen);
      blocks.set(block, (blocks.get(block) ?? 0) + 1);
      if (a.flow_id !== null) flows.add(a.flow_id);
      if (a.http_id !== null && a.flow_id !== null && !transactions.has(a.http_id))
        transactions.set(a.http_id, { flow: a.flow_id, row: this.findHttp.get(a.http_id) as HttpRow | undefined });
      this.release(a, a.http_id === null ? undefined : transactions.get(a.http_id)?.row);
    }
    for (const [http, { flow, row }] of transactions) {
      if (row === undefined || this.transactionUsed.get(flow, http) !== undefined) continue;
      this.deleteHttp.run(http);
      this.releaseHttp(row);
    }
    for (const id of flows) {
      if (this.deleteFlow.run({ id }).changes === 0) continue;
      // Transactions that ended after their alerts had been removed.
      for (const row of this.deleteHttpOf.all(id) as HttpRow[]) this.releaseHttp(row);
    }
    for (const [block, n] of blocks) if (this.shrinkBlock.get(n, block) === 1) this.dropBlocks(block, block);
    this.dropReused();
  }

  /** What an alert refers to and its transaction does not. */
  private release(a: Doomed, http: HttpRow | undefined): void {
    if (a.packet_id !== null) this.bytes.less(a.packet_id);
    const covered = http !== undefined && httpUses.bytes.some((c) => http[c] === a.payload_id);
    if (a.payload_id !== null && !covered) this.bytes.less(a.payload_id);
    if (a.http_id !== null) return;
    if (a.host_id !== null) this.text.less(a.host_id);
    if (a.url_id !== null) this.text.less(a.url_id);
  }

  private releaseHttp(row: HttpRow): void {
    for (const c of httpUses.bytes) if (row[c] !== null) this.bytes.less(row[c]);
    for (const c of httpUses.text) if (row[c] !== null) this.text.less(row[c]);
  }

  private dropBlocks(from: number, to: number): void {
    for (const id of this.deleteBlocks.all(from, to) as number[]) {
      this.deleteColumns.run(id * BlockFields, (id + 1) * BlockFields);
      this.deleteLate.run(id * BlockLen, (id + 1) * BlockLen);
    }
  }

  /** Ids above the greatest there is are given out again: columns must not speak of them. */
  private dropReused(): void {
    const next = ((this.newest.get() as number | null) ?? 0) + 1;
    this.dropBlocks(Math.floor(next / BlockLen), Number.MAX_SAFE_INTEGER);
  }
}
