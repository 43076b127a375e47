/** IPv4 options (RFC 791 section 3.1; RFC 1108, RFC 2113, RFC 4782, CIPSO draft) and the events of bad ones. */
import { u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { Ipv4Opt, Ipv4OptBit } from '../protocol/ipv4.js';
import { damaged } from './layer.js';
import type { Packet } from './packet.js';

const mem = u8;

const enum OptLen {
  SecurityMin = 3,
  StreamId = 4,
  RouterAlert = 4,
  QuickStartMin = 8,
  RouteMin = 3,
  TimestampMin = 5,
  CipsoMin = 10,
  /** Type, length and domain of interpretation before CIPSO's tags. */
  CipsoHeader = 6,
}

/**
 * Walks `len` (1..40) bytes of options at `off`. False when an option's length leaves no sense in what follows;
 * an option that is only malformed in itself is passed.
 */
export function decodeIpv4Options(p: Packet, off: number, len: number): boolean {
  if (len % 8 !== 0) p.addEvent(DecoderEvent.Ipv4OptPadRequired);
  const end = off + len;
  while (off < end) {
    const type = mem[off];
    if (type === Ipv4Opt.Eol) {
      p.ipOpts |= Ipv4OptBit.Eol;
      return true;
    }
    if (type === Ipv4Opt.Nop) {
      p.ipOpts |= Ipv4OptBit.Nop;
      off++;
      continue;
    }
    if (end - off < 2) {
      p.addEvent(DecoderEvent.Ipv4OptEolRequired);
      return true;
    }
    const optLen = mem[off + 1];
    if (optLen > end - off || optLen < 2) {
      damaged(p, DecoderEvent.Ipv4OptInvalidLen);
      return false;
    }
    decodeOption(p, type, off, optLen);
    off += optLen;
  }
  return true;
}

function decodeOption(p: Packet, type: number, off: number, len: number): void {
  const bit = optionBit(type);
  if (bit === 0) p.addEvent(DecoderEvent.Ipv4OptInvalid);
  else if ((p.ipOpts & bit) !== 0) p.addEvent(DecoderEvent.Ipv4OptDuplicate);
  else if (validOption(p, type, off, len)) p.ipOpts |= bit;
}

function optionBit(type: number): number {
  switch (type) {
    case Ipv4Opt.RecordRoute:
      return Ipv4OptBit.Rr;
    case Ipv4Opt.QuickStart:
      return Ipv4OptBit.Qs;
    case Ipv4Opt.Timestamp:
      return Ipv4OptBit.Ts;
    case Ipv4Opt.Security:
      return Ipv4OptBit.Sec;
    case Ipv4Opt.LooseSourceRoute:
      return Ipv4OptBit.Lsrr;
    case Ipv4Opt.ExtendedSecurity:
      return Ipv4OptBit.Esec;
    case Ipv4Opt.Cipso:
      return Ipv4OptBit.Cipso;
    case Ipv4Opt.StreamId:
      return Ipv4OptBit.Satid;
    case Ipv4Opt.StrictSourceRoute:
      return Ipv4OptBit.Ssrr;
    case Ipv4Opt.RouterAlert:
      return Ipv4OptBit.RtrAlt;
    default:
      return 0;
  }
}

function validOption(p: Packet, type: number, off: number, len: number): boolean {
  switch (type) {
    case Ipv4Opt.Security:
    case Ipv4Opt.ExtendedSecurity:
      return lengthOk(p, len >= OptLen.SecurityMin);
    case Ipv4Opt.StreamId:
      return lengthOk(p, len === OptLen.StreamId);
    case Ipv4Opt.RouterAlert:
      return lengthOk(p, len === OptLen.RouterAlert);
    case Ipv4Opt.QuickStart:
      return lengthOk(p, len >= OptLen.QuickStartMin);
    case Ipv4Opt.RecordRoute:
    case Ipv4Opt.LooseSourceRoute:
    case Ipv4Opt.StrictSourceRoute:
      return lengthOk(p, len >= OptLen.RouteMin) && wellFormed(p, routeOk(off, len));
    case Ipv4Opt.Timestamp:
      return lengthOk(p, len >= OptLen.TimestampMin) && wellFormed(p, timestampOk(off, len));
    case Ipv4Opt.Cipso:
      return lengthOk(p, len >= OptLen.CipsoMin) && wellFormed(p, cipsoOk(off, len));
    default:
      return true;
  }
}

function lengthOk(p: Packet, ok: boolean): boolean {
  if (!ok) damaged(p, DecoderEvent.Ipv4OptInvalidLen);
  return ok;
}

function wellFormed(p: Packet, ok: boolean): boolean {
  if (!ok) damaged(p, DecoderEvent.Ipv4OptMalformed);
  return ok;
}

/** The pointer counts from 1, stands behind type, length and itself, moves by whole addresses. */
function routeOk(off: number, len: number): boolean {
  const pointer = mem[off + 2];
  return pointer >= 4 && pointer % 4 === 0 && pointer <= len + 1;
}

/** Records are 4 bytes, or 8 when they hold an address too (flags 1 and 3). */
function timestampOk(off: number, len: number): boolean {
  const pointer = mem[off + 2];
  if (pointer < 5) return false;
  const flag = mem[off + 3] & 0x0f;
  const record = flag === 1 || flag === 3 ? 8 : 4;
  return (pointer - 5) % record === 0 && pointer <= len + 1;
}

/** Tags of CIPSO (FIPS 188): type, length, then for types other than 7 an alignment byte of zero. */
function cipsoOk(off: number, len: number): boolean {
  let at = off + OptLen.CipsoHeader;
  const end = off + len;
  while (at < end) {
    if (end - at < 2) return false;
    const tag = mem[at];
    const tagLen = mem[at + 1];
    if (tagLen > end - at) return false;
    if (tag !== 1 && tag !== 2 && tag !== 5 && tag !== 6 && tag !== 7) return false;
    if (tagLen < 4 || (tag !== 7 && mem[at + 2] !== 0)) return false;
    at += tagLen;
  }
  return true;
}
