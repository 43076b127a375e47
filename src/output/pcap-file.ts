/**
 * Capture files as Wireshark, tcpdump and Peccary read them: classic pcap with nanoseconds (draft-ietf-opsawg-pcap) for
 * packets of one link type, pcapng (draft-ietf-opsawg-pcapng) with an interface for each link type and origin otherwise.
 * Little-endian; bytes in, bytes out.
 */

/** What a packet in a file is besides its bytes. */
export interface FrameInfo {
  tsUs: number;
  wireLen: number;
  linkType: number;
  origin: number;
}

const enum Pcap {
  NanoMagic = 0xa1b2_3c4d,
  HeaderLen = 24,
  PacketLen = 16,
}

const enum Block {
  Section = 0x0a0d_0d0a,
  Interface = 1,
  Packet = 6,
  ByteOrder = 0x1a2b_3c4d,
  SectionLen = 28,
  /** Of a packet's block without its bytes. */
  PacketLen = 32,
}

const enum Option {
  End = 0,
  Name = 2,
  Resolution = 9,
}

export const SnapLen = 262_144;
const NanoExponent = 9;

/** Header of a classic pcap file. */
export function pcapHeader(linkType: number): Buffer {
  const b = Buffer.alloc(Pcap.HeaderLen);
  b.writeUInt32LE(Pcap.NanoMagic, 0);
  b.writeUInt16LE(2, 4);
  b.writeUInt16LE(4, 6);
  b.writeUInt32LE(SnapLen, 16);
  b.writeUInt32LE(linkType, 20);
  return b;
}

/** Whole seconds and nanoseconds; a float64 of microseconds holds quarters of one today. */
function nanoseconds(tsUs: number): [seconds: number, ns: number] {
  const s = Math.floor(tsUs / 1e6);
  return [s, Math.min(999_999_999, Math.round((tsUs - s * 1e6) * 1000))];
}

export function pcapPacket(info: FrameInfo, bytes: Uint8Array): Buffer {
  const b = Buffer.allocUnsafe(Pcap.PacketLen + bytes.length);
  const [s, ns] = nanoseconds(info.tsUs);
  b.writeUInt32LE(s >>> 0, 0);
  b.writeUInt32LE(ns, 4);
  b.writeUInt32LE(bytes.length, 8);
  b.writeUInt32LE(info.wireLen, 12);
  b.set(bytes, Pcap.PacketLen);
  return b;
}

function block(type: number, body: Buffer): Buffer {
  const b = Buffer.allocUnsafe(body.length + 12);
  b.writeUInt32LE(type, 0);
  b.writeUInt32LE(b.length, 4);
  b.set(body, 8);
  b.writeUInt32LE(b.length, b.length - 4);
  return b;
}

function option(code: number, value: Uint8Array): Buffer {
  const b = Buffer.alloc(4 + value.length + (-value.length & 3));
  b.writeUInt16LE(code, 0);
  b.writeUInt16LE(value.length, 2);
  b.set(value, 4);
  return b;
}

export function pcapngHeader(): Buffer {
  const body = Buffer.alloc(Block.SectionLen - 12);
  body.writeUInt32LE(Block.ByteOrder, 0);
  body.writeUInt16LE(1, 4);
  body.writeBigInt64LE(-1n, 8); // the section's length is not known yet
  return block(Block.Section, body);
}

/** The block of an interface; packets name it by its number, from 0 in the order of the file. */
export function pcapngInterface(linkType: number, name: string): Buffer {
  const fixed = Buffer.alloc(8);
  fixed.writeUInt16LE(linkType, 0);
  fixed.writeUInt32LE(SnapLen, 4);
  const parts = [fixed, option(Option.Resolution, Uint8Array.of(NanoExponent)), option(Option.End, new Uint8Array(0))];
  if (name !== '') parts.splice(1, 0, option(Option.Name, Buffer.from(name, 'utf8')));
  return block(Block.Interface, Buffer.concat(parts));
}

export function pcapngPacket(iface: number, info: FrameInfo, bytes: Uint8Array): Buffer {
  const b = Buffer.alloc(Block.PacketLen + bytes.length + (-bytes.length & 3));
  const [s, ns] = nanoseconds(info.tsUs);
  const at = BigInt(s) * 1_000_000_000n + BigInt(ns);
  b.writeUInt32LE(Block.Packet, 0);
  b.writeUInt32LE(b.length, 4);
  b.writeUInt32LE(iface, 8);
  b.writeUInt32LE(Number(at >> 32n), 12);
  b.writeUInt32LE(Number(at & 0xffff_ffffn), 16);
  b.writeUInt32LE(bytes.length, 20);
  b.writeUInt32LE(info.wireLen, 24);
  b.set(bytes, 28);
  b.writeUInt32LE(b.length, b.length - 4);
  return b;
}
