/** Wraps bytes as zstd frames of uncompressed blocks (RFC 8878 section 3.1.1), which every decoder must read. */
const Magic = 0xfd2fb528;
/** Section 3.1.1.2.3: a raw block holds at most 128 KiB. */
const BlockMax = 128 << 10;

/** One frame; `data` of any length. */
export function zstdFrame(data: Uint8Array): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt32LE(Magic, 0);
  // Frame header descriptor 0: no content size, no checksum, a window descriptor follows.
  head[4] = 0;
  // Window_Log 10 + 10: 1 MiB.
  head[5] = 10 << 3;
  const parts: Buffer[] = [head];
  for (let at = 0; at === 0 || at < data.length; at += BlockMax) {
    const block = data.subarray(at, at + BlockMax);
    const last = at + BlockMax >= data.length ? 1 : 0;
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | last, 0, 3);
    parts.push(header, Buffer.from(block));
  }
  return Buffer.concat(parts);
}
