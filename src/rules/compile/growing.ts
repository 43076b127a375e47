/**
 * Tables that grow while rules are compiled. Typed arrays and not arrays of numbers: half the memory, nothing for the
 * collector to walk, and no copy of everything each time a few thousand values more have come.
 */
import { sharedI32, sharedU8 } from './shared.js';

const enum Growth {
  /** Values a table begins with. */
  First = 4096,
  Factor = 2,
}

/** 32-bit words. */
export class Words {
  /** The first `length` are in use. Another array after each growth: not to be kept over a push or an extend. */
  values = new Int32Array(Growth.First);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) this.grow(1);
    this.values[this.length++] = value;
  }

  /** Adds `count` zeroes; where they begin. */
  extend(count: number): number {
    const at = this.length;
    if (at + count > this.values.length) this.grow(count);
    this.length += count;
    return at;
  }

  /** A copy that threads share. */
  shared(): Int32Array {
    return sharedI32(this.values.subarray(0, this.length));
  }

  private grow(count: number): void {
    const larger = new Int32Array(Math.max(this.values.length * Growth.Factor, this.length + count));
    larger.set(this.values);
    this.values = larger;
  }
}

/** Bytes. */
export class Bytes {
  private values = new Uint8Array(Growth.First);
  length = 0;

  /** Adds the characters of a text, one byte each. */
  text(text: string): void {
    const end = this.length + text.length;
    if (end > this.values.length) {
      const larger = new Uint8Array(Math.max(this.values.length * Growth.Factor, end));
      larger.set(this.values);
      this.values = larger;
    }
    for (let i = 0; i < text.length; i++) this.values[this.length + i] = text.charCodeAt(i);
    this.length = end;
  }

  /** A copy that threads share. */
  shared(): Uint8Array {
    return sharedU8(this.values.subarray(0, this.length));
  }
}
