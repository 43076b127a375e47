/** Emits the matches of one buffer section as opcode rows. */
import { lowerCase } from '../byte-text.js';
import type { BufferSection, ByteNumber, ContentMatch, DatasetMatch, Match, NumberOrVar, PcreMatch } from '../ir.js';
import { type Emitter, type Numbering, testCode, type Variables, word } from './emitter.js';
import { Compare, ContentFlag, DatasetCmd, JumpFrom, MatchFlag, MathOp, Op } from './layout.js';

/** A regular expression of a rule; compiled by the runtime when it is first needed. */
export interface RegexSource {
  expr: string;
  flags: string;
}
/** Where a capture group goes. */
export interface CaptureTarget {
  scope: 'pkt' | 'flow' | 'alert';
  name: string;
}

/** What programs refer to by number. */
export interface ProgramTables {
  emitter: Emitter;
  regexes: Numbering<RegexSource>;
  captures: CaptureTarget[];
  datasets: Numbering<DatasetMatch>;
}

const compares = {
  '<': Compare.Lt,
  '>': Compare.Gt,
  '=': Compare.Eq,
  '<=': Compare.Le,
  '>=': Compare.Ge,
  '&': Compare.And,
  '^': Compare.Xor,
};
const maths = {
  '+': MathOp.Add,
  '-': MathOp.Sub,
  '*': MathOp.Mul,
  '/': MathOp.Div,
  '<<': MathOp.Shl,
  '>>': MathOp.Shr,
};
const jumps = { current: JumpFrom.Current, beginning: JumpFrom.Beginning, end: JumpFrom.End };
const datasetCmds = {
  isset: DatasetCmd.IsSet,
  isnotset: DatasetCmd.IsNotSet,
  set: DatasetCmd.Set,
  unset: DatasetCmd.Unset,
  rep: DatasetCmd.Rep,
};

function isRelative(m: Match): boolean {
  switch (m.kind) {
    case 'content':
      return m.distance !== null || m.within !== null;
    case 'bsize':
    case 'dataset':
      return false;
    case 'byte_jump':
      return m.relative && m.from === 'current';
    default:
      return m.relative;
  }
}

/** Marks the contents and expressions that a later relative match counts from. */
function relativeNext(matches: readonly Match[]): boolean[] {
  const out = matches.map(() => false);
  matches.forEach((m, i) => {
    if (!isRelative(m)) return;
    for (let j = i - 1; j >= 0; j--) {
      if (matches[j].kind === 'content' || matches[j].kind === 'pcre') {
        out[j] = true;
        return;
      }
    }
  });
  return out;
}

function emitContent(t: ProgramTables, vars: Variables, m: ContentMatch, next: boolean): void {
  let flags = 0;
  if (m.negated) flags |= ContentFlag.Negated;
  if (m.nocase) flags |= ContentFlag.NoCase;
  if (m.startsWith) flags |= ContentFlag.StartsWith;
  if (m.endsWith) flags |= ContentFlag.EndsWith;
  if (next) flags |= ContentFlag.RelativeNext;
  if (m.replace !== null) flags |= ContentFlag.Replace;
  const take = (v: NumberOrVar | null, present: ContentFlag, isVar: ContentFlag): number => {
    if (v === null) return 0;
    const [n, variable] = vars.operand(v);
    flags |= variable ? present | isVar : present;
    return n;
  };
  const offset = take(m.offset, ContentFlag.Offset, ContentFlag.OffsetVar);
  const depth = take(m.depth, ContentFlag.Depth, ContentFlag.DepthVar);
  const distance = take(m.distance, ContentFlag.Distance, ContentFlag.DistanceVar);
  const within = take(m.within, ContentFlag.Within, ContentFlag.WithinVar);
  const bytes = m.nocase ? lowerCase(m.bytes) : m.bytes;
  const startDepth = m.startsWith && m.depth === null;
  if (startDepth) flags |= ContentFlag.Depth;
  t.emitter.row(
    Op.Content,
    flags,
    // A replacement lies behind the bytes that it replaces.
    t.emitter.bytes(m.replace === null ? bytes : bytes + m.replace),
    bytes.length,
    offset,
    startDepth ? bytes.length : depth,
    distance,
    within,
  );
}

function emitPcre(t: ProgramTables, m: PcreMatch, next: boolean): void {
  let flags = 0;
  if (m.negated) flags |= MatchFlag.Negated;
  if (m.relative) flags |= MatchFlag.Relative;
  if (next) flags |= MatchFlag.RelativeNext;
  const regex = t.regexes.number(`${m.flags}/${m.expr}`, { expr: m.expr, flags: m.flags });
  const first = t.captures.length;
  t.captures.push(...m.captures);
  t.emitter.row(Op.Pcre, flags, regex, first, m.captures.length);
}

/** Flags and the operands all byte_* matches share: bytes, offset, base, bitmask. */
function byteOperands(
  vars: Variables,
  m: ByteNumber,
): [flags: number, bytes: number, offset: number, base: number, mask: number] {
  let flags = 0;
  const [bytes, bytesVar] = vars.operand(m.bytes);
  const [offset, offsetVar] = vars.operand(m.offset);
  if (bytesVar) flags |= MatchFlag.BytesVar;
  if (offsetVar) flags |= MatchFlag.OffsetVar;
  if (m.relative) flags |= MatchFlag.Relative;
  if (m.endian === 'little') flags |= MatchFlag.Little;
  if (m.base !== null) flags |= MatchFlag.Text;
  if (m.bitmask !== 0) flags |= MatchFlag.Bitmask;
  return [flags, bytes, offset, m.base ?? 0, m.bitmask | 0];
}

function valueOperand(t: ProgramTables, vars: Variables, v: NumberOrVar): [value: number, flag: number] {
  if (typeof v === 'number') return [t.emitter.number(v), 0];
  return [vars.operand(v)[0], MatchFlag.ValueVar];
}

function emitMatch(t: ProgramTables, vars: Variables, m: Match, next: boolean): void {
  switch (m.kind) {
    case 'content':
      return emitContent(t, vars, m, next);
    case 'pcre':
      return emitPcre(t, m, next);
    case 'isdataat': {
      const [at, isVar] = vars.operand(m.at);
      const flags =
        (m.negated ? MatchFlag.Negated : 0) | (m.relative ? MatchFlag.Relative : 0) | (isVar ? MatchFlag.ValueVar : 0);
      return t.emitter.row(Op.IsDataAt, flags, at);
    }
    case 'bsize':
      return t.emitter.row(Op.Bsize, testCode(m.test), word(m.test.lo), word(m.test.hi));
    case 'byte_test': {
      const [flags, bytes, offset, base, mask] = byteOperands(vars, m);
      const [value, valueFlag] = valueOperand(t, vars, m.value);
      const negated = m.negated ? MatchFlag.Negated : 0;
      return t.emitter.row(Op.ByteTest, flags | valueFlag | negated, bytes, offset, base, mask, compares[m.op], value);
    }
    case 'byte_jump': {
      const [flags, bytes, offset, base, mask] = byteOperands(vars, m);
      const [post, postVar] = vars.operand(m.postOffset);
      const more = (postVar ? MatchFlag.PostVar : 0) | (m.align ? MatchFlag.Align : 0);
      return t.emitter.row(
        Op.ByteJump,
        flags | more,
        bytes,
        offset,
        base,
        mask,
        word(m.multiplier),
        jumps[m.from],
        post,
      );
    }
    case 'byte_extract': {
      const [flags, bytes, offset, base, mask] = byteOperands(vars, m);
      const variable = vars.define(m.name);
      return t.emitter.row(Op.ByteExtract, flags, bytes, offset, base, mask, word(m.multiplier), m.align, variable);
    }
    case 'byte_math': {
      const [flags, bytes, offset, base, mask] = byteOperands(vars, m);
      const [value, valueFlag] = valueOperand(t, vars, m.value);
      const variable = vars.define(m.name);
      return t.emitter.row(Op.ByteMath, flags | valueFlag, bytes, offset, base, mask, maths[m.op], value, variable);
    }
    case 'dataset': {
      const n = t.datasets.number(`${m.name}/${m.type}`, m);
      const rep = m.rep ?? { op: '=', lo: 0, hi: 0 };
      return t.emitter.row(Op.Dataset, n, datasetCmds[m.cmd], testCode(rep), word(rep.lo), word(rep.hi));
    }
    case 'base64_decode': {
      const [bytes, bytesVar] = vars.operand(m.bytes);
      const [offset, offsetVar] = vars.operand(m.offset);
      const flags =
        (m.relative ? MatchFlag.Relative : 0) |
        (bytesVar ? MatchFlag.BytesVar : 0) |
        (offsetVar ? MatchFlag.OffsetVar : 0);
      const at = t.emitter.here;
      t.emitter.row(Op.Base64, flags, bytes, offset, -1);
      if (m.inner.length === 0) return;
      // The inner program stands inside the row, so that the row's size leads past it.
      t.emitter.code.values[at + 5] = t.emitter.here;
      emitMatches(t, vars, m.inner);
      t.emitter.code.values[at + 1] = t.emitter.here - at;
    }
  }
}

function emitMatches(t: ProgramTables, vars: Variables, matches: readonly Match[]): void {
  const next = relativeNext(matches);
  matches.forEach((m, i) => {
    emitMatch(t, vars, m, next[i]);
  });
  t.emitter.end();
}

/** Emits a section's program; the number of its first code word. */
export function emitSection(t: ProgramTables, vars: Variables, section: BufferSection): number {
  const at = t.emitter.here;
  emitMatches(t, vars, section.matches);
  return at;
}
