/** metadata as written to pairs: read when somebody asks, as few of the pairs of a large set ever are. */

/** `KEY VALUE[, KEY VALUE…]` of each use of the keyword as pairs, in order. */
export function metadataPairs(texts: readonly string[]): [key: string, value: string][] {
  const out: [string, string][] = [];
  for (const text of texts) {
    for (const part of text.split(',')) {
      const t = part.trim();
      if (t === '') continue;
      const space = t.search(/\s/);
      out.push(space < 0 ? [t, ''] : [t.slice(0, space), t.slice(space).trim()]);
    }
  }
  return out;
}
