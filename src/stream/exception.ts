/** What happens to traffic the engine cannot follow (Suricata manual, "Exception Policies"). */
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';
import { type Packet, PacketFlag } from '../decode/packet.js';
import { FlowFlag, FlowState, flows } from '../flow/columns.js';
import { setFlowState } from '../flow/table.js';

export const enum ExceptionPolicy {
  Ignore = 0,
  /** Let the packet (and its flow) pass without inspection. */
  PassPacket = 1,
  PassFlow = 2,
  Bypass = 3,
  DropPacket = 4,
  DropFlow = 5,
  Reject = 6,
}

const names: ReadonlyMap<string, ExceptionPolicy | 'auto'> = new Map<string, ExceptionPolicy | 'auto'>([
  ['auto', 'auto'],
  ['ignore', ExceptionPolicy.Ignore],
  ['pass-packet', ExceptionPolicy.PassPacket],
  ['pass-flow', ExceptionPolicy.PassFlow],
  ['bypass', ExceptionPolicy.Bypass],
  ['drop-packet', ExceptionPolicy.DropPacket],
  ['drop-flow', ExceptionPolicy.DropFlow],
  ['reject', ExceptionPolicy.Reject],
]);

function named(settings: Settings, path: string): ExceptionPolicy | 'auto' | undefined {
  const value = settings.string(path);
  if (value === undefined) return undefined;
  const policy = names.get(value.toLowerCase());
  if (policy === undefined) {
    throw new PeccaryError('config', `${path}: expected one of ${[...names.keys()].join(', ')}, found "${value}"`);
  }
  return policy;
}

/** Without the means to drop, a policy that drops does nothing; a reject still can. */
function suited(policy: ExceptionPolicy, ips: boolean): ExceptionPolicy {
  const drops = policy === ExceptionPolicy.DropPacket || policy === ExceptionPolicy.DropFlow;
  return drops && !ips ? ExceptionPolicy.Ignore : policy;
}

/** The policy at `path`, else the master switch `exception-policy`, else Suricata's "auto": drop the flow when inline. */
export function readPolicy(settings: Settings, path: string, ips: boolean): ExceptionPolicy {
  const own = named(settings, path);
  const master = named(settings, 'exception-policy');
  const policy = own ?? master ?? 'auto';
  if (policy === 'auto') return ips ? ExceptionPolicy.DropFlow : ExceptionPolicy.Ignore;
  return suited(policy, ips);
}

/** `stream.midstream-policy`: when midstream sessions are picked up, "auto" lets them. Only whole flows can be meant. */
export function midstreamPolicy(settings: Settings, midstream: boolean, ips: boolean): ExceptionPolicy {
  const own = named(settings, 'stream.midstream-policy');
  const policy = own ?? named(settings, 'exception-policy') ?? 'auto';
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
    if (policy === ExceptionPolicy.Bypass) setFlowState(f, FlowState.Bypassed);
  }
  if (drops || policy < ExceptionPolicy.DropPacket) {
    p.flags |= PacketFlag.NoPayloadInspection | PacketFlag.NoPacketInspection;
  }
  return drops;
}
