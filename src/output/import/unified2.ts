/**
 * Snort's unified2 (Snort 2 manual, "Unified2 File Format"): records of type and length (4 bytes each, big endian). An event
 * comes before its packets and extra data; these name it by sensor, event id and second.
 */
import { addressText } from '../address-bytes.js';
import { payloadOf } from './frame.js';
import type { Importer } from './importer.js';
import { type PlainAlert, plainRecord } from './plain-alert.js';
import type { SidMap } from './sid-map.js';

const enum Kind {
  Packet = 2,
  Event = 7,
  Event6 = 72,
  /** With MPLS label and VLAN. */
  EventV2 = 104,
  Event6V2 = 105,
  ExtraData = 110,
  /** With the name of the application too. */
  EventApp = 111,
  Event6App = 112,
}

const enum Extra {
  XffV4 = 1,
  XffV6 = 2,
  HttpUri = 9,
  HttpHost = 10,
}

/** Bytes of type and length. */
export const HeaderLen = 8;
/** Longer records are damage: a packet has at most 64 KiB, or 256 KiB on an interface that joins segments. */
export const RecordMax = 1024 * 1024;

/** Length of an event without and with what its second form adds. */
const eventLen: Record<number, { size: number; v6: boolean; more: boolean }> = {
  [Kind.Event]: { size: 52, v6: false, more: false },
  [Kind.Event6]: { size: 76, v6: true, more: false },
  [Kind.EventV2]: { size: 60, v6: false, more: true },
  [Kind.Event6V2]: { size: 84, v6: true, more: true },
  [Kind.EventApp]: { size: 60, v6: false, more: true },
  [Kind.Event6App]: { size: 84, v6: true, more: true },
};

const Blocked = 1;

interface Pending {
  key: string;
  alert: PlainAlert;
}

export class Unified2Import {
  private readonly to: Importer;
  private readonly map: SidMap;
  /** The event whose packets and extra data may still come. */
  private pending: Pending | null = null;

  constructor(to: Importer, map: SidMap) {
    this.to = to;
    this.map = map;
  }

  /** One record without its header. `at`: its place in the file, for messages. */
  record(kind: number, b: Buffer, at: number): void {
    const event = eventLen[kind];
    if (event !== undefined) {
      this.flush();
      if (b.length < event.size)
        this.to.refuse(`record at ${at}: an event of ${b.length} bytes, ${event.size} are wanted`);
      else this.pending = eventOf(b, event.v6, event.more);
    } else if (kind === Kind.Packet) this.packet(b, at);
    else if (kind === Kind.ExtraData) this.extra(b);
    else this.to.refuse(`record at ${at}: type ${kind} is not known`);
  }

  /** Ends the event that is pending. */
  flush(): void {
    if (this.pending === null) return;
    const { record, rule } = plainRecord(this.pending.alert, this.map);
    this.to.alert(record, rule, null);
    this.pending = null;
  }

  private packet(b: Buffer, at: number): void {
    if (b.length < 28) {
      this.to.refuse(`record at ${at}: a packet of ${b.length} bytes`);
      return;
    }
    const key = keyOf(b, 0);
    const bytes = b.subarray(28, 28 + b.readUInt32BE(24));
    const a = this.pending?.alert;
    // More packets of an event are those that its rule tagged; the first is the one that alerted.
    if (this.pending?.key !== key || a === undefined || a.packet !== null) return;
    a.packet = bytes;
    a.linkType = b.readUInt32BE(20);
    a.payload = payloadOf(bytes, a.linkType);
  }

  private extra(b: Buffer): void {
    if (b.length < 32 || this.pending?.key !== keyOf(b, 8)) return;
    const a = this.pending.alert;
    const type = b.readUInt32BE(20);
    // The length counts itself and the data type.
    const data = b.subarray(32, 32 + Math.max(0, b.readUInt32BE(28) - 8));
    if (type === Extra.XffV4 || type === Extra.XffV6) a.client = addressText(data);
    else if (type === Extra.HttpUri) a.url = data.toString('latin1');
    else if (type === Extra.HttpHost) a.hostname = data.toString('latin1');
  }
}

/** Sensor, event and second. */
const keyOf = (b: Buffer, at: number): string =>
  `${b.readUInt32BE(at)}.${b.readUInt32BE(at + 4)}.${b.readUInt32BE(at + 8)}`;

function eventOf(b: Buffer, v6: boolean, more: boolean): Pending {
  const u32 = (at: number) => b.readUInt32BE(at);
  const len = v6 ? 16 : 4;
  const after = 36 + 2 * len;
  return {
    key: keyOf(b, 0),
    alert: {
      tsUs: u32(8) * 1e6 + u32(12),
      sid: u32(16),
      gid: u32(20),
      rev: u32(24),
      priority: u32(32),
      msg: null,
      category: null,
      src: addressText(b.subarray(36, 36 + len)),
      dst: addressText(b.subarray(36 + len, after)),
      srcPort: b.readUInt16BE(after),
      dstPort: b.readUInt16BE(after + 2),
      ipProto: b[after + 4],
      blocked: b[after + 7] === Blocked,
      vlan: more ? b.readUInt16BE(after + 12) & 0xfff : 0,
      packet: null,
      linkType: 1,
      payload: null,
      client: '',
      url: null,
      hostname: null,
    },
  };
}
