/** Raising events on a transaction. */
import { counter, counts } from '../core/counters.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import type { Transaction } from './transaction.js';

const cWarnings = counter('http.warnings_limit');
const cEvents = counter('app_layer.error.http.parser');

/** Warnings of one connection after which no more are raised (libhtp's messages as Suricata reads them). */
export const enum MessageLimit {
  PerConnection = 512,
}

/** There is room for each event once. */
function keep(tx: Transaction, event: number, dir: Dir): void {
  for (let i = 0; i < tx.eventCount; i++) if (tx.events[i] === event) return;
  tx.events[tx.eventCount] = event;
  tx.eventDirs[tx.eventCount] = dir;
  tx.eventCount++;
  if (dir === Dir.ToServer) tx.dirtyToServer = 1;
  else tx.dirtyToClient = 1;
}

/** Adds `event` to `tx`, once. */
export function raise(tx: Transaction, event: HttpEvent, dir: Dir): void {
  keep(tx, event, dir);
}

/** Raises the event for a message of which servers or clients may not agree where it ends. */
export function ambiguous(tx: Transaction, dir: Dir): void {
  keep(tx, dir === Dir.ToServer ? HttpEvent.RequestFramingAmbiguous : HttpEvent.ResponseFramingAmbiguous, dir);
}

/** Something that counts a connection's warnings. */
interface Warned {
  warnings: number;
}

/**
 * As `raise` for what the parser warns of: the connection's MessageLimit.PerConnection-th warning raises
 * too_many_warnings instead, and later ones nothing.
 */
export function warn(conn: Warned, tx: Transaction, event: HttpEvent, dir: Dir): void {
  conn.warnings++;
  if (conn.warnings > MessageLimit.PerConnection) {
    counts[cWarnings]++;
    return;
  }
  if (conn.warnings === MessageLimit.PerConnection) keep(tx, HttpEvent.TooManyWarnings, dir);
  else keep(tx, event, dir);
}

/** Counts a connection given up because of a fault the parser cannot pass. */
export function countParserError(): void {
  counts[cEvents]++;
}
