/**
 * The page that a rejected client gets before its connection ends: `inline.block-page`. One HTTP response (RFC 9110 section
 * 15.5.4), made once and kept in the memory.
 */
import { readFileSync } from 'node:fs';
import { PeccaryError } from '../core/errors.js';
import { buf, ScratchPart } from '../core/memory.js';
import type { Settings } from '../core/settings.js';

export const enum PageLimit {
  /** Bytes of head and body together: within any client's first window. */
  Length = 14_000,
  /** Bytes of a segment: what every path takes. */
  Segment = 1200,
  /** Where it is kept, behind the room for one packet. */
  Off = ScratchPart.RespondOff + 0x2_0000,
}

const Default = `<!DOCTYPE html>
<html><head><title>403 Forbidden</title></head>
<body><h1>Forbidden</h1><p>This request was blocked.</p></body></html>
`;

/** Reads `inline.block-page` (enabled, file); the bytes of the response, null when there is to be none. */
export function blockPage(settings: Settings): Buffer | null {
  const file = settings.string('inline.block-page.file');
  if (!settings.bool('inline.block-page.enabled', file !== undefined)) return null;
  const body = file === undefined ? Buffer.from(Default) : readPage(file);
  const head = [
    'HTTP/1.1 403 Forbidden',
    'Content-Type: text/html; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
    'Connection: close',
  ];
  const page = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
  if (page.length > PageLimit.Length) {
    throw new PeccaryError('config', `inline.block-page.file: ${file}: a page has ${PageLimit.Length} bytes at most`);
  }
  return page;
}

function readPage(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (e) {
    throw new PeccaryError('config', `inline.block-page.file: ${file}: ${(e as NodeJS.ErrnoException).code}`);
  }
}

/** Puts the page where it is sent from. */
export function keepPage(page: Buffer): void {
  page.copy(buf, PageLimit.Off);
}
