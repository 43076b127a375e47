/** Frames for tests of detection. */
import { tcpFrame, udpFrame } from '../tools/build.js';
import { DefaultStartUs, type Exchange, type SessionOptions, type TimedFrame, tcpSession } from '../tools/session.js';

/** A UDP datagram to the server, from a port of its own for each flow. */
export function udpTo(payload: string | Uint8Array, srcPort = 2000, atS = 0): TimedFrame {
  const data = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  return { tsUs: DefaultStartUs + atS * 1e6, bytes: udpFrame({ srcPort, dstPort: 9999 }, data) };
}

/** One TCP packet by itself. */
export function tcpTo(flags: number, fields: Parameters<typeof tcpFrame>[0] = {}, payload = ''): TimedFrame {
  return { tsUs: DefaultStartUs, bytes: tcpFrame({ srcPort: 40_000, dstPort: 80, flags, ...fields }, payload) };
}

export const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: shop.example\r\n${more}\r\n`;
export const ok = (body: string, more = ''): string =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
export const post = (path: string, body: string, more = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;

/** A session of requests and responses in turn. */
export function http(messages: readonly string[], more: Partial<SessionOptions> = {}): TimedFrame[] {
  const exchanges: Exchange[] = messages.map((data, i) => ({
    from: i % 2 === 0 ? 'client' : 'server',
    data: Buffer.from(data, 'latin1'),
  }));
  return tcpSession({ exchanges, ...more });
}
