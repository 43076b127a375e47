/** What happens to traffic the engine cannot follow (Suricata manual, "Exception Policies"). */
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';
import { type Packet, PacketFlag } from './packet.js';

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

/** The policy that `path` names, if any. */
export function namedPolicy(settings: Settings, path: string): ExceptionPolicy | 'auto' | undefined {
  const value = settings.string(path);
  if (value === undefined) return undefined;
  const policy = names.get(value.toLowerCase());
  if (policy === undefined) {
    throw new PeccaryError('config', `${path}: expected one of ${[...names.keys()].join(', ')}, found "${value}"`);
  }
  return policy;
}

/** Without the means to drop, a policy that drops does nothing; a reject still can. */
export function suited(policy: ExceptionPolicy, ips: boolean): ExceptionPolicy {
  const drops = policy === ExceptionPolicy.DropPacket || policy === ExceptionPolicy.DropFlow;
  return drops && !ips ? ExceptionPolicy.Ignore : policy;
}

/** The policy at `path`, else the master switch `exception-policy`, else Suricata's "auto": drop the flow when inline. */
export function readPolicy(settings: Settings, path: string, ips: boolean): ExceptionPolicy {
  const own = namedPolicy(settings, path);
  const master = namedPolicy(settings, 'exception-policy');
  const policy = own ?? master ?? 'auto';
  if (policy === 'auto') return ips ? ExceptionPolicy.DropFlow : ExceptionPolicy.Ignore;
  return suited(policy, ips);
}

/** The policy at `path` where no flow is at hand: what it says of flows holds for the packet. */
export function readPacketPolicy(settings: Settings, path: string, ips: boolean): ExceptionPolicy {
  const policy = readPolicy(settings, path, ips);
  if (policy === ExceptionPolicy.DropFlow) return ExceptionPolicy.DropPacket;
  return policy === ExceptionPolicy.PassFlow || policy === ExceptionPolicy.Bypass ? ExceptionPolicy.PassPacket : policy;
}

/** Applies a policy to a packet without a flow: it is not inspected, and refused when it is to be dropped. */
export function applyToPacket(p: Packet, policy: ExceptionPolicy, ips: boolean): void {
  if (policy === ExceptionPolicy.Ignore) return;
  const drops = policy >= ExceptionPolicy.DropPacket;
  if (drops && !ips) return;
  p.flags |= PacketFlag.NoPayloadInspection | PacketFlag.NoPacketInspection | (drops ? PacketFlag.Refused : 0);
}
