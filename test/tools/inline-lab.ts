/**
 * The lab with a router between client and server, where an inline sensor runs: three namespaces, IPv4 and IPv6, a real
 * Apache. The interfaces keep their offloads, so that super-frames and checksums that are not filled in yet pass the router.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenignOptions, type BenignReport, PageCount, pageOf } from './benign-client.js';
import { ClientIp, Lab, labMissing, ServerIp } from './lab.js';
import { LiveSensor } from './mirror-lab.js';
import type { RawPlan, RawResult, RawTry } from './raw-client.js';

export const ClientIp6 = 'fd80:1::10';
export const ServerIp6 = 'fd80:2::80';

const BackEndPort = 9000;

const proxyConfig = `LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
ProxyPass /back http://127.0.0.1:${BackEndPort} upgrade=websocket
`;

/** Addresses that only the raw client answers for. */
export const RawClientIp = '192.168.80.77';
export const RawClientIp6 = 'fd80:1::77';

const RouterIps = { client: ['192.168.80.1', 'fd80:1::1'], server: ['10.80.0.1', 'fd80:2::1'] };

export function inlineLabMissing(): string {
  const missing = labMissing();
  if (missing !== '') return missing;
  for (const tool of ['iptables', 'ip6tables']) {
    if (spawnSync('which', [tool]).status !== 0) return 'needs the Debian package iptables';
  }
  const name = `pecq${process.pid}`;
  execFileSync('ip', ['netns', 'add', name]);
  const probe = ['netns', 'exec', name, 'iptables', '-I', 'FORWARD', '-j', 'NFQUEUE', '--queue-num', '0'];
  const { status } = spawnSync('ip', probe);
  spawnSync('ip', ['netns', 'del', name]);
  return status === 0 ? '' : 'the kernel has no NFQUEUE';
}

export class InlineLab extends Lab {
  private readonly sensors: LiveSensor[] = [];
  private readonly children: ChildProcess[] = [];
  /** Port of the next raw client: the server may still have connections of those before. */
  private nextPort = 20_000;

  /** An Apache with pages, a large file, and a back end for uploads and WebSocket. */
  constructor(bigLen: number) {
    super({
      content: (root) => {
        mkdirSync(join(root, 'p'));
        for (let i = 0; i < PageCount; i++) writeFileSync(join(root, 'p', `${i}.html`), pageOf(i));
        writeFileSync(join(root, 'big.bin'), randomBytes(bigLen));
      },
      config: () => `Listen [${ServerIp6}]:80\n${proxyConfig}`,
    });
    const { server } = this;
    const script = fileURLToPath(new URL('./back-end.js', import.meta.url));
    const command = ['netns', 'exec', server, process.execPath, script, String(BackEndPort)];
    this.children.push(spawn('ip', command, { stdio: 'ignore' }));
  }

  /** SHA-256 of the large file. */
  bigSha(): string {
    return createHash('sha256')
      .update(readFileSync(join(this.dir, 'www', 'big.bin')))
      .digest('hex');
  }

  /** Name of the router's namespace. */
  get router(): string {
    return this.client.replace('pcl', 'prt');
  }

  protected override network(id: string): void {
    const ip = (...args: string[]): void => void execFileSync('ip', args);
    const { client, server, router } = this;
    for (const ns of [client, server, router]) ip('netns', 'add', ns);
    const links = [
      { ns: client, dev: `pva${id}`, far: `pia${id}`, own: [ClientIp, ClientIp6], via: RouterIps.client },
      { ns: server, dev: `pvb${id}`, far: `pib${id}`, own: [ServerIp, ServerIp6], via: RouterIps.server },
    ];
    for (const { ns, dev, far, own, via } of links) {
      ip('link', 'add', dev, 'netns', ns, 'type', 'veth', 'peer', 'name', far, 'netns', router);
      ip('-n', ns, 'link', 'set', 'lo', 'up');
      for (const [at, name, addresses] of [
        [ns, dev, own],
        [router, far, via],
      ] as const) {
        ip('-n', at, 'addr', 'add', `${addresses[0]}/24`, 'dev', name);
        ip('-n', at, 'addr', 'add', `${addresses[1]}/64`, 'dev', name, 'nodad');
        ip('-n', at, 'link', 'set', name, 'up');
      }
      ip('-n', ns, 'route', 'add', 'default', 'via', via[0]);
      ip('-n', ns, '-6', 'route', 'add', 'default', 'via', via[1]);
    }
    ip('-n', router, 'link', 'set', 'lo', 'up');
    // Addresses of the raw client: the kernel of the client's namespace does not know them.
    const [{ address }] = JSON.parse(
      execFileSync('ip', ['-n', client, '-j', 'link', 'show', 'dev', `pva${id}`], { encoding: 'utf8' }),
    ) as [{ address: string }];
    for (const own of [RawClientIp, RawClientIp6]) {
      ip('-n', router, 'neigh', 'replace', own, 'lladdr', address, 'dev', `pia${id}`);
    }
    for (const key of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) {
      execFileSync('ip', ['netns', 'exec', router, 'sysctl', '-qw', `${key}=1`]);
    }
  }

  /** Runs a program in the router's namespace. */
  inRouter(program: string, args: readonly string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.router, program, ...args], { encoding: 'utf8', stdio: 'pipe' });
  }

  /** Runs a program in the server's namespace. */
  atServer(program: string, args: readonly string[]): void {
    execFileSync('ip', ['netns', 'exec', this.server, program, ...args], { stdio: 'pipe' });
  }

  /** The only rule of FORWARD, for both families; without arguments: none. */
  forward(...rule: string[]): void {
    for (const tool of ['iptables', 'ip6tables']) {
      this.inRouter(tool, ['-F', 'FORWARD']);
      if (rule.length > 0) this.inRouter(tool, ['-A', 'FORWARD', ...rule]);
    }
  }

  /** Starts `peccary run ARGS` in the router and waits until it answers. */
  async sensor(...args: string[]): Promise<LiveSensor> {
    const sensor = this.launch(...args);
    await sensor.says(/inline, answering/, 30_000);
    return sensor;
  }

  /** As `sensor`, without waiting. */
  launch(...args: string[]): LiveSensor {
    const sensor = new LiveSensor(this.router, null, mkdtempSync(join(this.dir, 'sensor-')), args);
    this.sensors.push(sensor);
    return sensor;
  }

  /** A Node script of test/tools in the client's namespace; what it prints, once it has ended with 0. */
  async inClientNode(script: string, ...args: string[]): Promise<string> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn(...this.clientCommand(process.execPath, [path, ...args]), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.push(child);
    let said = '';
    let trouble = '';
    child.stdout?.on('data', (d: Buffer) => {
      said += d.toString();
    });
    child.stderr?.on('data', (d: Buffer) => {
      trouble += d.toString();
    });
    const status = await new Promise((done) => child.once('close', done));
    if (status !== 0) throw new Error(`${script} ended with ${status}: ${trouble}`);
    return said;
  }

  /** A well-behaved client's report (benign-client.ts), over both families. */
  async benign(options: Partial<BenignOptions>): Promise<BenignReport> {
    const all: BenignOptions = { hosts: [ServerIp, ServerIp6], requests: 100, bigSha: '', parallel: 16, ...options };
    return JSON.parse(await this.inClientNode('./benign-client.js', JSON.stringify(all))) as BenignReport;
  }

  /** Makes connections of which every segment is chosen (raw-client.ts). */
  async raw(tries: (Omit<RawTry, 'port'> & { port?: number })[], waitMs = 30_000): Promise<RawResult[]> {
    const plan: RawPlan = {
      device: this.wire.replace('pvb', 'pva'),
      addresses: { 4: [RawClientIp, ServerIp], 6: [RawClientIp6, ServerIp6] },
      tries: tries.map((t) => ({ port: this.nextPort++, ...t })),
      waitMs,
    };
    const file = join(this.dir, 'plan.json');
    writeFileSync(file, JSON.stringify(plan));
    return JSON.parse(await this.inClientNode('./raw-client.js', file)) as RawResult[];
  }

  /** A Node program given as text in the client's namespace, that is talked to. */
  talker(script: string): { readonly said: string; say(text: string): void; end(): void } {
    const child = spawn(...this.clientCommand(process.execPath, ['-e', script]), { stdio: ['pipe', 'pipe', 'ignore'] });
    this.children.push(child);
    let said = '';
    child.stdout?.on('data', (d: Buffer) => {
      said += d.toString();
    });
    return {
      get said() {
        return said;
      },
      say: (text) => child.stdin?.write(text),
      end: () => child.stdin?.end(),
    };
  }

  /** Lines of Apache's access log. */
  logged(): string[] {
    return readFileSync(this.accessLog, 'latin1').split('\n').slice(0, -1);
  }

  /** Empties the access log. */
  forgetLog(): void {
    writeFileSync(this.accessLog, '');
  }

  override close(): void {
    for (const s of this.sensors) s.kill();
    for (const c of this.children) if (c.exitCode === null) c.kill('SIGKILL');
    super.close();
    spawnSync('ip', ['netns', 'del', this.router]);
  }
}
