/**
 * The alerts of the current packet, as output takes them: what is left of detection's matches after thresholds,
 * suppression and `pass`, at most `packet-alert-max`. Rows of numbers, reused with every packet.
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

export class AlertQueue {
  /** Alerts of this packet. */
  count = 0;
  /** Index of the rule in the compiled rules. */
  readonly rule = new Int32Array(AlertLimit.Max);
  /** AlertFlag bits. */
  readonly flags = new Uint8Array(AlertLimit.Max);
  /** RuleAction that counted (rate_filter may have changed the rule's). */
  readonly action = new Uint8Array(AlertLimit.Max);
  /** Dir in which the rule matched: addresses of the alert are those of this direction. */
  readonly dir = new Uint8Array(AlertLimit.Max);
  readonly tx: (Transaction | null)[] = new Array<Transaction | null>(AlertLimit.Max).fill(null);
  /** First row and number of rows of the matched ranges (`rangeRows` in src/detect/matches.ts). */
  readonly firstRange = new Int32Array(AlertLimit.Max);
  readonly rangeCount = new Int32Array(AlertLimit.Max);
}

export const alertQueue = new AlertQueue();
