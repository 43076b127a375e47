/**
 * Numbering of events. An event id is a 16-bit integer, one range a layer; the names are Suricata's
 * (what `decode-event`, `stream-event` and `app-layer-event` take, and EVE's anomaly.event).
 */
export const enum EventRange {
  /** decode-event: src/protocol/decoder-events.ts */
  Decoder = 0,
  /** stream-event: src/protocol/stream-events.ts */
  Stream = 512,
  /** app-layer-event http.*: src/protocol/http-events.ts */
  Http = 1024,
  /** app-layer-event applayer_*: src/protocol/applayer-events.ts */
  AppLayer = 1536,
  End = 1600,
}
