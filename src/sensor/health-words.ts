/** What each kind of loss means and what helps, in plain words. */
import type { HealthKind } from './health-config.js';
import type { Counters, Measure } from './health-measures.js';

export interface Explained {
  /** What was found, with its numbers. */
  summary: string;
  cause: string;
  remedy: string;
}

export type Setting = 'live' | 'replay';

interface Words {
  /** After "97% of". */
  what: string;
  cause(now: Counters, where: Setting): string;
  remedy(now: Counters, where: Setting): string;
}

/** Every packet of an inline sensor has its verdict counted. */
const isInline = (now: Counters): boolean => (now['ips.accepted'] ?? 0) + (now['ips.blocked'] ?? 0) > 0;

const words: Record<HealthKind, Words> = {
  kernel_drops: {
    what: 'packets were dropped by the kernel',
    cause: (now) => `its ${isInline(now) ? 'queue' : 'ring'} was full: packets come faster than they are inspected`,
    remedy: (now) =>
      (isInline(now)
        ? 'make the queue longer (nfq.queue-length, nfq.buffer-size), send less traffic to it, '
        : 'make the ring larger (af-packet.N.buffer-size), leave traffic out (--bpf), ') +
      'or drop the dearest rules (peccary rules profile names them)',
  },
  interface_drops: {
    what: 'packets were dropped by the interface',
    cause: () => 'the network card or its driver had no room for them',
    remedy: () => "make the card's own ring larger: ethtool -G INTERFACE rx 4096",
  },
  cut_packets: {
    what: 'packets were cut by the snap length',
    cause: () => 'only their beginnings were captured; what was cut off is not inspected',
    remedy: (_, where) =>
      where === 'live' ? 'set af-packet.N.snaplen to 262144' : 'capture whole packets: tcpdump -s 0',
  },
  checksum_offload: {
    what: 'TCP packets have a checksum that the network card was to fill in',
    cause: (now) =>
      'the traffic is that of the capturing host itself, whose card computes checksums' +
      (isTaken(now) ? '; the packets are inspected all the same' : '; the packets are not inspected'),
    remedy: (now) =>
      isTaken(now)
        ? 'none is needed; -k none verifies no checksum from the first packet on'
        : 'run with -k none, or end the offload: ethtool -K INTERFACE tx off',
  },
  checksum_failures: {
    what: 'TCP packets have a wrong checksum and are not inspected',
    cause: () => 'they were damaged before they were captured, or someone sends such packets to mislead a sensor',
    remedy: () => 'look at cable and mirror; -k none inspects them all the same',
  },
  vlan_mismatch: {
    what: 'TCP flows have other VLAN tags in the other direction',
    cause: () => 'the mirror tags the two directions of a connection differently, so that they are taken for two flows',
    remedy: () => 'set vlan.use-for-tracking: false',
  },
  one_way_flows: {
    what: 'TCP flows are one-way',
    cause: (_, where) =>
      where === 'live'
        ? 'the mirror sends only one direction, or the answers take another path'
        : 'the capture has only one direction of them',
    remedy: (_, where) =>
      where === 'live'
        ? 'mirror both rx and tx, listen on both ports of a tap (-i A -i B), or set stream.async-oneside: true'
        : 'capture both directions, or set stream.async-oneside: true',
  },
  stream_gaps: {
    what: 'TCP packets left a gap in their stream',
    cause: (now) =>
      (now['capture.kernel_drops'] ?? 0) > 0
        ? 'packets that the kernel dropped are missing'
        : 'packets were lost before the sensor had them: the mirror is given more than it can send',
    remedy: (now) =>
      (now['capture.kernel_drops'] ?? 0) > 0
        ? 'see to the kernel drops'
        : 'mirror fewer ports or through a faster one, or use a tap',
  },
  super_frames: {
    what: 'frames are longer than the MTU',
    cause: () =>
      'the capturing host joins packets before they are captured (GRO, LRO, TSO), or jumbo frames are in use; rules ' +
      'that count packets or test their size see other packets than those on the wire',
    remedy: () =>
      'ethtool -K INTERFACE gro off lro off tso off gso off; for jumbo frames set health.mtu to the MTU of the network',
  },
  late_resets: {
    what: 'connections that were reset had their response whole before',
    cause: () => 'resets from beside the wire race the server, and it was faster',
    remedy: () =>
      'only an inline sensor stops every attack (-q): what is seen on a mirrored port is on its way already',
  },
};

/** Whether packets without a finished checksum are inspected: all of them while "auto" samples, and once it is off. */
function isTaken(now: Counters): boolean {
  const of = (name: string): number => now[`tcp.checksum_${name}`] ?? 0;
  return of('auto_off') > 0 || of('offloaded') === of('offloaded_taken');
}

/** Finds words for a measure; `now`: the counters at its end. */
export function explain(m: Measure, now: Counters, where: Setting): Explained {
  const { what, cause, remedy } = words[m.kind];
  if (m.kind === 'checksum_offload' && (now['tcp.checksum_auto_off'] ?? 0) > 0) {
    return {
      summary: 'checksums are not verified: of the first 1,000 TCP packets more than one in ten had a wrong one',
      cause: cause(now, where),
      remedy: remedy(now, where),
    };
  }
  const summary = `${percentText(m.rate)} of ${what} (${m.count} of ${m.of})`;
  return { summary, cause: cause(now, where), remedy: remedy(now, where) };
}

/** 0.97 → "97%", 0.00123 → "0.12%", less than a hundredth: "0.0012%". */
export function percentText(rate: number): string {
  const percent = rate * 100;
  if (percent >= 10) return `${Math.floor(percent)}%`;
  return `${Number(percent.toPrecision(2))}%`;
}
