/**
 * The large capture of benchmarks and of the comparison with tshark, made once and kept under .cache/captures: recorded from a real Apache in network
 * namespaces (test/tools/lab.ts). Recording needs root and the packages labMissing() names.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lab, labMissing, pageText, ServerIp } from './lab.js';

const Dir = '.cache/captures';

/** Recordings tried before giving up. */
const Attempts = 4;

/** Pages of the large capture: size of the answer in bytes, requests, connections. In all 20,000 requests on 100 connections, about 600 MB. */
const LargePages: [size: number, requests: number, connections: number][] = [
  [500, 4000, 20],
  [4_000, 5000, 25],
  [16_000, 5000, 25],
  [40_000, 3600, 18],
  [100_000, 2000, 10],
  [400_000, 400, 2],
];

/** As many requests for a small page: the most work for a sensor, byte by byte. */
const SmallPages: typeof LargePages = [[500, 20_000, 50]];

/** 20,000 kept-alive requests of `ab` on a hundred connections; most lie past a stream depth of 1 MiB. */
export function largeCapture(): Promise<string> {
  return recorded('keep-alive-20000.pcap', LargePages);
}

/** 20,000 kept-alive requests on fifty connections, about 20 MB. */
export function smallCapture(): Promise<string> {
  return recorded('small-pages-20000.pcap', SmallPages);
}

async function recorded(name: string, pages: typeof LargePages): Promise<string> {
  const file = join(Dir, name);
  if (existsSync(file)) return file;
  const missing = labMissing();
  if (missing !== '') throw new Error(`recording the large capture ${missing}`);
  mkdirSync(Dir, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    try {
      await record(`${file}.part`, pages, attempt === 1);
      renameSync(`${file}.part`, file);
      return file;
    } catch (e) {
      // On a busy machine tcpdump may miss packets; what it then recorded is no ground truth.
      if (attempt === Attempts) throw e;
    }
  }
}

/** Asks for all of `pages`, at the same time or (gentler) one page after the other. */
async function record(file: string, pages: typeof LargePages, together: boolean): Promise<void> {
  const lab = new Lab({
    content: (root) => {
      for (const [i, [size]] of pages.entries()) writeFileSync(join(root, `size${i}.html`), pageText(i + 1, size));
    },
    threads: 150,
  });
  const fetchPage = (i: number): Promise<void> => {
    const [, requests, connections] = pages[i];
    const url = `http://${ServerIp}/size${i}.html`;
    const args = ['-q', '-k', '-n', String(requests), '-c', String(connections), url];
    return new Promise((done, fail) => {
      const ab = spawn(...lab.clientCommand('ab', args), { stdio: 'ignore' });
      ab.once('exit', (code) => (code === 0 ? done() : fail(new Error(`ab ended with ${code}`))));
    });
  };
  const work = async (): Promise<void> => {
    if (together) await Promise.all(pages.map((_, i) => fetchPage(i)));
    else for (let i = 0; i < pages.length; i++) await fetchPage(i);
  };
  try {
    await lab.record(file, work, { bulk: true });
  } finally {
    lab.close();
  }
}

/** The first packet of a capture alone, to measure what starting costs. */
export function onePacket(of: string): string {
  const file = join(Dir, 'one-packet.pcap');
  const fd = openSync(of, 'r');
  const head = Buffer.alloc(40);
  readSync(fd, head, 0, 40, 0);
  const len = head.readUInt32LE(32);
  const all = Buffer.alloc(40 + len);
  readSync(fd, all, 0, all.length, 0);
  closeSync(fd);
  writeFileSync(file, all);
  return file;
}
