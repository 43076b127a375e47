/**
 * Makes capture files in memory for tests: classic pcap (draft-ietf-opsawg-pcap) and pcapng
 * (draft-ietf-opsawg-pcapng), in every variant that the reader has to know.
 */

/** A packet to be written. */
export interface CapturePacket {
  bytes: Uint8Array;
  /** Microseconds since 1970; fractions are kept by files of nanosecond resolution. Default 0. */
  tsUs?: number;
  /** Length on the wire, default the length of `bytes`. */
  wireLen?: number;
  /** pcapng: index of the interface. Default 0. */
  iface?: number;
}

/** LINKTYPE_ETHERNET, the default link type. */
const Ethernet = 1;

class Writer {
  private readonly parts: Buffer[] = [];
  constructor(private readonly bigEndian: boolean) {}
  u16(v: number): this {
    const b = Buffer.alloc(2);
    if (this.bigEndian) b.writeUInt16BE(v);
    else b.writeUInt16LE(v);
    return this.raw(b);
  }
  u32(v: number): this {
    const b = Buffer.alloc(4);
    if (this.bigEndian) b.writeUInt32BE(v);
    else b.writeUInt32LE(v);
    return this.raw(b);
  }
  u64(v: bigint): this {
    const b = Buffer.alloc(8);
    if (this.bigEndian) b.writeBigUInt64BE(v);
    else b.writeBigUInt64LE(v);
    return this.raw(b);
  }
  raw(b: Uint8Array): this {
    this.parts.push(Buffer.from(b));
    return this;
  }
  padded(b: Uint8Array): this {
    return this.raw(b).raw(Buffer.alloc(-b.length & 3));
  }
  done(): Buffer {
    return Buffer.concat(this.parts);
  }
}

export interface PcapOptions {
  bigEndian?: boolean;
  /** Nanosecond magic (0xa1b23c4d). */
  nano?: boolean;
  linkType?: number;
  snapLen?: number;
}

/** A pcap file: 24 bytes of header, then 16 bytes of header and the bytes of each packet. */
export function pcapFile(packets: readonly CapturePacket[], options: PcapOptions = {}): Buffer {
  const w = new Writer(options.bigEndian ?? false);
  w.u32(options.nano === true ? 0xa1b23c4d : 0xa1b2c3d4)
    .u16(2)
    .u16(4)
    .u32(0)
    .u32(0);
  w.u32(options.snapLen ?? 262_144).u32(options.linkType ?? Ethernet);
  for (const p of packets) {
    const ts = p.tsUs ?? 0;
    const seconds = Math.floor(ts / 1e6);
    const fraction = options.nano === true ? Math.round((ts - seconds * 1e6) * 1000) : Math.floor(ts - seconds * 1e6);
    w.u32(seconds)
      .u32(fraction)
      .u32(p.bytes.length)
      .u32(p.wireLen ?? p.bytes.length)
      .raw(p.bytes);
  }
  return w.done();
}

export interface PcapngInterface {
  linkType?: number;
  snapLen?: number;
  /** if_tsresol as written: bit 7 clear, ticks of 10^-n s; set, of 2^-n s. Absent: microseconds. */
  tsResol?: number;
  /** if_tsoffset, seconds added to every timestamp. */
  tsOffset?: number;
}

/** Builds a pcapng file block by block. */
export class PcapngWriter {
  private readonly blocks: Buffer[] = [];
  private interfaces: PcapngInterface[] = [];

  constructor(private bigEndian = false) {
    this.section(bigEndian);
  }

  /** Section Header Block: interfaces start again at 0. */
  section(bigEndian = this.bigEndian): this {
    this.bigEndian = bigEndian;
    this.interfaces = [];
    const body = this.writer().u32(0x1a2b3c4d).u16(1).u16(0).u64(0xffff_ffff_ffff_ffffn).done();
    return this.block(0x0a0d0d0a, body);
  }

  /** Interface Description Block. */
  interface(options: PcapngInterface = {}): this {
    this.interfaces.push(options);
    const w = this.writer();
    w.u16(options.linkType ?? Ethernet)
      .u16(0)
      .u32(options.snapLen ?? 0);
    if (options.tsResol !== undefined) w.u16(9).u16(1).padded(Uint8Array.of(options.tsResol));
    if (options.tsOffset !== undefined)
      w.u16(14)
        .u16(8)
        .u64(BigInt.asUintN(64, BigInt(options.tsOffset)));
    if (options.tsResol !== undefined || options.tsOffset !== undefined) w.u16(0).u16(0);
    return this.block(1, w.done());
  }

  /** Enhanced Packet Block. */
  packet(p: CapturePacket): this {
    const ticks = this.ticks(p);
    const w = this.writer().u32(p.iface ?? 0);
    w.u32(Number(ticks >> 32n)).u32(Number(ticks & 0xffff_ffffn));
    w.u32(p.bytes.length)
      .u32(p.wireLen ?? p.bytes.length)
      .padded(p.bytes);
    return this.block(6, w.done());
  }

  /** Obsolete Packet Block. */
  obsoletePacket(p: CapturePacket): this {
    const ticks = this.ticks(p);
    const w = this.writer()
      .u16(p.iface ?? 0)
      .u16(0xffff);
    w.u32(Number(ticks >> 32n)).u32(Number(ticks & 0xffff_ffffn));
    w.u32(p.bytes.length)
      .u32(p.wireLen ?? p.bytes.length)
      .padded(p.bytes);
    return this.block(2, w.done());
  }

  /** Simple Packet Block: interface 0, no time. */
  simplePacket(p: CapturePacket): this {
    return this.block(
      3,
      this.writer()
        .u32(p.wireLen ?? p.bytes.length)
        .padded(p.bytes)
        .done(),
    );
  }

  /** Any block: `body` without type and lengths, a multiple of 4 bytes. */
  block(type: number, body: Uint8Array): this {
    const total = body.length + 12;
    this.blocks.push(this.writer().u32(type).u32(total).raw(body).u32(total).done());
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.blocks);
  }

  private writer(): Writer {
    return new Writer(this.bigEndian);
  }

  private ticks(p: CapturePacket): bigint {
    const { tsResol = 6, tsOffset = 0 } = this.interfaces[p.iface ?? 0] ?? {};
    const us = (p.tsUs ?? 0) - tsOffset * 1e6;
    const perSecond = (tsResol & 0x80) === 0 ? 10n ** BigInt(tsResol) : 1n << BigInt(tsResol & 0x7f);
    // The fraction apart: microseconds since 1970 times a thousand do not fit a double.
    const whole = Math.floor(us);
    const ns = BigInt(whole) * 1000n + BigInt(Math.round((us - whole) * 1000));
    return (ns * perSecond) / 1_000_000_000n;
  }
}

/** A pcapng file of one section and one interface with Enhanced Packet Blocks. */
export function pcapngFile(packets: readonly CapturePacket[], iface: PcapngInterface = {}, bigEndian = false): Buffer {
  const w = new PcapngWriter(bigEndian).interface(iface);
  for (const p of packets) w.packet(p);
  return w.done();
}
