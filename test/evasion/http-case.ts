/**
 * What the tables of HTTP evasions are made of: the bytes each side sends with an attack inside, the rules that know
 * the attack in each buffer, and the conversation of a case as a capture holds it.
 */
import { type Exchange, type TimedFrame, tcpSession } from '../tools/session.js';

/** Rules by the place where they look for an attack; the number is the sid. */
export const enum Sees {
  Uri = 1,
  RequestBody = 2,
  RequestHeader = 3,
  ResponseBody = 4,
  Upload = 5,
  Host = 6,
  Stream = 7,
  ResponseHeader = 8,
  /** In the body once percent encoding is undone (twice). */
  DecodedBody = 9,
  Base64Body = 10,
  /** The upload's bytes in the body as sent. */
  RawUpload = 11,
  /** In the head as sent. */
  RawHeader = 12,
}

/** The attack: a file that no request should name, and its text that no response should hold. */
export const Asked = '/etc/passwd';
export const Leaked = 'root:x:0:0:';
/** What no header line of an answer should hold. */
export const LeakedField = 'uid=0(root)';

export const attackRules = `
alert http any any -> any any (msg:"in the URI"; flow:to_server; http.uri; content:"${Asked}"; sid:${Sees.Uri};)
alert http any any -> any any (msg:"in the body"; flow:to_server; http.request_body; content:"${Asked}"; sid:${Sees.RequestBody};)
alert http any any -> any any (msg:"in a header"; flow:to_server; http.header; content:"${Asked}"; sid:${Sees.RequestHeader};)
alert http any any -> any any (msg:"in the answer"; flow:to_client; file.data; content:"${Leaked}"; sid:${Sees.ResponseBody};)
alert http any any -> any any (msg:"in an upload"; flow:to_server; file.data; content:"<?php system"; sid:${Sees.Upload};)
alert http any any -> any any (msg:"in the host"; flow:to_server; http.host; content:"evil.example"; sid:${Sees.Host};)
alert tcp any any -> any any (msg:"in the stream"; flow:to_server; content:"${Asked}"; sid:${Sees.Stream};)
alert http any any -> any any (msg:"in a header of the answer"; flow:to_client; http.header; content:"${LeakedField}"; sid:${Sees.ResponseHeader};)
alert http any any -> any any (msg:"in the decoded body"; flow:to_server; http.request_body; url_decode; url_decode; content:"${Asked}"; sid:${Sees.DecodedBody};)
alert http any any -> any any (msg:"in base64"; flow:to_server; http.request_body; content:"f="; base64_decode:relative; base64_data; content:"${Asked}"; sid:${Sees.Base64Body};)
alert http any any -> any any (msg:"upload in the body"; flow:to_server; http.request_body; content:"<?php system"; sid:${Sees.RawUpload};)
alert http any any -> any any (msg:"in the head"; flow:to_server; http.header.raw; content:"${Asked}"; sid:${Sees.RawHeader};)
`;

export interface EvasionCase {
  /** What is odd, with the section of the standard where it has one. */
  name: string;
  exchanges: Exchange[];
  /** Rules that must alert. */
  sees: Sees[];
  /** It depends on bytes that arrive together: what follows a complete message in the same piece. */
  onePiece?: boolean;
  /** Anomalies that must be told. */
  events: string[];
}

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Start line and header lines with their line ends, and the empty line. */
export const head = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`;

/** A plain answer, so that a case that is about the request is a whole conversation. */
export const Taken = `${head('HTTP/1.1 200 OK', 'Content-Type: text/plain', 'Content-Length: 6')}taken\n`;

/** A case of one request (or several in one go) and a plain answer to it. */
export function request(name: string, text: string | Buffer, sees: Sees | Sees[], ...events: string[]): EvasionCase {
  const data = typeof text === 'string' ? bytes(text) : text;
  const exchanges: Exchange[] = [
    { from: 'client', data },
    { from: 'server', data: bytes(Taken) },
  ];
  return { name, exchanges, sees: Array.isArray(sees) ? sees : [sees], events };
}

/** A case of one answer to a plain request. */
export function response(name: string, text: string | Buffer, sees: Sees | Sees[], ...events: string[]): EvasionCase {
  const data = typeof text === 'string' ? bytes(text) : text;
  const exchanges: Exchange[] = [
    { from: 'client', data: bytes(head('GET /page HTTP/1.1', 'Host: www.example.com')) },
    { from: 'server', data },
  ];
  return { name, exchanges, sees: Array.isArray(sees) ? sees : [sees], events };
}

export const FirstPort = 20_000;

/** The frames of all cases, each a session of its own from port FirstPort + its index; `mss` cuts their segments. */
export function framesOf(cases: readonly EvasionCase[], mss = 1460): TimedFrame[] {
  return cases.flatMap((c, i) =>
    tcpSession({
      client: { port: FirstPort + i },
      exchanges: c.exchanges,
      mss,
      startUs: 1_700_000_000_000_000 + i * 10_000_000,
    }),
  );
}

/** Bytes of the client in a case. */
export function sentBytes(c: EvasionCase): Buffer {
  return Buffer.concat(
    c.exchanges.filter((e) => e.from === 'client').map((e) => (typeof e.data === 'string' ? bytes(e.data) : e.data)),
  );
}
