/**
 * The language of Suricata's unix socket (Suricata manual, "Interacting via Unix Socket"): the client says which version
 * it speaks, `{"version": "0.2"}` without a newline, and from then on one JSON object a line in both directions:
 * `{"command": NAME, "arguments": {…}}` and `{"message": …, "return": "OK" | "NOK"}`.
 */
import { isUtf8 } from 'node:buffer';

/** The version that Suricata 4 and later speak, in which a line is a message. */
export const ProtocolVersion = '0.2';

export const enum MessageLimit {
  /** Bytes of the client's first message. */
  Handshake = 512,
  /** Bytes of a command, its newline not counted. */
  Command = 64 * 1024,
  /** Bytes of an answer. */
  Reply = 4 * 1024 * 1024,
}

/** What a command is called with. Its prototype is null: only what the client sent is there. */
export type Arguments = Readonly<Record<string, unknown>>;

export interface Request {
  command: string;
  arguments: Arguments;
}

export interface Reply {
  ok: boolean;
  /** Any JSON value. */
  message: unknown;
  /** What the command asked for and what must wait until the client has its answer. */
  after?: () => void;
}

export const done = (message: unknown): Reply => ({ ok: true, message });
export const refused = (message: string): Reply => ({ ok: false, message });

const NonAscii = /[\u007f-\uffff]/g;

/** One line in ASCII: suricatasc reads a reply as Latin-1, in pieces of 1,024 bytes. */
export function replyLine({ ok, message }: Reply): string {
  const line = asciiJson({ message, return: ok ? 'OK' : 'NOK' });
  return line.length <= MessageLimit.Reply ? line : asciiJson(tooLong);
}

const tooLong = { message: `The answer is longer than ${MessageLimit.Reply} bytes`, return: 'NOK' };

function asciiJson(value: unknown): string {
  return `${JSON.stringify(value).replace(NonAscii, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

/** The line that accepts a client. */
export const welcome = '{"return":"OK"}\n';

/** What is wrong with a client's first message, or null. */
export function handshakeFault(bytes: Uint8Array): string | null {
  const message = jsonObject(bytes);
  if (message === null) return `Expected {"version": "${ProtocolVersion}"}`;
  return message.version === ProtocolVersion ? null : `Only version ${ProtocolVersion} of the protocol is spoken here`;
}

/** The command of a line; text: what is wrong with it. */
export function parseRequest(line: Uint8Array): Request | string {
  const message = jsonObject(line);
  if (message === null) return 'Command is not a JSON object';
  const { command, arguments: args } = message;
  if (typeof command !== 'string') return 'command is not a string';
  return { command, arguments: isObject(args) ? bare(args) : bare({}) };
}

function jsonObject(bytes: Uint8Array): Record<string, unknown> | null {
  if (!isUtf8(bytes)) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return isObject(value) ? bare(value) : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function bare(value: Record<string, unknown>): Record<string, unknown> {
  return Object.assign(Object.create(null) as Record<string, unknown>, value);
}
