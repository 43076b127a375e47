/** EVE's anomaly event (Suricata user guide 7.0, "Event type: Anomaly"). */
import type { AnomalyRecord } from '../records.js';
import { packetFields } from './alert.js';
import type { EveOptions } from './config.js';
import { type EveContext, end, header } from './header.js';
import { quote } from './json.js';

/** The event, or '' when its kind of anomaly is not wanted. */
export function anomalyEvent(ctx: EveContext, r: AnomalyRecord, o: NonNullable<EveOptions['anomaly']>): string {
  if (!o[r.type]) return '';
  let s = header(ctx, r, 'anomaly');
  if (r.txId >= 0) s += `,"tx_id":${r.txId}`;
  const app = r.type === 'applayer' ? `"app_proto":${quote(r.appProto)},` : '';
  const layer = r.layer === null ? '' : `,"layer":"${r.layer}"`;
  s += `,"anomaly":{${app}"type":"${r.type}","event":${quote(r.event)}${layer}}`;
  if (o.packetHeader) s += packetFields(r.packet, r.linkType);
  return s + end(ctx, r);
}
