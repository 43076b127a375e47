/**
 * The examples of the bundled rules (signatures/examples.yaml) as packets: every example becomes TCP sessions with a
 * server on port 80, each from a client address of its own, so that one capture tells which examples fired what.
 */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type TimedFrame, tcpSession } from './session.js';

export interface Message {
  method?: string;
  uri?: string;
  headers?: Record<string, string>;
  body?: string;
  repeat?: number;
  response?: { status?: number; headers?: Record<string, string>; body?: string };
}
export interface Example {
  sid: number;
  fire: Message;
  quiet: Message;
}

/** All examples in order of sid. */
export function loadExamples(file: string): Example[] {
  const all = parse(readFileSync(file, 'utf8')) as Record<string, { fire: Message; quiet: Message }>;
  return Object.entries(all).map(([sid, e]) => ({ sid: Number(sid), fire: e.fire, quiet: e.quiet }));
}

const Reasons: Record<number, string> = {
  200: 'OK',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
};

function head(first: string, headers: Record<string, string>): string {
  return `${first}\r\n${Object.entries(headers)
    .map(([k, v]) => `${k}: ${v}\r\n`)
    .join('')}\r\n`;
}

/** The request as one string of bytes (latin1). */
export function requestBytes(m: Message): string {
  const body = m.body ?? '';
  const method = m.method ?? (m.body === undefined ? 'GET' : 'POST');
  const form: Record<string, string> =
    m.body === undefined
      ? {}
      : { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': String(body.length) };
  const headers = { Host: 'www.example.com', 'User-Agent': 'Mozilla/5.0', Accept: '*/*', ...form, ...m.headers };
  return head(`${method} ${(m.uri ?? '/').replaceAll(' ', '%20')} HTTP/1.1`, headers) + body;
}

/** The response as one string of bytes (latin1). */
export function responseBytes(m: Message): string {
  const r = m.response ?? {};
  const status = r.status ?? 200;
  const body = r.body ?? 'ok';
  const headers = {
    Server: 'Apache',
    'Content-Type': 'text/plain',
    'Content-Length': String(body.length),
    ...r.headers,
  };
  return head(`HTTP/1.1 ${status} ${Reasons[status] ?? 'Other'}`, headers) + body;
}

/** Sessions of one message: `repeat` of them, half a second apart, from the client address given. */
export function messageFrames(m: Message, client: string, startUs: number): TimedFrame[] {
  const out: TimedFrame[] = [];
  for (let i = 0; i < (m.repeat ?? 1); i++) {
    out.push(
      ...tcpSession({
        client: { ip: client, port: 20_000 + i },
        server: { ip: '10.0.0.80', port: 80 },
        startUs: startUs + i * 500_000,
        exchanges: [
          { from: 'client', data: Buffer.from(requestBytes(m), 'latin1') },
          { from: 'server', data: Buffer.from(responseBytes(m), 'latin1') },
        ],
      }),
    );
  }
  return out;
}
