import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { openSource } from '../../src/capture/source.js';
import { type CapturePacket, pcapFile, pcapngFile } from '../tools/capture-writer.js';
import { anyPackets, expected, somePackets } from './packets.js';
import { drain, readBytes, readPaths, TempDir } from './read-all.js';

/** Offsets at which records begin, and the end of the file. */
function pcapBounds(packets: readonly CapturePacket[]): number[] {
  const bounds = [24];
  for (const p of packets) bounds.push(bounds[bounds.length - 1] + 16 + p.bytes.length);
  return bounds;
}

function pcapngBounds(packets: readonly CapturePacket[]): number[] {
  // Section header 28 bytes, interface description 20.
  const bounds = [28, 48];
  for (const p of packets) bounds.push(bounds[bounds.length - 1] + 32 + ((p.bytes.length + 3) & ~3));
  return bounds;
}

/** Cuts the file anywhere: the packets before the cut, and a fault at the record that was cut (none at a bound). */
function checkCut(
  file: Buffer,
  bounds: number[],
  headers: number,
  packets: readonly CapturePacket[],
  cut: number,
): void {
  const result = readBytes(file.subarray(0, cut));
  const wholeRecords = bounds.filter((b) => b <= cut).length;
  const whole = Math.max(0, wholeRecords - headers);
  assert.deepEqual(result.packets, expected(packets.slice(0, whole)));
  if (bounds.includes(cut)) {
    assert.deepEqual(result.faults, []);
    return;
  }
  assert.equal(result.faults.length, 1);
  const { packet, offset, message } = result.faults[0];
  assert.equal(packet, whole);
  assert.equal(offset, wholeRecords === 0 ? 0 : bounds[wholeRecords - 1]);
  assert.ok(message.length > 0);
}

const anyCut = fc.tuple(anyPackets, fc.double({ min: 0, max: 1, noNaN: true }));

describe('damaged captures', () => {
  it('any truncation of a pcap gives its first packets and one fault at the cut record', () => {
    fc.assert(
      fc.property(anyCut, ([packets, where]) => {
        const file = pcapFile(packets);
        checkCut(file, pcapBounds(packets), 1, packets, Math.floor(where * file.length));
      }),
      { numRuns: 200 },
    );
  });

  it('any truncation of a pcapng gives its first packets and one fault at the cut block', () => {
    fc.assert(
      fc.property(anyCut, ([packets, where]) => {
        const file = pcapngFile(packets);
        checkCut(file, pcapngBounds(packets), 2, packets, Math.floor(where * file.length));
      }),
      { numRuns: 200 },
    );
  });

  it('a truncation within a long block that is passed over names that block', () => {
    const head = pcapngFile(somePackets(2));
    const long = Buffer.alloc(4 << 20);
    long.writeUInt32LE(0xbad, 0);
    long.writeUInt32LE(8 << 20, 4);
    const { packets, faults } = readBytes(Buffer.concat([head, long]));
    assert.equal(packets.length, 2);
    assert.deepEqual([faults.length, faults[0].offset, faults[0].packet], [1, head.length, 2]);
  });

  it('random bytes after a valid magic never throw, and end', () => {
    const magics = [
      'a1b2c3d4',
      'd4c3b2a1',
      'a1b23c4d',
      '4d3cb2a1',
      'a1b2cd34',
      '34cdb2a1',
      '0a0d0d0a',
      '1f8b0800',
      '28b52ffd',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 300 }), (magic, bytes) => {
        const { faults } = readBytes(Buffer.concat([Buffer.from(magic, 'hex'), bytes]));
        assert.ok(faults.length <= 1);
      }),
      { numRuns: 300 },
    );
  });

  it('a changed byte anywhere never throws, and yields at most one fault', () => {
    const files = [pcapFile(somePackets(4)), pcapngFile(somePackets(4)), gzipSync(pcapFile(somePackets(4)))];
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.nat(), fc.integer({ min: 1, max: 255 }), (file, at, xor) => {
        const bytes = Buffer.from(file);
        bytes[at % bytes.length] ^= xor;
        assert.ok(readBytes(bytes).faults.length <= 1);
      }),
      { numRuns: 400 },
    );
  });

  it('a file that is empty, too short, or no capture is named', () => {
    const cases: [string, RegExp][] = [
      ['', /empty/],
      ['ab', /too short/],
      ['GET / HTTP/1.1\r\n', /no capture file/],
    ];
    for (const [text, message] of cases) {
      const { packets, faults } = readBytes(Buffer.from(text));
      assert.equal(packets.length, 0);
      assert.equal(faults.length, 1);
      assert.deepEqual([faults[0].packet, faults[0].offset], [0, 0]);
      assert.match(faults[0].message, message);
    }
  });

  it('goes on with the next file; packet numbers continue', () => {
    const dir = new TempDir();
    const packets = somePackets(3);
    const cut = pcapFile(packets);
    const one = dir.write('one.pcap', cut.subarray(0, cut.length - 1));
    const two = dir.write('two.pcap', Buffer.from('nonsense'));
    const three = dir.write('three.pcapng', pcapngFile(packets));
    const { packets: got, faults } = readPaths([one, two, three]);
    dir.remove();
    assert.deepEqual(
      got.map((p) => [p.no, p.origin]),
      [
        [1, 0],
        [2, 0],
        [3, 2],
        [4, 2],
        [5, 2],
      ],
    );
    assert.deepEqual(
      faults.map((f) => [f.file, f.packet]),
      [
        [one, 2],
        [two, 0],
      ],
    );
  });

  it('a file that goes away between listing and reading is a fault, not the end', () => {
    const dir = new TempDir();
    const paths = ['one.pcap', 'two.pcap', 'three.pcap'].map((name) => dir.write(name, pcapFile(somePackets(1))));
    const source = openSource(paths);
    rmSync(paths[1]);
    const { packets, faults } = drain(source);
    dir.remove();
    assert.deepEqual(
      packets.map((p) => p.origin),
      [0, 2],
    );
    assert.deepEqual(
      faults.map((f) => f.file),
      [paths[1]],
    );
    assert.match(faults[0].message, /cannot be opened/);
  });

  it('a path that does not exist is refused at once', () => {
    assert.throws(() => openSource(['/nonexistent/x.pcap']), /nonexistent.*cannot be read/);
  });
});
