/** The part of an alert that no query asks for, as the JSON text of alert.rest. */
import type { AlertRecord } from '../records.js';

/** Fields kept; the others have columns or tables of their own. */
const fields = [
  'flowId', 'icmpType', 'icmpCode', 'vlan', 'pktSrc', 'vars', 'appProto', 'appProtoTs', 'appProtoTc', 'verdict', 'reject', 'direction',
  'txId', 'txGuessed', 'files', 'tunnel', 'stream', 'linkType', 'matches',
] as const satisfies readonly (keyof AlertRecord)[];

export type AlertRest = Pick<AlertRecord, (typeof fields)[number]>;

export function restOf(r: AlertRecord): string {
  const o: Record<string, unknown> = {};
  for (const f of fields) o[f] = r[f];
  return JSON.stringify(o);
}

export function parseRest(text: string): AlertRest {
  return JSON.parse(text) as AlertRest;
}
