/** The measures of health: what is counted, of how much, between two moments. */
import { type HealthConfig, type HealthKind, healthKinds } from './health-config.js';

export type Counters = Readonly<Record<string, number>>;

/** One measure over an interval. */
export interface Measure {
  kind: HealthKind;
  /** How many of how many; `of` may be 0. */
  count: number;
  of: number;
  /** count / of, 0 to 1; 0 when there was nothing to count. */
  rate: number;
  /** Share from which on it is trouble. */
  threshold: number;
}

const enum Least {
  /** Packets and flows of an interval below which a rate says nothing: nothing begins and nothing ends. */
  Packets = 100,
  Flows = 10,
}

type Delta = (counter: string) => number;

interface Rule {
  count(d: Delta): number;
  of(d: Delta): number;
  /** Of how many at least a rate is worth telling. */
  least: number;
}

const rules: Record<HealthKind, Rule> = {
  kernel_drops: {
    count: (d) => d('capture.kernel_drops'),
    of: (d) => Math.max(d('capture.kernel_packets'), d('capture.kernel_drops')),
    least: 1,
  },
  interface_drops: {
    count: (d) => d('capture.kernel_ifdrops'),
    of: (d) => d('capture.kernel_packets') + d('capture.kernel_ifdrops'),
    least: 1,
  },
  cut_packets: { count: (d) => d('decoder.cut_by_snaplen'), of: (d) => d('decoder.pkts'), least: Least.Packets },
  checksum_offload: { count: (d) => d('tcp.checksum_offloaded'), of: (d) => d('decoder.tcp'), least: Least.Packets },
  checksum_failures: {
    // Never below 0: the counters of a thread at work are read one after the other.
    count: (d) => {
      const refused = d('tcp.checksum_offloaded') - d('tcp.checksum_offloaded_taken');
      return Math.max(0, d('tcp.invalid_checksum') - refused);
    },
    of: (d) => d('decoder.tcp'),
    least: Least.Packets,
  },
  vlan_mismatch: { count: (d) => d('flow.tcp_vlan_mismatch'), of: judged, least: Least.Flows },
  // Those that VLAN tags keep apart are told as that.
  one_way_flows: {
    count: (d) => Math.max(0, d('flow.tcp_one_way') - d('flow.tcp_vlan_mismatch')),
    of: judged,
    least: Least.Flows,
  },
  stream_gaps: { count: (d) => d('tcp.reassembly_gap'), of: (d) => d('decoder.tcp'), least: Least.Packets },
  super_frames: { count: (d) => d('decoder.super_frames'), of: (d) => d('decoder.pkts'), least: Least.Packets },
  late_resets: {
    count: (d) => d('respond.connections_late'),
    of: (d) => d('respond.connections_late') + d('respond.connections_stopped'),
    least: 1,
  },
};

/** TCP flows that have ended and of which both directions were seen, or more than probes of one. */
function judged(d: Delta): number {
  return d('flow.tcp_one_way') + d('flow.tcp_two_way');
}

const between =
  (before: Counters, now: Counters): Delta =>
  (name) =>
    Math.max(0, (now[name] ?? 0) - (before[name] ?? 0));

/** What was counted from `before` to `now`, in the order of healthKinds. */
export function measures(before: Counters, now: Counters, config: HealthConfig): Measure[] {
  const d = between(before, now);
  return healthKinds.map((kind) => {
    const rule = rules[kind];
    const count = rule.count(d);
    const of = rule.of(d);
    return { kind, count, of, rate: of === 0 ? 0 : Math.min(1, count / of), threshold: config.thresholds[kind] };
  });
}

/** Whether there was enough traffic for the measure to say something. */
export function says({ kind, of }: Measure): boolean {
  return of >= rules[kind].least;
}
