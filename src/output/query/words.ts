/**
 * Full-text search: what people write after --text, and the condition it is. Words are runs of letters and digits in any
 * case; `"several words"` stand in this order beside each other, `word*` is the beginning of a word, and all that is asked
 * for must be there.
 */
import type { Where } from './where.js';

export interface TextTerm {
  /** Words with single spaces between them, in lower case; other characters part words. */
  text: string;
  /** The last word may go on. */
  prefix: boolean;
}

/** Terms of one question; what is longer is refused. */
export const TermsMax = 16;

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];

/** The terms of a question; empty when it has no word, null when it has too many. */
export function parseWords(question: string): TextTerm[] | null {
  const terms: TextTerm[] = [];
  for (const [, phrase, bare, star] of question.matchAll(/"([^"]*)"?|([^\s"]*?)(\*?)(?=[\s"]|$)/g)) {
    const words = wordsOf(phrase ?? bare ?? '');
    if (words.length > 0) terms.push({ text: words.join(' '), prefix: star === '*' });
  }
  return terms.length > TermsMax ? null : terms;
}

/** Bytes of one value that are searched. */
const SearchedBytes = 65_536;

/** Whether the words of `text` stand beside each other in `value`; `prefix`: the last may go on there. */
export function holdsWords(text: string, prefix: boolean, value: string): boolean {
  const haystack = ` ${wordsOf(value).join(' ')} `;
  return haystack.includes(prefix ? ` ${text}` : ` ${text} `);
}

/** The SQL function that `wordsWhere` uses: has_words(text, prefix, value) with text or bytes as value. */
export function hasWords(text: unknown, prefix: unknown, value: unknown): 0 | 1 {
  if (typeof text !== 'string' || value === null) return 0;
  const searched =
    typeof value === 'string'
      ? value.slice(0, SearchedBytes)
      : Buffer.isBuffer(value)
        ? value.toString('latin1', 0, SearchedBytes)
        : '';
  return holdsWords(text, prefix === 1, searched) ? 1 : 0;
}

const ofText = ['host_id', 'url_id', 'user_agent_id', 'referer_id'];
const ofBytes = ['request_head_id', 'response_head_id', 'request_body_id', 'response_body_id'];

/** Where a word may stand, as SQL that gives a value for `alert a`; the cheapest first. */
const places = [
  '(SELECT msg FROM signature WHERE id = a.signature_id)',
  '(SELECT value FROM text WHERE id = a.url_id)',
  '(SELECT value FROM text WHERE id = a.host_id)',
  ...ofText.slice(2).map((c) => `(SELECT t.value FROM http h JOIN text t ON t.id = h.${c} WHERE h.id = a.http_id)`),
  ...ofBytes.map((c) => `(SELECT b.data FROM http h JOIN bytes b ON b.id = h.${c} WHERE h.id = a.http_id)`),
  '(SELECT data FROM bytes WHERE id = a.payload_id)',
];

/** All of these terms, wherever each of them stands. */
export function wordsWhere(terms: readonly TextTerm[]): Where {
  const all = terms.map((t) => ({
    sql: `(${places.map((p) => `has_words(?, ?, ${p})`).join(' OR ')})`,
    values: places.flatMap(() => [t.text, t.prefix ? 1 : 0]),
  }));
  return { sql: all.length === 0 ? '0' : all.map((w) => w.sql).join(' AND '), values: all.flatMap((w) => w.values) };
}
