/** What traffic says once its encodings are undone: percent-encoding, base64, in URL, form and cookies. */
import type { HttpRecord } from '../output/records.js';
import { isBinary } from './alerts-bytes.js';
import { safe } from './format.js';

export interface DecodedForm {
  /** "URL", "parameter q", "form field x", "cookie y". */
  what: string;
  how: string;
  /** Fit for a terminal. */
  text: string;
}

const enum DecodeLimit {
  /** Times that an encoding is undone: %2527 is %27 is '. */
  Rounds = 4,
  /** Forms told, and characters of each. */
  Forms = 24,
  Text = 400,
  /** Characters of base64 that are worth a try. */
  Base64 = 12,
}

const asLatin1 = (b: Uint8Array | null): string =>
  b === null ? '' : Buffer.from(b.buffer, b.byteOffset, b.byteLength).toString('latin1');

/** One round of %XX and %uXXXX, of bytes as latin1 text. */
function percentOnce(text: string): string {
  return text
    .replace(/%u00([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function readable(latin1: string): string {
  const utf8 = Buffer.from(latin1, 'latin1').toString('utf8');
  const text = utf8.includes('\ufffd') ? latin1 : utf8;
  return safe(text.length > DecodeLimit.Text ? `${text.slice(0, DecodeLimit.Text)}…` : text);
}

/** Undoes encodings until nothing changes; null when there is none. */
export function undo(value: string, plus: boolean): { how: string; text: string } | null {
  const how: string[] = [];
  let text = plus ? value.replaceAll('+', ' ') : value;
  let rounds = 0;
  for (; rounds < DecodeLimit.Rounds; rounds++) {
    const next = percentOnce(text);
    if (next === text) break;
    text = next;
  }
  if (rounds > 0) how.push(rounds === 1 ? 'percent-decoded' : `percent-decoded ${rounds} times`);
  else if (plus && text !== value) how.push('form-decoded');
  const inner = base64(text.trim().replaceAll(' ', '+'));
  if (inner !== null) {
    how.push('base64');
    text = inner;
  }
  return how.length === 0 ? null : { how: how.join(', '), text: readable(text) };
}

/** Bytes of base64 that can be read, as latin1; null for everything else. */
function base64(text: string): string | null {
  const digits = text.replace(/=+$/, '');
  if (digits.length < DecodeLimit.Base64 || digits.length % 4 === 1 || !/^[\w+/-]+$/.test(digits)) return null;
  // Words and numbers have digits of base64 too, and decode to anything.
  const bytes = Buffer.from(digits.replaceAll('-', '+').replaceAll('_', '/'), 'base64');
  const odd = bytes.some((b) => b >= 0x7f || (b < 0x20 && b !== 9 && b !== 10 && b !== 13));
  return odd || isBinary(bytes) ? null : bytes.toString('latin1');
}

function pairsOf(text: string, separator: RegExp): [name: string, value: string][] {
  return text
    .split(separator)
    .filter((p) => p !== '')
    .map((p) => {
      const at = p.indexOf('=');
      return at < 0 ? ['', p] : [p.slice(0, at), p.slice(at + 1)];
    });
}

function header(head: string, name: string): string {
  return new RegExp(`\\n${name}[ \\t]*:[ \\t]*([^\\r\\n]*)`, 'i').exec(head)?.[1] ?? '';
}

/** The forms of a request that say something else than what was sent. */
export function decodedForms(h: HttpRecord): DecodedForm[] {
  const head = asLatin1(h.requestHead);
  const url = /^\s*\S+\s+(\S+)/.exec(head)?.[1] ?? '';
  const out: DecodedForm[] = [];
  const put = (what: string, found: { how: string; text: string } | null): void => {
    if (found !== null && out.length < DecodeLimit.Forms) out.push({ what, ...found });
  };
  const fields = (kind: string, list: [string, string][], plus: boolean): void => {
    for (const [name, value] of list) put(`${kind} ${readable(percentOnce(name)) || '(no name)'}`, undo(value, plus));
  };
  const query = url.indexOf('?');
  put('path', undo(query < 0 ? url : url.slice(0, query), false));
  if (query >= 0) fields('parameter', pairsOf(url.slice(query + 1), /[&;]/), true);
  fields('cookie', pairsOf(header(head, 'cookie'), /;\s*/), false);
  const [, credentials] = /^basic\s+(\S+)/i.exec(header(head, 'authorization')) ?? [];
  if (credentials !== undefined) put('credentials', undo(credentials, false));
  if (/^application\/x-www-form-urlencoded/i.test(header(head, 'content-type')))
    fields('form field', pairsOf(asLatin1(h.requestBody).trim(), /&/), true);
  return out;
}
