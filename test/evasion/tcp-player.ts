/**
 * Plays strategies to a real server through a raw socket; runs in the client's network namespace. Arguments: interface,
 * MAC address of the router, addresses and ports as JSON, names of strategies as JSON. Writes a line of JSON for each:
 * its name, its port and the frames a sensor at the client's side of the router sees.
 */
import { isRefusal } from '../../src/addon/native.js';
import { injectPcap, openPcapLive, readPcap, setPcapFilter } from '../../src/addon/pcap.js';
import { Region, u8 } from '../../src/core/memory.js';
import { ethernet, frame } from '../tools/build.js';
import { parseIp } from '../tools/packet-view.js';
import type { TimedFrame } from '../tools/session.js';
import { ipStrategies } from './ip-strategies.js';
import { type Addresses, Client, type Path } from './tcp-client.js';
import { strategies } from './tcp-strategies.js';

/** How long the server may take to say something, and how long it must be silent to have said all. */
const PatienceMs = 40;
const SilenceMs = 10;
const ArenaLen = 1 << 20;

const columns = {
  off: new Uint32Array(256),
  capLen: new Uint32Array(256),
  wireLen: new Uint32Array(256),
  tsUs: new Float64Array(256),
};

function open(device: string, filter: string): number {
  const handle = openPcapLive(device, {
    snapLen: 65_535,
    promisc: false,
    bufferSize: 4 << 20,
    timeoutMs: 1,
    immediate: true,
  });
  if (isRefusal(handle)) throw new Error(handle.message);
  const refused = setPcapFilter(handle, filter);
  if (refused !== undefined) throw new Error(refused.message);
  return handle;
}

class RawPath implements Path {
  readonly frames: TimedFrame[] = [];
  private readonly out: number;
  private readonly inward: number;
  private readonly mac: string;

  constructor(out: number, inward: number, mac: string) {
    this.out = out;
    this.inward = inward;
    this.mac = mac;
  }

  send(packet: Uint8Array): void {
    this.drain(0);
    const bytes = ethernet(packet, packet[0] >> 4 === 6 ? 0x86dd : 0x0800, { dst: this.mac });
    this.frames.push({ tsUs: Date.now() * 1000, bytes: frame(packet) });
    u8.set(bytes, Region.ArenaOff + ArenaLen);
    const refused = injectPcap(this.out, Region.ArenaOff + ArenaLen, bytes.length);
    if (refused !== undefined) throw new Error(refused.message);
  }

  private readonly heard: Uint8Array[] = [];

  /** Takes in what has come; false when nothing had. */
  private drain(waitMs: number): boolean {
    const n = readPcap(this.inward, Region.ArenaOff, ArenaLen, waitMs, columns);
    for (let i = 0; i < n; i++) {
      const bytes = u8.slice(columns.off[i], columns.off[i] + columns.capLen[i]);
      const packet = parseIp(bytes, 1);
      if (packet === null) continue;
      this.frames.push({ tsUs: Date.now() * 1000, bytes: frame(packet) });
      this.heard.push(packet);
    }
    return n > 0;
  }

  async answers(): Promise<Uint8Array[]> {
    if (this.drain(this.heard.length > 0 ? SilenceMs : PatienceMs)) while (this.drain(SilenceMs));
    return this.heard.splice(0);
  }

  async wait(seconds: number): Promise<void> {
    await new Promise((r) => setTimeout(r, seconds * 1000));
  }
}

const [device, mac, addresses, names] = process.argv.slice(2);
const to = JSON.parse(addresses) as Addresses;
const wanted = JSON.parse(names) as string[];
const out = open(device, 'less 1');
for (const [i, name] of wanted.entries()) {
  const strategy = [...strategies, ...ipStrategies].find((s) => s.name === name);
  if (strategy === undefined) throw new Error(`no strategy ${name}`);
  const clientPort = to.clientPort + i;
  const inward = open(device, `tcp and src host ${to.server} and dst port ${clientPort}`);
  const path = new RawPath(out, inward, mac);
  const client = new Client(path, { ...to, clientPort });
  client.isn += i * 5_000_000;
  await strategy.run(client);
  await path.answers();
  const frames = path.frames.map((f) => [f.tsUs, Buffer.from(f.bytes).toString('base64')]);
  process.stdout.write(`${JSON.stringify({ name, clientPort, frames })}\n`);
}
