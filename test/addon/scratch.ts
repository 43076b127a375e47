/** Places for test bytes in the memory: parts of the arena, which no source uses while a test runs. */
import { buf, Region } from '../../src/core/memory.js';

export const inputOff = Region.ArenaOff + 0x1000;
export const outputOff = Region.ArenaOff + 0x100_0000;

/** Puts bytes (text: latin-1) at `off`; their length. */
export function put(off: number, bytes: string | Uint8Array): number {
  const b = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
  b.copy(buf, off);
  return b.length;
}

/** A copy of memory[off, off + len). */
export function copyOf(off: number, len: number): Buffer {
  return Buffer.from(buf.subarray(off, off + len));
}
