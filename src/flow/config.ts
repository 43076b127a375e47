/**
 * Settings of the flow table (Suricata manual, "Flow Settings" and "Flow Timeouts"): `flow.*`, `flow-timeouts.*`
 * and `vlan.use-for-tracking`, with Suricata's defaults.
 */
import type { Settings } from '../core/settings.js';
import { ExceptionPolicy, readPacketPolicy } from '../decode/exception.js';
import { IpProto } from '../protocol/ip.js';

/** Bytes one flow counts for against `flow.memcap`: its columns in all stages and its TCP session record. */
export const FlowBytes = 400;

/** Row of the timeout table by protocol. */
export const enum TimeoutRow {
  Default = 0,
  Tcp = 1,
  Udp = 2,
  Icmp = 3,
  Count = 4,
}

/** States that have a timeout of their own, see FlowState. */
export const enum TimeoutCell {
  Stride = 8,
  /** Index of the cells that hold in emergency mode. */
  Emergency = 32,
}

interface FlowConfig {
  memcap: number;
  hashSize: number;
  /** Percentage of the memcap that must be free again to leave emergency mode. */
  emergencyRecovery: number;
  useVlan: boolean;
  /** Bytes of a flow, both directions, past which it is no longer inspected; 0: it always is. */
  bypassVolume: number;
  /** What happens to a packet for whose flow there is no memory; and whether the engine can drop it. */
  memcapPolicy: ExceptionPolicy;
  ips: boolean;
  /** Seconds by [Emergency +] row * Stride + FlowState. */
  readonly timeouts: Uint32Array;
}

export const flowConfig: FlowConfig = {
  memcap: 128 << 20,
  hashSize: 65_536,
  emergencyRecovery: 30,
  useVlan: true,
  bypassVolume: 0,
  memcapPolicy: ExceptionPolicy.Ignore,
  ips: false,
  timeouts: new Uint32Array(2 * TimeoutCell.Emergency),
};

/** new, established, closed, bypassed; then the same in emergency mode. */
const defaults: Record<string, readonly number[]> = {
  default: [30, 300, 0, 100, 10, 100, 0, 50],
  tcp: [60, 600, 60, 100, 5, 100, 10, 50],
  udp: [30, 300, 0, 100, 10, 100, 0, 50],
  icmp: [30, 300, 0, 100, 10, 100, 0, 50],
};
const rowNames = ['default', 'tcp', 'udp', 'icmp'] as const;
const stateNames = ['new', 'established', 'closed', 'bypassed'] as const;

/** Reads the settings; throws PeccaryError for values out of range. `ips`: the engine can drop packets. */
export function readFlowConfig(settings: Settings, ips: boolean): void {
  flowConfig.memcap = settings.size('flow.memcap', 128 << 20, FlowBytes, 2 ** 40);
  flowConfig.hashSize = settings.int('flow.hash-size', 65_536, 1, 1 << 21);
  flowConfig.emergencyRecovery = settings.int('flow.emergency-recovery', 30, 1, 100);
  flowConfig.memcapPolicy = readPacketPolicy(settings, 'flow.memcap-policy', ips);
  flowConfig.ips = ips;
  flowConfig.bypassVolume = settings.size('flow.bypass-volume', 0);
  flowConfig.useVlan = settings.bool('vlan.use-for-tracking', true);
  // suricata.yaml holds these; nothing is allocated beforehand and no threads manage flows.
  for (const key of ['flow.prealloc', 'flow.managers', 'flow.recyclers']) settings.get(key);
  rowNames.forEach((row, r) => {
    stateNames.forEach((state, s) => {
      const at = r * TimeoutCell.Stride + 1 + s;
      const known = defaults[row];
      flowConfig.timeouts[at] = settings.int(`flow-timeouts.${row}.${state}`, known[s], 0, 0x7fff_ffff);
      const key = `flow-timeouts.${row}.emergency-${state}`;
      flowConfig.timeouts[TimeoutCell.Emergency + at] = settings.int(key, known[4 + s], 0, 0x7fff_ffff);
    });
  });
}

/** Row of the timeout table for an IP protocol. */
export function timeoutRow(proto: number): TimeoutRow {
  if (proto === IpProto.Tcp) return TimeoutRow.Tcp;
  if (proto === IpProto.Udp) return TimeoutRow.Udp;
  if (proto === IpProto.Icmp || proto === IpProto.Icmpv6) return TimeoutRow.Icmp;
  return TimeoutRow.Default;
}
