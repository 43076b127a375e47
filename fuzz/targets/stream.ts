/**
 * TCP: whatever the segments' numbers, flags and order, each byte is delivered once, in order, and is one that was
 * sent with its sequence number; a batch may end anywhere; and when the session ends its pages are given back.
 *
 * An input is a row of segments: Head bytes each, then as many bytes as the last of them says. A payload's bytes
 * follow from their sequence numbers, or are their complement (a copy that differs).
 */
import { u8 } from '../../src/core/memory.js';
import type { Tree } from '../../src/core/settings.js';
import { flows } from '../../src/flow/columns.js';
import { flowCount } from '../../src/flow/table.js';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { pagesInUse } from '../../src/stream/pages.js';
import { StreamPiece, takePiece, tcpStateName } from '../../src/stream/stream.js';
import { Wire } from '../../test/stream/harness.js';
import { concat } from '../../test/tools/bytes.js';
import { records } from '../shapes.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

const Head = 9;
const ClientIsn = -300;
const ServerIsn = 500;
/** What a row says besides flags and numbers. */
const enum Row {
  FromServer = 1,
  /** The payload is another than that of other rows with its numbers. */
  Differs = 2,
  /** A batch ends behind it. */
  EndsBatch = 4,
  Timestamp = 8,
  /** Payload eight times as long. */
  Long = 16,
  Late = 32,
}

const settings: Tree[] = [
  {},
  { stream: { midstream: true, 'async-oneside': true } },
  { stream: { reassembly: { depth: 300, memcap: '64kb', 'check-overlap-different-data': true } } },
  { stream: { reassembly: { 'depth-scope': 'connection', depth: 100 } }, 'host-os-policy': { linux: ['0.0.0.0/0'] } },
];

const byteAt = (seq: number): number => Math.imul(seq, 0x9e37_79b1) >>> 24;

/** Delivered bytes of a direction, checked as they come. */
class Check {
  count = 0;
  gaps = 0;
  sum = 0;
  private next: number | null = null;

  take(piece: StreamPiece): void {
    // After a reset that looks forged the session goes on, so that more may follow an end.
    if (piece.eof) return;
    promise(this.next === null || ((piece.startSeq - this.next) | 0) === 0, 'pieces follow each other');
    this.gaps += piece.gap;
    for (let i = 0; i < piece.len; i++) {
      const want = byteAt((piece.startSeq + i) | 0);
      const got = u8[piece.off + i];
      promise(got === want || got === (want ^ 0xff), 'a byte is one that was sent with its number');
      this.sum = (Math.imul(this.sum, 31) + got) | 0;
    }
    this.count += piece.len;
    this.next = (piece.startSeq + piece.gap + piece.len) | 0;
  }
}

const piece = new StreamPiece();

/** A wire whose deliveries are checked, by the flow's serial number: ids are used again. */
class CheckedWire extends Wire {
  readonly seen = new Map<number, [Check, Check]>();
  override drain(flow: number): void {
    const serial = flows.serial[flow];
    let checks = this.seen.get(serial);
    if (checks === undefined) {
      checks = [new Check(), new Check()];
      this.seen.set(serial, checks);
    }
    for (let dir = 0; dir < 2; dir++) while (takePiece(flow, dir, piece)) checks[dir].take(piece);
  }
}

function send(wire: CheckedWire, input: Uint8Array, at: number, i: number): void {
  const how = input[at];
  const server = (how & Row.FromServer) !== 0;
  const view = new DataView(input.buffer, input.byteOffset + at, Head);
  const seq = ((server ? ServerIsn : ClientIsn) + view.getInt16(2)) | 0;
  const ack = ((server ? ClientIsn : ServerIsn) + view.getInt16(4)) | 0;
  const len = Math.min(input[at + Head - 1], input.length - at - Head) * (how & Row.Long ? 8 : 1);
  const data = new Uint8Array(len);
  const flags = input[at + 1];
  // A SYN takes a number of its own.
  const first = seq + (flags & TcpFlag.Syn ? 1 : 0);
  for (let k = 0; k < len; k++) data[k] = byteAt((first + k) | 0) ^ (how & Row.Differs ? 0xff : 0);
  const window = input[at + 6] << 8;
  const ts: [number, number] | undefined = how & Row.Timestamp ? [1000 + i, input[at + 7]] : undefined;
  const urgent = flags & TcpFlag.Urg ? input[at + 7] : 0;
  for (const name of wire.send(!server, {
    seq,
    ack,
    flags,
    data,
    window,
    ts,
    urgent,
    at: how & Row.Late ? i * 9 : i * 0.001,
  }))
    ledTo(name);
  ledTo(tcpStateName(wire.flow));
}

/** Delivered bytes and gaps of all flows as text. */
function through(input: Uint8Array, tree: Tree, inline: boolean, batches: boolean): string {
  const wire = new CheckedWire(tree as { [key: string]: Tree }, inline);
  let i = 0;
  for (let at = 0; at + Head <= input.length; at += Head + input[at + Head - 1]) {
    send(wire, input, at, i++);
    if (batches && input[at] & Row.EndsBatch) wire.batchEnds();
  }
  wire.end();
  wire.batchEnds();
  promise(pagesInUse() === 0 && flowCount() === 0, 'no page outlives its session');
  return [...wire.seen.values()].map((c) => c.map((d) => `${d.count} ${d.gaps} ${d.sum}`).join('/')).join('; ');
}

/** A row of an input; `seq` and `ack` count from the initial numbers. */
function row(how: number, flags: number, seq: number, ack: number, len = 0): Uint8Array {
  const head = new Uint8Array(Head + len);
  const view = new DataView(head.buffer);
  head[0] = how;
  head[1] = flags;
  view.setInt16(2, seq);
  view.setInt16(4, ack);
  head[6] = 0xff;
  head[8] = len;
  return head;
}

const open = [
  row(0, TcpFlag.Syn, 0, 0),
  row(Row.FromServer, TcpFlag.Syn | TcpFlag.Ack, 0, 1),
  row(0, TcpFlag.Ack, 1, 1),
];

export const target: FuzzTarget = {
  name: 'stream',
  seeds: () => {
    const answer = (upTo: number): Uint8Array => row(Row.FromServer, TcpFlag.Ack, 1, upTo);
    const rows = [
      [
        ...open,
        row(0, TcpFlag.Ack, 1, 1, 100),
        answer(101),
        row(0, TcpFlag.Fin | TcpFlag.Ack, 101, 1),
        row(1, TcpFlag.Fin | TcpFlag.Ack, 1, 102),
      ],
      [
        ...open,
        row(0, TcpFlag.Ack, 51, 1, 50),
        row(Row.EndsBatch, TcpFlag.Ack, 1, 1, 60),
        answer(101),
        row(0, TcpFlag.Rst | TcpFlag.Ack, 101, 1),
      ],
      [
        ...open,
        row(0, TcpFlag.Ack, 1, 1, 90),
        row(Row.Differs, TcpFlag.Ack, 41, 1, 90),
        answer(131),
        row(1, TcpFlag.Psh | TcpFlag.Ack, 1, 131, 200),
      ],
      [row(0, TcpFlag.Ack, 1, 1, 100), answer(101), row(0, TcpFlag.Ack, 301, 1, 9), answer(310)],
      [...open, row(Row.Long, TcpFlag.Ack, 1, 1, 250), row(Row.Long, TcpFlag.Ack, 4001, 1, 250), answer(6001)],
    ];
    return rows.flatMap((r) => settings.map((_, n) => concat(row(2 * n, 0, 0, 0), ...r)));
  },
  words: [TcpFlag.Syn, TcpFlag.Ack, TcpFlag.Fin | TcpFlag.Ack, TcpFlag.Rst, TcpFlag.Syn | TcpFlag.Ack, 0x3f].map(
    (flags) => row(0, flags, 1, 1, 8),
  ),
  shape: records(Head),
  run(input) {
    if (input.length === 0) return;
    const tree = settings[(input[0] >> 1) % settings.length];
    const inline = (input[0] & 1) !== 0;
    const once = through(input, tree, inline, false);
    promise(through(input, tree, inline, true) === once, 'what is delivered does not depend on where batches end');
  },
};
