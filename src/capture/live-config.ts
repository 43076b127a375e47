/**
 * Which interfaces a sensor listens on and how: those of the command line or all of the configuration, with the keys
 * of `af-packet` and `pcap` in suricata.yaml (Suricata manual, "Suricata.yaml", "Packet Acquisition"). An entry
 * `interface: default` holds for interfaces that have none of their own.
 */
import { availableParallelism } from 'node:os';
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';

const enum LiveLimit {
  /** Interfaces of one sensor. */
  Interfaces = 16,
  /** Bytes of the kernel's ring of an interface: the default, the least and the most. */
  Ring = 64 << 20,
  RingMin = 2 << 20,
  RingMax = 1 << 30,
  /** Bytes of ring for each packet of `ring-size`. */
  RingPacket = 2048,
  /** libpcap's MAXIMUM_SNAPLEN. */
  SnapLen = 262_144,
}

/** One interface; plain data for the thread that opens it. */
export interface LiveInterface {
  name: string;
  /** Bytes of the kernel's ring. */
  ringBytes: number;
  promisc: boolean;
  /** Bytes kept of a packet. */
  snapLen: number;
  /** A packet filter in libpcap's language, or null. */
  bpf: string | null;
  /** Packets are wanted one by one as they come, because they are answered: at high rates that costs more. */
  immediate: boolean;
}

const Sections = ['af-packet', 'pcap'];

/** Paths of the entries of `af-packet` and `pcap` with an interface, in order. */
function entries(settings: Settings): { path: string; name: string }[] {
  const out: { path: string; name: string }[] = [];
  for (const section of Sections) {
    const list = settings.get(section);
    if (!Array.isArray(list)) continue;
    for (let i = 0; i < list.length; i++) {
      const name = settings.string(`${section}.${i}.interface`);
      if (name !== undefined) out.push({ path: `${section}.${i}`, name });
    }
  }
  return out;
}

/**
 * The interfaces to listen on: `names` (-i), or all of the configuration when it is empty. `bpf` (--bpf) replaces
 * configured filters. Throws PeccaryError when there is none, or a value cannot be.
 */
export function liveInterfaces(settings: Settings, names: readonly string[], bpf: string | null): LiveInterface[] {
  const known = entries(settings);
  const wanted = names.length > 0 ? names : known.filter((e) => e.name !== 'default').map((e) => e.name);
  const unique = [...new Set(wanted)];
  if (unique.length === 0) {
    throw new PeccaryError('usage', 'no interface to listen on: name one with -i, or in the configuration (af-packet)');
  }
  if (unique.length > LiveLimit.Interfaces) {
    throw new PeccaryError('usage', `a sensor listens on ${LiveLimit.Interfaces} interfaces at most`);
  }
  return unique.map((name) => {
    const own = known.find((e) => e.name === name) ?? known.find((e) => e.name === 'default');
    return liveInterface(settings, name, own?.path ?? 'af-packet.default', bpf);
  });
}

function liveInterface(settings: Settings, name: string, path: string, bpf: string | null): LiveInterface {
  const packets = settings.int(`${path}.ring-size`, LiveLimit.Ring / LiveLimit.RingPacket, 1);
  const asked = settings.size(`${path}.buffer-size`, packets * LiveLimit.RingPacket, 1);
  const promisc = settings.bool(`${path}.promisc`, true) && !settings.bool(`${path}.disable-promisc`, false);
  return {
    name,
    ringBytes: Math.min(LiveLimit.RingMax, Math.max(LiveLimit.RingMin, asked)),
    promisc,
    snapLen: settings.size(`${path}.snaplen`, LiveLimit.SnapLen, 64, LiveLimit.SnapLen),
    bpf: bpf ?? settings.string(`${path}.bpf-filter`) ?? null,
    immediate: settings.string('response.interface') !== undefined,
  };
}

/**
 * `threads` of the interfaces, the most of them: a number, or `auto` for as many as there are processors; 1 by default.
 * `cluster-id` and `cluster-type` are read for configurations that have them: each sensor has groups of its own, whose
 * hash is ours.
 */
export function liveThreads(settings: Settings, names: readonly string[]): number {
  const known = entries(settings);
  let most = 1;
  for (const name of names) {
    const path = (known.find((e) => e.name === name) ?? known.find((e) => e.name === 'default'))?.path;
    if (path === undefined) continue;
    settings.get(`${path}.cluster-id`);
    settings.get(`${path}.cluster-type`);
    const auto = settings.string(`${path}.threads`, '1') === 'auto';
    most = Math.max(most, auto ? availableParallelism() : settings.int(`${path}.threads`, 1, 1));
  }
  return most;
}

/** `checksum-checks` of the first interface: yes, no, or auto (its default, as Suricata's kernel). */
export function liveChecksums(settings: Settings, first: string): 'all' | 'none' | 'auto' {
  const known = entries(settings);
  const own = known.find((e) => e.name === first) ?? known.find((e) => e.name === 'default');
  const key = `${own?.path ?? 'af-packet.default'}.checksum-checks`;
  const value = settings.string(key, 'auto');
  if (value === 'auto' || value === 'kernel' || value === 'rx-only') return 'auto';
  return settings.bool(key, true) ? 'all' : 'none';
}
