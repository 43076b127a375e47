/** A sensor under load: Peccary or Suricata with one configuration, asked through the protocol that both speak. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlClient } from '../../src/control/client.js';
import type { Place, Wire } from './wire.js';

export type EngineName = 'peccary' | 'suricata';

export interface EngineStart {
  name: EngineName;
  wire: Wire;
  place: Place;
  /** Rule file. */
  rules: string;
  /** Where its files go. */
  scratch: string;
  /** The kernel's ring, MiB; 64 unless given. */
  ringMb?: number;
  /** Further arguments. */
  more?: readonly string[];
}

/** Bytes of a block of the ring and, for Suricata, of a frame of it: it counts its ring in frames. */
const Block = 1 << 20;
const Frame = 1616;

/** Suricata's keys; each engine reads its own of the ring's. */
const config = (port: string, socket: string, ringMb: number): string => `%YAML 1.1
---
af-packet:
  - interface: ${port}
    threads: 1
    cluster-id: 99
    cluster-type: cluster_flow
    defrag: yes
    use-mmap: yes
    tpacket-v3: yes
    block-size: ${Block}
    ring-size: ${ringMb * Math.floor(Block / Frame)}
    buffer-size: ${ringMb}mb
    checksum-checks: no
unix-command:
  enabled: yes
  filename: ${socket}
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types:
        - alert
        - http:
            extended: yes
app-layer:
  protocols:
    http:
      enabled: yes
stream:
  reassembly:
    depth: 0
`;

/** What the kernel counted for the sensor since it started. */
export interface Counted {
  packets: number;
  dropped: number;
}

export class LiveEngine {
  private said = '';
  private readonly eve: string;
  private eveOff = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly port: string,
    readonly dir: string,
    private readonly socket: string,
  ) {
    this.eve = join(dir, 'eve.json');
    process.once('exit', () => child.kill('SIGKILL'));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (d: Buffer) => (this.said = (this.said + d.toString()).slice(-4000)));
    }
  }

  /** Starts one on the wire's end; it listens when this resolves. */
  static async start({ name, wire, place, rules, scratch, ringMb = 64, more = [] }: EngineStart): Promise<LiveEngine> {
    const dir = mkdtempSync(join(scratch, `${name}-`));
    const socket = join(dir, 'control.socket');
    const file = join(dir, 'bench.yaml');
    writeFileSync(file, config(wire.port, socket, ringMb));
    const shared = ['-c', file, '-S', rules, '-k', 'none', '-l', dir];
    for (const file of ['classification-file', 'reference-config-file']) {
      shared.push('--set', `${file}=signatures/${file.split('-')[0]}.config`);
    }
    const command =
      name === 'peccary'
        ? [process.execPath, 'dist/cli/main.js', 'run', '-i', wire.port, ...shared]
        : ['suricata', `--af-packet=${wire.port}`, '--runmode', 'workers', ...shared];
    const [program, ...args] = wire.listening(place, [...command, ...more]);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const engine = new LiveEngine(child, wire.port, dir, socket);
    await engine.until(() => existsSync(socket) && engine.answers(), 60_000, 'it to listen');
    return engine;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  private async answers(): Promise<boolean> {
    return (await this.counted().catch(() => null)) !== null;
  }

  private async until(ready: () => boolean | Promise<boolean>, ms: number, what: string): Promise<void> {
    for (const end = Date.now() + ms; !(await ready()); ) {
      if (this.child.exitCode !== null) throw new Error(`the sensor ended: ${this.said}`);
      if (Date.now() > end) throw new Error(`waited in vain for ${what}: ${this.said}`);
      await sleep(100);
    }
  }

  private async ask(command: string, args?: object): Promise<unknown> {
    const client = await ControlClient.open([this.socket]);
    try {
      const { ok, message } = await client.send(command, args);
      if (!ok) throw new Error(String(message));
      return message;
    } finally {
      client.close();
    }
  }

  async counted(): Promise<Counted> {
    const { pkts, drop } = (await this.ask('iface-stat', { iface: this.port })) as { pkts: number; drop: number };
    return { packets: pkts, dropped: drop };
  }

  /** All counters by name. */
  async counters(): Promise<Record<string, number>> {
    const out: Record<string, number> = {};
    const walk = (tree: object, path: string): void => {
      for (const [key, value] of Object.entries(tree)) {
        if (typeof value === 'number') out[path + key] = value;
        else if (typeof value === 'object' && value !== null) walk(value, `${path}${key}.`);
      }
    };
    walk((await this.ask('dump-counters')) as object, '');
    return out;
  }

  /**
   * What it has counted once it has worked off what came: its kernel's counts and its log stand still for a second and a
   * half (both engines ask the kernel once a second at least).
   */
  async settled(): Promise<Counted> {
    let last = '';
    let counted: Counted = { packets: 0, dropped: 0 };
    for (let still = 0, i = 0; still < 5; i++) {
      if (i > 200) throw new Error('the sensor does not come to rest');
      await sleep(300);
      counted = await this.counted();
      const now = `${counted.packets} ${counted.dropped} ${existsSync(this.eve) ? statSync(this.eve).size : 0}`;
      still = now === last ? still + 1 : 0;
      last = now;
    }
    return counted;
  }

  /** http events that were written since the last call. */
  newHttpEvents(): number {
    const size = existsSync(this.eve) ? statSync(this.eve).size : 0;
    const bytes = Buffer.alloc(size - this.eveOff);
    if (bytes.length === 0) return 0;
    const fd = openSync(this.eve, 'r');
    readSync(fd, bytes, 0, bytes.length, this.eveOff);
    closeSync(fd);
    this.eveOff = size;
    return bytes.toString('latin1').split('"event_type":"http"').length - 1;
  }

  /** Resident memory, MiB. */
  residentMb(): number {
    const kb = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, 'latin1'))?.[1];
    return Number(kb) / 1024;
  }

  async stop(): Promise<void> {
    const gone = new Promise((done) => this.child.once('exit', done));
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 30_000);
    await gone;
    clearTimeout(timer);
  }
}
