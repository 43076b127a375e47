/** What a file is by its first bytes, for readers that cannot read everything. */
import { closeSync, openSync, readSync } from 'node:fs';
import { Magic } from './format.js';

type FileKind = 'pcap' | 'pcap-nano' | 'pcap-patched' | 'pcapng' | 'gzip' | 'zstd' | 'unknown';

const GzipMagic = 0x1f8b;
const ZstdMagic = 0x28b52ffd;

/** Kind of a file; 'unknown' for standard input and for what cannot be read. */
export function sniff(path: string): FileKind {
  if (path === '-') return 'unknown';
  const head = Buffer.alloc(4);
  try {
    const fd = openSync(path, 'r');
    readSync(fd, head, 0, 4, 0);
    closeSync(fd);
  } catch {
    return 'unknown';
  }
  if (head.readUInt16BE(0) === GzipMagic) return 'gzip';
  switch (head.readUInt32BE(0)) {
    case Magic.MicroBe:
    case Magic.MicroLe:
      return 'pcap';
    case Magic.NanoBe:
    case Magic.NanoLe:
      return 'pcap-nano';
    case Magic.PatchedBe:
    case Magic.PatchedLe:
      return 'pcap-patched';
    case Magic.Pcapng:
      return 'pcapng';
    case ZstdMagic:
      return 'zstd';
    default:
      return 'unknown';
  }
}
