/**
 * "Did you mean": the word of a list that is nearest to what was written, by Damerau-Levenshtein distance
 * (optimal string alignment: insert, delete, replace, swap of neighbours, each at cost 1).
 */

/** Words longer than this are not compared: they are no typing errors, and the work grows with the square. */
const MaxWordLen = 80;

/** Number of single edits between two words, or `limit + 1` when there are more than `limit`. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      let cost = above[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      cost = Math.min(cost, above[j] + 1, row[j - 1] + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2] + 1);
      row.push(cost);
      best = Math.min(best, cost);
    }
    if (best > limit) return limit + 1;
    before = above;
    above = row;
  }
  return Math.min(above[b.length], limit + 1);
}

/** The word of `words` nearest to `word` within a third of its length (1 to 3 edits), or null. */
export function nearest(word: string, words: Iterable<string>): string | null {
  if (word.length > MaxWordLen) return null;
  let limit = Math.min(3, Math.max(1, Math.floor(word.length / 3)));
  let found: string | null = null;
  for (const candidate of words) {
    if (candidate === word || candidate.length > MaxWordLen) continue;
    const distance = editDistance(word, candidate, limit);
    if (distance > limit || (distance === limit && found !== null)) continue;
    found = candidate;
    limit = distance;
  }
  return found;
}
