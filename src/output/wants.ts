/** Which records anybody will read: the pipeline does not build the others. */
import type { EveOptions } from './eve/config.js';
import type { ClientSource } from './proxies.js';

export interface Wants {
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
}

/** Payload the store keeps of an alert. */
const StorePayload = 16_384;

/** `client`: where the store's clients come from when EVE does not say. */
export function wantsOf(
  eve: EveOptions | null,
  fastLog: boolean,
  store: boolean,
  live: boolean,
  client: ClientSource,
): Wants {
  const alert = eve?.alert ?? null;
  const payload = alert !== null && (alert.payload || alert.payloadPrintable) ? alert.payloadBufferSize : 0;
  return {
    alert: alert !== null || fastLog || store,
    http: eve?.http != null,
    httpOfAlerts: store,
    httpLines:
      eve?.http?.extended === true && !eve.pcapFile && eve.communityIdSeed === null && !live && !eve.http.xff.enabled,
    flow: eve?.flow === true,
    flowOfAlerts: store,
    anomalyDecode: eve?.anomaly?.decode === true,
    anomalyStream: eve?.anomaly?.stream === true,
    anomalyApplayer: eve?.anomaly?.applayer === true,
    anomalyPacket: eve?.anomaly?.packetHeader === true,
    drop: eve?.drop != null,
    fileinfo: eve?.fileinfo === true,
    filesOfAlerts: alert !== null,
    stats: eve?.stats === true,
    tagged: alert?.taggedPackets === true,
    payloadLen: Math.max(payload, store ? StorePayload : 0),
    packet: alert?.packet === true || fastLog || store,
    bodies: alert?.httpBody === true || alert?.httpBodyPrintable === true || store,
    matches: store,
    alertClient: alert?.xff.enabled ? alert.xff.source : store ? client : null,
    httpClient: eve?.http?.xff.enabled ? eve.http.xff.source : null,
  };
}
