/**
 * Compressed Flash files (swf-decompression, off by default): CWS (zlib) and ZWS (LZMA) bodies are shown as the plain
 * FWS file they hold (SWF file format specification, chapter 2).
 */
import { closeHandle } from '../addon/handles.js';
import { Compression, inflate, inflateProgress, openInflate } from '../addon/inflate.js';
import { counter, counts } from '../core/counters.js';
import { u8 } from '../core/memory.js';
import type { HttpConfig } from './config.js';
import { keepRoom, takeRoom } from './scratch.js';
import type { BufferView } from './transaction.js';

const mem = u8;
const made = inflateProgress;
const cFailed = counter('http.swf_damaged');

const enum Swf {
  /** Signature, version and length of the plain file. */
  Header = 8,
  /** ZWS: compressed length and LZMA properties follow the header. */
  LzmaProps = 12,
  LzmaData = 17,
  /** Most that is written when decompress-depth is 0 (all). */
  MaxOutput = 1 << 20,
}

/** Replaces a window that begins with a compressed Flash file by its plain form; any other one is left as it is. */
export function showSwf(config: HttpConfig, out: BufferView): void {
  if (out.base !== 0 || out.len <= Swf.LzmaData || mem[out.off + 1] !== 0x57 || mem[out.off + 2] !== 0x53) return;
  const lzma = mem[out.off] === 0x5a && config.swfLzma;
  if (!lzma && !(mem[out.off] === 0x43 && config.swfDeflate)) return;
  const handle = lzma
    ? openInflate(Compression.LzmaRaw, config.lzmaMemlimit, out.off + Swf.LzmaProps)
    : openInflate(Compression.Zlib);
  if (handle <= 0) {
    counts[cFailed]++;
    return;
  }
  const skip = lzma ? Swf.LzmaData : Swf.Header;
  const input = config.swfCompressDepth === 0 ? out.len : Math.min(out.len, config.swfCompressDepth);
  const depth = config.swfDecompressDepth === 0 ? Swf.MaxOutput : Math.min(config.swfDecompressDepth, Swf.MaxOutput);
  const to = takeRoom(depth + Swf.Header);
  mem.copyWithin(to, out.off, out.off + Swf.Header);
  mem[to] = 0x46;
  inflate(handle, out.off + skip, input - skip, to + Swf.Header, depth);
  const len = made[1];
  closeHandle(handle);
  if (len === 0) {
    counts[cFailed]++;
    return;
  }
  keepRoom(to + Swf.Header + len);
  out.off = to;
  out.len = Swf.Header + len;
}
