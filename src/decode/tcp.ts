/** TCP (RFC 9293 section 3.1) and its options (section 3.2; RFC 7323, 2018, 7413, 2385, 5925). */
import { counter, counts } from '../core/counters.js';
import { dv, u8 } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { IpProto } from '../protocol/ip.js';
import { TcpLayout, TcpOpt } from '../protocol/tcp-header.js';
import { damaged } from './layer.js';
import { type Packet, PacketFlag } from './packet.js';

const mem = u8;
const view = dv;
const cTcp = counter('decoder.tcp');

/** Decodes `len` bytes at `off`; leaves l4Off 0 when the header is unusable. */
export function decodeTcp(p: Packet, off: number, len: number): void {
  counts[cTcp]++;
  if (len < TcpLayout.HeaderLen) {
    damaged(p, DecoderEvent.TcpPktTooSmall);
    return;
  }
  const hdrLen = (mem[off + TcpLayout.DataOff] >> 4) * 4;
  if (len < hdrLen) {
    damaged(p, DecoderEvent.TcpHlenTooSmall);
    return;
  }
  if (hdrLen < TcpLayout.HeaderLen) {
    damaged(p, DecoderEvent.TcpInvalidOptlen);
    return;
  }
  p.ipProto = IpProto.Tcp;
  p.l4Off = off;
  p.l4HdrLen = hdrLen;
  p.srcPort = (mem[off] << 8) | mem[off + 1];
  p.dstPort = (mem[off + 2] << 8) | mem[off + 3];
  p.seq = view.getInt32(off + TcpLayout.SeqOff);
  p.ack = view.getInt32(off + TcpLayout.AckOff);
  p.tcpFlags = mem[off + TcpLayout.FlagsOff];
  p.window = (mem[off + TcpLayout.WindowOff] << 8) | mem[off + TcpLayout.WindowOff + 1];
  p.urgent = (mem[off + TcpLayout.UrgentOff] << 8) | mem[off + TcpLayout.UrgentOff + 1];
  p.payloadOff = off + hdrLen;
  p.payloadLen = len - hdrLen;
  p.flags |= PacketFlag.WantsFlow;
  const optLen = hdrLen - TcpLayout.HeaderLen;
  if (optLen === 0) return;
  const opts = off + TcpLayout.HeaderLen;
  // Nearly every data segment has just this: NOP, NOP, timestamps.
  if (optLen === 12 && view.getInt32(opts) === TcpLayout.NopNopTimestamps) setTimestamps(p, opts + 2);
  else decodeTcpOptions(p, opts, optLen);
}

function setTimestamps(p: Packet, off: number): void {
  p.flags |= PacketFlag.TcpTimestamp;
  p.tsVal = view.getInt32(off + 2);
  p.tsEcr = view.getInt32(off + 6);
}

function decodeTcpOptions(p: Packet, off: number, len: number): void {
  const end = off + len;
  while (off < end) {
    const type = mem[off];
    if (type === TcpOpt.End) return;
    if (type === TcpOpt.Nop) {
      off++;
      continue;
    }
    if (end - off < 2) return;
    const optLen = mem[off + 1];
    if (optLen > end - off || optLen < 2) {
      damaged(p, DecoderEvent.TcpOptInvalidLen);
      return;
    }
    decodeTcpOption(p, type, off, optLen);
    off += optLen;
  }
}

function decodeTcpOption(p: Packet, type: number, off: number, len: number): void {
  switch (type) {
    case TcpOpt.WindowScale:
      if (accept(p, len === 3, PacketFlag.TcpWscale)) p.wscale = mem[off + 2];
      break;
    case TcpOpt.Mss:
      if (accept(p, len === 4, PacketFlag.TcpMss)) p.mss = view.getUint16(off + 2);
      break;
    case TcpOpt.SackPermitted:
      accept(p, len === 2, PacketFlag.TcpSackOk);
      break;
    case TcpOpt.Timestamps:
      if (len !== 10) p.addEvent(DecoderEvent.TcpOptInvalidLen);
      else if ((p.flags & PacketFlag.TcpTimestamp) !== 0) p.addEvent(DecoderEvent.TcpOptDuplicate);
      else setTimestamps(p, off);
      break;
    case TcpOpt.Sack:
      // An empty block list is useless but common.
      if (len !== 2) accept(p, len >= 10 && len <= 34 && (len - 2) % 8 === 0, PacketFlag.TcpSack);
      break;
    case TcpOpt.FastOpen:
      accept(p, len === 2 || (len >= 4 && len <= 18 && len % 2 === 0), PacketFlag.TcpFastOpen);
      break;
    case TcpOpt.Experiment1:
    case TcpOpt.Experiment2:
      // RFC 6994 section 3: fast open before its number was assigned.
      if (len === 4 || len === 12) {
        if (view.getUint16(off + 2) === TcpOpt.FastOpenMagic) accept(p, true, PacketFlag.TcpFastOpen);
      } else p.addEvent(DecoderEvent.TcpOptInvalidLen);
      break;
    case TcpOpt.Md5:
      if (len === 18) p.flags |= PacketFlag.TcpMd5;
      else damaged(p, DecoderEvent.TcpOptInvalidLen);
      break;
    case TcpOpt.Authentication:
      if (len < 4) damaged(p, DecoderEvent.TcpOptInvalidLen);
      break;
  }
}

/** Notes an option as seen; false for a wrong length or a second one. */
function accept(p: Packet, lengthOk: boolean, flag: PacketFlag): boolean {
  if (!lengthOk) p.addEvent(DecoderEvent.TcpOptInvalidLen);
  else if ((p.flags & flag) !== 0) p.addEvent(DecoderEvent.TcpOptDuplicate);
  else {
    p.flags |= flag;
    return true;
  }
  return false;
}
