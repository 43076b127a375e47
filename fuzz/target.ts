/** What a fuzz target is: seeds to start from, words to strew in, and one input taken through a parser. */

/** An input longer than this is cut: what a parser does with length it does with this length. */
export const MaxInputLen = 64 << 10;

/** How inputs of a format are made of parts: lines, records, blocks. */
export interface Shape {
  /** The parts of an input, in order; together they are the input. */
  cut(input: Uint8Array): Uint8Array[];
  /** An input of these parts, with lengths and the like mended. */
  join(parts: Uint8Array[]): Uint8Array;
}

export interface FuzzTarget {
  name: string;
  /** Well-formed inputs. */
  seeds(): Uint8Array[];
  /** Bytes that mean something to the parser. */
  words: (string | Uint8Array)[];
  /** Lets whole parts be repeated, moved, dropped and exchanged besides bytes. */
  shape?: Shape;
  /**
   * Takes one input through the parser. Returns when it was read or refused as it should be;
   * throws when a promise does not hold.
   */
  run(input: Uint8Array): void;
}

/** Throws when a promise of the parser does not hold. */
export function promise(holds: boolean, what: string): void {
  if (!holds) throw new Error(`broken promise: ${what}`);
}

/** What an input may lead to is told apart by this many numbers. */
const Ways = 1 << 16;
const ways: number[] = [];

/**
 * Notes what an input led to (an event, a refusal, a state) beside what counters tell: inputs that lead to something
 * new are changed further. Numbers in texts make no difference.
 */
export function ledTo(what: string): void {
  let hash = 0;
  for (let i = 0; i < what.length; i++) {
    const c = what.charCodeAt(i);
    if (c < 48 || c > 57) hash = Math.imul(hash ^ c, 0x0100_0193);
  }
  ways.push((hash ^ (hash >>> 16)) & (Ways - 1));
}

/** What was noted since the last call. */
export function takeWays(): number[] {
  return ways.splice(0);
}
