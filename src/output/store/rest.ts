/** The part of an alert that no query asks for, as the JSON text of alert.rest. */
import type { AlertRecord } from '../records.js';

/** Fields kept; the others have columns or tables of their own. */
const fields = [
  'flowId',
  'icmpType',
  'icmpCode',
  'vlan',
  'pktSrc',
  'vars',
  'appProto',
  'appProtoTs',
  'appProtoTc',
  'verdict',
  'reject',
  'direction',
  'txId',
  'txGuessed',
  'files',
  'tunnel',
  'stream',
  'linkType',
  'matches',
] as const satisfies readonly (keyof AlertRecord)[];

export type AlertRest = Pick<AlertRecord, (typeof fields)[number]>;

/** Matched bytes are base64 here. */
type Written = Omit<AlertRest, 'matches'> & { matches: { buffer: string; off: number; len: number; bytes: string }[] };

export function restOf(r: AlertRecord): string {
  const o: Record<string, unknown> = {};
  for (const f of fields) o[f] = r[f];
  o.matches = r.matches.map((m) => ({ ...m, bytes: Buffer.from(m.bytes).toString('base64') }));
  return JSON.stringify(o);
}

export function parseRest(text: string): AlertRest {
  const o = JSON.parse(text) as Written;
  return { ...o, matches: o.matches.map((m) => ({ ...m, bytes: Buffer.from(m.bytes, 'base64') })) };
}
