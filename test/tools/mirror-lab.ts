/**
 * The lab with a mirrored port: what the server's interface sends and receives is copied (tc mirred) to an interface in a
 * third namespace, where a sensor listens. Needs what the lab needs and tc.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lab, type LabOptions, labMissing } from './lab.js';
import type { EveEvent } from './peccary.js';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export function mirrorLabMissing(): string {
  const missing = labMissing();
  if (missing !== '') return missing;
  return spawnSync('which', ['tc']).status === 0 ? '' : 'needs the Debian package iproute2 (tc)';
}

/** Waits until `ready` answers true; throws after `ms` milliseconds. */
export async function until(ready: () => boolean, what: string, ms = 8000): Promise<void> {
  const end = Date.now() + ms;
  while (!ready()) {
    if (Date.now() > end) throw new Error(`${what} did not come within ${ms} ms`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

export class MirrorLab {
  readonly lab: Lab;
  /** Namespace and name of the interface that the sensor listens on. */
  readonly monitor: string;
  readonly port: string;
  private readonly mirror: string;
  private readonly sensors: LiveSensor[] = [];

  constructor(options: LabOptions = {}) {
    this.lab = new Lab(options);
    const id = this.lab.names.wire.slice(3);
    this.monitor = `pmo${id}`;
    this.mirror = `pmx${id}`;
    this.port = `pmy${id}`;
    try {
      execFileSync('ip', ['netns', 'add', this.monitor]);
      const { server, wire } = this.lab.names;
      execFileSync('ip', ['netns', 'exec', server, 'tc', 'qdisc', 'add', 'dev', wire, 'clsact']);
      this.plug();
    } catch (e) {
      this.close();
      throw e;
    }
  }

  /** Makes the mirrored port. */
  plug(): void {
    const { server, wire } = this.lab.names;
    const ends = [
      [server, this.mirror],
      [this.monitor, this.port],
    ];
    const link = ['link', 'add', this.mirror, 'netns', server, 'type', 'veth'];
    execFileSync('ip', [...link, 'peer', 'name', this.port, 'netns', this.monitor]);
    for (const [ns, dev] of ends) {
      const off = ['tx', 'off', 'gso', 'off', 'tso', 'off', 'gro', 'off'];
      execFileSync('ip', ['netns', 'exec', ns, 'ethtool', '-K', dev, ...off], { stdio: 'ignore' });
      execFileSync('ip', ['-n', ns, 'link', 'set', dev, 'up']);
    }
    const all = ['protocol', 'all', 'prio', '1', 'u32', 'match', 'u32', '0', '0'];
    const copy = ['action', 'mirred', 'egress', 'mirror', 'dev', this.mirror];
    for (const way of ['ingress', 'egress']) {
      execFileSync('ip', ['netns', 'exec', server, 'tc', 'filter', 'replace', 'dev', wire, way, ...all, ...copy]);
    }
  }

  /** Takes the mirrored port away. */
  unplug(): void {
    const { server, wire } = this.lab.names;
    for (const way of ['ingress', 'egress']) {
      execFileSync('ip', ['netns', 'exec', server, 'tc', 'filter', 'del', 'dev', wire, way]);
    }
    execFileSync('ip', ['-n', this.monitor, 'link', 'del', this.port]);
  }

  /** Starts `peccary run -i PORT ARGS` with a log folder of its own, and waits until it listens. */
  sensor(...args: string[]): Promise<LiveSensor> {
    return this.sensorWith({}, ...args);
  }

  /** As `sensor`. */
  async sensorWith(how: SensorLaunch, ...args: string[]): Promise<LiveSensor> {
    const dir = mkdtempSync(join(how.within ?? this.lab.dir, 'sensor-'));
    if (how.owner !== undefined) chownSync(dir, how.owner, how.owner);
    const sensor = new LiveSensor(this.monitor, this.port, dir, args, how);
    this.sensors.push(sensor);
    await sensor.says(/listening on/);
    return sensor;
  }

  /** Requests by curl, `count` of them to `path`1 … `path`COUNT on kept-alive connections; resolves when all are answered. */
  async requests(path: string, count: number, connections = 8): Promise<void> {
    const url = `http://10.80.0.80${path}[1-${count}]`;
    const options = ['-s', '-g', '-o', '/dev/null', '--max-time', '15'];
    const parallel = connections > 1 ? ['-Z', '--parallel-max', String(connections)] : [];
    const [program, args] = this.lab.clientCommand('curl', [...options.filter((o) => o !== '-g'), ...parallel, url]);
    const child = spawn(program, args, { stdio: 'ignore' });
    const status = await new Promise((done) => child.once('exit', done));
    if (status !== 0) throw new Error(`curl ended with ${status}`);
  }

  /** Requests as Apache logged them: method, target, status. */
  served(): string[] {
    const text = readFileSync(this.lab.accessLog, 'latin1');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' ').slice(0, 3).join(' '));
  }

  close(): void {
    for (const s of this.sensors) s.kill();
    spawnSync('ip', ['netns', 'del', this.monitor]);
    this.lab.close();
  }
}

/** How a sensor is started. */
export interface SensorLaunch {
  /** Program and arguments that run it, such as chrt. */
  through?: readonly string[];
  /** Options of node itself. */
  options?: readonly string[];
  /** Added to its environment. */
  env?: Record<string, string>;
  /** Folder that its log folder is made in, and the number of the user whom that belongs to. */
  within?: string;
  owner?: number;
}

/** Real-time priority: a loaded machine does not keep the sensor from its ring. Empty where it cannot be had. */
export function realTime(): string[] {
  return spawnSync('chrt', ['-f', '20', 'true']).status === 0 ? ['chrt', '-f', '20'] : [];
}

/** A sensor as its operator has it: a process, its log on standard error, its files. */
export class LiveSensor {
  readonly eve: string;
  readonly db: string;
  /** Its control socket. */
  readonly socket: string;
  /** What it has said so far. */
  said = '';
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(
    /** Namespace; null: this process's own. */
    ns: string | null,
    /** Interface to listen on; null: what `args` name. */
    port: string | null,
    readonly dir: string,
    args: readonly string[],
    how: SensorLaunch = {},
  ) {
    this.eve = join(dir, 'eve.json');
    this.db = join(dir, 'peccary.db');
    this.socket = join(dir, 'control.socket');
    const own = ['-l', dir, '--eve', this.eve, '--set', `unix-command.filename=${this.socket}`];
    const run = [Main, 'run', ...(port === null ? [] : ['-i', port]), ...own, ...args];
    const within = ns === null ? [] : ['ip', 'netns', 'exec', ns];
    const [program, ...rest] = [...within, ...(how.through ?? []), process.execPath, ...(how.options ?? []), ...run];
    const env = { ...process.env, ...how.env };
    // In a session of its own, as a service is: else it shares its part of the processor with the load it is under.
    this.child = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, env });
    this.child.stderr?.on('data', (d: Buffer) => {
      this.said += d.toString();
    });
    this.exited = new Promise((done) => this.child.once('exit', (status) => done(status)));
  }

  async says(what: RegExp, ms = 8000): Promise<void> {
    await until(() => what.test(this.said) || this.child.exitCode !== null, `${what}, but "${this.said}"`, ms);
    if (!what.test(this.said)) throw new Error(`the sensor ended: ${this.said}`);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  kill(): void {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
  }

  /** SIGTERM, and its exit status. */
  stop(): Promise<number | null> {
    this.signal('SIGTERM');
    return this.exited;
  }

  /** What is in the EVE file by now, whole lines. */
  events(type?: string): EveEvent[] {
    if (!existsSync(this.eve)) return [];
    const lines = readFileSync(this.eve, 'utf8').split('\n').slice(0, -1);
    const wanted = type === undefined ? lines : lines.filter((line) => line.includes(`"event_type":"${type}"`));
    return wanted.map((line) => JSON.parse(line) as EveEvent);
  }

  /** How many events of a type there are by now; quicker than events() where there are many. */
  count(type: string): number {
    return existsSync(this.eve) ? readFileSync(this.eve, 'latin1').split(`"event_type":"${type}"`).length - 1 : 0;
  }

  /** Requests of the http events: method, target, status. */
  requests(): string[] {
    return this.events('http').map(({ http }) => `${http?.http_method} ${http?.url} ${http?.status}`);
  }

  /** Targets that a rule alerted on, in order. */
  alerted(sid: number): string[] {
    const all = this.events('alert').filter(({ alert }) => alert?.signature_id === sid);
    return all.map(({ http }) => String(http?.url));
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
