import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pcapFile } from '../tools/capture-writer.js';
import { anyPackets, expected, somePackets } from './packets.js';
import { readBytes } from './read-all.js';

describe('pcap files (draft-ietf-opsawg-pcap)', () => {
  for (const bigEndian of [false, true]) {
    for (const nano of [false, true]) {
      const name = `${bigEndian ? 'big' : 'little'}-endian, ${nano ? 'nano' : 'micro'}seconds`;
      it(`section 4: ${name}`, () => {
        fc.assert(
          fc.property(anyPackets, (packets) => {
            const { packets: got, faults } = readBytes(pcapFile(packets, { bigEndian, nano }));
            assert.deepEqual(got, expected(packets));
            assert.deepEqual(faults, []);
          }),
          { numRuns: 40 },
        );
      });
    }
  }

  it('section 4: fractions of a microsecond survive', () => {
    const packets = somePackets(5);
    assert.deepEqual(readBytes(pcapFile(packets, { nano: true })).packets, expected(packets));
    assert.deepEqual(readBytes(pcapFile(packets)).packets, expected(packets, 1, true));
  });

  it('section 4: LinkType is 16 bits; FCS length and flags lie above', () => {
    const file = pcapFile(somePackets(1), { linkType: 0x3400_0000 + 113 });
    assert.deepEqual(
      readBytes(file).packets.map((p) => p.linkType),
      [113],
    );
  });

  it('reads the patched format with 24-byte packet headers', () => {
    const [a, b] = somePackets(2);
    const plain = pcapFile([a, b]);
    plain.writeUInt32LE(0xa1b2cd34, 0);
    const at = 24 + 16;
    const file = Buffer.concat([
      plain.subarray(0, at),
      Buffer.alloc(8, 0xee),
      plain.subarray(at, at + a.bytes.length + 16),
      Buffer.alloc(8, 0xee),
      plain.subarray(at + a.bytes.length + 16),
    ]);
    assert.deepEqual(readBytes(file).packets, expected([a, b], 1, true));
  });

  it('refuses a version that does not exist', () => {
    const file = pcapFile(somePackets(1));
    file.writeUInt16LE(3, 4);
    const { packets, faults } = readBytes(file);
    assert.equal(packets.length, 0);
    assert.deepEqual([faults.length, faults[0].offset], [1, 0]);
    assert.match(faults[0].message, /version 3/);
  });

  it('a file without packets is whole', () => {
    assert.deepEqual(readBytes(pcapFile([])).faults, []);
  });

  it('records that straddle blocks come out whole, in more than one batch', () => {
    const packets = somePackets(9000, 700);
    const result = readBytes(pcapFile(packets));
    assert.deepEqual(result.packets, expected(packets, 1, true));
    assert.equal(result.bytesRead, result.bytesTotal);
  });

  it('takes the longest packet there may be and refuses a longer one (libpcap: MAXIMUM_SNAPLEN)', () => {
    const longest = { bytes: Buffer.alloc(262_144, 1), tsUs: 5 };
    const packets = [longest, ...somePackets(3), longest, longest, longest, longest, longest];
    assert.deepEqual(readBytes(pcapFile(packets)).packets, expected(packets, 1, true));
    const file = pcapFile([...somePackets(2), { bytes: Buffer.alloc(262_145) }, ...somePackets(2)]);
    const { packets: got, faults } = readBytes(file);
    assert.equal(got.length, 2);
    assert.equal(faults.length, 1);
    assert.deepEqual([faults[0].packet, faults[0].offset], [2, 24 + 16 + 40 + 16 + 41]);
    assert.match(faults[0].message, /262145 captured bytes/);
  });
});
