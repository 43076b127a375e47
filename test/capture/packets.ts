/** Packets for tests of the readers. */
import fc from 'fast-check';
import type { CapturePacket } from '../tools/capture-writer.js';

/** `n` packets of different content and length, 10.25 us apart. */
export function somePackets(n: number, len = 40): CapturePacket[] {
  return Array.from({ length: n }, (_, i) => ({
    bytes: Buffer.alloc(len + (i % 7), i),
    tsUs: 1_700_000_000_123_456 + i * 10.25,
    wireLen: len + (i % 7) + (i % 2) * 100,
  }));
}

/** Arbitrary packets; times are whole microseconds. */
export const anyPackets: fc.Arbitrary<CapturePacket[]> = fc.array(
  fc.record({
    bytes: fc.uint8Array({ maxLength: 80 }),
    tsUs: fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
    wireLen: fc.integer({ min: 0, max: 70_000 }),
  }),
  { maxLength: 6 },
);

/** What a reader must give for these packets (times cut to whole microseconds when `micro`). */
export function expected(packets: readonly CapturePacket[], linkType = 1, micro = false): object[] {
  return packets.map((p, i) => ({
    no: i + 1,
    bytes: Buffer.from(p.bytes).toString('latin1'),
    wireLen: p.wireLen ?? p.bytes.length,
    tsUs: micro ? Math.floor(p.tsUs ?? 0) : (p.tsUs ?? 0),
    linkType,
    origin: 0,
  }));
}
