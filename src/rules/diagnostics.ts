/** Suggestions for mistyped words. */

const enum Guess {
  /** Edits at most between what was written and what is suggested. */
  MaxDistance = 2,
  /** Longest word that is compared. */
  MaxLen = 40,
}

/** The known word nearest to `word`, or null when none is within two edits (a swap counts as one). */
export function nearest(word: string, known: Iterable<string>): string | null {
  if (word.length > Guess.MaxLen || word.length < 2) return null;
  const lower = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = Math.min(Guess.MaxDistance, lower.length >> 1) + 1;
  for (const k of known) {
    if (Math.abs(k.length - lower.length) >= bestDistance) continue;
    const d = editDistance(lower, k);
    if (d < bestDistance) {
      best = k;
      bestDistance = d;
    }
  }
  return best;
}

/** `did you mean …?` or null. */
export function didYouMean(word: string, known: Iterable<string>): string | null {
  const guess = nearest(word, known);
  return guess === null ? null : `did you mean ${guess}?`;
}

/** Optimal string alignment distance. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1);
      let d = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, before[j - 2] + 1);
      row.push(d);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length];
}
