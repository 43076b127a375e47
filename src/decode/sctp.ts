/** SCTP (RFC 9260 section 3.1) and ESP (RFC 4303 section 2): ports or SPI, no more. */
import { counter, counts } from '../core/counters.js';
import { dv } from '../core/memory.js';
import { DecoderEvent } from '../protocol/decoder-events.js';
import { IpProto } from '../protocol/ip.js';
import { damaged } from './layer.js';
import { type Packet, PacketFlag } from './packet.js';

const view = dv;
const cSctp = counter('decoder.sctp');
const cEsp = counter('decoder.esp');

const enum HeaderLen {
  Sctp = 12,
  Esp = 8,
}

export function decodeSctp(p: Packet, off: number, len: number): void {
  counts[cSctp]++;
  if (len < HeaderLen.Sctp) {
    damaged(p, DecoderEvent.SctpPktTooSmall);
    return;
  }
  p.ipProto = IpProto.Sctp;
  p.srcPort = view.getUint16(off);
  p.dstPort = view.getUint16(off + 2);
  setTransport(p, off, len, HeaderLen.Sctp);
}

export function decodeEsp(p: Packet, off: number, len: number): void {
  counts[cEsp]++;
  if (len < HeaderLen.Esp) {
    damaged(p, DecoderEvent.EspPktTooSmall);
    return;
  }
  p.ipProto = IpProto.Esp;
  setTransport(p, off, len, HeaderLen.Esp);
}

function setTransport(p: Packet, off: number, len: number, hdrLen: number): void {
  p.l4Off = off;
  p.l4HdrLen = hdrLen;
  p.payloadOff = off + hdrLen;
  p.payloadLen = len - hdrLen;
  p.flags |= PacketFlag.WantsFlow;
}
