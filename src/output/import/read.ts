/** Reading files to import: whole, by line or record, in bounded memory; gzip is unpacked on the way. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { PeccaryError } from '../../core/errors.js';
import { EveImport, LineMax } from './eve.js';
import type { Importer } from './importer.js';
import type { SidMap } from './sid-map.js';
import { SnortCsvImport } from './snort-csv.js';
import { HeaderLen, RecordMax, Unified2Import } from './unified2.js';

export type ImportFormat = 'eve' | 'unified2' | 'csv';
export const importFormats: ImportFormat[] = ['eve', 'unified2', 'csv'];

export interface ReadOptions {
  /** Null: found by the first bytes. */
  format: ImportFormat | null;
  map: SidMap;
  csvFields: string | null;
  /** Of times without a year. */
  year: number;
}

/** What takes the bytes of a file. */
interface Taker {
  take(chunk: Buffer): void;
  end(): void;
}

const Newline = 0x0a;

class Lines implements Taker {
  private rest: Buffer[] = [];
  private restLen = 0;
  private number = 0;
  private readonly line: (text: string, number: number) => void;
  private readonly tooLong: (number: number) => void;

  constructor(line: (text: string, number: number) => void, tooLong: (number: number) => void) {
    this.line = line;
    this.tooLong = tooLong;
  }

  take(chunk: Buffer): void {
    let at = 0;
    for (let end = chunk.indexOf(Newline); end >= 0; end = chunk.indexOf(Newline, at)) {
      this.keep(chunk.subarray(at, end));
      this.finish();
      at = end + 1;
    }
    this.keep(chunk.subarray(at));
  }

  private keep(part: Buffer): void {
    this.restLen += part.length;
    if (this.restLen <= LineMax) this.rest.push(part);
  }

  private finish(): void {
    this.number++;
    if (this.restLen > LineMax) this.tooLong(this.number);
    else this.line((this.rest.length === 1 ? this.rest[0] : Buffer.concat(this.rest)).toString('utf8'), this.number);
    this.rest = [];
    this.restLen = 0;
  }

  end(): void {
    if (this.restLen > 0) this.finish();
  }
}

class Records implements Taker {
  private rest = Buffer.alloc(0);
  private at = 0;
  private broken = false;
  private readonly to: Importer;
  private readonly into: Unified2Import;

  constructor(to: Importer, into: Unified2Import) {
    this.to = to;
    this.into = into;
  }

  take(chunk: Buffer): void {
    if (this.broken) return;
    const all = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let from = 0;
    while (from + HeaderLen <= all.length) {
      const len = all.readUInt32BE(from + 4);
      if (len > RecordMax) {
        this.to.refuse(`record at ${this.at}: a length of ${len} bytes; what follows is not read`);
        this.broken = true;
        break;
      }
      if (from + HeaderLen + len > all.length) break;
      this.into.record(all.readUInt32BE(from), all.subarray(from + HeaderLen, from + HeaderLen + len), this.at);
      from += HeaderLen + len;
      this.at += HeaderLen + len;
    }
    this.rest = this.broken ? Buffer.alloc(0) : Buffer.from(all.subarray(from));
  }

  end(): void {
    // A file that is still being written ends anywhere.
    if (this.rest.length > 0) this.to.refuse(`record at ${this.at}: the file ends within it`);
    this.into.flush();
  }
}

/** By the first bytes of a file: EVE begins with an object, unified2 with a record type of four bytes. */
function formatOf(first: Buffer): ImportFormat {
  if (first.length >= 4 && first[0] === 0 && first[1] === 0) return 'unified2';
  return /^(\ufeff)?\s*\{/.test(first.toString('utf8', 0, 64)) ? 'eve' : 'csv';
}

function takerOf(format: ImportFormat, to: Importer, o: ReadOptions): Taker {
  if (format === 'unified2') return new Records(to, new Unified2Import(to, o.map));
  const into = format === 'eve' ? new EveImport(to) : new SnortCsvImport(to, o.map, o.csvFields, o.year);
  return new Lines(
    (text, number) => into.line(text, number),
    (number) => to.refuse(`line ${number}: it has more than ${LineMax} bytes`),
  );
}

const isGzip = (b: Buffer): boolean => b.length >= 2 && b[0] === 0x1f && b[1] === 0x8b;

/** Reads one file ("-": standard input) into the run. Throws PeccaryError 'usage' when it cannot be read at all. */
export async function readInto(to: Importer, file: string, o: ReadOptions): Promise<void> {
  const source: Readable = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 20 });
  let taker: Taker | null = null;
  const take = (chunk: Buffer): void => {
    taker ??= takerOf(o.format ?? formatOf(chunk), to, o);
    taker.take(chunk);
  };
  try {
    const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    const first = await chunks.next();
    if (first.done) return;
    const all = join(first.value, chunks);
    if (isGzip(first.value)) {
      const { pipeline } = await import('node:stream/promises');
      await pipeline(all, createGunzip(), async (unpacked: AsyncIterable<Buffer>) => {
        for await (const chunk of unpacked) take(chunk);
      });
    } else for await (const chunk of all) take(chunk);
  } catch (e) {
    throw new PeccaryError('usage', `cannot read ${file}: ${(e as Error).message}`);
  } finally {
    (taker as Taker | null)?.end();
  }
}

async function* join(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
