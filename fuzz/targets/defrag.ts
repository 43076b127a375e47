/**
 * Fragments: whatever their offsets, lengths and order, a datagram that becomes whole lies in its slot, and nothing
 * stays behind when the time of all datagrams is over. An input is a row of fragments, each of four bytes that say
 * which datagram, where and how long, and its payload.
 */
import { Region, ScratchPart, u8 } from '../../src/core/memory.js';
import { Settings } from '../../src/core/settings.js';
import { configureDecode, decodeFrame } from '../../src/decode/decode.js';
import { Packet } from '../../src/decode/packet.js';
import { configureDefrag, DefragStatus, insertFragment } from '../../src/defrag/defrag.js';
import { pagesLeft } from '../../src/defrag/pages.js';
import { fragmentsHeld, sweepTrackers, trackerCount } from '../../src/defrag/trackers.js';
import { LinkType } from '../../src/protocol/link-type.js';
import { frame, ipv4, ipv6 } from '../../test/tools/build.js';
import { concat } from '../../test/tools/bytes.js';
import { records } from '../shapes.js';
import { type FuzzTarget, promise } from '../target.js';

const Head = 4;
const LongAfterUs = 1e12;

const settings = new Settings({ defrag: { memcap: '1mb', trackers: 64, 'max-frags': 512 } });
configureDecode(settings);
configureDefrag(settings);
const room = pagesLeft();
const fragment = new Packet();
const inner = new Packet();

function packetOf(kind: number, at: number, payload: Uint8Array): Uint8Array {
  const more = kind & 1;
  const id = (kind >> 1) & 15;
  if ((kind & 0x80) === 0) return frame(ipv4({ proto: 17, id, flags: more, fragOff: at }, payload));
  const header = Uint8Array.of(17, 0, at >> 8, (at & 0xf8) | more, 0, 0, 0, id);
  return frame(ipv6({ proto: 44 }, concat(header, payload)));
}

function insert(bytes: Uint8Array, tsUs: number): void {
  u8.set(bytes, Region.ArenaOff);
  decodeFrame(fragment, Region.ArenaOff, bytes.length, bytes.length, LinkType.Ethernet);
  fragment.tsUs = tsUs;
  if (insertFragment(fragment, inner) !== DefragStatus.Complete) return;
  const slotEnd = ScratchPart.DatagramOff + ScratchPart.DatagramSlotLen;
  promise(
    inner.ipOff >= ScratchPart.DatagramOff && inner.ipOff + inner.ipLen <= slotEnd,
    'a datagram lies in its slot',
  );
  promise(inner.ipLen <= 40 + 65_535, 'a datagram is no longer than its length field says');
}

/** A fragment as an input has it. */
function row(kind: number, at: number, payload: string): Uint8Array {
  return concat(Uint8Array.of(kind, at >> 11, (at >> 3) & 255, payload.length), Buffer.from(payload, 'latin1'));
}

export const target: FuzzTarget = {
  name: 'defrag',
  seeds: () => [
    concat(row(1, 0, 'aaaaaaaa'), row(1, 8, 'bbbbbbbb'), row(0, 16, 'cc')),
    concat(row(0, 16, 'cc'), row(1, 8, 'bbbbbbbb'), row(1, 0, 'aaaaaaaa')),
    concat(row(0x81, 0, 'a'.repeat(64)), row(0x81, 32, 'b'.repeat(64)), row(0x80, 96, 'c')),
    concat(row(1, 0, 'a'.repeat(24)), row(1, 8, 'b'.repeat(24)), row(1, 16, 'c'.repeat(24)), row(0, 40, 'd')),
    concat(row(0, 65_528, 'x'), row(1, 65_520, 'yyyyyyyy')),
  ],
  shape: records(Head),
  words: [row(1, 0, ''), row(0, 8, 'x'), row(0x81, 0, '12345678'), row(1, 65_528, 'x')],
  run(input) {
    let tsUs = 1;
    for (let at = 0; at + Head <= input.length; ) {
      const len = input[at + 3];
      const offset = (((input[at + 1] << 8) | input[at + 2]) & 0x1fff) << 3;
      tsUs += 1000;
      insert(packetOf(input[at], offset, input.subarray(at + Head, at + Head + len)), tsUs);
      at += Head + len;
    }
    while (trackerCount() > 0) {
      const before = trackerCount();
      sweepTrackers(tsUs + LongAfterUs);
      promise(trackerCount() < before, 'the time of a datagram ends');
    }
    promise(fragmentsHeld() === 0 && pagesLeft() === room, 'no fragment outlives its datagram');
  },
};
