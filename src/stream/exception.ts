/** Exception policies as they bear on sessions (Suricata manual, "Exception Policies"). */
import type { Settings } from '../core/settings.js';
import { ExceptionPolicy, namedPolicy, suited } from '../decode/exception.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { FlowFlag, flows } from '../flow/columns.js';
import { bypassFlow } from '../flow/table.js';

/** `stream.midstream-policy`: when midstream sessions are picked up, "auto" lets them. Only whole flows can be meant. */
export function midstreamPolicy(settings: Settings, midstream: boolean, ips: boolean): ExceptionPolicy {
  const own = namedPolicy(settings, 'stream.midstream-policy');
  const policy = own ?? namedPolicy(settings, 'exception-policy') ?? 'auto';
  if (policy === 'auto') return ips && !midstream ? ExceptionPolicy.DropFlow : ExceptionPolicy.Ignore;
  const whole =
    policy === ExceptionPolicy.DropPacket
      ? ExceptionPolicy.DropFlow
      : policy === ExceptionPolicy.PassPacket
        ? ExceptionPolicy.PassFlow
        : policy;
  return suited(whole, ips);
}

/** Applies a policy to the packet and its flow. Returns true when the packet is to be dropped, or rejected. */
export function applyException(p: Packet, policy: ExceptionPolicy, ips: boolean): boolean {
  if (policy === ExceptionPolicy.Ignore) return false;
  const f = p.flow;
  const drops = policy >= ExceptionPolicy.DropPacket && ips;
  if (policy === ExceptionPolicy.Reject) flows.flags[f] |= FlowFlag.Rejected;
  if (drops && policy !== ExceptionPolicy.DropPacket) {
    flows.flags[f] |= FlowFlag.Drop | FlowFlag.NoPayloadInspection | FlowFlag.NoPacketInspection;
  }
  if (policy === ExceptionPolicy.PassFlow || policy === ExceptionPolicy.Bypass) {
    flows.flags[f] |= FlowFlag.Pass | FlowFlag.NoPacketInspection;
    if (policy === ExceptionPolicy.Bypass) bypassFlow(f);
  }
  if (drops || policy < ExceptionPolicy.DropPacket) {
    p.flags |= PacketFlag.NoPayloadInspection | PacketFlag.NoPacketInspection;
  }
  return drops;
}
