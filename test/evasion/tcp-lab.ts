/**
 * Three network namespaces of this machine's own: a client that sends through a raw socket, a router that takes one from
 * every TTL, and a server whose kernel and programs are real. Needs root, iproute2 and ethtool.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TimedFrame } from '../tools/session.js';

export const LabClient = '192.168.81.10';
export const LabServer = '10.82.0.80';
const RouterMac = '02:00:00:00:81:01';
const ClientMac = '02:00:00:00:81:0a';

/** What keeps the lab from running here, in words; '' when nothing does. */
export function routedLabMissing(): string {
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  const tools = ['ip', 'ethtool'].filter((tool) => spawnSync('which', [tool]).status !== 0);
  if (tools.length > 0) return `needs ${tools.join(', ')}`;
  const name = `peccary-probe-${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return 'the kernel refuses network namespaces';
  spawnSync('ip', ['netns', 'del', name]);
  return '';
}

export interface Played {
  name: string;
  clientPort: number;
  frames: TimedFrame[];
}

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A program that ends with 0 when something listens on the port. */
const probe = (port: number): string =>
  `require('net').connect(${port}, '${LabServer}').on('connect', () => process.exit(0)).on('error', () => process.exit(1))`;

export class RoutedLab {
  readonly dir = mkdtempSync(join(tmpdir(), 'peccary-routed-'));
  private readonly id = `${process.pid % 10_000}`;
  private readonly client = `pec${this.id}`;
  private readonly router = `per${this.id}`;
  private readonly server = `pes${this.id}`;
  private readonly running: ChildProcess[] = [];

  constructor() {
    try {
      this.network();
    } catch (e) {
      this.close();
      throw e;
    }
  }

  private network(): void {
    const { client, router, server, id } = this;
    const run = (...args: string[]): void => void execFileSync('ip', args);
    for (const ns of [client, router, server]) run('netns', 'add', ns);
    this.pair(client, `pea${id}`, router, `peb${id}`);
    this.pair(router, `pex${id}`, server, `pey${id}`);
    run('-n', client, 'link', 'set', `pea${id}`, 'address', ClientMac);
    run('-n', router, 'link', 'set', `peb${id}`, 'address', RouterMac);
    run('-n', router, 'addr', 'add', '10.82.0.1/24', 'dev', `pex${id}`);
    run('-n', server, 'addr', 'add', `${LabServer}/24`, 'dev', `pey${id}`);
    for (const ns of [router, server]) this.sysctl(ns, 'net.ipv4.conf.all.rp_filter', '0');
    this.sysctl(router, 'net.ipv4.conf.default.rp_filter', '0');
    this.sysctl(router, 'net.ipv4.ip_forward', '1');
    for (const [ns, dev] of [
      [client, `pea${id}`],
      [router, `peb${id}`],
      [router, `pex${id}`],
      [server, `pey${id}`],
      [server, 'lo'],
    ]) {
      run('-n', ns, 'link', 'set', dev, 'up');
    }
    // The client's address belongs to no kernel: nothing but the test answers for it.
    run('-n', router, 'route', 'add', `${LabClient}/32`, 'dev', `peb${id}`);
    run('-n', router, 'neigh', 'add', LabClient, 'lladdr', ClientMac, 'dev', `peb${id}`);
    run('-n', server, 'route', 'add', 'default', 'via', '10.82.0.1');
  }

  private pair(nsA: string, a: string, nsB: string, b: string): void {
    execFileSync('ip', ['link', 'add', a, 'netns', nsA, 'type', 'veth', 'peer', 'name', b, 'netns', nsB]);
    for (const [ns, dev] of [
      [nsA, a],
      [nsB, b],
    ]) {
      const off = ['tx', 'off', 'gso', 'off', 'tso', 'off', 'gro', 'off'];
      execFileSync('ip', ['netns', 'exec', ns, 'ethtool', '-K', dev, ...off], { stdio: 'ignore' });
    }
  }

  private sysctl(ns: string, key: string, value: string): void {
    const path = `/proc/sys/${key.replaceAll('.', '/')}`;
    execFileSync('ip', ['netns', 'exec', ns, 'sh', '-c', `echo ${value} > ${path}`]);
  }

  /** Whether the server takes data in SYNs, with the option or without (net.ipv4.tcp_fastopen). */
  fastOpen(on: boolean): void {
    this.sysctl(this.server, 'net.ipv4.tcp_fastopen', on ? '1538' : '0');
  }

  /** Starts a program in the server's namespace and waits for what it says when it is ready. */
  async serve(command: string, args: string[], ready: RegExp): Promise<void> {
    const child = spawn('ip', ['netns', 'exec', this.server, command, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.running.push(child);
    await new Promise<void>((done, fail) => {
      child.once('exit', (code) => fail(new Error(`${command} ended with ${code}`)));
      child.stdout.on('data', (d: Buffer) => {
        if (ready.test(d.toString())) done();
      });
    });
  }

  /** A server that writes what it reads to `file`; see tcp-server.ts. */
  async serveRecorder(port: number, file: string): Promise<void> {
    await this.serve(process.execPath, [program('tcp-server.js'), LabServer, `${port}`, file], /ready/);
  }

  /** Apache's mpm_worker on a port; it writes a line with client port, path and query for every request to `file`. */
  serveApache(port: number, file: string): void {
    writeFileSync(file, '');
    const modules = ['mpm_worker', 'authz_core'].map(
      (m) => `LoadModule ${m}_module /usr/lib/apache2/modules/mod_${m}.so`,
    );
    const config = [
      'ServerName www.example.com',
      `ServerRoot ${this.dir}`,
      `PidFile ${this.dir}/apache.pid`,
      `ErrorLog ${this.dir}/error.log`,
      ...modules,
      'LogFormat "%{remote}p %U%q" peccary',
      `CustomLog ${file} peccary`,
      `Listen ${LabServer}:${port}`,
      'User www-data',
      'Group www-data',
      'MaxKeepAliveRequests 0',
      'KeepAliveTimeout 2',
      `Mutex file:${this.dir}`,
      `DocumentRoot ${this.dir}`,
    ];
    const path = join(this.dir, 'apache.conf');
    writeFileSync(path, `${config.join('\n')}\n`);
    execFileSync('ip', ['netns', 'exec', this.server, 'apache2', '-f', path, '-k', 'start'], { stdio: 'inherit' });
    const asked = (): boolean =>
      spawnSync('ip', ['netns', 'exec', this.server, process.execPath, '-e', probe(port)]).status === 0;
    for (let i = 0; i < 100 && !asked(); i++) spawnSync('sleep', ['0.05']);
    this.apache = path;
  }

  private apache = '';

  /** Paths and queries that Apache logged for each client port. */
  static requests(file: string): Map<number, string[]> {
    const out = new Map<number, string[]>();
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const at = line.indexOf(' ');
      if (at < 0) continue;
      const port = Number(line.slice(0, at));
      out.set(port, [...(out.get(port) ?? []), line.slice(at + 1)]);
    }
    return out;
  }

  /** Plays strategies to a port of the server; what a sensor at the client's side of the router saw. */
  play(names: string[], serverPort: number, clientPort: number): Played[] {
    const to = JSON.stringify({ client: LabClient, server: LabServer, clientPort, serverPort });
    const args = [program('tcp-player.js'), `pea${this.id}`, RouterMac, to, JSON.stringify(names)];
    const text = execFileSync('ip', ['netns', 'exec', this.client, process.execPath, ...args], { maxBuffer: 1 << 30 });
    return text
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const { name, clientPort: port, frames } = JSON.parse(line);
        const timed = frames.map(([tsUs, b]: [number, string]) => ({
          tsUs,
          bytes: new Uint8Array(Buffer.from(b, 'base64')),
        }));
        return { name, clientPort: port, frames: timed };
      });
  }

  /** What the recording server read from each client port. */
  static received(file: string): Map<number, string> {
    const out = new Map<number, string>();
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      if (line === '') continue;
      const [port, text] = JSON.parse(line) as [number, string];
      out.set(port, (out.get(port) ?? '') + text);
    }
    return out;
  }

  /** Stops the programs and removes namespaces and files. */
  close(): void {
    if (this.apache !== '') {
      spawnSync('ip', ['netns', 'exec', this.server, 'apache2', '-f', this.apache, '-k', 'stop']);
      const pid = join(this.dir, 'apache.pid');
      for (let i = 0; i < 100 && existsSync(pid); i++) spawnSync('sleep', ['0.05']);
    }
    for (const p of this.running) if (p.exitCode === null) p.kill('SIGTERM');
    for (const ns of [this.client, this.router, this.server]) spawnSync('ip', ['netns', 'del', ns]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}
