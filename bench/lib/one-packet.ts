/** A capture of one packet, to measure what starting costs. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tcpFrame } from '../../test/tools/build.js';
import { pcapFile } from '../../test/tools/capture-writer.js';

/** Writes it below `dir`; the file's path. */
export function onePacketCapture(dir: string): string {
  const file = join(dir, 'one-packet.pcap');
  writeFileSync(file, pcapFile([{ bytes: tcpFrame({ srcPort: 40_000, dstPort: 80 }) }]));
  return file;
}
