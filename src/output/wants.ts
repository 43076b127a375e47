/** Which records anybody will read: the pipeline does not build the others. */
import type { EveOptions } from './eve/config.js';
import type { CaptureOptions } from './pcap-config.js';
import type { ClientSource } from './proxies.js';

export interface Wants {
  /** Origins are interfaces, not files. */
  live: boolean;
  alert: boolean;
  /** http records of all transactions; of those that alerts named. */
  http: boolean;
  httpOfAlerts: boolean;
  /** http events may go as finished lines: nothing in them but what http-lines.ts writes. */
  httpLines: boolean;
  /** flow records of all flows; of those with alerts. */
  flow: boolean;
  flowOfAlerts: boolean;
  anomalyDecode: boolean;
  anomalyStream: boolean;
  anomalyApplayer: boolean;
  anomalyPacket: boolean;
  drop: boolean;
  fileinfo: boolean;
  /** The files of an alert's transaction. */
  filesOfAlerts: boolean;
  stats: boolean;
  tagged: boolean;
  /** Of alerts: payload bytes at most (0: none), the packet, heads and bodies of the transaction, matched ranges. */
  payloadLen: number;
  packet: boolean;
  bodies: boolean;
  matches: boolean;
  /** Where the real client of alerts and of http events is looked for; null: it is not wanted. */
  alertClient: ClientSource | null;
  httpClient: ClientSource | null;
  /** Which packets go to the capture file; null: none. */
  packets: CaptureOptions | null;
}

/** Payload the store keeps of an alert. */
const StorePayload = 16_384;

/** Whether http-lines.ts writes what this output has of http events. */
function takesLines(o: EveOptions): boolean {
  return (
    o.http?.extended === true && !o.pcapFile && o.communityIdSeed === null && o.prefix === '' && !o.http.xff.enabled
  );
}

/** What all outputs together want. `client`: where the store's clients come from when EVE does not say. */
export function wantsOf(
  eve: readonly EveOptions[],
  fastLog: boolean,
  store: boolean,
  live: boolean,
  client: ClientSource,
  packets: CaptureOptions | null = null,
): Wants {
  const alerts = eve.map((o) => o.alert).filter((o) => o !== null);
  const http = eve.filter((o) => o.http !== null);
  const anomalies = eve.map((o) => o.anomaly).filter((o) => o !== null);
  const payloads = alerts.filter((o) => o.payload || o.payloadPrintable).map((o) => o.payloadBufferSize);
  const alertXff = alerts.find((o) => o.xff.enabled)?.xff;
  const httpXff = http.map((o) => o.http?.xff).find((xff) => xff?.enabled);
  return {
    live,
    alert: alerts.length > 0 || fastLog || store,
    http: http.length > 0,
    httpOfAlerts: store,
    httpLines: http.length > 0 && http.every(takesLines),
    flow: eve.some((o) => o.flow),
    flowOfAlerts: store,
    anomalyDecode: anomalies.some((o) => o.decode),
    anomalyStream: anomalies.some((o) => o.stream),
    anomalyApplayer: anomalies.some((o) => o.applayer),
    anomalyPacket: anomalies.some((o) => o.packetHeader),
    drop: eve.some((o) => o.drop !== null),
    fileinfo: eve.some((o) => o.fileinfo),
    filesOfAlerts: alerts.length > 0,
    stats: eve.some((o) => o.stats),
    tagged: alerts.some((o) => o.taggedPackets),
    payloadLen: Math.max(0, ...payloads, store ? StorePayload : 0),
    packet: alerts.some((o) => o.packet) || fastLog || store,
    bodies: alerts.some((o) => o.httpBody || o.httpBodyPrintable) || store,
    matches: store,
    alertClient: alertXff?.source ?? (store ? client : null),
    httpClient: httpXff?.source ?? null,
    packets,
  };
}
