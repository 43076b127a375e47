/** byte_test, byte_jump, byte_extract, byte_math: numbers in the data (user guide, "Payload Keywords"). */
import type { RuleBuilder } from '../builder.js';
import { didYouMean } from '../diagnostics.js';
import { RuleFault } from '../faults.js';
import type { ByteNumber, NumberOrVar } from '../ir.js';
import { parseInteger } from '../numbers.js';
import type { Keyword } from './keyword.js';

const enum ByteLimit {
  Binary = 8,
  /** Digits of 2^64 in octal. */
  StringOct = 23,
  StringDec = 20,
  StringHex = 14,
  Offset = 0xffff,
  Multiplier = 0xffff,
}

interface Options {
  relative: boolean;
  endian: 'big' | 'little' | 'dce';
  string: boolean;
  base: 8 | 10 | 16 | null;
  bitmask: number;
  /** Words of this keyword alone, with their values. */
  own: Map<string, string>;
}

/** Reads the options after the fixed fields. `own` lists what this keyword takes besides the common words. */
function readOptions(keyword: string, words: string[], own: readonly string[]): Options {
  const o: Options = { relative: false, endian: 'big', string: false, base: null, bitmask: 0, own: new Map() };
  let endian = false;
  for (const word of words) {
    const [name, ...rest] = word.split(/\s+/);
    if (name === 'relative') o.relative = true;
    else if (name === 'big' || name === 'little' || name === 'dce') {
      if (name === 'dce' && (endian || o.string))
        throw new RuleFault(`${keyword}: dce cannot be combined with ${word}`);
      if (o.endian === 'dce') throw new RuleFault(`${keyword}: dce stands alone`, 'remove big or little');
      o.endian = name;
      endian = true;
    } else if (name === 'string') o.string = true;
    else if (name === 'hex') o.base = 16;
    else if (name === 'dec') o.base = 10;
    else if (name === 'oct') o.base = 8;
    else if (own.includes(name)) o.own.set(name, rest.join(' '));
    else
      throw new RuleFault(
        `${keyword}: unknown option "${word}"`,
        didYouMean(name, [...common, ...own]) ?? `options are ${[...common, ...own].join(', ')}`,
      );
  }
  if (o.base !== null && !o.string)
    throw new RuleFault(
      `${keyword}: ${o.base === 16 ? 'hex' : o.base === 8 ? 'oct' : 'dec'} needs string`,
      'write string, hex',
    );
  const mask = o.own.get('bitmask');
  if (mask !== undefined) {
    const n = parseInteger(/^0x/i.test(mask) ? mask : `0x${mask}`);
    if (n === null || n < 0 || n > 0xffff_ffff)
      throw new RuleFault(`${keyword}: invalid bitmask ${mask}`, 'write bitmask 0xff');
    o.bitmask = n;
  }
  return o;
}

const common = ['relative', 'big', 'little', 'dce', 'string', 'hex', 'dec', 'oct'];

function fields(value: string): string[] {
  return value.split(',').map((f) => f.trim());
}

function checkWidth(keyword: string, bytes: NumberOrVar, o: Options, stringMax: number): void {
  if (typeof bytes !== 'number') return;
  const max = o.string ? stringMax : ByteLimit.Binary;
  if (bytes > max)
    throw new RuleFault(`${keyword}: cannot read more than ${max} bytes${o.string ? '' : ' without string'}`);
}

function byteCount(b: RuleBuilder, text: string, keyword: string): NumberOrVar {
  return b.numberOrVar(text, keyword, (t) => (/^\d+$/.test(t) ? Number(t) : null));
}

function position(b: RuleBuilder, text: string, keyword: string, max = ByteLimit.Offset as number): NumberOrVar {
  return b.numberOrVar(text, `${keyword} offset`, (t) => {
    const n = parseInteger(t);
    return n === null || Math.abs(n) > max ? null : n;
  });
}

function byteNumber(bytes: NumberOrVar, offset: NumberOrVar, o: Options): ByteNumber {
  return {
    bytes,
    offset,
    relative: o.relative,
    endian: o.endian,
    base: o.string ? (o.base ?? 0) : null,
    bitmask: o.bitmask,
  };
}

export const byteTest: Keyword = {
  name: 'byte_test',
  description: 'Compares a number read from the data with a value.',
  args: 'BYTES|VAR, [!]<|>|=|<=|>=|&|^, VALUE|VAR, OFFSET|VAR[, relative][, big|little|dce][, string, hex|dec|oct][, bitmask MASK]',
  example: 'content:"len="; byte_test:4,>,1000,0,relative,string,dec;',
  value: 'required',
  apply(b, value) {
    const [bytesText, opText, valueText, offsetText, ...words] = fields(value);
    if (offsetText === undefined || words.includes(''))
      throw new RuleFault(
        `byte_test:${value} is not understood`,
        'write byte_test:BYTES,OPERATOR,VALUE,OFFSET[,options]',
      );
    const m = /^(!?)\s*(<=|>=|<|>|=|&|\^|)$/.exec(opText);
    if (m === null || opText === '')
      throw new RuleFault(
        `byte_test: invalid operator ${opText}`,
        'operators are < > = <= >= & ^, with ! before them to negate',
      );
    const o = readOptions('byte_test', words, ['bitmask']);
    const bytes = byteCount(b, bytesText, 'byte_test');
    checkWidth('byte_test', bytes, o, ByteLimit.StringOct);
    const operand = b.numberOrVar(valueText, 'byte_test', readTestValue);
    const offset = position(b, offsetText, 'byte_test', 0x7fff_ffff);
    const op = (m[2] === '' ? '=' : m[2]) as '=';
    b.add(b.relativeTarget(o.relative), {
      kind: 'byte_test',
      ...byteNumber(bytes, offset, o),
      negated: m[1] === '!',
      op,
      value: operand,
    });
  },
};

/** A 64-bit value; what follows the digits is not looked at, as in Suricata. Above 2^53 it is the nearest double. */
function readTestValue(text: string): number | null {
  const m = /^\s*(-?)(0x[0-9a-fA-F]{1,16}|\d{1,20})/.exec(text);
  if (m === null) return null;
  const big = BigInt(m[2]);
  if (big > 0xffff_ffff_ffff_ffffn) return null;
  return Number(m[1] === '-' ? BigInt.asUintN(64, -big) : big);
}

export const byteJump: Keyword = {
  name: 'byte_jump',
  description: 'Moves the position by a number read from the data.',
  args: 'BYTES|VAR, OFFSET|VAR[, relative][, multiplier N][, big|little|dce][, string, hex|dec|oct][, align][, from_beginning|from_end][, post_offset N]',
  example: 'byte_jump:4,12,relative,align;',
  value: 'required',
  apply(b, value) {
    const [bytesText, offsetText, ...words] = fields(value);
    if (offsetText === undefined || words.includes(''))
      throw new RuleFault(`byte_jump:${value} is not understood`, 'write byte_jump:BYTES,OFFSET[,options]');
    const own = ['multiplier', 'align', 'from_beginning', 'from_end', 'post_offset'];
    if (b.env.ruleVersion === 8) own.push('bitmask');
    const o = readOptions('byte_jump', words, own);
    const bytes = byteCount(b, bytesText, 'byte_jump');
    checkWidth('byte_jump', bytes, o, ByteLimit.StringOct);
    if (o.own.has('from_beginning') && o.own.has('from_end'))
      throw new RuleFault('byte_jump: from_beginning and from_end exclude each other');
    const post = o.own.get('post_offset');
    const postOffset = post === undefined ? 0 : parseInteger(post);
    if (postOffset === null || Math.abs(postOffset) > ByteLimit.Offset)
      throw new RuleFault(`byte_jump: invalid post_offset ${post}`, 'write a number from -65535 to 65535');
    b.add(b.relativeTarget(o.relative), {
      kind: 'byte_jump',
      ...byteNumber(bytes, position(b, offsetText, 'byte_jump'), o),
      multiplier: multiplier('byte_jump', o),
      align: o.own.has('align'),
      from: o.own.has('from_beginning') ? 'beginning' : o.own.has('from_end') ? 'end' : 'current',
      postOffset,
    });
  },
};

function multiplier(keyword: string, o: Options): number {
  const text = o.own.get('multiplier');
  if (text === undefined) return 1;
  const n = parseInteger(text);
  if (n === null || n < 1 || n > ByteLimit.Multiplier)
    throw new RuleFault(`${keyword}: invalid multiplier ${text}`, 'write 1 to 65535');
  return n;
}

export const byteExtract: Keyword = {
  name: 'byte_extract',
  description: 'Reads a number from the data into a variable that later options of the rule may use.',
  args: 'BYTES, OFFSET, NAME[, relative][, multiplier N][, big|little|dce][, string, hex|dec|oct][, align 2|4]',
  example: 'byte_extract:1,0,size; content:"abc"; distance:size;',
  value: 'required',
  apply(b, value) {
    const [bytesText, offsetText, name, ...words] = fields(value);
    if (name === undefined || !/^\d+$/.test(bytesText) || !/^-?\d+$/.test(offsetText) || !/^[\w.-]+$/.test(name)) {
      throw new RuleFault(`byte_extract:${value} is not understood`, 'write byte_extract:BYTES,OFFSET,NAME[,options]');
    }
    const o = readOptions('byte_extract', words, ['multiplier', 'align']);
    const bytes = Number(bytesText);
    checkWidth(
      'byte_extract',
      bytes,
      o,
      o.base === 16 ? ByteLimit.StringHex : o.base === 8 ? ByteLimit.StringOct : ByteLimit.StringDec,
    );
    const align = o.own.get('align');
    if (align !== undefined && align !== '2' && align !== '4')
      throw new RuleFault(`byte_extract: align is 2 or 4, not "${align}"`);
    b.add(b.relativeTarget(o.relative), {
      kind: 'byte_extract',
      ...byteNumber(bytes, position(b, offsetText, 'byte_extract'), o),
      name: b.env.intern(name),
      multiplier: multiplier('byte_extract', o),
      align: align === '2' ? 2 : align === '4' ? 4 : 0,
    });
    b.defineVariable(name);
  },
};

const mathWords = ['bytes', 'offset', 'oper', 'rvalue', 'result', 'relative', 'endian', 'string', 'dce', 'bitmask'];
const mathBases: Record<string, 8 | 10 | 16> = { hex: 16, dec: 10, oct: 8 };

export const byteMath: Keyword = {
  name: 'byte_math',
  description: 'Reads a number, calculates with it and keeps the result in a variable.',
  args: 'bytes N|VAR, offset N, oper +|-|*|/|<<|>>, rvalue N|VAR, result NAME[, relative][, endian big|little][, string hex|dec|oct][, bitmask MASK]',
  example: 'byte_math:bytes 1, offset 0, oper +, rvalue 10, result n;',
  value: 'required',
  apply(b, value) {
    const words = new Map<string, string>();
    for (const f of fields(value)) {
      const space = f.search(/\s/);
      const name = space < 0 ? f : f.slice(0, space);
      if (!mathWords.includes(name))
        throw new RuleFault(
          `byte_math: unknown option "${f}"`,
          didYouMean(name, mathWords) ?? `options are ${mathWords.join(', ')}`,
        );
      if (words.has(name)) throw new RuleFault(`byte_math: ${name} is given twice`);
      words.set(name, space < 0 ? '' : f.slice(space).trim());
    }
    for (const need of ['bytes', 'offset', 'oper', 'rvalue', 'result']) {
      if (!words.get(need))
        throw new RuleFault(`byte_math: ${need} is missing`, 'bytes, offset, oper, rvalue and result are required');
    }
    addByteMath(b, words);
  },
};

function addByteMath(b: RuleBuilder, words: Map<string, string>): void {
  const text = (name: string): string => words.get(name) ?? '';
  const op = text('oper');
  if (!['+', '-', '*', '/', '<<', '>>'].includes(op))
    throw new RuleFault(`byte_math: invalid oper ${op}`, 'write + - * / << or >>');
  if (!/^[A-Za-z][\w-]*$/.test(text('result'))) throw new RuleFault(`byte_math: invalid result name ${text('result')}`);
  const endian = words.get('endian') ?? 'big';
  if (endian !== 'big' && endian !== 'little')
    throw new RuleFault(`byte_math: invalid endian ${endian}`, 'write big or little');
  const string = words.get('string');
  if (string !== undefined && !Object.hasOwn(mathBases, string))
    throw new RuleFault(`byte_math: invalid string ${string}`, 'write string hex, dec or oct');
  if (words.has('dce'))
    throw new RuleFault('byte_math: dce cannot be used, DCERPC is not inspected', 'write endian little or endian big');
  const bitmask = words.has('bitmask')
    ? parseInteger(/^0x/i.test(text('bitmask')) ? text('bitmask') : `0x${text('bitmask')}`)
    : 0;
  if (bitmask === null || bitmask < 0 || bitmask > 0xffff_ffff)
    throw new RuleFault(`byte_math: invalid bitmask ${text('bitmask')}`);
  const bytes = b.numberOrVar(text('bytes'), 'byte_math', (t) => {
    const n = parseInteger(t);
    return n === null || n < 1 || n > 10 ? null : n;
  });
  const right = b.numberOrVar(text('rvalue'), 'byte_math', (t) => {
    const n = parseInteger(t);
    return n === null || n < 0 || n > 0xffff_ffff ? null : n;
  });
  const offset = parseInteger(text('offset'));
  if (offset === null || Math.abs(offset) > ByteLimit.Offset)
    throw new RuleFault(`byte_math: invalid offset ${text('offset')}`, 'write a number from -65535 to 65535');
  const relative = words.has('relative');
  b.add(b.relativeTarget(relative), {
    kind: 'byte_math',
    bytes,
    offset,
    relative,
    endian,
    base: string === undefined ? null : mathBases[string],
    bitmask,
    op: op as '+',
    value: right,
    name: b.env.intern(text('result')),
  });
  b.defineVariable(text('result'));
}
