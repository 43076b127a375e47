/**
 * Transactions whose http events rules have switched off with `config:logging disable` (Suricata manual, "Config Rules"):
 * single ones, or all of a flow from then on. As in Suricata 7.0.10, files and flows are told of all the same.
 */
import { column } from '../core/columns.js';
import { FlowLimit } from '../flow/columns.js';
import { TxFlag } from '../http/transaction.js';
import type { HttpTransaction } from '../http/tx.js';
import { firstTransaction } from '../http/tx-list.js';

/** 1: no transaction of the flow is told of. */
const silent = column.u8(FlowLimit.Max + 1);

/**
 * Switches the events of `tx` off, or with `wholeFlow` those of its flow. A rule on packets has no transaction (null): its
 * flow's latest counts.
 */
export function disableLog(flow: number, tx: HttpTransaction | null, wholeFlow: boolean): void {
  if (wholeFlow) silent[flow] = 1;
  const which = tx ?? latest(flow);
  if (which !== null) which.flags |= TxFlag.NotTold;
}

function latest(flow: number): HttpTransaction | null {
  let last: HttpTransaction | null = null;
  for (let tx = firstTransaction(flow); tx !== null; tx = tx.next) last = tx;
  return last;
}

/** Whether the transaction's http event is wanted. */
export function isTold(flow: number, tx: HttpTransaction): boolean {
  return (tx.flags & TxFlag.NotTold) === 0 && silent[flow] === 0;
}

/** Forgets a flow. */
export function releaseLogConfig(flow: number): void {
  silent[flow] = 0;
}
