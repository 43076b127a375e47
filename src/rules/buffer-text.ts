/** What HTTP buffers hold by the way they are made (src/http/buffers.ts): bytes they cannot have, forms they always have. */
import { BufferId } from '../protocol/buffers.js';
import type { Finding } from './finding.js';
import type { ContentMatch, FlowCondition } from './ir.js';

type Remark = Omit<Finding, 'at'>;

/** Buffers cut at white space: no byte of it can be within. */
const words: ReadonlySet<BufferId> = new Set([BufferId.HttpMethod]);
/** Buffers that are one line, or a part of one. */
const lines: ReadonlySet<BufferId> = new Set([
  BufferId.HttpUriRaw,
  BufferId.HttpMethod,
  BufferId.HttpRequestLine,
  BufferId.HttpProtocol,
  BufferId.HttpStatCode,
  BufferId.HttpStatMsg,
  BufferId.HttpResponseLine,
]);

/** Buffers with the value of one header, by that header's name. */
const values: ReadonlyMap<BufferId, string> = new Map([
  [BufferId.HttpUserAgent, 'user-agent'],
  [BufferId.HttpReferer, 'referer'],
  [BufferId.HttpAccept, 'accept'],
  [BufferId.HttpAcceptLang, 'accept-language'],
  [BufferId.HttpAcceptEnc, 'accept-encoding'],
  [BufferId.HttpHost, 'host'],
  [BufferId.HttpHostRaw, 'host'],
  [BufferId.HttpLocation, 'location'],
  [BufferId.HttpServer, 'server'],
  [BufferId.HttpCookie, 'cookie'],
  [BufferId.HttpConnection, 'connection'],
  [BufferId.HttpContentLen, 'content-length'],
  [BufferId.HttpContentType, 'content-type'],
]);

const Percent = '%';
const Colon = ':';

const never = (reason: string, hint: string): Remark => ({ kind: 'never', reason, hint });
const seldom = (reason: string, hint: string): Remark => ({ kind: 'seldom', reason, hint });

/** Whether bufferText knows anything of a buffer. */
export function isShaped(buffer: BufferId): boolean {
  return (
    buffer === BufferId.HttpHeader ||
    buffer === BufferId.HttpHeaderNames ||
    buffer === BufferId.HttpUri ||
    lines.has(buffer) ||
    values.has(buffer)
  );
}

/** Why a positive content is not, or seldom, in a buffer without transforms; null when nothing is wrong. */
export function bufferText(buffer: BufferId, direction: FlowCondition['direction'], c: ContentMatch): Remark | null {
  // Of most buffers all that is judged has a certain byte in it, which few contents have.
  if (buffer === BufferId.HttpUri ? !c.bytes.includes(Percent) : values.has(buffer) && !c.bytes.includes(Colon))
    return null;
  const text = c.bytes;
  const lower = text.toLowerCase();
  if (lines.has(buffer) && text.includes('\n'))
    return never('the buffer is a part of one line and has no line feed', 'leave the line end out, or use http.start');
  if (words.has(buffer) && /[ \t]/.test(text))
    return never('the method ends at the first white space', 'write the method alone');
  switch (buffer) {
    case BufferId.HttpHeaderNames:
      return headerNames(text, c);
    case BufferId.HttpHeader:
      return header(lower, direction, c);
    case BufferId.HttpUri:
      return /%[0-9a-f]{2}/i.test(text)
        ? seldom(
            'http.uri is decoded, so that only what was encoded twice matches',
            'write the decoded bytes, or use http.uri.raw',
          )
        : null;
    default: {
      const name = values.get(buffer);
      return name !== undefined && (lower.startsWith(`${name}:`) || lower.startsWith(`set-${name}:`))
        ? seldom('the buffer holds the value of the header, not its name', `write what follows "${name}: "`)
        : null;
    }
  }
}

/** http.header_names: CRLF, then each name and CRLF, then CRLF. */
function headerNames(text: string, c: ContentMatch): Remark | null {
  if (text.includes(':')) return never('http.header_names has no colons', 'write the name between |0d 0a| and |0d 0a|');
  if (c.startsWith && !'\r\n'.startsWith(text.slice(0, 2)))
    return never('http.header_names begins with |0d 0a|', 'write |0d 0a| before the name');
  if (c.endsWith && !'\r\n\r\n'.endsWith(text.slice(-4)))
    return never('http.header_names ends with |0d 0a 0d 0a|', 'write |0d 0a 0d 0a| after the name');
  return null;
}

const named =
  /^(?:host|user-agent|referer|accept|accept-encoding|accept-language|connection|content-type|content-length|server|location):[^ \t\r\n]/;

/** http.header: "Name: value" and CRLF for each header but the cookie's. */
function header(lower: string, direction: FlowCondition['direction'], c: ContentMatch): Remark | null {
  if (c.endsWith && !'\r\n'.endsWith(lower.slice(-2)))
    return never('http.header ends with |0d 0a|', 'write |0d 0a| at the end, or use the header’s own buffer');
  const own = direction === 'toserver' ? 'cookie:' : direction === 'toclient' ? 'set-cookie:' : null;
  if (own !== null && (lower.includes(`\r\n${own}`) || (c.startsWith && lower.startsWith(own))))
    return never(`http.header leaves the ${own.slice(0, -1)} header out`, 'use http.cookie, or http.header.raw');
  if (own !== null && lower.startsWith(own))
    return seldom(`http.header leaves the ${own.slice(0, -1)} header out`, 'use http.cookie, or http.header.raw');
  if (named.test(lower))
    return seldom(
      'http.header has one space after the colon of a header',
      'write a space after the colon, or use http.header.raw',
    );
  return null;
}
