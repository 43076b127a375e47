/**
 * Where in a stored request or response a rule's match lies. Matches are counted in the buffer that the rule inspected
 * (a normalised URI, a header's value …), people read the message as it was sent: the same bytes are looked for at the
 * same place first, then anywhere in the part of the message that the buffer was made of, then percent-encoded there.
 */
import type { AlertRecord, HttpRecord, MatchRange } from '../output/records.js';

/** The kept bytes that are shown. */
export type Shown = 'requestHead' | 'requestBody' | 'responseHead' | 'responseBody' | 'payload';

/** Bytes [off, off+len) of a shown part. */
export interface Mark {
  part: Shown;
  off: number;
  len: number;
}

type Span = [start: number, end: number];

const latin1 = (b: Uint8Array | null): string =>
  b === null ? '' : Buffer.from(b.buffer, b.byteOffset, b.byteLength).toString('latin1');

/** The start line without its end. */
function lineSpan(head: string): Span {
  const end = head.search(/\r?\n/);
  return [0, end < 0 ? head.length : end];
}

/** Word `n` of the start line: method, URI, protocol; protocol, status, reason. The last takes the rest. */
function wordSpan(head: string, n: number, last: boolean): Span | null {
  const [, end] = lineSpan(head);
  const words = [...head.slice(0, end).matchAll(/\S+/g)];
  const word = words[n];
  if (word === undefined) return null;
  return [word.index, last ? end : word.index + word[0].length];
}

/** The URI of a request line: what is between method and protocol, spaces and all. */
function uriSpan(head: string): Span | null {
  const [, end] = lineSpan(head);
  const m = /^(\s*\S+\s+)(.*?)(\s+HTTP\/\S*\s*)?$/i.exec(head.slice(0, end));
  return m === null ? null : [m[1].length, m[1].length + m[2].length];
}

/** The first header line of a name: its value. */
function headerSpan(head: string, name: string): Span | null {
  const m = new RegExp(`\\n${name}[ \\t]*:[ \\t]*([^\\r\\n]*)`, 'i').exec(head);
  return m === null ? null : [m.index + m[0].length - m[1].length, m.index + m[0].length];
}

function headersSpan(head: string): Span {
  const [, end] = lineSpan(head);
  return [end, head.length];
}

/** Buffers of one header, by the side that has it. */
const headerNames: Record<string, string> = {
  'http.host': 'host',
  'http.host.raw': 'host',
  'http.user_agent': 'user-agent',
  'http.referer': 'referer',
  'http.accept': 'accept',
  'http.accept_lang': 'accept-language',
  'http.accept_enc': 'accept-encoding',
  'http.location': 'location',
  'http.server': 'server',
  'http.connection': 'connection',
  'http.content_len': 'content-length',
  'http.content_type': 'content-type',
};

const requestOnly = new Set([
  'http.uri',
  'http.uri.raw',
  'http.method',
  'http.request_line',
  'http.request_body',
  'http.request_header',
  'http.host',
  'http.host.raw',
  'http.user_agent',
  'http.referer',
  'http.accept',
  'http.accept_lang',
  'http.accept_enc',
]);
const responseOnly = new Set([
  'http.stat_code',
  'http.stat_msg',
  'http.response_line',
  'http.response_body',
  'http.response_header',
  'http.location',
  'http.server',
]);

/** The part of a head that a buffer is made of; null when the buffer is not made of the head. */
function spanOf(buffer: string, head: string, request: boolean): Span | null {
  switch (buffer) {
    case 'http.uri':
    case 'http.uri.raw':
      return uriSpan(head);
    case 'http.method':
      return wordSpan(head, 0, false);
    case 'http.stat_code':
      return wordSpan(head, 1, false);
    case 'http.stat_msg':
      return wordSpan(head, 2, true);
    case 'http.protocol':
      return request ? [uriSpan(head)?.[1] ?? 0, lineSpan(head)[1]] : wordSpan(head, 0, false);
    case 'http.request_line':
    case 'http.response_line':
      return lineSpan(head);
    case 'http.start':
      return [0, head.length];
    case 'http.cookie':
      return headerSpan(head, request ? 'cookie' : 'set-cookie');
    case 'http.header':
    case 'http.header.raw':
    case 'http.header_names':
    case 'http.request_header':
    case 'http.response_header':
      return headersSpan(head);
    default:
      return buffer in headerNames ? headerSpan(head, headerNames[buffer]) : null;
  }
}

/** `bytes` within [start, end) of `text`: at start + off if they are there, else the nearest after it, else the first. */
function find(text: string, [start, end]: Span, off: number, bytes: string): number {
  if (bytes === '') return -1;
  const within = text.slice(start, end);
  for (const [hay, needle] of [
    [within, bytes],
    [within.toLowerCase(), bytes.toLowerCase()],
  ]) {
    if (hay.startsWith(needle, off)) return start + off;
    const after = hay.indexOf(needle, off);
    const at = after >= 0 ? after : hay.indexOf(needle);
    if (at >= 0) return start + at;
  }
  return -1;
}

/** Text with %XX (and, of forms, +) decoded, and where each character came from; the last place is the end. */
function percentDecoded(text: string, plus: boolean): { text: string; from: number[] } {
  let out = '';
  const from: number[] = [];
  for (let i = 0; i < text.length; ) {
    const hex = text[i] === '%' ? /^[0-9a-f]{2}/i.exec(text.slice(i + 1, i + 3)) : null;
    from.push(i);
    out += hex !== null ? String.fromCharCode(Number.parseInt(hex[0], 16)) : plus && text[i] === '+' ? ' ' : text[i];
    i += hex === null ? 1 : 3;
  }
  from.push(text.length);
  return { text: out, from };
}

/** As `find`, of bytes that stand there percent-encoded: what is marked is what was sent. */
function findEncoded(
  text: string,
  [start, end]: Span,
  off: number,
  bytes: string,
): { off: number; len: number } | null {
  for (const plus of [false, true]) {
    const decoded = percentDecoded(text.slice(start, end), plus);
    const at = find(decoded.text, [0, decoded.text.length], off, bytes);
    if (at < 0) continue;
    const from = start + decoded.from[at];
    return { off: from, len: start + decoded.from[at + bytes.length] - from };
  }
  return null;
}

function inHttp(m: MatchRange, h: HttpRecord, request: boolean): Mark | null {
  const bytes = latin1(m.bytes);
  const bodyBuffer = m.buffer === 'file.data' || m.buffer === 'http.request_body' || m.buffer === 'http.response_body';
  const part: Shown = request
    ? bodyBuffer
      ? 'requestBody'
      : 'requestHead'
    : bodyBuffer
      ? 'responseBody'
      : 'responseHead';
  const text = latin1(h[part]);
  const span: Span | null = bodyBuffer ? [0, text.length] : spanOf(m.buffer, text, request);
  if (span === null) return null;
  const at = find(text, span, m.off, bytes);
  if (at >= 0) return { part, off: at, len: bytes.length };
  const encoded = findEncoded(text, span, m.off, bytes);
  return encoded === null ? null : { part, ...encoded };
}

/** Bytes of a packet or stream match within what is shown of the transaction: heads and bodies in turn. */
function inAny(m: MatchRange, h: HttpRecord, request: boolean): Mark | null {
  const parts: Shown[] = request ? ['requestHead', 'requestBody'] : ['responseHead', 'responseBody'];
  for (const part of parts) {
    const text = part === 'payload' ? '' : latin1(h[part]);
    const at = find(text, [0, text.length], 0, latin1(m.bytes));
    if (at >= 0) return { part, off: at, len: m.bytes.length };
  }
  return null;
}

/** Where a match is shown; null when none of the kept bytes has it. */
export function locate(m: MatchRange, r: AlertRecord): Mark | null {
  const request = requestOnly.has(m.buffer) || (!responseOnly.has(m.buffer) && r.direction !== 'to_client');
  if (r.http !== null && m.buffer !== 'payload') return inHttp(m, r.http, request);
  if (r.http !== null) return inAny(m, r.http, request);
  const text = latin1(r.payload);
  const at = find(text, [0, text.length], m.off, latin1(m.bytes));
  return at < 0 ? null : { part: 'payload', off: at, len: m.bytes.length };
}
