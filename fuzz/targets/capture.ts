/** Capture files: whatever the bytes, packets that lie in the arena, and an end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Batch, BatchLimit, SourceStatus } from '../../src/capture/batch.js';
import { openSource } from '../../src/capture/source.js';
import { PeccaryError } from '../../src/core/errors.js';
import { Region } from '../../src/core/memory.js';
import { tcpFrame } from '../../test/tools/build.js';
import { pcapFile, pcapngFile } from '../../test/tools/capture-writer.js';
import { capture } from '../shapes.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

const MaxBatches = 10_000;

const packets = ['GET / HTTP/1.1\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n', ''].map((text, i) => ({
  bytes: tcpFrame({ srcPort: 1024, dstPort: 80 }, text),
  tsUs: 1_700_000_000_000_000 + i,
}));

const batch = new Batch();
let folder: string | null = null;

/** A file in a folder of this process, gone with it. */
function scratchFile(): string {
  if (folder === null) {
    const made = mkdtempSync(join(tmpdir(), 'peccary-fuzz-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return join(folder, 'input');
}

export const target: FuzzTarget = {
  name: 'capture',
  seeds: () => {
    const plain = [
      pcapFile(packets),
      pcapFile(packets, { bigEndian: true, nano: true }),
      pcapngFile(packets),
      pcapngFile(packets, { tsResol: 9 }, true),
    ];
    return [...plain, ...plain.map((file) => gzipSync(file))];
  },
  shape: capture,
  words: [
    Buffer.from([0xd4, 0xc3, 0xb2, 0xa1]),
    Buffer.from([0x0a, 0x0d, 0x0d, 0x0a]),
    Buffer.from([6, 0, 0, 0]),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from([0x1f, 0x8b]),
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
  ],
  run(input) {
    const file = scratchFile();
    writeFileSync(file, input);
    let batches = 0;
    try {
      const source = openSource([file]);
      while (source.next(batch) === SourceStatus.Packets) {
        promise(batch.count >= 1 && batch.count <= BatchLimit.Packets, 'a batch has packets within its bound');
        for (let i = 0; i < batch.count; i++) {
          const end = batch.off[i] + batch.capLen[i];
          promise(batch.off[i] >= Region.ArenaOff && end <= Region.ArenaEnd, 'a packet lies in the arena');
          promise(batch.capLen[i] <= BatchLimit.CapLen, 'a packet is no longer than the bound');
          promise(Number.isFinite(batch.tsUs[i]), 'a packet has a time');
        }
        promise(++batches < MaxBatches, 'a file of 64 KiB has an end');
      }
      for (const fault of source.faults) {
        ledTo(fault.message);
        promise(fault.message !== '' && fault.offset >= 0, 'a fault says what and where');
      }
      ledTo(`batches ${'x'.repeat(Math.min(batches, 9))}`);
      source.close();
    } catch (error) {
      if (!(error instanceof PeccaryError)) throw error;
    }
  },
};
