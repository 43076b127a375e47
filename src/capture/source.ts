/** Opens captures for reading: which reader, which files, in which order. */
import { PeccaryError } from '../core/errors.js';
import type { PacketSource } from './batch.js';
import { LibpcapSource } from './libpcap-source.js';
import { OwnSource } from './own-source.js';
import { listCaptures } from './paths.js';
import { PcapParserSource } from './pcap-parser-source.js';

const readerNames = ['own', 'pcap-parser', 'libpcap'] as const;
export type ReaderName = (typeof readerNames)[number];

export interface SourceOptions {
  /** Default 'own'. */
  reader?: ReaderName;
  /** A packet filter in libpcap's language; packets that do not match get no number. */
  bpf?: string;
  /** For 'pcap-parser': the ring that feedPcapParser (src/capture/pcap-parser-feed.ts) fills on the main thread. */
  ring?: SharedArrayBuffer;
}

/**
 * A source over capture files, directories (recursive, in order of first packet time) and '-' (standard input), as one
 * run of packets. Throws PeccaryError when a path does not exist, or the reader cannot read a file's format at all.
 */
export function openSource(paths: readonly string[], options: SourceOptions = {}): PacketSource {
  const list = listCaptures(paths);
  switch (options.reader ?? 'own') {
    case 'own':
      return new OwnSource(list, options.bpf);
    case 'libpcap':
      return new LibpcapSource(list, options.bpf);
    case 'pcap-parser':
      if (options.ring === undefined) throw new PeccaryError('runtime', 'the pcap-parser reader needs its ring');
      return new PcapParserSource(list, options.ring, options.bpf);
  }
}
