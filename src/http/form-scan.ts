/** State of a multipart form while its body arrives (multipart.ts). */
import { allocBlock, blockSize, freeBlock } from '../applayer/pool.js';
import { u8 } from '../core/memory.js';
import type { UploadFile } from './uploads.js';

const mem = u8;

export const enum PartLimit {
  /** Longest boundary (RFC 2046, section 5.1.1, allows 70; Suricata 200). */
  Boundary = 200,
  /** Bytes of one part's header block. */
  Head = 4096,
  /** Longest file name kept. */
  Name = 1024,
}

export const enum PartState {
  /** Content of a part, or what precedes the first boundary: until CRLF, two dashes, boundary. */
  Content = 0,
  /** Rest of the boundary line. */
  BoundaryLine = 1,
  /** Header lines of a part. */
  Head = 2,
  /** After the closing boundary. */
  Epilogue = 3,
}

/** How far the end of a part has been matched; what was matched can be written again from this alone. */
export const enum Match {
  None = 0,
  Cr = 1,
  /** LF seen: boundary characters follow. */
  Lf = 2,
}

/** State of a form being read. */
export class FormScan {
  state: PartState = PartState.Content;
  /** Boundary with the two dashes in front. */
  readonly boundary = new Uint8Array(PartLimit.Boundary + 2);
  length = 0;
  match: Match = Match.Lf;
  /** A CR stood before the LF; an LF was really there (not at the very beginning of the content). */
  cr = false;
  lf = false;
  /** Characters of the boundary matched. */
  matched = 0;
  /** Dashes after the boundary: two close the form. */
  dashes = 0;
  restLen = 0;
  /** Header block being collected. */
  held = 0;
  heldSize = 0;
  heldLen = 0;
  /** The boundary was seen. */
  found = false;
  /** Upload the content goes to, null when the part is none. */
  file: UploadFile | null = null;
}

const scans: FormScan[] = [];

function drop(scan: FormScan): void {
  if (scan.heldSize !== 0) freeBlock(scan.held, scan.heldSize);
  scan.held = scan.heldSize = scan.heldLen = 0;
}

/** Gives the state of a form back. */
export function closeForm(scan: FormScan): void {
  drop(scan);
  scan.file = null;
  scans.push(scan);
}

/** The content of a part begins: a boundary may follow at once. */
export function startContent(scan: FormScan): void {
  scan.state = PartState.Content;
  scan.match = Match.Lf;
  scan.cr = scan.lf = false;
  scan.matched = 0;
}

/** The state of a new form; `boundary` and `length` are to be filled in. */
export function takeForm(): FormScan {
  const scan = scans.pop() ?? new FormScan();
  scan.found = false;
  startContent(scan);
  return scan;
}

/** Adds bytes to the header block. False when it is longer than PartLimit.Head or the pool is used up. */
export function holdBytes(scan: FormScan, off: number, len: number): boolean {
  const need = scan.heldLen + len;
  if (need > scan.heldSize) {
    const size = need > PartLimit.Head ? 0 : blockSize(need);
    const block = size === 0 ? 0 : allocBlock(size);
    if (block === 0) return false;
    if (scan.heldSize !== 0) {
      mem.copyWithin(block, scan.held, scan.held + scan.heldLen);
      freeBlock(scan.held, scan.heldSize);
    }
    scan.held = block;
    scan.heldSize = size;
  }
  mem.copyWithin(scan.held + scan.heldLen, off, off + len);
  scan.heldLen = need;
  return true;
}
