/**
 * Turns what the stages found into records for the writer, and counts it. Builds nothing that no output wants
 * (`wants`): without EVE, database or fast log a replay only counts.
 */
import { type AlertRow, alertQueue } from '../alert/queue.js';
import { appLayerEventCount, appLayerEventAt } from '../applayer/applayer.js';
import type { Settings } from '../core/settings.js';
import type { Packet } from '../decode/packet.js';
import { FlowFlag, flows } from '../flow/columns.js';
import { TxFlag } from '../http/transaction.js';
import { firstTransaction, type HttpTransaction } from '../http/tx.js';
import { alertRecord } from '../output/encode-alert.js';
import { flowEventRecord } from '../output/encode-flow.js';
import { httpEventRecord, isAlerted, markAlerted } from '../output/encode-http.js';
import { applayerAnomaly, dropRecord, isDecoderEvent, packetAnomaly } from '../output/encode-packet.js';
import type { OutputPort } from '../output/port.js';
import type { CompiledRules } from '../rules/compile/compile.js';

const queue = alertQueue;

export class Reporter {
  alertCount = 0;
  flowCount = 0;
  transactionCount = 0;
  /** Alerts by rule index. */
  readonly byRule: Uint32Array;
  private readonly port: OutputPort;

  constructor(port: OutputPort, rules: CompiledRules) {
    this.port = port;
    this.byRule = new Uint32Array(rules.rules.length);
  }
}
