/**
 * Full-text search: what people write after --text. Words are runs of letters and digits in any case; `"several words"`
 * stand in this order beside each other, `word*` is the beginning of a word, and all that is asked for must be there.
 */
import { wordsIn } from '../store/words.js';

export interface TextTerm {
  /** One word, or several that follow each other. */
  text: string;
  /** The last word may go on. */
  prefix: boolean;
}

/** Terms of one question; what is longer is refused. */
export const TermsMax = 16;

/** The terms of a question; empty when it has no word, null when it has too many. */
export function parseWords(question: string): TextTerm[] | null {
  const terms: TextTerm[] = [];
  for (const [, phrase, bare, star] of question.matchAll(/"([^"]*)"?|([^\s"]*?)(\*?)(?=[\s"]|$)/g)) {
    const text = phrase ?? bare ?? '';
    if (wordsIn(text).length > 0) terms.push({ text, prefix: star === '*' });
  }
  return terms.length > TermsMax ? null : terms;
}
