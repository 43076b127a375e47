import assert from 'node:assert/strict';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { closeHandle, handleCounts } from '../../src/addon/handles.js';
import {
  Compression,
  InflateStatus,
  inflate,
  inflateProgress,
  openInflate,
  resetInflate,
} from '../../src/addon/inflate.js';
import { copyOf, inputOff, outputOff, put } from './scratch.js';

const text = 'GET /index.html HTTP/1.1\r\n'.repeat(40);

/** `text` as .lzma (dictionary of 64 KiB, length unknown, end marker) and as one zstd frame with checksum. */
const lzmaText = Buffer.from(
  'XQAAAQD//////////wAjkUbLK5hIkGnnOBQYDZXoonXdM4zyQHKpofikXun4tjdAzgj3v0P//lXAAA==',
  'base64',
);
const zstdText = Buffer.from('KLUv/WQQAxUBANBHRVQgL2luZGV4Lmh0bWwgSFRUUC8xLjENCgEAzu9qjgGAL/GL', 'base64');
/** A hundred x under a dictionary of 64 MiB. */
const lzmaLarge = Buffer.from('XQAAAAT//////////wA8bp8H/////4AAAAA=', 'base64');

/** Decompresses in pieces of `inStep` bytes into room of `outStep`; the bytes and the last status. */
function run(
  handle: number,
  data: Uint8Array,
  inStep: number,
  outStep: number,
): { out: Buffer; status: InflateStatus } {
  const parts: Buffer[] = [];
  let at = 0;
  let status: InflateStatus = InflateStatus.Ok;
  while (status === InflateStatus.OutputFull || (status === InflateStatus.Ok && at < data.length)) {
    const len = put(inputOff, data.subarray(at, at + inStep));
    status = inflate(handle, inputOff, len, outputOff, outStep);
    assert.ok(inflateProgress[0] <= len && inflateProgress[1] <= outStep);
    at += inflateProgress[0];
    parts.push(copyOf(outputOff, inflateProgress[1]));
  }
  return { out: Buffer.concat(parts), status };
}

const formats: [string, Compression, (b: Buffer) => Buffer][] = [
  ['gzip (RFC 1952)', Compression.Gzip, (b) => gzipSync(b)],
  ['zlib (RFC 1950)', Compression.Zlib, (b) => deflateSync(b)],
  ['raw deflate (RFC 1951)', Compression.Deflate, (b) => deflateRawSync(b)],
  ['brotli (RFC 7932)', Compression.Brotli, (b) => brotliCompressSync(b)],
];

describe('streaming decompression', () => {
  for (const [name, format, compress] of formats) {
    it(`${name}: any cut of input and room gives the same bytes`, () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 300 }),
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: 1, max: 50 }),
          fc.integer({ min: 1, max: 50 }),
          (bytes, times, inStep, outStep) => {
            const plain = Buffer.concat(Array(times).fill(Buffer.from(bytes)));
            const handle = openInflate(format);
            const { out, status } = run(handle, compress(plain), inStep, outStep);
            closeHandle(handle);
            assert.deepEqual(out, plain);
            assert.equal(status, InflateStatus.End);
          },
        ),
        { numRuns: 50 },
      );
    });

    it(`${name}: random bytes give a status, never a fault`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          const handle = openInflate(format);
          run(handle, bytes, 200, 65_536);
          closeHandle(handle);
        }),
        { numRuns: 100 },
      );
    });

    it(`${name}: a reset starts a new stream`, () => {
      const handle = openInflate(format);
      const data = compress(Buffer.from(text));
      assert.equal(run(handle, data.subarray(0, 12), 100, 100).status, InflateStatus.Ok);
      assert.equal(resetInflate(handle), InflateStatus.Ok);
      assert.equal(run(handle, data, 7, 4096).out.toString(), text);
      closeHandle(handle);
    });
  }

  it('leaves bytes after the end alone', () => {
    const handle = openInflate(Compression.Gzip);
    const data = gzipSync('abc');
    const len = put(inputOff, Buffer.concat([data, Buffer.from('rest')]));
    assert.equal(inflate(handle, inputOff, len, outputOff, 100), InflateStatus.End);
    assert.deepEqual([...inflateProgress], [data.length, 3]);
    closeHandle(handle);
  });

  it('keeps what came before damage (RFC 1952 section 2.3.1: CRC32)', () => {
    const handle = openInflate(Compression.Gzip);
    const data = gzipSync('abcdef');
    data[data.length - 8] ^= 1;
    const { out, status } = run(handle, data, 100, 100);
    assert.equal(status, InflateStatus.DataError);
    assert.equal(out.toString(), 'abcdef');
    closeHandle(handle);
  });

  it('asks for a preset dictionary (RFC 1950 section 2.2: FDICT)', () => {
    const handle = openInflate(Compression.Zlib);
    const data = deflateSync('hello hello', { dictionary: Buffer.from('hello') });
    assert.equal(run(handle, data, 100, 100).status, InflateStatus.NeedDictionary);
    closeHandle(handle);
  });

  it('bounds what a bomb writes by the room given', () => {
    const handle = openInflate(Compression.Deflate);
    const len = put(inputOff, deflateRawSync(Buffer.alloc(1 << 20)));
    put(outputOff + 1000, 'untouched');
    assert.equal(inflate(handle, inputOff, len, outputOff, 1000), InflateStatus.OutputFull);
    assert.equal(inflateProgress[1], 1000);
    assert.equal(copyOf(outputOff + 1000, 9).toString(), 'untouched');
    closeHandle(handle);
  });

  it('reads .lzma, and raw LZMA with its properties apart (SWF: ZWS)', () => {
    const alone = openInflate(Compression.LzmaAlone);
    assert.deepEqual(run(alone, lzmaText, 9, 30), { out: Buffer.from(text), status: InflateStatus.End });
    resetInflate(alone);
    assert.equal(run(alone, lzmaText, 100, 5000).out.toString(), text);
    put(outputOff, lzmaText.subarray(0, 5));
    const raw = openInflate(Compression.LzmaRaw, 0, outputOff);
    assert.ok(raw > 0);
    assert.equal(run(raw, lzmaText.subarray(13), 9, 30).out.toString(), text);
    closeHandle(alone);
    closeHandle(raw);
  });

  it('refuses dictionaries above the memory limit (Suricata: lzma-memlimit 1 MiB)', () => {
    const alone = openInflate(Compression.LzmaAlone);
    assert.equal(run(alone, lzmaLarge, 100, 100).status, InflateStatus.MemoryLimit);
    closeHandle(alone);
    const generous = openInflate(Compression.LzmaAlone, 80 << 20);
    assert.equal(run(generous, lzmaLarge, 100, 1000).out.toString(), 'x'.repeat(100));
    closeHandle(generous);
    put(outputOff, lzmaLarge.subarray(0, 5));
    assert.equal(openInflate(Compression.LzmaRaw, 0, outputOff), InflateStatus.MemoryLimit);
    put(outputOff, Buffer.from([0xff, 0, 0, 0, 0]));
    assert.equal(openInflate(Compression.LzmaRaw, 0, outputOff), InflateStatus.DataError);
    const brotli = openInflate(Compression.Brotli, 64 << 10);
    const wide = brotliCompressSync(Buffer.alloc(4 << 20, 'abcdefghij'));
    assert.equal(run(brotli, wide, 1 << 20, 8 << 20).status, InflateStatus.MemoryLimit);
    closeHandle(brotli);
  });

  it('reads zstd frames one by one (RFC 8878)', () => {
    const handle = openInflate(Compression.Zstd);
    const two = Buffer.concat([zstdText, zstdText]);
    const len = put(inputOff, two);
    assert.equal(inflate(handle, inputOff, len, outputOff, 4096), InflateStatus.End);
    assert.deepEqual([...inflateProgress], [zstdText.length, text.length]);
    assert.equal(run(handle, zstdText, 5, 11).out.toString(), text);
    assert.equal(run(handle, Buffer.from('no zstd frame'), 100, 100).status, InflateStatus.DataError);
    closeHandle(handle);
  });

  it('throws for ranges outside the memory, and frees what it opened', () => {
    const before = handleCounts();
    const handle = openInflate(Compression.Gzip);
    assert.throws(() => inflate(handle, 0xffff_fff0, 32, outputOff, 10), /outside the memory/);
    assert.throws(() => inflate(handle, inputOff, 10, 0xffff_fff0, 32), /outside the memory/);
    closeHandle(handle);
    assert.throws(() => inflate(handle, inputOff, 1, outputOff, 1), /not a decompressor/);
    assert.throws(() => openInflate(99 as Compression), /unknown compression format/);
    assert.deepEqual(handleCounts(), before);
  });
});
