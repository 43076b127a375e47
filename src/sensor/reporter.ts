/**
 * Turns what the stages found into records for the writer, and counts it. Builds nothing that no output wants
 * (`wants`): without EVE, database or fast log a replay only counts.
 */
import { alertQueue } from '../alert/queue.js';
import { isTagged } from '../alert/tags.js';
import { outcome, type Verdict } from '../alert/verdict.js';
import { takeAppLayerEvents } from '../applayer/applayer.js';
import type { Packet } from '../decode/packet.js';
import { isTold } from '../detect/log-config.js';
import { fileConfig } from '../files/config.js';
import { filesWait, isStored, tellFiles } from '../files/files.js';
import { writeFileInfo } from '../files/store.js';
import type { TrackedFile } from '../files/tracked-file.js';
import { FlowFlag, flows } from '../flow/columns.js';
import { TxFlag } from '../http/transaction.js';
import type { HttpTransaction } from '../http/tx.js';
import { firstTransaction } from '../http/tx-list.js';
import { alertRecord, rejectTarget } from '../output/encode-alert.js';
import { realClient } from '../output/encode-client.js';
import { fileInfoRecord } from '../output/encode-file.js';
import { flowEventRecord } from '../output/encode-flow.js';
import { httpEventRecord, isAlerted } from '../output/encode-http.js';
import { applayerAnomaly, dropRecord, isDecoderEvent, packetAnomaly, taggedPacket } from '../output/encode-packet.js';
import { fileInfoText } from '../output/eve/fileinfo.js';
import { PacketRing } from '../output/packet-ring.js';
import { CaptureWhat } from '../output/pcap-config.js';
import type { OutputPort } from '../output/port.js';
import type { Wants } from '../output/wants.js';
import { EventRange } from '../protocol/events.js';
import type { Dir } from '../protocol/ip.js';
import { Op, RuleCol } from '../rules/compile/layout.js';
import type { RuntimeRules } from '../rules/compile/tables.js';

const queue = alertQueue;
const done = TxFlag.RequestDone | TxFlag.ResponseDone;

/** Whether the rule of an alert tags what follows. */
function setsTag({ code, table }: RuntimeRules, rule: number): boolean {
  let pc = table[rule * RuleCol.Stride + RuleCol.Effects];
  if (pc < 0) return false;
  for (; code[pc] !== Op.End; pc += code[pc + 1]) if (code[pc] === Op.Tag) return true;
  return false;
}

export class Reporter {
  alertCount = 0;
  flowCount = 0;
  transactionCount = 0;
  /** Alerts by rule index. */
  byRule: Uint32Array;
  /** The last packets, where some output keeps packets. */
  readonly packets: PacketRing | null;
  private readonly port: OutputPort;
  private readonly wants: Wants;
  private rules: RuntimeRules;

  constructor(port: OutputPort, rules: RuntimeRules) {
    this.port = port;
    this.wants = port.wants;
    this.packets = port.wants.packets === null ? null : new PacketRing(port.wants.packets, port);
    this.rules = rules;
    this.byRule = new Uint32Array(rules.count);
  }

  /** Alerts name rules of this set from now on. */
  useRules(rules: RuntimeRules): void {
    this.rules = rules;
    this.byRule = new Uint32Array(rules.count);
  }

  /** Decoder, stream and application-layer events of a packet, and the packet itself when a tag asks for it. */
  packetEvents(p: Packet): void {
    const { wants } = this;
    for (let i = 0; i < p.eventCount; i++) {
      const id = p.events[i];
      if (isDecoderEvent(id) ? wants.anomalyDecode : wants.anomalyStream) {
        this.port.push(packetAnomaly(p, id, wants.anomalyPacket));
      }
    }
    if (p.flow !== 0) {
      const fresh = takeAppLayerEvents(p.flow);
      if (fresh !== 0 && wants.anomalyApplayer) this.appLayerEvents(p, fresh);
    }
    if ((wants.tagged || wants.packets?.what === CaptureWhat.Tag) && queue.count === 0 && isTagged(p)) this.tagged(p);
  }

  private tagged(p: Packet): void {
    if (this.wants.tagged) this.port.push(taggedPacket(p));
    this.packets?.tagged(p);
  }

  private appLayerEvents(p: Packet, fresh: number): void {
    for (let bit = 0; bit < 32; bit++) {
      if ((fresh & (1 << bit)) !== 0) this.port.push(applayerAnomaly(p, p.flow, p.dir, EventRange.AppLayer + bit, -1));
    }
  }

  /** The alerts in the queue. `outer`: the packet that carried this one, if any did. */
  alerts(p: Packet, outer: Packet | null, verdict: Verdict): void {
    this.alertCount += queue.count;
    this.packets?.alerted(p);
    for (let i = 0; i < queue.count; i++) {
      const row = queue.rows[i];
      this.byRule[row.rule]++;
      if (this.wants.packets?.what === CaptureWhat.Tag && setsTag(this.rules, row.rule)) this.packets?.tagged(p);
      if (this.wants.alert) this.port.push(alertRecord(p, outer, row, this.ruleId(row.rule), verdict, this.wants));
    }
  }

  private ruleId(rule: number): { gid: number; sid: number; rev: number } {
    const { table, revs } = this.rules;
    const at = rule * RuleCol.Stride;
    return { gid: table[at + RuleCol.Gid], sid: table[at + RuleCol.Sid] >>> 0, rev: revs[rule] };
  }

  /** A packet that an inline sensor does not let through. */
  drop(p: Packet, reason: string, rule: number): void {
    if (!this.wants.drop) return;
    this.port.push(dropRecord(p, reason, rule, -1, rule < 0 ? null : rejectTarget(p, outcome.reject)));
  }

  /** Events and the log line of the flow's transactions; `last`: the flow has ended and what is open is told as it is. */
  transactions(p: Packet, flow: number, last = false): void {
    for (
      let tx = firstTransaction(flow) as HttpTransaction | null;
      tx !== null;
      tx = tx.next as HttpTransaction | null
    ) {
      if (this.wants.anomalyApplayer) this.transactionEvents(p, tx);
      if (filesWait()) this.files(p, tx);
      if ((tx.flags & TxFlag.Logged) !== 0 || (!last && (tx.flags & done) !== done)) continue;
      tx.flags |= TxFlag.Logged;
      this.transactionCount++;
      if ((this.wants.http || (this.wants.httpOfAlerts && isAlerted(tx))) && isTold(flow, tx)) {
        const lined = this.wants.httpLines && !isAlerted(tx) && this.port.pushLine(p, tx);
        if (lined) continue;
        const source = this.wants.httpClient ?? (isAlerted(tx) ? this.wants.alertClient : null);
        const client = source === null ? '' : realClient(flow, tx, source);
        this.port.push(httpEventRecord(p, tx, this.wants.httpOfAlerts, client));
      }
    }
  }

  /** Events of files of the transaction that have ended. */
  private files(p: Packet, tx: HttpTransaction): void {
    tellFiles(tx, p.tsUs, (file: TrackedFile) => {
      const beside = fileConfig.writeInfo && isStored(file);
      if (!this.wants.fileinfo && !beside) return;
      const record = fileInfoRecord(p, tx, file);
      if (this.wants.fileinfo) this.port.push(record);
      if (beside) writeFileInfo(file, p.tsUs, fileInfoText(record));
    });
  }

  private transactionEvents(p: Packet, tx: HttpTransaction): void {
    for (; tx.eventsTold < tx.eventCount; tx.eventsTold++) {
      const dir = tx.eventDirs[tx.eventsTold] as Dir;
      this.port.push(applayerAnomaly(p, tx.flow, dir, tx.events[tx.eventsTold], tx.id));
    }
  }

  /** The end of a flow. `origin`: capture file of its last packet. */
  flow(flow: number, origin: number): void {
    this.flowCount++;
    this.packets?.ended(flow);
    const { wants } = this;
    if (wants.flow || (wants.flowOfAlerts && (flows.flags[flow] & FlowFlag.HasAlerts) !== 0)) {
      this.port.push(flowEventRecord(flow, origin));
    }
  }

  /** The counters of the run, at its end. */
  stats(tsUs: number, uptimeS: number, counters: Record<string, number>): void {
    if (this.wants.stats) this.port.push({ kind: 'stats', tsUs, uptimeS, counters });
  }
}
