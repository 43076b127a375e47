/** content and uricontent: literal bytes (user guide, "Payload Keywords / content"). */
import { BufferId } from '../../protocol/buffers.js';
import type { RuleBuilder } from '../builder.js';
import { RuleFault } from '../faults.js';
import type { ContentMatch } from '../ir.js';
import { LexLimit } from '../lexer.js';
import { moveToBuffer } from './http-modifiers.js';
import type { Keyword } from './keyword.js';

/** Bytes of the content being read; a rule is no longer (LexLimit.RuleLen), longer texts come from tests alone. */
let work = Buffer.alloc(LexLimit.RuleLen);
let used = 0;

/**
 * Bytes of a content's text, one character each: `|41 42|` is hexadecimal (commas and spaces between digits do not count); a backslash
 * comes before each of `: ; \ "` that is meant literally.
 */
export function parseContentBytes(text: string): string {
  if (isPlain(text)) return text;
  if (text.length > work.length) work = Buffer.alloc(text.length);
  used = 0;
  let inHex = false;
  let escaped = false;
  let high = -1;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x7c && !escaped) {
      if (inHex && high >= 0)
        throw new RuleFault(`incomplete hexadecimal byte in content "${text}"`, 'write two digits for each byte');
      inHex = !inHex;
    } else if (inHex) {
      high = hexDigit(c, high, text);
    } else if (escaped) {
      if (c !== 0x3a && c !== 0x3b && c !== 0x5c && c !== 0x22) {
        throw new RuleFault(
          `"\\${text[i]}" is no escape in a content`,
          `write \\\\ for a backslash, |${hex2(c)}| for the byte`,
        );
      }
      work[used++] = c;
      escaped = false;
    } else if (c === 0x5c) escaped = true;
    else if (c === 0x22) throw new RuleFault('unescaped double quote in content', 'write \\" or |22|');
    else work[used++] = c;
  }
  if (inHex) throw new RuleFault(`"|" without its partner in content "${text}"`, 'close the hexadecimal part with |');
  return work.toString('latin1', 0, used);
}

/** Whether every character stands for itself. */
function isPlain(text: string): boolean {
  return !text.includes('|') && !text.includes('\\') && !text.includes('"');
}

const hex2 = (c: number): string => c.toString(16).padStart(2, '0');

/** Takes one character of a hexadecimal part; returns the digit that waits for its partner, or -1. */
function hexDigit(c: number, high: number, text: string): number {
  const lower = c | 0x20;
  const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
  if (digit < 0) {
    if (c === 0x20 || c === 0x2c || c === 0x5c) return high;
    throw new RuleFault(
      `"${String.fromCharCode(c)}" is no hexadecimal digit in content "${text}"`,
      'between | and | write pairs of 0-9 a-f',
    );
  }
  if (high < 0) return digit;
  work[used++] = high * 16 + digit;
  return -1;
}

function newContent(bytes: string, negated: boolean): ContentMatch {
  return {
    kind: 'content',
    bytes,
    negated,
    nocase: false,
    offset: null,
    depth: null,
    distance: null,
    within: null,
    startsWith: false,
    endsWith: false,
    rawBytes: false,
    fastPattern: false,
    fastPatternOnly: false,
    fastPatternChop: null,
    replace: null,
  };
}

function addContent(b: RuleBuilder, value: string, negated: boolean): ContentMatch {
  const match = newContent(parseContentBytes(value), negated);
  b.add(b.target(), match);
  return match;
}

export const content: Keyword = {
  name: 'content',
  description: 'Bytes that must (with ! must not) be in the current buffer.',
  args: '[!]"bytes"',
  buffer: 'payload, or the sticky buffer before it',
  example: 'http.uri; content:"/etc/passwd";',
  value: 'required',
  quotes: 'mandatory',
  negatable: true,
  apply(b, value, negated) {
    addContent(b, value, negated);
  },
};

export const uricontent: Keyword = {
  name: 'uricontent',
  description: 'A content in the normalised URI; older spelling of content with http_uri.',
  args: '[!]"bytes"',
  buffer: 'http.uri',
  example: 'uricontent:"/cmd.exe";',
  value: 'required',
  quotes: 'mandatory',
  negatable: true,
  apply(b, value, negated) {
    if (b.current !== null)
      throw new RuleFault(
        'uricontent cannot be used while a sticky buffer is set',
        'write pkt_data; before it, or http.uri; content',
      );
    moveToBuffer(b, addContent(b, value, negated), BufferId.HttpUri, 'uricontent');
  },
};
