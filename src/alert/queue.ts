/**
 * The alerts of the current packet, as output takes them: what is left of detection's matches after thresholds,
 * suppression and `pass`, at most `packet-alert-max`. Rows are reused with every packet: copy what must last.
 */
import type { Transaction } from '../http/transaction.js';

export const enum AlertLimit {
  /** Suricata's packet-alert-max, and what it may be set to at most. */
  Default = 15,
  Max = 255,
}

export const enum AlertFlag {
  /** Found in a transaction / the raw stream / the packet. */
  Tx = 1,
  Stream = 2,
  Packet = 4,
  /** The packet was dropped or rejected for this alert (EVE action "blocked"). */
  Blocked = 8,
  /** rate_filter changed the action. */
  Rate = 16,
}

export class AlertRow {
  /** Index of the rule in the compiled rules. */
  rule = 0;
  /** AlertFlag bits. */
  flags = 0;
  /** RuleAction that counted (rate_filter may have changed the rule's). */
  action = 0;
  /** Dir in which the rule matched: source and destination of the alert are those of this direction. */
  dir = 0;
  /** Transaction it belongs to, or null. */
  tx: Transaction | null = null;
  /** First row and number of rows of the matched ranges (`rangeRows` in src/detect/matches.ts). */
  firstRange = 0;
  rangeCount = 0;
}

class AlertQueue {
  /** Alerts of this packet: rows[0 … count - 1]. */
  count = 0;
  readonly rows: readonly AlertRow[] = Array.from({ length: AlertLimit.Max }, () => new AlertRow());
}

export const alertQueue = new AlertQueue();
