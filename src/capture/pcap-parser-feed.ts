/**
 * The half of `--reader pcap-parser` that runs on the main thread: npm's pcap-parser emits events, so it cannot be
 * pulled from the pipeline's thread. Its packets go into a bounded ring that PcapParserSource reads.
 *
 *     const feed = feedPcapParser(paths);                                   // main thread
 *     openSource(feed.files, { reader: 'pcap-parser', ring: feed.ring });   // the worker
 *     await feed.done;                                                      // main thread
 */
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import { PeccaryError } from '../core/errors.js';
import { BatchLimit, type CaptureFault } from './batch.js';
import { PacketRing, RecordKind, RingLimit } from './packet-ring.js';
import { listCaptures } from './paths.js';
import { PcapHeader } from './pcap-format.js';
import { sniff } from './sniff.js';

/** How often a full ring is looked at again, milliseconds. */
const PollMs = 1;
/** A record's header in a pcap file. */
const RecordHeaderLen = 16;

interface PacketHeader {
  timestampSeconds: number;
  timestampMicroseconds: number;
  capturedLength: number;
  originalLength: number;
}

/** What is used of pcap-parser, which has no types. */
interface Parser {
  on(event: 'globalHeader', listener: (header: { linkLayerType: number }) => void): void;
  on(event: 'packetHeader', listener: (header: PacketHeader) => void): void;
  on(event: 'packet', listener: (packet: { header: PacketHeader; data: Buffer }) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'end', listener: () => void): void;
  /** Set by the parser itself when it gives up: it then ignores all further data. */
  errored?: boolean;
}

interface PcapParserFeed {
  /** The files in order, directories resolved: what the source's `paths` must be. */
  files: string[];
  ring: SharedArrayBuffer;
  /** Settles when everything is in the ring, or the consumer has closed. Does not reject. */
  done: Promise<void>;
}

/**
 * Starts reading. Throws PeccaryError when a file is of a kind that pcap-parser cannot read (it knows pcap with
 * microseconds alone).
 */
export function feedPcapParser(paths: readonly string[]): PcapParserFeed {
  const { files } = listCaptures(paths);
  for (const file of files) {
    const kind = sniff(file);
    if (kind !== 'pcap' && kind !== 'unknown') {
      throw new PeccaryError('capture', `${file}: pcap-parser does not read ${kind} files: use --reader own`);
    }
  }
  const ring = new PacketRing();
  return { files, ring: ring.shared, done: feedAll(files, ring) };
}

async function feedAll(files: readonly string[], ring: PacketRing): Promise<void> {
  const { parse } = createRequire(import.meta.url)('pcap-parser') as { parse: (input: Readable) => Parser };
  for (let i = 0; i < files.length && !ring.consumerClosed; i++) {
    const fault = await feedFile(parse, files[i], i, ring);
    if (fault !== null) await pushControl(ring, RecordKind.Fault, Buffer.from(JSON.stringify(fault)));
  }
  await pushControl(ring, RecordKind.End, Buffer.alloc(0));
}

async function pushControl(ring: PacketRing, kind: RecordKind, data: Uint8Array): Promise<void> {
  while (!ring.push(kind, data, 0, 0, 0, 0) && !ring.consumerClosed) {
    await new Promise((resolve) => setTimeout(resolve, PollMs));
  }
  ring.notify();
}

/** Feeds one file; what is wrong with it, or null. */
function feedFile(
  parse: (input: Readable) => Parser,
  file: string,
  origin: number,
  ring: PacketRing,
): Promise<CaptureFault | null> {
  const stream: Readable = file === '-' ? process.stdin : createReadStream(file);
  const parser = parse(stream);
  return new Promise((resolve) => {
    let linkType = 0;
    let packet = 0;
    let offset = 0;
    let read = 0;
    const finish = (message: string): void => {
      parser.errored = true;
      stream.destroy();
      resolve(message === '' ? null : { file, packet, offset, message });
    };
    parser.on('globalHeader', (header) => {
      linkType = header.linkLayerType & 0xffff;
      offset = PcapHeader.Len;
    });
    parser.on('packetHeader', (header) => {
      // pcap-parser would collect any length in memory, at quadratic cost.
      if (header.capturedLength <= BatchLimit.CapLen) return;
      finish(`the record claims ${header.capturedLength} captured bytes, more than ${BatchLimit.CapLen}`);
    });
    parser.on('packet', ({ header, data }) => {
      if (parser.errored === true) return;
      const tsUs = header.timestampSeconds * 1e6 + header.timestampMicroseconds;
      if (!ring.push(RecordKind.Packet, data, header.originalLength, linkType, origin, tsUs)) {
        finish('the packet ring is full');
        return;
      }
      packet++;
      offset += RecordHeaderLen + data.length;
    });
    parser.on('error', (error) => finish(error.message));
    parser.on('end', () => {
      const left = read - offset;
      if (read === 0) finish('the file is empty');
      else finish(left > 0 ? `the file ends within a record (${left} bytes of it are there)` : '');
    });
    // After the parser's own listener, which has by then emitted the packets of this chunk.
    stream.on('data', (chunk: Buffer) => {
      read += chunk.length;
      ring.notify();
      if (ring.consumerClosed) finish('');
      else if (ring.free() < RingLimit.Margin) pauseUntilFree(stream, ring, () => finish(''));
    });
  });
}

function pauseUntilFree(stream: Readable, ring: PacketRing, abandon: () => void): void {
  stream.pause();
  const poll = (): void => {
    if (ring.consumerClosed) abandon();
    else if (ring.free() >= RingLimit.Margin) stream.resume();
    else setTimeout(poll, PollMs);
  };
  setTimeout(poll, PollMs);
}
