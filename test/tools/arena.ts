/** Puts a frame into the arena, where a capture source would, for tests of single stages. */
import { Region, u8 } from '../../src/core/memory.js';

let next: number = Region.ArenaOff;

/** Copies `bytes` behind the last frame (from the start again when the arena is full) and returns their offset. */
export function place(bytes: Uint8Array): number {
  if (next + bytes.length > Region.ArenaEnd) next = Region.ArenaOff;
  const off = next;
  u8.set(bytes, off);
  next += bytes.length;
  return off;
}
