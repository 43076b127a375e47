/** Reads captures to the end and keeps copies, so that tests can compare them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Batch, type CaptureFault, type PacketSource, SourceStatus } from '../../src/capture/batch.js';
import { openSource, type SourceOptions } from '../../src/capture/source.js';
import { buf } from '../../src/core/memory.js';

export interface ReadPacket {
  no: number;
  bytes: string;
  wireLen: number;
  tsUs: number;
  linkType: number;
  origin: number;
}

export interface ReadResult {
  packets: ReadPacket[];
  faults: CaptureFault[];
  bytesRead: number;
  bytesTotal: number;
}

const batch = new Batch();

export function drain(source: PacketSource): ReadResult {
  const packets: ReadPacket[] = [];
  for (let status = source.next(batch); status !== SourceStatus.End; status = source.next(batch)) {
    for (let i = 0; i < batch.count; i++) {
      const off = batch.off[i];
      packets.push({
        no: batch.firstNo + i,
        bytes: buf.toString('latin1', off, off + batch.capLen[i]),
        wireLen: batch.wireLen[i],
        tsUs: batch.tsUs[i],
        linkType: batch.linkType[i],
        origin: batch.origin[i],
      });
    }
  }
  const { bytesRead, bytesTotal, faults } = source;
  source.close();
  return { packets, faults, bytesRead, bytesTotal };
}

export function readPaths(paths: readonly string[], options?: SourceOptions): ReadResult {
  return drain(openSource(paths, options));
}

/** A directory for one test suite, with files written into it by relative name. */
export class TempDir {
  readonly path = mkdtempSync(join(tmpdir(), 'peccary-capture-'));
  write(name: string, data: Uint8Array): string {
    const path = join(this.path, name);
    writeFileSync(path, data);
    return path;
  }
  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

/** Writes `data` to a file of its own and reads it with our own reader. */
export function readBytes(data: Uint8Array, options?: SourceOptions): ReadResult {
  const dir = new TempDir();
  try {
    return readPaths([dir.write('capture', data)], options);
  } finally {
    dir.remove();
  }
}
