/**
 * Words of text and bytes, as the full-text index has them: runs of ASCII letters and digits and of bytes from 0x80 on,
 * letters in lower case. Text counts as its UTF-8 bytes, a byte as the character of that number.
 */

/** Longer words are cut. */
const WordMax = 64;
/** Different words of one text that are indexed; only bytes that are no text have more. */
const WordsOfText = 4096;

const word = /[0-9A-Za-z\u0080-\u00ff]+/g;
const upper = /[A-Z]+/g;
/** ASCII letters in lower case. */
export const lower = (text: string): string => text.replace(upper, (s) => s.toLowerCase());

export function latin(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** All words in their order. */
export function wordsIn(value: string | Uint8Array): string[] {
  const found = lower(latin(value)).match(word) ?? [];
  return found.map((w) => (w.length > WordMax ? w.slice(0, WordMax) : w));
}

/** Each word once, separated by spaces: what the index is given. */
export function indexed(value: string | Uint8Array): string {
  const all = new Set(wordsIn(value));
  if (all.size <= WordsOfText) return [...all].join(' ');
  return [...all].slice(0, WordsOfText).join(' ');
}

/** What is looked for: words that follow each other, the last of which may be only the beginning of one. */
export interface Phrase {
  words: string[];
  prefix: boolean;
}

export function phraseOf(text: string, prefix: boolean): Phrase {
  return { words: wordsIn(text), prefix: prefix && /[0-9A-Za-z\u0080-\u00ff]$/.test(latin(text)) };
}

const inWord = '0-9A-Za-z\\u0080-\\u00ff';

/** A test for texts: does one hold the phrase? */
export function phraseTest(p: Phrase): (value: string | Uint8Array) => boolean {
  // Words that were cut in the index were so in the phrase.
  const words = p.words.map((w) => (w.length === WordMax ? `${w}[${inWord}]*` : w));
  const end = p.prefix ? '' : `(?![${inWord}])`;
  const pattern = new RegExp(`(?<![${inWord}])${words.join(`[^${inWord}]+`)}${end}`, 'i');
  // Without a sign that has case beyond ASCII, which "i" would take for equal.
  return (value) => pattern.test(latin(value));
}

/** The phrase's words as an FTS5 query: all of them, in any order. Words hold nothing that FTS5 reads as syntax. */
export function matchOf(p: Phrase): string {
  return p.words.map((w, i) => `"${w}"${p.prefix && i === p.words.length - 1 ? '*' : ''}`).join(' AND ');
}
