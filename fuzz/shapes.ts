/** Shapes of the formats that targets read. */
import type { Shape } from './target.js';

const Newline = 0x0a;

function concat(parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** Lines, each with its newline, or with the byte that ends a turn. */
export function lines(turnByte = Newline): Shape {
  return {
    cut(input) {
      const parts: Uint8Array[] = [];
      let from = 0;
      for (let i = 0; i < input.length; i++) {
        if (input[i] !== Newline && input[i] !== turnByte) continue;
        parts.push(input.subarray(from, i + 1));
        from = i + 1;
      }
      if (from < input.length) parts.push(input.subarray(from));
      return parts;
    },
    join: concat,
  };
}

/** Text in pieces that end with one of these characters. */
export function words(ends: string): Shape {
  const isEnd = new Uint8Array(256);
  for (let i = 0; i < ends.length; i++) isEnd[ends.charCodeAt(i)] = 1;
  return {
    cut(input) {
      const parts: Uint8Array[] = [];
      let from = 0;
      for (let i = 0; i < input.length; i++) {
        if (isEnd[input[i]] === 0) continue;
        parts.push(input.subarray(from, i + 1));
        from = i + 1;
      }
      if (from < input.length) parts.push(input.subarray(from));
      return parts;
    },
    join: concat,
  };
}

/** Records of `head` bytes, the last of which is the length of what follows. Joined, each length is right again. */
export function records(head: number): Shape {
  return {
    cut(input) {
      const parts: Uint8Array[] = [];
      for (let at = 0; at < input.length; ) {
        const len = at + head <= input.length ? head + input[at + head - 1] : input.length - at;
        parts.push(input.subarray(at, at + len));
        at += len;
      }
      return parts;
    },
    join(parts) {
      const out = parts.map((part) => {
        if (part.length < head) return part;
        const copy = part.slice(0, head + 255);
        copy[head - 1] = copy.length - head;
        return copy;
      });
      return concat(out);
    },
  };
}

const Pcap = { FileHead: 24, RecordHead: 16, CapLen: 8, WireLen: 12 } as const;
const Ng = { LeastBlock: 12, BodyLen: 20, Enhanced: 6 } as const;

function isPcapng(input: Uint8Array): boolean {
  return input.length >= Ng.LeastBlock && input[0] === 0x0a && input[1] === 0x0d && input[2] === 0x0d;
}

/** Bytes of the part that begins at `at`. */
function partLength(view: DataView, at: number, ng: boolean, little: boolean): number {
  const rest = view.byteLength - at;
  if (ng) {
    const len = rest >= Ng.LeastBlock ? view.getUint32(at + 4, little) : rest;
    return len < Ng.LeastBlock || len > rest ? rest : len;
  }
  if (at === 0) return Math.min(rest, Pcap.FileHead);
  const len = rest >= Pcap.RecordHead ? Pcap.RecordHead + view.getUint32(at + Pcap.CapLen, little) : rest;
  return Math.min(len, rest);
}

function isLittle(input: Uint8Array): boolean {
  if (isPcapng(input)) return input[8] === 0x4d;
  return input[0] === 0xd4 || input[0] === 0x4d;
}

function mendRecord(part: Uint8Array, little: boolean): Uint8Array {
  if (part.length < Pcap.RecordHead) return part;
  const copy = part.slice();
  const view = new DataView(copy.buffer);
  view.setUint32(Pcap.CapLen, copy.length - Pcap.RecordHead, little);
  view.setUint32(Pcap.WireLen, copy.length - Pcap.RecordHead, little);
  return copy;
}

function mendBlock(part: Uint8Array, little: boolean): Uint8Array {
  if (part.length < Ng.LeastBlock) return part;
  const copy = new Uint8Array((part.length + 3) & ~3);
  copy.set(part.subarray(0, part.length - 4));
  const view = new DataView(copy.buffer);
  view.setUint32(4, copy.length, little);
  view.setUint32(copy.length - 4, copy.length, little);
  if (
    view.getUint32(0, little) === Ng.Enhanced &&
    copy.length >= 32 &&
    view.getUint32(Ng.BodyLen, little) > copy.length
  ) {
    view.setUint32(Ng.BodyLen, copy.length - 32, little);
  }
  return copy;
}

/** pcap (file header, then records) and pcapng (blocks). Anything else is one part. */
export const capture: Shape = {
  cut(input) {
    const ng = isPcapng(input);
    if (!ng && input.length < Pcap.FileHead) return [input];
    const little = isLittle(input);
    const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < input.length; ) {
      const len = partLength(view, at, ng, little);
      parts.push(input.subarray(at, at + len));
      at += len;
    }
    return parts;
  },
  join(parts) {
    if (parts.length < 2) return concat(parts);
    const ng = isPcapng(parts[0]);
    const little = isLittle(parts[0]);
    return concat(parts.map((part, i) => (ng ? mendBlock(part, little) : i === 0 ? part : mendRecord(part, little))));
  },
};
