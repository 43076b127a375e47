/**
 * Entries of threshold.config that hold until a day: a comment of ours on the line before says so,
 *
 *     # peccary: expires 2026-02-01T12:00:00Z; root, 2026-01-25T12:00:00Z, alert 12: our own scanner
 *     suppress gen_id 1, sig_id 2019401, track by_src, ip 192.0.2.7
 *
 * Other programs that read the file see a comment, and an entry that holds for ever.
 */

const Mark = /^\s*#\s*peccary:\s*(?:expires\s+([^;\s]+)\s*(?:;|$))?/;

/** Clock time in milliseconds at which the entry below ends; null: never, or not such a comment; NaN: no time. */
export function expiryOf(comment: string): number | null {
  const m = Mark.exec(comment);
  if (m === null || m[1] === undefined) return null;
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(m[1]) ? Date.parse(m[1]) : Number.NaN;
}

/** The comment for an entry; `text` on one line. */
export function expiryComment(expiresMs: number | null, text: string): string {
  const until = expiresMs === null ? '' : `expires ${new Date(expiresMs).toISOString().slice(0, 19)}Z; `;
  return `# peccary: ${until}${text}`;
}
