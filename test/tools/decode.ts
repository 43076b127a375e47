/** Decodes frames for tests and says what was found in words. */

import { u8 } from '../../src/core/memory.js';
import { decodeFrame } from '../../src/decode/decode.js';
import { Packet } from '../../src/decode/packet.js';
import { openTunnel } from '../../src/decode/tunnel.js';
import { decoderEventNames } from '../../src/protocol/decoder-events.js';
import { place } from './arena.js';

/** A new Packet with the decoded frame (Ethernet unless `linkType` says otherwise). */
export function decode(bytes: Uint8Array, linkType = 1, tsUs = 0): Packet {
  const p = new Packet();
  p.tsUs = tsUs;
  decodeFrame(p, place(bytes), bytes.length, bytes.length, linkType);
  return p;
}

/** The packet inside, or null when there is none. */
export function inside(p: Packet): Packet | null {
  const inner = new Packet();
  return openTunnel(p, inner) ? inner : null;
}

/** Names of the packet's decoder events, in the order they were found. */
export function eventsOf(p: Packet): string[] {
  return [...p.events.subarray(0, p.eventCount)].map((id) => decoderEventNames[id]);
}

/** Payload as Latin-1 text. */
export function payloadText(p: Packet): string {
  return Buffer.from(u8.buffer, p.payloadOff, p.payloadLen).toString('latin1');
}
