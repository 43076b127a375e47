/**
 * Changes inputs as faults and attackers do: bits, boundary numbers, cuts, repeats, splices, words of the format, and,
 * where the format has a shape, its parts: again and again, elsewhere, gone, or those of another input.
 */
import { MaxInputLen, type Shape } from './target.js';

const MaxChanges = 6;
/** A part is repeated at most this often in one change. */
const MaxRepeats = 2000;
const boundaries = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

type Random = () => number;

const below = (random: Random, n: number): number => Math.floor(random() * n);

function replaced(input: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const kept = input.subarray(Math.min(input.length, at + removed));
  const out = new Uint8Array(at + added.length + kept.length);
  out.set(input.subarray(0, at));
  out.set(added, at);
  out.set(kept, at + added.length);
  return out;
}

function number(random: Random): Uint8Array {
  const width = [1, 2, 4][below(random, 3)];
  const value = random() < 0.5 ? boundaries[below(random, boundaries.length)] : below(random, 2 ** 32);
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value >>> 0, random() < 0.5);
  return random() < 0.5 ? bytes.subarray(0, width) : bytes.subarray(4 - width);
}

function changeOnce(random: Random, input: Uint8Array, pool: Uint8Array[], words: Uint8Array[]): Uint8Array {
  const at = below(random, input.length + 1);
  const length = 1 + below(random, Math.min(64, input.length + 1));
  const part = input.slice(at, at + length);
  switch (below(random, 8)) {
    case 0: {
      const out = new Uint8Array(input);
      if (at < out.length) out[at] ^= 1 << below(random, 8);
      return out;
    }
    case 1: {
      const bytes = number(random);
      return replaced(input, at, bytes.length, bytes);
    }
    case 2:
      return replaced(input, at, length, new Uint8Array(0));
    case 3:
      return replaced(input, at, 0, part);
    case 4:
      return input.slice(0, at);
    case 5: {
      const other = pool[below(random, pool.length)];
      return replaced(input, at, input.length - at, other.subarray(below(random, other.length + 1)));
    }
    case 6: {
      const word = words.length > 0 ? words[below(random, words.length)] : number(random);
      return replaced(input, at, random() < 0.5 ? 0 : word.length, word);
    }
    default:
      return replaced(input, at, 0, new Uint8Array(length).fill(below(random, 256)));
  }
}

/** Changes the row of parts, or one of them. */
function changeParts(random: Random, parts: Uint8Array[], other: Uint8Array[], words: Uint8Array[]): Uint8Array[] {
  const at = below(random, parts.length);
  const out = parts.slice();
  switch (below(random, 7)) {
    case 0:
      out.splice(at, 1 + below(random, 3));
      return out;
    case 1: {
      // Mostly few, now and then as many as there is room for.
      const most = Math.floor(MaxInputLen / Math.max(1, parts[at].length));
      const times = random() < 0.8 ? 1 + below(random, 4) : below(random, Math.min(most, MaxRepeats));
      out.splice(at, 0, ...new Array<Uint8Array>(times).fill(parts[at]));
      return out;
    }
    case 2: {
      const to = below(random, parts.length);
      [out[at], out[to]] = [out[to], out[at]];
      return out;
    }
    case 3:
      out.splice(below(random, parts.length), 0, ...out.splice(at, 1 + below(random, 3)));
      return out;
    case 4:
      out.splice(at, below(random, 2), other[below(random, other.length)]);
      return out;
    case 5:
      return [...out.slice(0, at), ...other.slice(below(random, other.length))];
    default:
      out[at] = changeOnce(random, parts[at], other, words);
      return out;
  }
}

/** A changed copy of one input of `pool` (which is not empty), at most MaxInputLen bytes. */
export function mutate(random: Random, pool: Uint8Array[], words: Uint8Array[], shape?: Shape): Uint8Array {
  let out = pool[below(random, pool.length)];
  for (let n = 1 + below(random, MaxChanges); n > 0; n--) {
    const parts = shape !== undefined && random() < 0.5 ? shape.cut(out) : [];
    const other = parts.length === 0 ? [] : (shape as Shape).cut(pool[below(random, pool.length)]);
    if (other.length === 0) out = changeOnce(random, out, pool, words);
    else out = (shape as Shape).join(changeParts(random, parts, other, words));
    if (out.length > MaxInputLen) out = out.slice(0, MaxInputLen);
  }
  return out.slice(0, MaxInputLen);
}
