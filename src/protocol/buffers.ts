/**
 * Inspection buffers: what a sticky buffer keyword names. One list for rules (which keyword selects it),
 * http (which produces it) and detect (which looks into it).
 */
export const enum BufferId {
  /** Packet payload and, for stream rules, the raw stream. */
  Payload = 0,
  // HTTP/1, request side
  HttpUri = 1,
  HttpUriRaw = 2,
  HttpMethod = 3,
  HttpRequestLine = 4,
  HttpRequestBody = 5,
  HttpHost = 6,
  HttpHostRaw = 7,
  HttpUserAgent = 8,
  HttpReferer = 9,
  HttpAccept = 10,
  HttpAcceptLang = 11,
  HttpAcceptEnc = 12,
  // HTTP/1, response side
  HttpStatCode = 13,
  HttpStatMsg = 14,
  HttpResponseLine = 15,
  HttpResponseBody = 16,
  HttpLocation = 17,
  HttpServer = 18,
  // HTTP/1, either side (the rule's direction decides; with none, both)
  HttpHeader = 19,
  HttpHeaderRaw = 20,
  HttpHeaderNames = 21,
  HttpCookie = 22,
  HttpProtocol = 23,
  HttpStart = 24,
  HttpConnection = 25,
  HttpContentLen = 26,
  HttpContentType = 27,
  /** One instance a header line, "Name: value" (http.request_header / http.response_header). */
  HttpRequestHeader = 28,
  HttpResponseHeader = 29,
  // Files
  /** file.data: response body (to_client), each uploaded file or the request body (to_server). */
  FileData = 30,
  FileName = 31,
  FileMagic = 32,
  // Packet headers
  Ipv4Hdr = 40,
  Ipv6Hdr = 41,
  TcpHdr = 42,
  UdpHdr = 43,
  Icmpv4Hdr = 44,
  Icmpv6Hdr = 45,
  IpSrc = 46,
  IpDst = 47,
  /** Result of the last base64_decode of the rule. */
  Base64Data = 48,
  Count = 64,
}

/** How a buffer is reached. */
export const enum BufferKind {
  Payload = 0,
  /** Of an HTTP transaction. */
  Http = 1,
  /** Of a file of a transaction: several instances. */
  File = 2,
  /** Of a packet header. */
  Packet = 3,
  /** Made by the rule itself. */
  Rule = 4,
}

/** Progress of one side of a transaction (as libhtp counts it). A buffer exists once its progress is reached. */
export const enum TxProgress {
  NotStarted = 0,
  Line = 1,
  Headers = 2,
  Body = 3,
  Trailer = 4,
  Complete = 5,
}

interface BufferInfo {
  id: BufferId;
  /** The sticky-buffer keyword. */
  name: string;
  kind: BufferKind;
  /**
   * Progress of the request side (toServer) and response side (toClient) from which the buffer can be inspected:
   * a value p means "the side has passed or reached state p as libhtp orders them"; -1: not in that direction.
   */
  toServer: TxProgress | -1;
  toClient: TxProgress | -1;
  /** Several instances a transaction. */
  multi: boolean;
}

const b = (
  id: BufferId,
  name: string,
  kind: BufferKind,
  toServer: TxProgress | -1,
  toClient: TxProgress | -1,
  multi = false,
): BufferInfo => ({
  id,
  name,
  kind,
  toServer,
  toClient,
  multi,
});
const { Http, File, Packet, Rule } = {
  Http: BufferKind.Http,
  File: BufferKind.File,
  Packet: BufferKind.Packet,
  Rule: BufferKind.Rule,
} as const;

/**
 * All buffers by id. Progress as Suricata 7.0.10 registers it: request line buffers from Line (complete line),
 * header buffers from Headers (all headers seen), bodies from Body (windows while it arrives).
 */
export const buffers: ReadonlyMap<BufferId, BufferInfo> = new Map(
  [
    b(BufferId.Payload, 'payload', BufferKind.Payload, 0, 0),
    b(BufferId.HttpUri, 'http.uri', Http, TxProgress.Line, -1),
    b(BufferId.HttpUriRaw, 'http.uri.raw', Http, TxProgress.Line, -1),
    b(BufferId.HttpMethod, 'http.method', Http, TxProgress.Line, -1),
    b(BufferId.HttpRequestLine, 'http.request_line', Http, TxProgress.Line, -1),
    b(BufferId.HttpRequestBody, 'http.request_body', Http, TxProgress.Body, -1),
    b(BufferId.HttpHost, 'http.host', Http, TxProgress.Headers, -1),
    b(BufferId.HttpHostRaw, 'http.host.raw', Http, TxProgress.Headers, -1),
    b(BufferId.HttpUserAgent, 'http.user_agent', Http, TxProgress.Headers, -1),
    b(BufferId.HttpReferer, 'http.referer', Http, TxProgress.Headers, -1),
    b(BufferId.HttpAccept, 'http.accept', Http, TxProgress.Headers, -1),
    b(BufferId.HttpAcceptLang, 'http.accept_lang', Http, TxProgress.Headers, -1),
    b(BufferId.HttpAcceptEnc, 'http.accept_enc', Http, TxProgress.Headers, -1),
    b(BufferId.HttpStatCode, 'http.stat_code', Http, -1, TxProgress.Line),
    b(BufferId.HttpStatMsg, 'http.stat_msg', Http, -1, TxProgress.Line),
    b(BufferId.HttpResponseLine, 'http.response_line', Http, -1, TxProgress.Line),
    b(BufferId.HttpResponseBody, 'http.response_body', Http, -1, TxProgress.Body),
    b(BufferId.HttpLocation, 'http.location', Http, -1, TxProgress.Headers),
    b(BufferId.HttpServer, 'http.server', Http, -1, TxProgress.Headers),
    b(BufferId.HttpHeader, 'http.header', Http, TxProgress.Headers, TxProgress.Headers),
    b(BufferId.HttpHeaderRaw, 'http.header.raw', Http, TxProgress.Headers, TxProgress.Headers),
    b(BufferId.HttpHeaderNames, 'http.header_names', Http, TxProgress.Headers, TxProgress.Headers),
    b(BufferId.HttpCookie, 'http.cookie', Http, TxProgress.Headers, TxProgress.Headers),
    b(BufferId.HttpProtocol, 'http.protocol', Http, TxProgress.Line, TxProgress.Line),
    b(BufferId.HttpStart, 'http.start', Http, TxProgress.Headers, TxProgress.Headers),
    b(BufferId.HttpConnection, 'http.connection', Http, TxProgress.Headers, TxProgress.Headers),
    b(BufferId.HttpContentLen, 'http.content_len', Http, TxProgress.Headers, TxProgress.Headers),
    b(BufferId.HttpContentType, 'http.content_type', Http, TxProgress.Headers, TxProgress.Headers),
    b(BufferId.HttpRequestHeader, 'http.request_header', Http, TxProgress.Headers, -1, true),
    b(BufferId.HttpResponseHeader, 'http.response_header', Http, -1, TxProgress.Headers, true),
    b(BufferId.FileData, 'file.data', File, TxProgress.Body, TxProgress.Body, true),
    b(BufferId.FileName, 'file.name', File, TxProgress.Body, TxProgress.Body, true),
    b(BufferId.FileMagic, 'file.magic', File, TxProgress.Body, TxProgress.Body, true),
    b(BufferId.Ipv4Hdr, 'ipv4.hdr', Packet, 0, 0),
    b(BufferId.Ipv6Hdr, 'ipv6.hdr', Packet, 0, 0),
    b(BufferId.TcpHdr, 'tcp.hdr', Packet, 0, 0),
    b(BufferId.UdpHdr, 'udp.hdr', Packet, 0, 0),
    b(BufferId.Icmpv4Hdr, 'icmpv4.hdr', Packet, 0, 0),
    b(BufferId.Icmpv6Hdr, 'icmpv6.hdr', Packet, 0, 0),
    b(BufferId.IpSrc, 'ip.src', Packet, 0, 0),
    b(BufferId.IpDst, 'ip.dst', Packet, 0, 0),
    b(BufferId.Base64Data, 'base64_data', Rule, 0, 0),
  ].map((x) => [x.id, x]),
);

/** By id: 1 for buffers of a transaction. */
const ofTransaction = new Uint8Array(BufferId.Count);
for (const { id, kind } of buffers.values()) ofTransaction[id] = kind === Http || kind === File ? 1 : 0;

/** Whether a buffer belongs to a transaction. */
export function isTxBuffer(id: BufferId): boolean {
  return ofTransaction[id] === 1;
}
