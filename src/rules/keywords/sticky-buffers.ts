/** Sticky buffers: what follows looks there until the next one (user guide, "HTTP Keywords", "File Keywords", "Header Keywords"). */
import { BufferId } from '../../protocol/buffers.js';
import { IpProto } from '../../protocol/ip.js';
import type { RuleBuilder } from '../builder.js';
import { RuleFault } from '../faults.js';
import type { Keyword } from './keyword.js';

type Need = 'http' | 'file' | 'tcp' | 'udp' | 'ipv4' | 'ipv6' | 'icmpv4' | 'icmpv6' | null;

function sticky(
  name: string,
  buffer: BufferId,
  need: Need,
  description: string,
  aliases: string[] = [],
  multi = false,
): Keyword {
  return {
    name,
    aliases,
    description,
    args: '',
    buffer: name,
    example: `${name}; content:"abc";`,
    value: 'none',
    apply(b) {
      check(b, need, name);
      b.selectBuffer(buffer, multi);
      // The same buffer as file.data, which has both directions.
      if (name === 'http.response_body') b.addDirection('toclient');
    },
  };
}

/** IP protocol that a header buffer needs. */
const carriers = { tcp: IpProto.Tcp, udp: IpProto.Udp, icmpv4: IpProto.Icmp, icmpv6: IpProto.Icmpv6 } as const;

function check(b: RuleBuilder, need: Need, name: string): void {
  if (need === null || need === 'ipv4' || need === 'ipv6') return;
  if (need === 'http') return b.requireHttp();
  if (need === 'file') b.usesFile = true;
  const proto = need === 'file' ? IpProto.Tcp : carriers[need];
  const { ipProtos } = b.proto;
  if (ipProtos.length > 0 && !ipProtos.includes(proto))
    throw new RuleFault(
      `${name} cannot be used in a rule for ${b.proto.name}`,
      `use protocol ${need === 'file' ? 'http or tcp' : need}`,
    );
}

export const stickyBuffers: readonly Keyword[] = [
  sticky('http.uri', BufferId.HttpUri, 'http', 'Request target, normalised.'),
  sticky('http.uri.raw', BufferId.HttpUriRaw, 'http', 'Request target as sent.'),
  sticky('http.method', BufferId.HttpMethod, 'http', 'Request method.'),
  sticky('http.request_line', BufferId.HttpRequestLine, 'http', 'Whole request line without line end.', [
    'http_request_line',
  ]),
  sticky('http.request_body', BufferId.HttpRequestBody, 'http', 'Request body, decoded.'),
  sticky('http.host', BufferId.HttpHost, 'http', 'Host name in lower case, without port.'),
  sticky('http.host.raw', BufferId.HttpHostRaw, 'http', 'Host name as sent.'),
  sticky('http.user_agent', BufferId.HttpUserAgent, 'http', 'Value of User-Agent.'),
  sticky('http.referer', BufferId.HttpReferer, 'http', 'Value of Referer.', ['http_referer']),
  sticky('http.accept', BufferId.HttpAccept, 'http', 'Value of Accept.', ['http_accept']),
  sticky('http.accept_lang', BufferId.HttpAcceptLang, 'http', 'Value of Accept-Language.', ['http_accept_lang']),
  sticky('http.accept_enc', BufferId.HttpAcceptEnc, 'http', 'Value of Accept-Encoding.', ['http_accept_enc']),
  sticky('http.stat_code', BufferId.HttpStatCode, 'http', 'Status code of the response.'),
  sticky('http.stat_msg', BufferId.HttpStatMsg, 'http', 'Reason phrase of the response.'),
  sticky('http.response_line', BufferId.HttpResponseLine, 'http', 'Whole status line without line end.', [
    'http_response_line',
  ]),
  sticky('http.response_body', BufferId.FileData, 'http', 'Response body, decoded; the same bytes as file.data.'),
  sticky('http.location', BufferId.HttpLocation, 'http', 'Value of Location.'),
  sticky('http.server', BufferId.HttpServer, 'http', 'Value of Server.'),
  sticky('http.header', BufferId.HttpHeader, 'http', 'Headers, normalised, each ended by CR LF, without cookies.'),
  sticky('http.header.raw', BufferId.HttpHeaderRaw, 'http', 'Headers as sent.'),
  sticky('http.header_names', BufferId.HttpHeaderNames, 'http', 'Names of the headers, each between CR LF.', [
    'http_header_names',
  ]),
  sticky('http.cookie', BufferId.HttpCookie, 'http', 'Value of Cookie or Set-Cookie.'),
  sticky('http.protocol', BufferId.HttpProtocol, 'http', 'Protocol field of the request or status line.', [
    'http_protocol',
  ]),
  sticky('http.start', BufferId.HttpStart, 'http', 'Request or status line and headers as sent.', ['http_start']),
  sticky('http.connection', BufferId.HttpConnection, 'http', 'Value of Connection.', ['http_connection']),
  sticky('http.content_len', BufferId.HttpContentLen, 'http', 'Value of Content-Length.', ['http_content_len']),
  sticky('http.content_type', BufferId.HttpContentType, 'http', 'Value of Content-Type.', ['http_content_type']),
  sticky(
    'http.request_header',
    BufferId.HttpRequestHeader,
    'http',
    'One request header, "Name: value"; each use may match another.',
    [],
    true,
  ),
  sticky(
    'http.response_header',
    BufferId.HttpResponseHeader,
    'http',
    'One response header, "Name: value"; each use may match another.',
    [],
    true,
  ),
  sticky('file.data', BufferId.FileData, 'file', 'Content of a file: response body, or each uploaded file.', [
    'file_data',
  ]),
  sticky('file.name', BufferId.FileName, 'file', 'Name of a file.'),
  sticky('file.magic', BufferId.FileMagic, 'file', 'Type of a file as libmagic describes it.'),
  sticky('ipv4.hdr', BufferId.Ipv4Hdr, 'ipv4', 'IPv4 header with options.'),
  sticky('ipv6.hdr', BufferId.Ipv6Hdr, 'ipv6', 'IPv6 header with extension headers.'),
  sticky('tcp.hdr', BufferId.TcpHdr, 'tcp', 'TCP header with options.'),
  sticky('udp.hdr', BufferId.UdpHdr, 'udp', 'UDP header.'),
  sticky('icmpv4.hdr', BufferId.Icmpv4Hdr, 'icmpv4', 'ICMP header.'),
  sticky('icmpv6.hdr', BufferId.Icmpv6Hdr, 'icmpv6', 'ICMPv6 header.'),
  sticky('ip.src', BufferId.IpSrc, null, 'Source address, 4 or 16 bytes.'),
  sticky('ip.dst', BufferId.IpDst, null, 'Destination address, 4 or 16 bytes.'),
  sticky('pkt_data', BufferId.Payload, null, 'Back to the payload.'),
];
