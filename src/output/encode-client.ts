/** The real client of a transaction, of a flow: who the proxies in front of the server say it is. */
import { proxyHeader } from '../applayer/applayer.js';
import { copyJoined, findHeader, HeaderName } from '../http/headers.js';
import type { HttpTransaction } from '../http/tx.js';
import { clientText } from './encode-base.js';
import { OutputScratch } from './encode-http.js';
import { memoryText } from './memory-text.js';
import { type ClientSource, clientOf, ForwardedMost, forwarded, forwardedFor, type Hop } from './proxies.js';

const names = new Map<string, HeaderName>();

/** Header names are configured: a handful. */
function nameOf(header: string): HeaderName {
  let name = names.get(header);
  if (name === undefined) {
    name = new HeaderName(header);
    names.set(header, name);
  }
  return name;
}

/** What a header of the request says, at most ForwardedMost bytes of it; null when it is not there. */
function hopsIn(tx: HttpTransaction, header: string, forward: boolean): Hop[] | null {
  const row = findHeader(tx.req, nameOf(header));
  if (row < 0) return null;
  const end = copyJoined(tx.req, row, OutputScratch.Value, OutputScratch.ValueEnd);
  const len = Math.min(end - OutputScratch.Value, ForwardedMost);
  const text = memoryText(forward ? OutputScratch.Value : end - len, len);
  return header === 'forwarded' ? forwarded(text) : forwardedFor(text);
}

/** The client's address, '' when none is told or who tells it is not believed. `tx`: null where there is none. */
export function realClient(flow: number, tx: HttpTransaction | null, source: ClientSource): string {
  if (flow === 0) return '';
  const named =
    tx === null ? null : (hopsIn(tx, source.header, source.forward) ?? hopsIn(tx, 'forwarded', source.forward));
  const carried = proxyHeader(flow);
  if (named === null && carried === null) return '';
  const hops = named ?? [];
  // Who talked to the proxy of the PROXY protocol is the last one that anybody names.
  if (carried !== null && carried.src !== '') hops.push(...forwardedFor(carried.src));
  return clientOf(source, clientText(flow), hops);
}
