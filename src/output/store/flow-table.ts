/**
 * The `flow` table: flows that alerts name. What happens to a flow within a transaction is written once, at its end; row ids
 * are given out before that.
 */
import { addressBytes } from '../address-bytes.js';
import type { AppProtos, FlowEventRecord, FlowRecord } from '../records.js';
import { BoundedMap } from './dedup.js';
import type { Database } from './open.js';

/** Flows remembered by id; others are looked up. */
const FlowCache = 65_536;

/** A flow as it is to be written. */
interface Change {
  row: number;
  isNew: boolean;
  flowId: number;
  proto: string;
  f: FlowRecord;
  appProto: string;
  state: string | null;
  reason: string | null;
}

export class FlowTable {
  private readonly rows = new BoundedMap<number, number>(FlowCache);
  private readonly changed = new Map<number, Change>();
  private readonly runId: number;
  private readonly find;
  private readonly greatest;
  private readonly insert;
  private readonly update;
  private nextRow = 0;

  constructor(db: Database, runId: number) {
    this.runId = runId;
    this.find = db.prepare('SELECT id FROM flow WHERE flow_id = ? AND run_id = ?').pluck();
    this.greatest = db.prepare('SELECT max(id) FROM flow').pluck();
    this.insert = db.prepare(
      `INSERT INTO flow (id, run_id, flow_id, proto, src, dst, src_port, dst_port, start_us, last_us, pkts_toserver,
         pkts_toclient, bytes_toserver, bytes_toclient, app_proto, state, reason)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.update = db.prepare(
      `UPDATE flow SET last_us = ?, pkts_toserver = ?, pkts_toclient = ?, bytes_toserver = ?, bytes_toclient = ?,
         app_proto = ?, state = coalesce(?, state), reason = coalesce(?, reason) WHERE id = ?`,
    );
  }

  /** Row id of the flow, which is now as `f` says; inside the transaction. */
  put(flowId: number, proto: string, f: FlowRecord, app: AppProtos): number {
    const change = this.changed.get(flowId);
    if (change !== undefined) {
      change.f = f;
      change.appProto = app.appProto;
      return change.row;
    }
    const known = this.row(flowId);
    if (known === undefined && this.nextRow === 0) this.nextRow = ((this.greatest.get() as number | null) ?? 0) + 1;
    const row = known ?? this.nextRow++;
    const { appProto } = app;
    this.changed.set(flowId, {
      row,
      isNew: known === undefined,
      flowId,
      proto,
      f,
      appProto,
      state: null,
      reason: null,
    });
    this.rows.set(flowId, row);
    return row;
  }

  /** Row id of a flow that alerts named. */
  row(flowId: number): number | undefined {
    const known = this.changed.get(flowId)?.row ?? this.rows.get(flowId);
    return known ?? (this.find.get(flowId, this.runId) as number | undefined);
  }

  end(r: FlowEventRecord): void {
    this.put(r.flowId, r.proto, r.flow, r);
    const change = this.changed.get(r.flowId);
    if (change === undefined) return;
    change.state = r.state;
    change.reason = r.reason;
  }

  /** Writes what changed; inside the transaction. */
  flush(): void {
    for (const c of this.changed.values()) {
      const { f } = c;
      const numbers = [Math.floor(f.lastUs), f.pktsToServer, f.pktsToClient, f.bytesToServer, f.bytesToClient];
      if (!c.isNew) this.update.run(...numbers, c.appProto, c.state, c.reason, c.row);
      else
        this.insert.run(
          c.row,
          this.runId,
          c.flowId,
          c.proto,
          addressBytes(f.src),
          addressBytes(f.dst),
          f.srcPort,
          f.dstPort,
          Math.floor(f.startUs),
          ...numbers,
          c.appProto,
          c.state,
          c.reason,
        );
    }
    this.changed.clear();
  }

  /** As TextTable.forget. Also when another process may have written: the next row id is asked for anew. */
  forget(): void {
    this.rows.clear();
    this.changed.clear();
    this.nextRow = 0;
  }
}
