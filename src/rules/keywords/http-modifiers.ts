/** Older HTTP keywords that move the content before them into a buffer (user guide, "HTTP Keywords", legacy names). */
import { BufferId } from '../../protocol/buffers.js';
import type { RuleBuilder } from '../builder.js';
import { RuleFault } from '../faults.js';
import type { ContentMatch } from '../ir.js';
import type { Keyword } from './keyword.js';

/** Moves a payload content into `buffer`, with the checks that all modifiers of this kind share. */
export function moveToBuffer(b: RuleBuilder, c: ContentMatch, buffer: BufferId, name: string): void {
  b.requireHttp();
  if (c.rawBytes) throw new RuleFault(`${name} cannot be combined with rawbytes`, 'remove rawbytes');
  if (c.replace !== null) {
    b.env.warn('replace works on the packet payload only and is ignored', 'remove replace');
    c.replace = null;
  }
  b.moveContent(c, buffer);
}

function modifier(name: string, buffer: BufferId, sticky: string): Keyword {
  return {
    name,
    description: `Looks for the content before it in ${sticky}; older spelling of ${sticky} as sticky buffer.`,
    args: '',
    buffer: sticky,
    example: `content:"abc"; ${name};`,
    value: 'none',
    apply(b) {
      if (b.current !== null) {
        throw new RuleFault(
          `${name} cannot be used while a sticky buffer is set`,
          `write pkt_data; before its content, or ${sticky}; before the content`,
        );
      }
      for (let i = b.order.length - 1; i >= 0; i--) {
        const { match, section } = b.order[i];
        if (match.kind === 'content' && section.buffer === BufferId.Payload)
          return moveToBuffer(b, match, buffer, name);
      }
      throw new RuleFault(`${name} needs a content of its own before it`, `write content:"…"; ${name};`);
    },
  };
}

export const httpModifiers: readonly Keyword[] = [
  modifier('http_uri', BufferId.HttpUri, 'http.uri'),
  modifier('http_raw_uri', BufferId.HttpUriRaw, 'http.uri.raw'),
  modifier('http_method', BufferId.HttpMethod, 'http.method'),
  modifier('http_header', BufferId.HttpHeader, 'http.header'),
  modifier('http_raw_header', BufferId.HttpHeaderRaw, 'http.header.raw'),
  modifier('http_cookie', BufferId.HttpCookie, 'http.cookie'),
  modifier('http_client_body', BufferId.HttpRequestBody, 'http.request_body'),
  modifier('http_server_body', BufferId.FileData, 'http.response_body'),
  modifier('http_stat_code', BufferId.HttpStatCode, 'http.stat_code'),
  modifier('http_stat_msg', BufferId.HttpStatMsg, 'http.stat_msg'),
  modifier('http_user_agent', BufferId.HttpUserAgent, 'http.user_agent'),
  modifier('http_host', BufferId.HttpHost, 'http.host'),
  modifier('http_raw_host', BufferId.HttpHostRaw, 'http.host.raw'),
];
