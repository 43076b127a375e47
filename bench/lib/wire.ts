/**
 * A wire of our own: a veth pair between two network namespaces; tcpreplay sends a capture on one end, a sensor listens on
 * the other. Needs root, iproute2, ethtool and tcpreplay.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';

/** Where a program runs: its processor, or null for any, and whether with real-time priority. */
export interface Place {
  cpu: number | null;
  urgent: boolean;
}

const placed = ({ cpu, urgent }: Place): string[] => [
  ...(cpu === null ? [] : ['taskset', '-c', String(cpu)]),
  ...(urgent ? ['chrt', '-r', '60'] : []),
];

export interface Sent {
  packets: number;
  /** What tcpreplay reached, megabits and packets a second. */
  mbps: number;
  pps: number;
}

/** What keeps a wire from being made here; '' when nothing does. */
export function wireMissing(): string {
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  const tools = {
    ip: 'iproute2',
    ethtool: 'ethtool',
    tcpreplay: 'tcpreplay',
    taskset: 'util-linux',
    chrt: 'util-linux',
  };
  const missing = Object.entries(tools).filter(([tool]) => spawnSync('which', [tool]).status !== 0);
  return missing.length === 0 ? '' : `needs the Debian packages ${missing.map(([, name]) => name).join(', ')}`;
}

export class Wire {
  /** Namespace and interface of the sensor. */
  readonly monitor = `pbm${process.pid}`;
  readonly port = `pbr${process.pid}`;
  private readonly sender = `pbs${process.pid}`;
  private readonly out = `pbt${process.pid}`;

  constructor() {
    const run = (...args: string[]): void => void execFileSync('ip', args);
    // Whoever is told to stop leaves no namespace behind.
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));
    process.once('exit', () => this.close());
    try {
      for (const ns of [this.sender, this.monitor]) {
        run('netns', 'add', ns);
        // No packets but those of the capture.
        for (const which of ['all', 'default']) {
          run('netns', 'exec', ns, 'sysctl', '-q', '-w', `net.ipv6.conf.${which}.disable_ipv6=1`);
        }
      }
      const link = ['link', 'add', this.out, 'netns', this.sender, 'type', 'veth'];
      run(...link, 'peer', 'name', this.port, 'netns', this.monitor);
      for (const [ns, dev] of [
        [this.sender, this.out],
        [this.monitor, this.port],
      ]) {
        const off = ['tx', 'off', 'gso', 'off', 'tso', 'off', 'gro', 'off'];
        execFileSync('ip', ['netns', 'exec', ns, 'ethtool', '-K', dev, ...off], { stdio: 'ignore' });
        run('-n', ns, 'link', 'set', dev, 'arp', 'off', 'up');
      }
    } catch (e) {
      this.close();
      throw e;
    }
  }

  /** The command that runs a program where the sensor listens; `place`: on which processor and how urgently. */
  listening(place: Place, command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.monitor, ...placed(place), ...command];
  }

  /**
   * Sends a capture from memory, `mbps` megabits a second (null: as fast as it goes). `seconds`: again and again for so
   * long, each time from other addresses. Throws when tcpreplay could not send all of it.
   */
  async send(capture: string, mbps: number | null, place: Place, seconds = 0): Promise<Sent> {
    const rate = mbps === null ? ['--topspeed'] : [`--mbps=${mbps}`];
    const again = seconds > 0 ? ['--loop=1000000', '--unique-ip', `--duration=${seconds}`] : [];
    const replay = ['tcpreplay', '--preload-pcap', '-i', this.out, ...rate, ...again, capture];
    const command = ['netns', 'exec', this.sender, ...placed(place), ...replay];
    const child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (d: Buffer) => (said += d.toString()));
    const status = await new Promise((done) => child.once('close', done));
    const packets = /Successful packets:\s+(\d+)/.exec(said);
    const rated = /Rated: [\d.]+ Bps, ([\d.]+) Mbps, ([\d.]+) pps/.exec(said);
    const failed = /Failed packets:\s+(\d+)/.exec(said);
    if (status !== 0 || packets === null || rated === null || failed?.[1] !== '0') {
      throw new Error(`tcpreplay did not send all of it (status ${status}): ${said.slice(-800)}`);
    }
    return { packets: Number(packets[1]), mbps: Number(rated[1]), pps: Number(rated[2]) };
  }

  close(): void {
    for (const ns of [this.sender, this.monitor]) spawnSync('ip', ['netns', 'del', ns]);
  }
}
