/** The `http` table: transactions that alerts name, updated as they progress. */
import type { HttpRecord } from '../records.js';
import type { BytesTable, TextTable } from './dedup.js';
import type { Database } from './open.js';

export class HttpTable {
  private readonly upsert;
  private readonly text: TextTable;
  private readonly bytes: BytesTable;
  private readonly runId: number;

  constructor(db: Database, runId: number, text: TextTable, bytes: BytesTable) {
    this.text = text;
    this.bytes = bytes;
    this.runId = runId;
    const columns = [
      'method',
      'host_id',
      'port',
      'url_id',
      'protocol',
      'status',
      'status_string',
      'user_agent_id',
      'referer_id',
      'content_type',
      'redirect',
      'xff',
      'content_range',
      'length',
      'request_head_id',
      'response_head_id',
      'request_body_id',
      'response_body_id',
    ];
    // What an earlier record of the transaction had stays when a later one does not have it.
    const update = columns.map((c) => `${c} = coalesce(excluded.${c}, ${c})`).join(', ');
    this.upsert = db
      .prepare(
        `INSERT INTO http (run_id, flow_id, tx_id, ${columns.join(', ')}) VALUES (?, ?, ?${', ?'.repeat(columns.length)})
         ON CONFLICT (flow_id, tx_id) DO UPDATE SET ${update} RETURNING id`,
      )
      .pluck();
  }

  /** Row id of transaction `h` of the flow row `flow`. */
  put(flow: number, h: HttpRecord): number {
    return this.upsert.get(
      this.runId,
      flow,
      h.txId,
      h.method,
      this.text.id(h.hostname),
      h.port,
      this.text.id(h.url),
      h.protocol,
      h.status,
      h.statusString,
      this.text.id(h.userAgent),
      this.text.id(h.referer),
      h.contentType,
      h.redirect,
      h.xff,
      h.contentRange,
      h.length,
      this.bytes.id(h.requestHead),
      this.bytes.id(h.responseHead),
      this.bytes.id(h.requestBody),
      this.bytes.id(h.responseBody),
    ) as number;
  }
}
