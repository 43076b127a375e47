/** The part of an alert that no query asks for, as the JSON text of alert.rest. What is as usual is left out. */
import type { AlertRecord } from '../records.js';

export type AlertRest = Pick<
  AlertRecord,
  | 'flowId'
  | 'icmpType'
  | 'icmpCode'
  | 'vlan'
  | 'pktSrc'
  | 'vars'
  | 'appProto'
  | 'appProtoTs'
  | 'appProtoTc'
  | 'verdict'
  | 'reject'
  | 'direction'
  | 'txId'
  | 'txGuessed'
  | 'files'
  | 'tunnel'
  | 'stream'
  | 'linkType'
  | 'matches'
  | 'captureFile'
>;

/** What is left out; lists are when they are empty. */
const usual: AlertRest = {
  flowId: 0,
  icmpType: -1,
  icmpCode: -1,
  vlan: [],
  pktSrc: 'wire/pcap',
  vars: null,
  appProto: 'http',
  appProtoTs: '',
  appProtoTc: '',
  verdict: 'alert',
  reject: null,
  direction: 'to_server',
  txId: -1,
  txGuessed: false,
  files: [],
  tunnel: null,
  stream: 1,
  linkType: 1,
  matches: [],
  captureFile: '',
};
const scalars = (Object.keys(usual) as (keyof AlertRest)[]).filter((k) => !Array.isArray(usual[k]));

/** Matched bytes are base64 here. */
type Written = Omit<Partial<AlertRest>, 'matches'> & {
  matches?: { buffer: string; off: number; len: number; bytes: string }[];
};

export function restOf(r: AlertRecord): string {
  const o: Record<string, unknown> = {};
  for (const key of scalars) if (r[key] !== usual[key]) o[key] = r[key];
  if (r.vlan.length > 0) o.vlan = r.vlan;
  if (r.files.length > 0) o.files = r.files;
  if (r.matches.length > 0)
    o.matches = r.matches.map((m) => ({
      buffer: m.buffer,
      off: m.off,
      len: m.len,
      bytes: Buffer.from(m.bytes.buffer, m.bytes.byteOffset, m.bytes.length).toString('base64'),
    }));
  return JSON.stringify(o);
}

export function parseRest(text: string): AlertRest {
  const { matches, ...rest } = JSON.parse(text) as Written;
  return {
    ...usual,
    ...rest,
    matches: (matches ?? []).map((m) => ({ ...m, bytes: Buffer.from(m.bytes, 'base64') })),
  };
}
