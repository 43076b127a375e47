/** A request or response that holds what the HTTP sections of a rule ask for, each at its place in the message. */
import { gzipSync } from 'node:zlib';
import { BufferId } from '../../src/protocol/buffers.js';
import type { BufferSection, Rule } from '../../src/rules/ir.js';
import { sectionText } from './rule-section.js';

/** Header fields that have a buffer of their own. */
const fieldOf = new Map<BufferId, string>([
  [BufferId.HttpHost, 'Host'],
  [BufferId.HttpHostRaw, 'Host'],
  [BufferId.HttpUserAgent, 'User-Agent'],
  [BufferId.HttpReferer, 'Referer'],
  [BufferId.HttpAccept, 'Accept'],
  [BufferId.HttpAcceptLang, 'Accept-Language'],
  [BufferId.HttpAcceptEnc, 'Accept-Encoding'],
  [BufferId.HttpConnection, 'Connection'],
  [BufferId.HttpContentLen, 'Content-Length'],
  [BufferId.HttpContentType, 'Content-Type'],
  [BufferId.HttpLocation, 'Location'],
  [BufferId.HttpServer, 'Server'],
]);

const valued: ReadonlySet<BufferId> = new Set([...fieldOf.keys(), BufferId.HttpCookie]);
const leadOf = (id: BufferId): string => (id === BufferId.HttpUri || id === BufferId.HttpUriRaw ? '/' : '');

/** How a message's body is sent. */
export type Coding = 'plain' | 'gzip' | 'chunked';

/** Each section looks at a header line of its own. */
const aLineEach: ReadonlySet<BufferId> = new Set([BufferId.HttpRequestHeader, BufferId.HttpResponseHeader]);

/** Texts of the rule's sections by buffer; several sections on one buffer follow each other. */
export function textsOf(rule: Rule): Map<BufferId, string> {
  const merged = new Map<BufferId, BufferSection>();
  const out = new Map<BufferId, string>();
  const size = rule.conditions.find((c) => c.kind === 'number' && c.field === 'dsize');
  for (const s of rule.sections) {
    if (aLineEach.has(s.buffer)) {
      const before = out.get(s.buffer);
      out.set(s.buffer, before === undefined ? sectionText(s) : `${before}\r\n${sectionText(s)}`);
      continue;
    }
    const before = merged.get(s.buffer);
    if (before === undefined) merged.set(s.buffer, { ...s, matches: [...s.matches] });
    else before.matches.push(...s.matches);
  }
  const payload = merged.get(BufferId.Payload);
  if (payload !== undefined && size?.kind === 'number') payload.matches.push({ kind: 'bsize', test: size.test });
  for (const [id, s] of merged) {
    let text = sectionText(s, leadOf(id));
    // A header that only must not hold something is there with some value.
    if (text === '' && fieldOf.has(id)) text = id === BufferId.HttpContentLen ? '0' : 'x';
    const dotted = s.transforms.some((t) => t.name === 'dotprefix') && text.startsWith('.');
    // Spaces around a header's value are no part of it.
    if (valued.has(id) && /^[ \t]/.test(text)) text = `x${text}`;
    if (valued.has(id) && /[ \t]$/.test(text)) text += 'x';
    if (s.matches.length > 0) out.set(id, dotted ? text.slice(1) : text);
  }
  return out;
}

/** Lines of a head, in order; a name is written once unless the rule's own text repeats it. */
class Head {
  readonly lines: string[] = [];
  private readonly forbidden: string[] = [];
  /** What Host says unless a rule asks for something. */
  host = 'www.example.com';

  /** `rule`: whose list of header names may say that some are absent. */
  constructor(rule: Rule | null) {
    for (const s of rule?.sections ?? [])
      if (s.buffer === BufferId.HttpHeaderNames)
        for (const m of s.matches)
          if (m.kind === 'content' && m.negated)
            this.forbidden.push(Buffer.from(m.bytes).toString('latin1').toLowerCase());
  }

  /** A header that nothing asks for, unless something asks for its absence. */
  addIfAllowed(name: string, value: string): void {
    const shown = `\r\n${name.toLowerCase()}\r\n`;
    if (!this.forbidden.some((f) => shown.includes(f))) this.add(name, value);
  }

  has(name: string): boolean {
    return this.lines.some((l) => l.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  }

  add(name: string, value: string): void {
    if (!this.has(name)) this.lines.push(`${name}: ${value}`);
  }

  /** What a line of the head says of the body's length; NaN when none does. */
  announced(): number {
    const at = this.lines.findIndex((l) => /^content-length: *\d+$/i.test(l));
    return at < 0 ? Number.NaN : Number(this.lines[at].slice(15));
  }

  /** Fills in the value of a Content-Length that was only asked to be there. */
  setLength(length: number): void {
    const at = this.lines.findIndex((l) => l.endsWith(`: ${OpenLength}`));
    if (at >= 0) this.lines[at] = this.lines[at].replace(OpenLength, String(length));
  }

  /** A piece of a head as http.header shows it; what does not begin with a name gets one. */
  block(text: string): void {
    let rest = text;
    // A line end first asks for a line before it, spaces last for something that keeps them.
    if (rest.startsWith('\r\n') && rest.length > 2) this.addIfAllowed('Host', this.host);
    while (rest.startsWith('\r\n')) rest = rest.slice(2);
    rest = rest.replace(/(?:\r\n)+$/, '');
    if (rest === '') return;
    if (/[ \t]$/.test(rest)) rest += 'x';
    const colon = rest.split('\r\n')[0].indexOf(':');
    this.lines.push(...(colon > 0 ? rest : `X-Text: ${rest}`).split('\r\n'));
  }
}

/** The part of a head that request and response share. */
function fillHead(head: Head, texts: Map<BufferId, string>, cookie: string, blocks: BufferId[]): void {
  const values = new Map<string, string>();
  for (const [id, name] of fieldOf) {
    const text = texts.get(id);
    if (text !== undefined && !values.has(name.toLowerCase())) values.set(name.toLowerCase(), text);
  }
  const cookies = texts.get(BufferId.HttpCookie);
  if (cookies !== undefined) values.set(cookie.toLowerCase(), cookies);
  head.host = values.get('host') ?? head.host;
  for (const id of blocks) head.block(texts.get(id) ?? '');
  for (const name of (texts.get(BufferId.HttpHeaderNames) ?? '').split('\r\n'))
    if (name !== '') head.add(name, values.get(name.toLowerCase()) ?? defaults[name.toLowerCase()] ?? 'x');
  for (const name of fieldOf.values())
    if (values.has(name.toLowerCase())) head.add(name, values.get(name.toLowerCase()) ?? '');
  if (cookies !== undefined) head.add(cookie, cookies);
}

/** Stands for a length that is not known yet. */
const OpenLength = '\0';

const defaults: Record<string, string> = {
  host: 'www.example.com',
  connection: 'close',
  'content-length': OpenLength,
  'content-type': 'application/x-www-form-urlencoded',
};

/** In the path `%`, spaces and bytes outside of ASCII are written as escapes, since http.uri shows them decoded. */
function escapedUri(uri: string): string {
  const query = uri.indexOf('?');
  const path = query < 0 ? uri : uri.slice(0, query);
  const escaped = (c: string): string => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return path.replace(/[^!-~]|[%#]/g, escaped) + (query < 0 ? '' : uri.slice(query).replace(/[\0\r\n\t ]/g, escaped));
}

/** The target that is wanted raw, normalised, or both: then one follows the other. */
function targetOf(texts: Map<BufferId, string>): string {
  const raw = texts.get(BufferId.HttpUriRaw);
  const uri = texts.get(BufferId.HttpUri);
  if (raw === undefined) return escapedUri(uri ?? '/');
  if (uri === undefined || raw.includes(uri)) return raw;
  return uri.includes(raw) ? escapedUri(uri) : escapedUri(uri) + raw.slice(raw.startsWith('/') ? 1 : 0);
}

/** Adds the lines that tell how the body is framed; the body as it is sent. */
function frameBody(head: Head, text: string, coding: Coding): string {
  const announced = head.announced();
  const body = announced > text.length && announced <= MostBody ? text.padEnd(announced, 'x') : text;
  const sent = coding === 'gzip' ? gzipSync(Buffer.from(body, 'latin1')).toString('latin1') : body;
  if (coding === 'gzip') head.add('Content-Encoding', 'gzip');
  head.setLength(sent.length);
  if (coding !== 'chunked') {
    head.add('Content-Length', String(sent.length));
    return sent;
  }
  head.add('Transfer-Encoding', 'chunked');
  let out = '';
  for (let at = 0; at < sent.length; at += ChunkBytes) {
    const part = sent.slice(at, at + ChunkBytes);
    out += `${part.length.toString(16)}\r\n${part}\r\n`;
  }
  return `${out}0\r\n\r\n`;
}

const ChunkBytes = 11;
const MostBody = 100_000;

/** `rule`, when given, is what the message is for; texts alone do not tell what must be absent. */
export function requestFor(
  texts: Map<BufferId, string>,
  isUpload: boolean,
  coding: Coding = 'plain',
  rule: Rule | null = null,
): string {
  const head = new Head(rule);
  const body = texts.get(BufferId.HttpRequestBody) ?? (isUpload ? texts.get(BufferId.FileData) : undefined);
  const method = texts.get(BufferId.HttpMethod) ?? (body === undefined ? 'GET' : 'POST');
  const uri = targetOf(texts);
  let line = texts.get(BufferId.HttpRequestLine) ?? '';
  if (line !== '' && !/ HTTP\/1\.\d$/.test(line)) line = `${line} HTTP/1.1`;
  if (/^\S* HTTP/.test(line)) line = `${method} ${line}`;
  if (line === '') line = `${method} ${uri} ${texts.get(BufferId.HttpProtocol) ?? 'HTTP/1.1'}`;
  const start = texts.get(BufferId.HttpStart)?.split('\r\n') ?? [];
  if (/ HTTP\/1\.\d$/.test(start[0] ?? '')) line = start.shift() ?? line;
  // A field without its value is the beginning of one that another buffer asks for.
  head.block(start.filter((l) => !/^[\w-]+: ?$/.test(l)).join('\r\n'));
  fillHead(head, texts, 'Cookie', [BufferId.HttpHeader, BufferId.HttpHeaderRaw, BufferId.HttpRequestHeader]);
  head.addIfAllowed('Host', head.host);
  let sent = '';
  if (body !== undefined) {
    sent = frameBody(head, body, coding);
  } else head.setLength(0);
  return `${line}\r\n${head.lines.map((l) => `${l}\r\n`).join('')}\r\n${sent}`;
}

export function responseFor(texts: Map<BufferId, string>, coding: Coding = 'plain', rule: Rule | null = null): string {
  const head = new Head(rule);
  const body = texts.get(BufferId.FileData) ?? texts.get(BufferId.HttpResponseBody) ?? '';
  const code = texts.get(BufferId.HttpStatCode) ?? '200';
  const line =
    texts.get(BufferId.HttpResponseLine) ??
    `${texts.get(BufferId.HttpProtocol) ?? 'HTTP/1.1'} ${code} ${texts.get(BufferId.HttpStatMsg) ?? 'OK'}`;
  const start = texts.get(BufferId.HttpStart)?.split('\r\n') ?? [];
  const first = start[0]?.startsWith('HTTP/') === true ? (start.shift() ?? line) : line;
  head.block(start.filter((l) => !/^[\w-]+: ?$/.test(l)).join('\r\n'));
  fillHead(head, texts, 'Set-Cookie', [BufferId.HttpHeader, BufferId.HttpHeaderRaw, BufferId.HttpResponseHeader]);
  const sent = frameBody(head, body, coding);
  const whole = /^HTTP\/1\.\d?$/.test(first) ? `${first.slice(0, 7)}1 ${code} OK` : first;
  const status = whole.startsWith('HTTP/') ? whole : `HTTP/1.1 ${whole}`;
  return `${status}\r\n${head.lines.map((l) => `${l}\r\n`).join('')}\r\n${sent}`;
}
