/**
 * SMTP as far as it leads to another protocol: STARTTLS and its answer (RFC 3207 section 4). Nothing else of it is
 * inspected. After the answer the connection speaks TLS, or whatever it is found to speak: HTTP behind a STARTTLS would
 * otherwise not be seen.
 */
import { column } from '../core/columns.js';
import { counter, counts } from '../core/counters.js';
import { u8 } from '../core/memory.js';
import { FlowLimit } from '../flow/columns.js';
import { AppProto } from '../protocol/app-proto.js';
import { Dir } from '../protocol/ip.js';
import { type AppParser, change, ParseResult, registerParser } from './parser.js';

const mem = u8;

const enum Limit {
  /** Commands without an answer that are counted; with more, STARTTLS is not followed. */
  Commands = 0xffff,
  /** A line that is not what is looked for. */
  Other = 0xff,
}

const Command = Buffer.from('starttls', 'latin1');

/** Bytes of STARTTLS that the client's line under way begins with; Limit.Other: it is another line. */
const matched = column.u8(FlowLimit.Max + 1);
/** Bytes of the server's line under way, up to 4, and its three digits as a number; a fourth byte `-` means more lines. */
const place = column.u8(FlowLimit.Max + 1);
const code = column.i32(FlowLimit.Max + 1);
/** Commands that wait for their answer; and how many answers it is to that of STARTTLS, 0: it was not sent. */
const waiting = column.i32(FlowLimit.Max + 1);
const ahead = column.i32(FlowLimit.Max + 1);

const cBytes = counter('applayer.uninspected_bytes');

function clientLines(flow: number, off: number, end: number): void {
  for (let i = off; i < end; i++) {
    const c = mem[i];
    if (c === 0x0a) {
      if (waiting[flow] < Limit.Commands) waiting[flow]++;
      if (matched[flow] === Command.length) ahead[flow] = waiting[flow];
      matched[flow] = 0;
    } else if (matched[flow] < Command.length) {
      const lower = c >= 0x41 && c <= 0x5a ? c + 0x20 : c;
      matched[flow] = lower === Command[matched[flow]] ? matched[flow] + 1 : Limit.Other;
    } else if (c !== 0x0d && c !== 0x20) matched[flow] = Limit.Other;
  }
}

/** True when the answer to STARTTLS has come, and it is yes. */
function serverLines(flow: number, off: number, end: number): boolean {
  for (let i = off; i < end; i++) {
    const c = mem[i];
    if (c === 0x0a) {
      const last = place[flow] !== Limit.Other;
      place[flow] = 0;
      if (!last || waiting[flow] === 0) continue;
      waiting[flow]--;
      if (ahead[flow] > 0 && --ahead[flow] === 0 && code[flow] === 220) return true;
    } else if (place[flow] < 3) {
      code[flow] = place[flow] === 0 ? c - 0x30 : code[flow] * 10 + c - 0x30;
      place[flow]++;
    } else if (place[flow] === 3) place[flow] = c === 0x2d ? Limit.Other : 4;
  }
  return false;
}

function consume(flow: number, dir: Dir, off: number, len: number): ParseResult {
  counts[cBytes] += len;
  if (dir === Dir.ToServer) clientLines(flow, off, off + len);
  else if (serverLines(flow, off, off + len)) {
    change.to = AppProto.Unknown;
    change.port = -1;
    return ParseResult.Change;
  }
  return ParseResult.Ok;
}

function release(flow: number): void {
  matched[flow] = place[flow] = 0;
  code[flow] = waiting[flow] = ahead[flow] = 0;
}

const parser: AppParser = {
  consume,
  gap: () => ParseResult.Ok,
  end: () => undefined,
  changeFailed: () => undefined,
  release,
};

/** Follows SMTP from now on. */
export function configureStarttls(): void {
  registerParser(AppProto.Smtp, parser);
}
