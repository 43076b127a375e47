/** What detection knows of a flow's application protocol: whether it was decided just now, and the flow's events. */

import { appLayerEvents } from '../applayer/applayer.js';
import { column } from '../core/columns.js';
import { FlowLimit, flows } from '../flow/columns.js';
import { AppProto } from '../protocol/app-proto.js';
import { EventRange } from '../protocol/events.js';
import { Dir } from '../protocol/ip.js';

const enum Seen {
  ToServer = 1,
  ToClient = 2,
}

const seen = column.u8(FlowLimit.Max + 1);
/** Events that rules were already shown, one bit each. */
const shown = column.u8(FlowLimit.Max + 1);
const protoTs = flows.appProtoTs;
const protoTc = flows.appProtoTc;

let found = 0;
let fresh = 0;

/**
 * Begins a packet of a flow (0: none) in direction `dir`: whether the protocol of that direction was decided since its last
 * packet, and which events came. As in Suricata, what an acknowledgement decides of the other direction waits for that
 * direction's next packet.
 */
export function beginAppState(flow: number, dir: number): void {
  found = 0;
  fresh = 0;
  if (flow === 0) return;
  const before = seen[flow];
  if (before !== (Seen.ToServer | Seen.ToClient)) {
    const own = dir === Dir.ToServer ? Seen.ToServer : Seen.ToClient;
    const decided = (dir === Dir.ToServer ? protoTs : protoTc)[flow] !== AppProto.Unknown;
    if ((before & own) === 0 && decided) found = own;
    seen[flow] = before | found;
  }
  const events = appLayerEvents(flow);
  fresh = events & ~shown[flow];
  shown[flow] = events;
}

/** Whether this packet is the first of direction `dir` since the protocol of that direction was decided. */
export function protocolJustFound(dir: number): boolean {
  return (found & (dir === Dir.ToServer ? Seen.ToServer : Seen.ToClient)) !== 0;
}

/** Whether events of protocol recognition came with this packet. */
export function hasAppEvents(): boolean {
  return fresh !== 0;
}

/** Whether this event of protocol recognition came with this packet. */
export function appEventSet(flow: number, event: number): boolean {
  return flow !== 0 && (fresh & (1 << (event - EventRange.AppLayer))) !== 0;
}

export function releaseAppState(flow: number): void {
  seen[flow] = 0;
  shown[flow] = 0;
}
