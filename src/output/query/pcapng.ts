/**
 * Packets as a pcapng file (draft-ietf-opsawg-pcapng): a section, an interface for each link type, packets with a comment
 * where there is something to say. Microseconds, little endian.
 */

const enum Block {
  Section = 0x0a0d0d0a,
  Interface = 1,
  Packet = 6,
}

const enum OptionCode {
  End = 0,
  Comment = 1,
  Application = 4,
}

const padded = (b: Buffer): Buffer => Buffer.concat([b, Buffer.alloc(-b.length & 3)]);

function option(code: OptionCode, text: string): Buffer {
  const value = Buffer.from(text).subarray(0, 0xfff0);
  const head = Buffer.alloc(4);
  head.writeUInt16LE(code, 0);
  head.writeUInt16LE(value.length, 2);
  return Buffer.concat([head, padded(value)]);
}

const endOfOptions = Buffer.alloc(4);

function block(type: Block, body: Buffer): Buffer {
  const out = Buffer.alloc(body.length + 12);
  out.writeUInt32LE(type, 0);
  out.writeUInt32LE(out.length, 4);
  body.copy(out, 8);
  out.writeUInt32LE(out.length, out.length - 4);
  return out;
}

/** Makes the blocks of a file one after the other. */
export class PcapngWriter {
  private readonly links = new Map<number, number>();

  /** The first block. */
  head(): Buffer {
    const fixed = Buffer.alloc(16);
    fixed.writeUInt32LE(0x1a2b3c4d, 0);
    fixed.writeUInt16LE(1, 4);
    fixed.writeBigInt64LE(-1n, 8);
    return block(Block.Section, Buffer.concat([fixed, option(OptionCode.Application, 'Peccary'), endOfOptions]));
  }

  /** A packet, after its interface when it is the first of its link type. `bytes` is copied. */
  packet(tsUs: number, linkType: number, bytes: Uint8Array, wireLength: number, comment: string): Buffer {
    const before = this.links.has(linkType) ? [] : [this.interface(linkType)];
    const fixed = Buffer.alloc(20);
    fixed.writeUInt32LE(this.links.get(linkType) as number, 0);
    const us = Math.floor(tsUs);
    fixed.writeUInt32LE(Math.floor(us / 2 ** 32), 4);
    fixed.writeUInt32LE(us % 2 ** 32, 8);
    fixed.writeUInt32LE(bytes.length, 12);
    fixed.writeUInt32LE(Math.max(wireLength, bytes.length), 16);
    const options = comment === '' ? [] : [option(OptionCode.Comment, comment), endOfOptions];
    return Buffer.concat([
      ...before,
      block(Block.Packet, Buffer.concat([fixed, padded(Buffer.from(bytes)), ...options])),
    ]);
  }

  private interface(linkType: number): Buffer {
    this.links.set(linkType, this.links.size);
    const body = Buffer.alloc(8);
    body.writeUInt16LE(linkType, 0);
    return block(Block.Interface, body);
  }
}
