import { EventRange } from './events.js';

/** Anomalies of protocol recognition, once a flow: what `app-layer-event:applayer_NAME` tests (Suricata, app-layer-events.rules). */
export const enum AppLayerEvent {
  MismatchProtocolBothDirections = EventRange.AppLayer,
  WrongDirectionFirstData = EventRange.AppLayer + 1,
  DetectProtocolOnlyOneDirection = EventRange.AppLayer + 2,
  ProtoDetectionSkipped = EventRange.AppLayer + 3,
  NoTlsAfterStarttls = EventRange.AppLayer + 4,
  UnexpectedProtocol = EventRange.AppLayer + 5,
}

/** Names in the order of AppLayerEvent: the event at index i has the id EventRange.AppLayer + i. */
export const applayerEventNames: readonly string[] = [
  'applayer_mismatch_protocol_both_directions',
  'applayer_wrong_direction_first_data',
  'applayer_detect_protocol_only_one_direction',
  'applayer_proto_detection_skipped',
  'applayer_no_tls_after_starttls',
  'applayer_unexpected_protocol',
];

/** Event id of a name in any case, or -1. */
export function applayerEventId(name: string): number {
  const i = applayerEventNames.indexOf(name.toLowerCase());
  return i < 0 ? -1 : EventRange.AppLayer + i;
}
