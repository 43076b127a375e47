/** Both directions of a connection in one input, in turn and client first, changing at each TurnByte. */
import { appLayerEnd, consumePiece } from '../src/applayer/applayer.js';
import { Region, u8 } from '../src/core/memory.js';
import { flows } from '../src/flow/columns.js';
import { AppProto } from '../src/protocol/app-proto.js';
import { Dir } from '../src/protocol/ip.js';

export const TurnByte = 0x1e;
export const turn = String.fromCharCode(TurnByte);

const piece = { off: Region.ArenaOff, len: 0, gap: 0, eof: false };

/** Gives the input to the application layer of `flow` in pieces of at most `most` bytes, then ends both directions. */
export function converse(flow: number, input: Uint8Array, most: number): void {
  flows.appProto[flow] = flows.appProtoTs[flow] = flows.appProtoTc[flow] = AppProto.Unknown;
  flows.srvPort[flow] = 80;
  let dir: Dir = Dir.ToServer;
  let start = 0;
  for (let at = 0; at <= input.length; at++) {
    const turns = at === input.length || input[at] === TurnByte;
    if (!turns && at - start < most) continue;
    if (at > start) {
      u8.set(input.subarray(start, at), Region.ArenaOff);
      piece.len = at - start;
      consumePiece(flow, dir, piece, 1);
    }
    start = at;
    if (turns) {
      dir = dir === Dir.ToServer ? Dir.ToClient : Dir.ToServer;
      start = at + 1;
    }
  }
  appLayerEnd(flow, Dir.ToServer, 2);
  appLayerEnd(flow, Dir.ToClient, 2);
}
