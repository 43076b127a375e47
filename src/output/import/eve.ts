/** EVE JSON: one event a line. Alerts become rows as a sensor's do; every event is also kept as it was written. */
import type { HttpEventRecord } from '../records.js';
import { BoundedMap } from '../store/dedup.js';
import {
  alertOf,
  baseOf,
  clientOf,
  flowOf,
  httpOf,
  type Json,
  numberOf,
  objectOf,
  oneOf,
  timeOf,
} from './eve-event.js';
import type { Importer } from './importer.js';

/** Flows and transactions that alerts named, remembered until their events come. */
const Remembered = 262_144;
/** A longer line is refused: an event with payload and bodies has some hundred thousand characters. */
export const LineMax = 16 * 1024 * 1024;

export class EveImport {
  private readonly to: Importer;
  /** Flows that alerts named, with the transactions. */
  private readonly alerted = new BoundedMap<number, Set<number>>(Remembered);

  constructor(to: Importer) {
    this.to = to;
  }

  line(text: string, number: number): void {
    if (text.trim() === '') return;
    let e: Json | null;
    try {
      e = objectOf(JSON.parse(text));
    } catch (error) {
      this.to.refuse(`line ${number}: ${(error as Error).message}`);
      return;
    }
    const tsUs = timeOf(e?.timestamp);
    if (e === null || typeof e.event_type !== 'string' || tsUs === null) {
      this.to.refuse(`line ${number}: no EVE event (timestamp and event_type are wanted)`);
      return;
    }
    if (e.event_type === 'alert' && this.alert(e, text)) return;
    this.to.event(e.event_type, tsUs, numberOf(e.flow_id, 0), text);
    if (e.event_type === 'http') this.http(e);
    else if (e.event_type === 'flow') this.flow(e);
  }

  private alert(e: Json, text: string): boolean {
    const found = alertOf(e);
    if (found === null) return false;
    const { record, rule } = found;
    this.to.alert(record, rule, text);
    if (record.flowId === 0) return true;
    const known = this.alerted.get(record.flowId) ?? new Set<number>();
    if (record.http !== null) known.add(record.http.txId);
    this.alerted.set(record.flowId, known);
    return true;
  }

  private http(e: Json): void {
    const txId = numberOf(e.tx_id, 0);
    const base = baseOf(e);
    const http = httpOf(e.http, txId);
    if (http === null || this.alerted.get(base.flowId)?.has(txId) !== true) return;
    const client = clientOf(e.xff);
    this.to.update({ kind: 'http', ...base, alerted: true, http, client } satisfies HttpEventRecord);
  }

  private flow(e: Json): void {
    const base = baseOf(e);
    const f = objectOf(e.flow);
    const flow = flowOf(e.flow, e);
    if (f === null || flow === null || this.alerted.get(base.flowId) === undefined) return;
    this.to.update({
      kind: 'flow',
      ...base,
      appProto: typeof e.app_proto === 'string' ? e.app_proto : '',
      appProtoTs: '',
      appProtoTc: '',
      flow,
      state: oneOf(f.state, 'established', 'closed', 'bypassed') ?? 'new',
      reason: oneOf(f.reason, 'forced', 'shutdown') ?? 'timeout',
      emergency: f.emergency === true,
      alerted: true,
      action: null,
      responseIcmpType: -1,
      responseIcmpCode: -1,
      tcp: null,
    });
  }
}
