/**
 * Which part of a content is looked for on behalf of its rule. Hyperscan finds short literals by itself; longer ones, and
 * those that end in a run of one byte, need a program behind each find: such a database takes ten times as long to build and
 * is slower to scan with. The whole content is verified in any case.
 */
import { rarity } from './fast-pattern.js';
import { CompileLimit } from './layout.js';

const enum Table {
  Size = 1 << 17,
  Mask = Size - 1,
  Factor = 31,
  /** Rules counted for one part. */
  Most = 0xffff,
  /** What each doubling of the rules that share a part takes from its strength. */
  Shared = 4,
  /** Bytes of the last run of one byte from which on a literal is no plain one. */
  Flood = 3,
  /** Literals are not shortened below this. */
  Least = 4,
}

const window: number = CompileLimit.PatternBytes;

/** Factor of the byte that leaves the window. */
const leaving = (() => {
  let f = 1;
  for (let i = 0; i < window; i++) f = Math.imul(f, Table.Factor);
  return f;
})();

/** How often each byte is in the window. */
const inWindow = new Uint8Array(256);

/** Counts first which parts the literals of a set have, then chooses one of each. */
export class SearchTexts {
  /** Literals by hash of a part they have. */
  private readonly shared = new Uint16Array(Table.Size);

  /** `lower`: a literal in lower case, one character a byte. */
  count(lower: string): void {
    const { shared } = this;
    let h = 0;
    for (let i = 0; i < lower.length; i++) {
      h = (Math.imul(h, Table.Factor) + lower.charCodeAt(i)) | 0;
      if (i >= window) h = (h - Math.imul(lower.charCodeAt(i - window), leaving)) | 0;
      if (i + 1 < window) continue;
      const at = slot(h);
      if (shared[at] < Table.Most) shared[at]++;
    }
  }

  /**
   * The literal, or of a longer one the PatternBytes bytes that are rarest: by their own kind (patternStrength) and by how
   * few other literals have them. Never with a run of one byte at the end where that can be helped.
   */
  choose(lower: string): string {
    if (lower.length <= window) return withoutFlood(lower);
    const { shared } = this;
    inWindow.fill(0);
    let h = 0;
    let strength = 0;
    let best = 0;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < lower.length; i++) {
      const b = lower.charCodeAt(i) & 0xff;
      h = (Math.imul(h, Table.Factor) + b) | 0;
      strength += inWindow[b]++ === 0 ? rarity(b) : 1;
      if (i >= window) {
        const left = lower.charCodeAt(i - window) & 0xff;
        h = (h - Math.imul(left, leaving)) | 0;
        strength -= --inWindow[left] === 0 ? rarity(left) : 1;
      }
      if (i + 1 < window || endsInFlood(lower, i + 1)) continue;
      const score = strength - Table.Shared * (32 - Math.clz32(shared[slot(h)]));
      if (score <= bestScore) continue;
      best = i + 1 - window;
      bestScore = score;
    }
    return withoutFlood(lower.slice(best, best + window));
  }
}

function slot(h: number): number {
  return (h ^ (h >>> 15)) & Table.Mask;
}

/** Whether the bytes before `end` are the same. */
function endsInFlood(text: string, end: number): boolean {
  const last = text.charCodeAt(end - 1);
  return end >= Table.Flood && last === text.charCodeAt(end - 2) && last === text.charCodeAt(end - 3);
}

function withoutFlood(text: string): string {
  let end = text.length;
  while (end >= Table.Least && endsInFlood(text, end)) end--;
  return end >= Table.Least ? text.slice(0, end) : text;
}
