/** What the application layer asks of a protocol's parser. The parser registers itself when it is configured. */
import type { AppProto } from '../protocol/app-proto.js';
import type { Dir } from '../protocol/ip.js';

export const enum ParseResult {
  Ok = 0,
  /** The connection cannot be followed any further. */
  Fault = 1,
  /** The rest of the connection speaks another protocol: `change.to`. */
  Change = 2,
}

/** Protocol that a parser asked to change to (AppProto.Unknown: find out), and the port it names (-1 none). */
export const change: { to: AppProto; port: number } = { to: 0, port: -1 };

export interface AppParser {
  /** Takes `len` bytes at `off` (borrowed for the call). */
  consume(flow: number, dir: Dir, off: number, len: number, tsUs: number): ParseResult;
  /** `len` bytes of the stream are missing. */
  gap(flow: number, dir: Dir, len: number, tsUs: number): ParseResult;
  /** No more bytes come in this direction. */
  end(flow: number, dir: Dir, tsUs: number): void;
  /** The protocol asked for could not be changed to. */
  changeFailed(flow: number): void;
  /** The flow is gone: frees all it had. */
  release(flow: number): void;
}

const parsers: (AppParser | undefined)[] = [];

export function registerParser(proto: AppProto, parser: AppParser): void {
  parsers[proto] = parser;
}

/** The parser of a protocol, undefined when it is recognised only. */
export function parserOf(proto: AppProto): AppParser | undefined {
  return parsers[proto];
}
