import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { pcapFile, pcapngFile } from '../tools/capture-writer.js';
import { zstdFrame } from '../tools/zstd-writer.js';
import { expected, somePackets } from './packets.js';
import { readBytes } from './read-all.js';

const ZstdOfOnePacket = 'KLUv/WQQA+UAAHjUw7KhAgAEAAQAAQDoA0EEAOTdKtyBwSYb4AIF1smx';

const packets = somePackets(6000, 600).map((p) => ({ ...p, tsUs: Math.floor(p.tsUs ?? 0) }));
const plain = pcapFile(packets);

describe('compressed captures', () => {
  it('gzip and zstd files give what the plain file gives (RFC 1952, RFC 8878)', () => {
    const want = expected(packets);
    for (const file of [
      plain,
      gzipSync(plain),
      zstdFrame(plain),
      gzipSync(pcapngFile(packets)),
      zstdFrame(pcapngFile(packets)),
    ]) {
      const { packets: got, faults } = readBytes(file);
      assert.deepEqual(got, want);
      assert.deepEqual(faults, []);
    }
  });

  it('a zstd frame with compressed blocks is read (RFC 8878 section 3.1.1.3)', () => {
    // zstd -19 of a pcap with one packet of a thousand bytes 0x41 and no times.
    const frame = Buffer.from(ZstdOfOnePacket, 'base64');
    assert.deepEqual(readBytes(frame).packets, expected([{ bytes: Buffer.alloc(1000, 0x41) }]));
  });

  it('members and frames may follow one another at any byte (RFC 1952 section 2.2)', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2000 }), { minLength: 1, maxLength: 4 }), (cuts) => {
        const file = pcapFile(packets.slice(0, 5));
        const bounds = [0, ...cuts.map((c) => c % file.length).sort((a, b) => a - b), file.length];
        const pieces = bounds.slice(1).map((end, i) => file.subarray(bounds[i], end));
        for (const compress of [gzipSync, zstdFrame]) {
          const { packets: got, faults } = readBytes(Buffer.concat(pieces.map((p) => compress(p))));
          assert.deepEqual(got, expected(packets.slice(0, 5)));
          assert.deepEqual(faults, []);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('zero bytes after the last gzip member are padding; anything else is a fault', () => {
    const file = gzipSync(pcapFile(packets.slice(0, 3)));
    assert.deepEqual(readBytes(Buffer.concat([file, Buffer.alloc(3000)])).faults, []);
    const { packets: got, faults } = readBytes(Buffer.concat([file, Buffer.alloc(3), Buffer.from('garbage')]));
    assert.equal(got.length, 3);
    assert.match(faults[0].message, /no gzip data/);
  });

  it('a truncated compressed file gives its first packets and one fault', () => {
    const noise = somePackets(50).map((p, i) => ({
      ...p,
      tsUs: i,
      bytes: Buffer.from(p.bytes).map((_, k) => i * 37 + k * k),
    }));
    const whole = pcapFile(noise);
    for (const compressed of [gzipSync(whole), zstdFrame(whole)]) {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: compressed.length - 1 }), (cut) => {
          const { packets: got, faults } = readBytes(compressed.subarray(0, cut));
          assert.deepEqual(got, expected(noise.slice(0, got.length)));
          assert.equal(faults.length, 1);
          assert.equal(faults[0].packet, got.length);
        }),
        { numRuns: 100 },
      );
    }
  });

  it('names the offset in the decompressed bytes', () => {
    const file = gzipSync(plain.subarray(0, plain.length - 10));
    const { faults } = readBytes(file);
    const last = packets[packets.length - 1].bytes.length + 16;
    assert.deepEqual([faults.length, faults[0].offset], [1, plain.length - last]);
    const wrongCrc = gzipSync(plain);
    wrongCrc[wrongCrc.length - 6] ^= 0xff;
    const result = readBytes(wrongCrc);
    assert.equal(result.packets.length, packets.length);
    assert.match(result.faults[0].message, /damaged/);
    assert.equal(result.faults[0].offset, plain.length);
  });
});
