/**
 * Character sets in which ASCII text is not written as ASCII: rules do not find their contents there, and nothing
 * converts bodies. What says so is the charset of Content-Type (RFC 9110, section 8.3.2) or a byte order mark.
 */
import { ByteRange, u8 } from '../core/memory.js';
import { HttpEvent } from '../protocol/http-events.js';
import { Dir } from '../protocol/ip.js';
import { raise } from './events.js';
import { findHeader, valueAt, valueLen } from './headers.js';
import { hContentType } from './names.js';
import type { BodyStore } from './store.js';
import { CharClass, charClass, equalsNoCase, findNoCase } from './text.js';
import type { HttpTransaction } from './tx.js';

const mem = u8;
const cls = charClass;

/** How names of such sets begin. */
const foreign = [
  'utf-7',
  'utf7',
  'utf-16',
  'utf16',
  'utf-32',
  'utf32',
  'unicode',
  'csunicode',
  'ucs-2',
  'ucs2',
  'ucs-4',
  'ucs4',
  'iso-10646',
  'iso-2022',
  'csiso2022',
  'hz-gb',
  'ebcdic',
  'ibm0',
  'ibm2',
  'ibm5',
  'ibm10',
  'cp037',
  'cp500',
  'cp1047',
  'scsu',
  'bocu',
];

function tell(tx: HttpTransaction, dir: Dir): void {
  raise(tx, dir === Dir.ToServer ? HttpEvent.RequestBodyCharset : HttpEvent.ResponseBodyCharset, dir);
}

/** Looks at the charset that the head of a message names. */
export function checkCharset(tx: HttpTransaction, dir: Dir): void {
  const side = dir === Dir.ToServer ? tx.req : tx.res;
  const h = findHeader(side, hContentType);
  if (h < 0) return;
  const off = valueAt(side, h);
  const end = off + valueLen(side, h);
  const at = findNoCase(off, end - off, 'charset');
  if (at < 0) return;
  let i = at + 7;
  while (i < end && (mem[i] === 0x3d || mem[i] === 0x22 || mem[i] === 0x27 || cls[mem[i]] & CharClass.Space)) i++;
  for (let k = 0; k < foreign.length; k++) {
    const name = foreign[k];
    if (i + name.length <= end && equalsNoCase(i, name.length, name)) {
      tell(tx, dir);
      return;
    }
  }
}

const front = new ByteRange();

/** Looks at the first bytes of a body that is complete: U+FEFF in UTF-16 or UTF-32, either byte order. */
export function checkByteOrderMark(tx: HttpTransaction, dir: Dir, body: BodyStore): void {
  body.first(front);
  if (front.len < 4) return;
  const a = mem[front.off];
  const b = mem[front.off + 1];
  const wide = a === 0 && b === 0 && mem[front.off + 2] === 0xfe && mem[front.off + 3] === 0xff;
  if (wide || (a === 0xfe && b === 0xff) || (a === 0xff && b === 0xfe)) tell(tx, dir);
}
