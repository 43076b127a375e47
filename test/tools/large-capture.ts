/**
 * The large capture of benchmarks and of the comparison with tshark, made once and kept under .cache/captures: recorded from a real Apache in network
 * namespaces (test/tools/lab.ts). Recording needs root and the packages labMissing() names.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lab, labMissing, pageText, ServerIp } from './lab.js';

const Dir = '.cache/captures';

/** Pages of the large capture: size of the answer in bytes, requests, connections. In all 20,000 requests on 100 connections, about 600 MB. */
const LargePages: [size: number, requests: number, connections: number][] = [
  [500, 4000, 20],
  [4_000, 5000, 25],
  [16_000, 5000, 25],
  [40_000, 3600, 18],
  [100_000, 2000, 10],
  [400_000, 400, 2],
];

/** 20,000 kept-alive requests of `ab` on a hundred connections; most lie past a stream depth of 1 MiB. */
export async function largeCapture(): Promise<string> {
  const file = join(Dir, 'keep-alive-20000.pcap');
  if (existsSync(file)) return file;
  const missing = labMissing();
  if (missing !== '') throw new Error(`recording the large capture ${missing}`);
  mkdirSync(Dir, { recursive: true });
  const lab = new Lab({
    content: (root) => {
      for (const [i, [size]] of LargePages.entries()) writeFileSync(join(root, `size${i}.html`), pageText(i + 1, size));
    },
    threads: 150,
  });
  try {
    const part = `${file}.part`;
    await lab.record(
      part,
      async () => {
        const runs = LargePages.map(
          ([, n, c], i) =>
            new Promise<void>((done, fail) => {
              const ab = spawn(
                ...lab.clientCommand('ab', [
                  '-q',
                  '-k',
                  '-n',
                  String(n),
                  '-c',
                  String(c),
                  `http://${ServerIp}/size${i}.html`,
                ]),
                { stdio: 'ignore' },
              );
              ab.once('exit', (code) => (code === 0 ? done() : fail(new Error(`ab ended with ${code}`))));
            }),
        );
        await Promise.all(runs);
      },
      { bulk: true },
    );
    renameSync(part, file);
  } finally {
    lab.close();
  }
  return file;
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
