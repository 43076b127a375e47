/**
 * `peccary alerts export --format pcapng`: the packets of the alerting flows. Where the capture file that alerts came from
 * is still there, or those that a sensor kept of them (outputs.pcap-log), all packets of their flows are taken from it;
 * otherwise those that were stored with the alerts.
 */
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { Batch, SourceStatus } from '../capture/batch.js';
import { PacketFilter } from '../capture/packet-filter.js';
import { openSource } from '../capture/source.js';
import { PeccaryError } from '../core/errors.js';
import { u8 } from '../core/memory.js';
import { addressBytes, shortAddressText } from '../output/address-bytes.js';
import { flowPackets } from '../output/pcap-flow.js';
import type { StoredAlert } from '../output/query/alert.js';
import { PcapngWriter } from '../output/query/pcapng.js';
import { alertName } from '../output/query/sources.js';
import { type ExportFlags, exported } from './alerts-exported.js';
import { withSources } from './alerts-options.js';
import { safe } from './format.js';
import { plural } from './text.js';

const enum PacketLimit {
  /** Flows looked for in one reading of a capture. */
  Flows = 64,
  /** Alerts whose flows and comments are kept in memory. */
  Alerts = 200_000,
}

/** What is wanted of one capture file. */
interface Wanted {
  /** Packet filters, one a flow. */
  flows: Set<string>;
  /** Comments by the time of the packet, which numbers of a run over several files do not tell. */
  comments: Map<number, string>;
}

/** What is wanted of the files that a sensor keeps packets of alerts in. */
class Kept {
  readonly files = new Set<string>();
  readonly flows = new Set<number>();
  readonly comments = new Map<number, string>();

  /** False when the alert names no such file, or it is gone. */
  add({ captureFile, flowId, tsUs }: StoredAlert['record'], comment: string): boolean {
    if (!captureFile || flowId === 0 || !isFile(captureFile)) return false;
    this.files.add(captureFile);
    this.flows.add(flowId);
    addComment(this.comments, tsUs, comment);
    return true;
  }
}

function addComment(comments: Map<number, string>, tsUs: number, comment: string): void {
  const earlier = comments.get(tsUs);
  comments.set(tsUs, earlier === undefined ? comment : `${earlier}\n${comment}`);
}

interface Stored {
  tsUs: number;
  linkType: number;
  bytes: Uint8Array;
  comment: string;
}

/** The flow of an alert in libpcap's language; null when it has none that addresses and ports tell. */
function filterOf({ record: r }: StoredAlert): string | null {
  const src = shortAddressText(addressBytes(r.src));
  const dst = shortAddressText(addressBytes(r.dst));
  const proto = r.proto.toLowerCase();
  if (src === '' || dst === '' || r.tunnel !== null) return null;
  if (r.srcPort < 0 || !['tcp', 'udp', 'sctp'].includes(proto)) return `host ${src} and host ${dst}`;
  // Of equal ports both sides have one.
  return `${proto} and host ${src} and host ${dst} and port ${r.srcPort} and port ${r.dstPort}`;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

export function exportPackets(flags: ExportFlags): Promise<void> {
  if (process.stdout.isTTY === true)
    throw new PeccaryError('usage', 'a pcapng file is not for a terminal; write it to a file: … > alerts.pcapng');
  return withSources(flags, async (sources) => {
    const captures = new Map<string, Wanted>();
    const stored: Stored[] = [];
    const kept = new Kept();
    let alerts = 0;
    let without = 0;
    for (const { source, alert } of exported(sources, flags)) {
      if (alerts++ === PacketLimit.Alerts)
        throw new PeccaryError(
          'usage',
          `more than ${PacketLimit.Alerts} alerts; narrow them down with filters or --limit`,
        );
      const r = alert.record;
      const comment = `alert ${alertName(source, alert.id)}: ${r.gid}:${r.sid}:${r.rev} ${alert.rule.msg}`;
      const filter = filterOf(alert);
      if (kept.add(r, comment)) continue;
      if (filter !== null && alert.origin !== null && isFile(alert.origin)) {
        const wanted = captures.get(alert.origin) ?? { flows: new Set(), comments: new Map() };
        captures.set(alert.origin, wanted);
        wanted.flows.add(filter);
        addComment(wanted.comments, r.tsUs, comment);
      } else if (r.packet !== null && r.packet.length > 0)
        stored.push({ tsUs: r.tsUs, linkType: r.linkType, bytes: r.packet, comment });
      else without++;
    }
    await write(captures, kept, stored);
    if (without > 0)
      process.stderr.write(`${plural(without, 'alert')} without a packet: the capture is gone, or there was none\n`);
  });
}

async function write(captures: Map<string, Wanted>, kept: Kept, stored: Stored[]): Promise<void> {
  const writer = new PcapngWriter();
  const put = async (bytes: Buffer): Promise<void> => {
    if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  };
  await put(writer.head());
  for (const [file, wanted] of captures) {
    const flows = [...wanted.flows];
    let packets = 0;
    for (let at = 0; at < flows.length; at += PacketLimit.Flows) {
      for (const bytes of packetsOf(writer, file, flows.slice(at, at + PacketLimit.Flows), wanted.comments)) {
        await put(bytes);
        packets++;
      }
    }
    if (packets === 0) process.stderr.write(`peccary: ${safe(file)} has no packets of these flows any more\n`);
  }
  for (const p of flowPackets(kept.files, kept.flows)) {
    await put(writer.packet(p.tsUs, p.linkType, p.bytes, p.wireLen, kept.comments.get(Math.floor(p.tsUs)) ?? ''));
  }
  for (const s of stored) await put(writer.packet(s.tsUs, s.linkType, s.bytes, s.bytes.length, s.comment));
}

/** Packets of these flows in a capture, those below a VLAN tag too. */
function* packetsOf(
  writer: PcapngWriter,
  file: string,
  flows: string[],
  comments: Map<number, string>,
): Generator<Buffer> {
  const any = flows.map((f) => `(${f})`).join(' or ');
  const source = openSource([file]);
  const filter = new PacketFilter(`(${any}) or (vlan and (${any}))`);
  const batch = new Batch();
  try {
    while (source.next(batch) !== SourceStatus.End) {
      filter.apply(batch);
      for (let i = 0; i < batch.count; i++) {
        const bytes = u8.subarray(batch.off[i], batch.off[i] + batch.capLen[i]);
        yield writer.packet(
          batch.tsUs[i],
          batch.linkType[i],
          bytes,
          batch.wireLen[i],
          comments.get(batch.tsUs[i]) ?? '',
        );
      }
    }
  } finally {
    filter.close();
    source.close();
  }
}
