/** Sets of places 0..size-1. */

export class Bits {
  readonly size: number;
  readonly words: Uint32Array;

  constructor(size: number, all = false) {
    this.size = size;
    this.words = new Uint32Array((size + 31) >>> 5);
    if (all) {
      this.words.fill(0xffffffff);
      this.trim();
    }
  }

  /** Places past the end are in no set. */
  private trim(): void {
    const rest = this.size & 31;
    if (rest !== 0) this.words[this.words.length - 1] &= (1 << rest) - 1;
  }

  add(place: number): void {
    this.words[place >>> 5] |= 1 << (place & 31);
  }

  has(place: number): boolean {
    return ((this.words[place >>> 5] >>> (place & 31)) & 1) === 1;
  }

  addRange(places: Uint16Array, from: number, to: number): void {
    const { words } = this;
    for (let i = from; i < to; i++) words[places[i] >>> 5] |= 1 << (places[i] & 31);
  }

  and(other: Bits): this {
    for (let i = 0; i < this.words.length; i++) this.words[i] &= other.words[i];
    return this;
  }

  or(other: Bits): this {
    for (let i = 0; i < this.words.length; i++) this.words[i] |= other.words[i];
    return this;
  }

  not(): this {
    for (let i = 0; i < this.words.length; i++) this.words[i] = ~this.words[i];
    this.trim();
    return this;
  }

  count(): number {
    let n = 0;
    for (const word of this.words) {
      let x = word - ((word >>> 1) & 0x55555555);
      x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
      n += Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    return n;
  }

  get empty(): boolean {
    return this.words.every((w) => w === 0);
  }

  /** Places in ascending order. */
  places(): Uint32Array {
    const out = new Uint32Array(this.count());
    let at = 0;
    for (let i = 0; i < this.words.length; i++) {
      for (let w = this.words[i]; w !== 0; w &= w - 1) out[at++] = i * 32 + 31 - Math.clz32(w & -w);
    }
    return out;
  }
}
