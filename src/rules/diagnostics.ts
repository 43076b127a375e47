/** Suggestions for mistyped words. */
import { nearest } from '../core/near-miss.js';

/** `did you mean …?` or null. */
export function didYouMean(word: string, known: Iterable<string>): string | null {
  const guess = nearest(word.toLowerCase(), known);
  return guess === null ? null : `did you mean ${guess}?`;
}
