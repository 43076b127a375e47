/**
 * Uploads in multipart/form-data request bodies (RFC 7578, RFC 2046, section 5.1): finds the parts that carry a file
 * name and keeps their bytes. An incremental scan: every byte is looked at once, however the body is cut.
 */
import { counter, counts } from '../core/counters.js';
import { ByteRange, ScratchPart, u8 } from '../core/memory.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import { raise } from './events.js';
import { parameter } from './file.js';
import { fileEnd, partData } from './file-data.js';
import {
  closeForm,
  type FormScan,
  holdBytes,
  Match,
  PartLimit,
  PartState,
  startContent,
  takeForm,
} from './form-scan.js';
import { headerValue } from './header-value.js';
import { hContentType } from './names.js';
import { CharClass, charClass, findNoCase } from './text.js';
import type { HttpTransaction } from './tx.js';
import { openUpload } from './uploads.js';
import { requestBodyWanted } from './wants.js';

const mem = u8;
const cls = charClass;

const cHead = counter('http.multipart_head_limit');
const cName = counter('http.file_name_limit');

/** Where bytes that were matched in vain are written again. */
const Rewritten = ScratchPart.HttpOff;

const range = new ByteRange();

/** Looks for a boundary in Content-Type; when there is one, `tx.form` is set up. */
export function findBoundary(tx: HttpTransaction): boolean {
  if (!headerValue(tx.req, hContentType, range)) return false;
  if (findNoCase(range.off, range.len, 'multipart/form-data') < 0) return false;
  if (!parameter(range, 'boundary=')) return false;
  while (range.len > 0 && cls[mem[range.off + range.len - 1]] & CharClass.Space) range.len--;
  if (range.len === 0 || range.len > PartLimit.Boundary) return false;
  const scan = takeForm();
  scan.boundary[0] = scan.boundary[1] = 0x2d;
  for (let i = 0; i < range.len; i++) scan.boundary[i + 2] = mem[range.off + i];
  scan.length = range.len + 2;
  tx.form = scan;
  return true;
}

function emit(tx: HttpTransaction, scan: FormScan, off: number, len: number): void {
  if (len <= 0 || scan.file === null) return;
  const body = scan.file.body;
  body.add(off, len, tx.config.request, 0, requestBodyWanted());
  partData(tx, tx.uploads.length - 1, off, len);
  if (body.ready(tx.config.request)) tx.dirtyToServer = 1;
}

function endPart(tx: HttpTransaction, scan: FormScan): void {
  if (scan.file === null) return;
  scan.file.body.done = 1;
  fileEnd(tx, Dir.ToServer, false);
  scan.file = null;
  tx.dirtyToServer = 1;
}

/** End of the header line at `at`, with the lines that continue it (RFC 5322, section 2.2.3). */
function foldedEnd(at: number, last: number): number {
  let end = at;
  while (end < last) {
    if (mem[end] === 0x0a && (end + 1 === last || (cls[mem[end + 1]] & CharClass.Lws) === 0)) break;
    end++;
  }
  return end;
}

/** The file name of a part from its header block; length -1 when it has none. */
function fileNameOf(off: number, len: number): void {
  range.len = -1;
  const at = findNoCase(off, len, 'content-disposition');
  if (at < 0) return;
  const end = foldedEnd(at, off + len);
  const quoted = findNoCase(at, end - at, 'filename="');
  if (quoted < 0) {
    looseName(at, end);
    return;
  }
  range.off = quoted + 10;
  endName(end, 0x22);
}

/** A file name as some readers of forms take it too: without quotes, extended (RFC 8187), spaces around the "=". */
function looseName(at: number, end: number): void {
  const name = findNoCase(at, end - at, 'filename');
  if (name < 0) return;
  let i = name + 8;
  while (i < end && (mem[i] === 0x2a || cls[mem[i]] & CharClass.Lws)) i++;
  if (i === end || mem[i] !== 0x3d) return;
  i++;
  while (i < end && cls[mem[i]] & CharClass.Lws) i++;
  const quote = i < end && (mem[i] === 0x22 || mem[i] === 0x27) ? mem[i++] : 0x3b;
  range.off = i;
  endName(end, quote);
}

/** The file name goes on until `stop` or the end of the line. */
function endName(end: number, stop: number): void {
  let to = range.off;
  while (to < end && mem[to] !== stop && mem[to] !== 0x0d) to++;
  range.len = to - range.off;
}

function startPart(tx: HttpTransaction, scan: FormScan): void {
  startContent(scan);
  fileNameOf(scan.held, scan.heldLen);
  if (range.len <= 0) {
    scan.heldLen = 0;
    return;
  }
  let len = range.len;
  if (len > PartLimit.Name) {
    len = PartLimit.Name;
    counts[cName]++;
    raise(tx, HttpEvent.FileNameTooLong, Dir.ToServer);
  }
  const position = tx.req.appendAux(range.off, len);
  scan.file = position < 0 ? null : openUpload(tx.uploads, tx.config.formFiles, position, len);
  if (scan.file === null) raise(tx, HttpEvent.MultipartFileNotFollowed, Dir.ToServer);
  if (scan.file !== null) partData(tx, tx.uploads.length - 1, 0, 0);
  scan.heldLen = 0;
}

/** True when the held header block ends with an empty line. */
function headEnds(scan: FormScan): boolean {
  const end = scan.held + scan.heldLen;
  if (scan.heldLen >= 2 && mem[end - 1] === 0x0a && mem[end - 2] === 0x0a) return true;
  if (scan.heldLen >= 4 && mem[end - 1] === 0x0a && mem[end - 2] === 0x0d && mem[end - 3] === 0x0a) return true;
  return scan.heldLen === 2 && mem[end - 2] === 0x0d && mem[end - 1] === 0x0a;
}

/** What looked like the end of the part is content after all. */
function flushMatch(tx: HttpTransaction, scan: FormScan): void {
  if (scan.file !== null) {
    let w: number = Rewritten;
    if (scan.cr) mem[w++] = 0x0d;
    if (scan.lf) mem[w++] = 0x0a;
    for (let i = 0; i < scan.matched; i++) mem[w++] = scan.boundary[i];
    emit(tx, scan, Rewritten, w - Rewritten);
  }
  scan.match = Match.None;
  scan.cr = scan.lf = false;
  scan.matched = 0;
}

/** Takes content from `off` on; the offset after what was taken (the end, or past a boundary). */
function content(tx: HttpTransaction, scan: FormScan, off: number, end: number): number {
  let i = off;
  while (i < end) {
    if (scan.match === Match.None) {
      const from = i;
      while (i < end && mem[i] !== 0x0d && mem[i] !== 0x0a) i++;
      emit(tx, scan, from, i - from);
      if (i === end) return i;
    }
    const c = mem[i];
    if (scan.match === Match.Lf && c === scan.boundary[scan.matched]) {
      i++;
      if (++scan.matched < scan.length) continue;
      endPart(tx, scan);
      scan.state = PartState.BoundaryLine;
      scan.found = true;
      scan.dashes = scan.restLen = 0;
      return i;
    }
    if (scan.match === Match.Cr && c === 0x0a) {
      scan.match = Match.Lf;
      scan.lf = true;
      i++;
      continue;
    }
    if (scan.match !== Match.None) {
      flushMatch(tx, scan);
      continue;
    }
    scan.cr = c === 0x0d;
    scan.lf = c === 0x0a;
    scan.match = scan.cr ? Match.Cr : Match.Lf;
    i++;
  }
  return i;
}

function boundaryLine(scan: FormScan, off: number, end: number): number {
  let i = off;
  while (i < end) {
    const c = mem[i++];
    if (c === 0x2d && scan.restLen === scan.dashes) scan.dashes++;
    scan.restLen++;
    if (scan.dashes === 2) {
      scan.state = PartState.Epilogue;
      return end;
    }
    if (c === 0x0a) {
      scan.state = PartState.Head;
      scan.heldLen = 0;
      return i;
    }
  }
  return i;
}

function head(tx: HttpTransaction, scan: FormScan, off: number, end: number): number {
  let i = off;
  while (i < end && mem[i] !== 0x0a) i++;
  const to = i < end ? i + 1 : i;
  if (!holdBytes(scan, off, to - off)) {
    counts[cHead]++;
    raise(tx, HttpEvent.MultipartInvalidHeader, Dir.ToServer);
    startPart(tx, scan);
  } else if (to > i && headEnds(scan)) startPart(tx, scan);
  return to;
}

/** Takes body bytes of a form. */
export function multipartData(tx: HttpTransaction, off: number, len: number): void {
  const scan = tx.form;
  if (scan === null) return;
  const end = off + len;
  let i = off;
  while (i < end) {
    switch (scan.state) {
      case PartState.Content:
        i = content(tx, scan, i, end);
        break;
      case PartState.BoundaryLine:
        i = boundaryLine(scan, i, end);
        break;
      case PartState.Head:
        i = head(tx, scan, i, end);
        break;
      default:
        return;
    }
  }
}

/** The body has ended: the open upload ends with it. */
export function multipartEnd(tx: HttpTransaction): void {
  const scan = tx.form;
  if (scan === null) return;
  if (scan.state === PartState.Content && scan.match !== Match.None) flushMatch(tx, scan);
  if (!scan.found && tx.req.body.seen !== 0) raise(tx, HttpEvent.MultipartNoParts, Dir.ToServer);
  if (scan.state === PartState.Head && scan.heldLen > 0) {
    const hadName = findNoCase(scan.held, scan.heldLen, 'filename="') >= 0;
    raise(tx, hadName ? HttpEvent.MultipartNoFiledata : HttpEvent.MultipartGenericError, Dir.ToServer);
  }
  endPart(tx, scan);
  closeForm(scan);
  tx.form = null;
}
