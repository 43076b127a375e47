/**
 * Verification: runs the program of a buffer section over one buffer. An interpreter over opcode rows that tries
 * matches one after the other; a content or expression that later matches are relative to is tried at its next
 * occurrence when they fail (Suricata manual, "Payload Keywords": distance, within, relative).
 *
 * Positions are relative to the buffer as shown. `base` is how far into the whole buffer it begins: depth and bsize
 * count from the start of the whole.
 */
import { pcreOvector } from '../addon/pcre.js';
import { counter, counts } from '../core/counters.js';
import { BufferId } from '../protocol/buffers.js';
import { CompileLimit, ContentFlag, JumpFrom, MatchFlag, MathOp, Op } from '../rules/compile/layout.js';
import { decodeBase64 } from './base64.js';
import { arithmetic, compare, masked, numberValue, readNumber } from './byte-numbers.js';
import { datasetMatch } from './datasets.js';
import { find } from './find.js';
import { InspectLimit } from './inspect-limit.js';
import { captureAdd, matchedAdd, matchedCount, matchedCut, matchedReplaceBy } from './matched.js';
import { testNumber } from './number-test.js';
import { recorder } from './recorder.js';
import { matchRegex, regexHandle } from './regexes.js';
import { scratchMark, scratchRelease, scratchTake } from './scratch.js';

const cSteps = counter('detect.inspection_limit');

let code: Int32Array = new Int32Array(0);
let numbers: Float64Array = new Float64Array(0);
let stepLimit: number = InspectLimit.Steps;

/** Values of byte_extract and byte_math variables of the rule under inspection. */
const variables = new Float64Array(CompileLimit.Variables);

// The buffer under inspection.
let bOff = 0;
let bLen = 0;
let bBase = 0;
let bId = 0;
/** End of the last match: what relative matches count from. */
let pos = 0;
let steps = 0;
/** Set when no other occurrence of an earlier match can help. */
let hopeless = false;

export function bindPrograms(words: Int32Array, wide: Float64Array): void {
  code = words;
  numbers = wide;
}
export function setStepLimit(n: number): void {
  stepLimit = n;
}

/** Whether the program at `pc` matches memory[off, off + len), which begins `base` bytes into the whole buffer. */
export function inspectBuffer(pc: number, off: number, len: number, base: number, id: BufferId): boolean {
  bOff = off;
  bLen = len;
  bBase = base;
  bId = id;
  pos = 0;
  steps = stepLimit;
  hopeless = false;
  const mark = matchedCount;
  if (recorder !== null) recorder.buffer(pc, off, len, base, id);
  if (run(pc)) return true;
  matchedCut(mark);
  return false;
}

/** Runs from `pc` to the end of the program. */
function run(from: number): boolean {
  let pc = from;
  for (;;) {
    const op = code[pc];
    if (op === Op.End) return true;
    if (--steps <= 0) {
      counts[cSteps]++;
      hopeless = true;
      return false;
    }
    if (op === Op.Content) return runContent(pc);
    if (op === Op.Pcre) return runPcre(pc);
    if (op === Op.Base64) return runBase64(pc);
    const before = pos;
    const ok = simple(op, pc);
    if (recorder !== null) recorder.match(pc, before, bLen, pos, ok);
    if (!ok) return false;
    pc += code[pc + 1];
  }
}

function simple(op: number, pc: number): boolean {
  switch (op) {
    case Op.IsDataAt:
      return isDataAt(pc);
    case Op.Bsize:
      // A size that cannot become right again makes looking for other occurrences pointless.
      hopeless = !testNumber(bLen + bBase, code[pc + 2], code[pc + 3], code[pc + 4]);
      return !hopeless;
    case Op.ByteTest:
      return byteTest(pc);
    case Op.ByteJump:
      return byteJump(pc);
    case Op.ByteExtract:
      return byteExtract(pc);
    case Op.ByteMath:
      return byteMath(pc);
    case Op.Dataset:
      hopeless = !datasetMatch(code[pc + 2], code[pc + 3], bOff, bLen, code[pc + 4], code[pc + 5], code[pc + 6]);
      return !hopeless;
    default:
      return false;
  }
}

// Window of the content under search, set by contentWindow.
let winFrom = 0;
let winTo = 0;

/** Window of a content given the position before it; false when depth lies before the part of the buffer shown. */
function contentWindow(pc: number, flags: number, before: number): boolean {
  let from = 0;
  let to = bLen;
  let offset = code[pc + 5];
  let depth = code[pc + 6];
  if ((flags & ContentFlag.OffsetVar) !== 0) offset = variables[offset];
  if ((flags & ContentFlag.DepthVar) !== 0) depth = variables[depth];
  if ((flags & ContentFlag.Relative) !== 0) {
    let distance = code[pc + 7];
    if ((flags & ContentFlag.DistanceVar) !== 0) distance = variables[distance];
    from = Math.max(0, before + distance);
    if ((flags & ContentFlag.Within) !== 0) {
      let within = code[pc + 8];
      if ((flags & ContentFlag.WithinVar) !== 0) within = variables[within];
      const end = before + within + distance;
      // An end before the buffer's beginning bounds nothing, as in Suricata (unsigned there).
      if (end >= 0 && end < to) to = end;
    }
    if ((flags & ContentFlag.Depth) !== 0) to = Math.min(to, before + offset + depth);
    from = Math.max(from, offset);
  } else {
    from = offset;
    if ((flags & ContentFlag.Depth) !== 0) {
      to = offset + depth;
      if (bBase !== 0) {
        if (to <= bBase) return false;
        if (to < bBase + bLen) to -= bBase;
      }
      if (to > bLen) to = bLen;
    }
  }
  winFrom = from;
  winTo = to;
  return true;
}

function runContent(pc: number): boolean {
  const flags = code[pc + 2];
  const pOff = code[pc + 3];
  const pLen = code[pc + 4];
  const next = pc + code[pc + 1];
  const negated = (flags & ContentFlag.Negated) !== 0;
  const noCase = (flags & ContentFlag.NoCase) !== 0;
  const endsWith = (flags & ContentFlag.EndsWith) !== 0;
  if (!contentWindow(pc, flags, pos)) return false;
  let from = winFrom;
  const to = winTo;
  const mark = matchedCount;
  for (;;) {
    const found = from > to || to <= 0 ? -1 : find(pOff, pLen, bOff + from, bOff + to, noCase);
    if (found < 0) {
      if (recorder !== null) recorder.match(pc, from, to, negated ? pos : -1, negated);
      if (negated) return run(next);
      // A content that is not there is final, unless it depends on where an earlier match was.
      if ((flags & ContentFlag.Relative) === 0) hopeless = true;
      return false;
    }
    const end = found - bOff + pLen;
    const fits = !endsWith || end === bLen;
    if (negated && fits) {
      if (recorder !== null) recorder.match(pc, from, to, end, false);
      if ((flags & ContentFlag.Bound) === 0) hopeless = true;
      return false;
    }
    if (fits) {
      pos = end;
      if (recorder !== null) recorder.match(pc, from, to, end, true);
      matchedAdd(bId, bBase + end - pLen, pLen, found);
      if ((flags & ContentFlag.Replace) !== 0) matchedReplaceBy(found, pOff + pLen);
      if (run(next)) return true;
      matchedCut(mark);
      if (hopeless) return false;
      if ((flags & ContentFlag.RelativeNext) === 0) {
        hopeless = true;
        return false;
      }
    }
    from = end - pLen + 1;
    if (--steps <= 0) {
      counts[cSteps]++;
      hopeless = true;
      return false;
    }
  }
}

function runPcre(pc: number): boolean {
  const flags = code[pc + 2];
  const handle = regexHandle(code[pc + 3]);
  if (handle < 0) return false;
  const next = pc + code[pc + 1];
  const before = pos;
  const negated = (flags & MatchFlag.Negated) !== 0;
  const subject = (flags & MatchFlag.Relative) !== 0 ? before : 0;
  if (subject > bLen) return false;
  const mark = matchedCount;
  let start = 0;
  for (;;) {
    const pairs = start > bLen - subject ? -1 : matchRegex(handle, bOff + subject, bLen - subject, start);
    const holds = pairs === -1 ? negated : pairs > 0 && !negated;
    if (recorder !== null) {
      const [at, end] = pairs > 0 ? [pcreOvector[0], subject + pcreOvector[1]] : [start, -1];
      recorder.match(pc, subject + at, bLen, end, holds);
    }
    if (!holds) return false;
    if (negated) return run(next);
    const matchStart = pcreOvector[0];
    const matchEnd = pcreOvector[1];
    pos = subject + matchEnd;
    matchedAdd(bId, bBase + subject + matchStart, matchEnd - matchStart, bOff + subject + matchStart);
    storeCaptures(pc, pairs, bOff + subject);
    if (run(next)) return true;
    matchedCut(mark);
    if (hopeless || (flags & MatchFlag.RelativeNext) === 0) return false;
    pos = before;
    start = matchStart + 1;
    if (--steps <= 0) {
      counts[cSteps]++;
      hopeless = true;
      return false;
    }
  }
}

function storeCaptures(pc: number, pairs: number, at: number): void {
  const first = code[pc + 4];
  const count = code[pc + 5];
  for (let i = 0; i < count && i + 1 < pairs; i++) {
    const lo = pcreOvector[2 * i + 2];
    const hi = pcreOvector[2 * i + 3];
    if (lo !== 0xffffffff) captureAdd(first + i, at + lo, hi - lo);
  }
}

function isDataAt(pc: number): boolean {
  const flags = code[pc + 2];
  const negated = (flags & MatchFlag.Negated) !== 0;
  let at = code[pc + 3];
  if ((flags & MatchFlag.ValueVar) !== 0) {
    at = variables[at];
    if (at >= InspectLimit.IsDataAtMax) return negated;
  }
  const there = (flags & MatchFlag.Relative) !== 0 ? pos + at <= bLen : at < bLen;
  return there !== negated;
}

/** Memory offset of the number of a byte_* row, or -1 when it does not lie in the buffer. */
function numberAt(pc: number, flags: number, bytes: number): number {
  let offset = code[pc + 4];
  if ((flags & MatchFlag.OffsetVar) !== 0) offset = variables[offset];
  let at = offset;
  if ((flags & MatchFlag.Relative) !== 0) {
    at += pos;
    // A relative number needs at least one byte after where it begins.
    if (bLen - at <= 0 && bytes > 0) return -1;
  }
  if (at < 0 || bytes > bLen - at) return -1;
  return bOff + at;
}

function byteCount(pc: number, flags: number): number {
  const n = code[pc + 3];
  return (flags & MatchFlag.BytesVar) !== 0 ? variables[n] : n;
}

/** Reads the number of a byte_* row and applies its bitmask; the bytes taken, or -1. `value` has it. */
let value = 0;
let numberOff = 0;
/** The number that the last byte_* row read, and where in the buffer: for a recorder. */
export function lastNumber(): [value: number, at: number] {
  return [value, numberOff - bOff];
}
function extract(pc: number): number {
  const flags = code[pc + 2];
  const bytes = byteCount(pc, flags);
  const at = numberAt(pc, flags, bytes);
  if (at < 0) return -1;
  numberOff = at;
  // No count: text as far as its digits go, a number of no bytes otherwise.
  const text = (flags & MatchFlag.Text) !== 0;
  if (bytes === 0 && !text) {
    value = 0;
    return 0;
  }
  const taken = readNumber(at, bytes === 0 ? bOff + bLen - at : bytes, flags, code[pc + 5]);
  if (taken <= 0) return -1;
  value = numberValue;
  return taken;
}

function applyMask(pc: number): void {
  if ((code[pc + 2] & MatchFlag.Bitmask) !== 0) value = masked(value, code[pc + 6]);
}

function byteTest(pc: number): boolean {
  const flags = code[pc + 2];
  if (extract(pc) < 0) return false;
  applyMask(pc);
  const operand = (flags & MatchFlag.ValueVar) !== 0 ? variables[code[pc + 8]] : numbers[code[pc + 8]];
  return compare(code[pc + 7], value, operand) !== ((flags & MatchFlag.Negated) !== 0);
}

function byteJump(pc: number): boolean {
  if (bLen === 0) return false;
  const flags = code[pc + 2];
  const taken = extract(pc);
  if (taken < 0) return false;
  applyMask(pc);
  let jump = value;
  if (code[pc + 7] > 1) jump *= code[pc + 7];
  if ((flags & MatchFlag.Align) !== 0) jump = Math.ceil(jump / 4) * 4;
  jump += (flags & MatchFlag.PostVar) !== 0 ? variables[code[pc + 9]] : code[pc + 9];
  let to = jump;
  if (code[pc + 8] === JumpFrom.End) to = bLen + jump;
  else if (code[pc + 8] === JumpFrom.Current) to = numberOff - bOff + taken + jump;
  if (to > bLen) return false;
  // A jump to before the buffer lands at its start; one to the very end is within.
  pos = Math.max(0, to);
  return true;
}

function byteExtract(pc: number): boolean {
  const taken = extract(pc);
  if (taken < 0) return false;
  let v = value;
  const multiplier = code[pc + 7];
  const align = code[pc + 8];
  if (multiplier > 1) v *= multiplier;
  if (align > 0) v = Math.ceil(v / align) * align;
  if ((code[pc + 2] & MatchFlag.Bitmask) !== 0) v = masked(v, code[pc + 6]);
  variables[code[pc + 9]] = v;
  pos = numberOff - bOff + taken;
  return true;
}

function byteMath(pc: number): boolean {
  if (bLen === 0) return false;
  const flags = code[pc + 2];
  const taken = extract(pc);
  if (taken < 0) return false;
  const operand = (flags & MatchFlag.ValueVar) !== 0 ? variables[code[pc + 8]] : numbers[code[pc + 8]];
  const op = code[pc + 7];
  if (op === MathOp.Div && operand === 0) return false;
  value = arithmetic(op, value, operand);
  applyMask(pc);
  variables[code[pc + 9]] = value;
  pos = numberOff - bOff + taken;
  return true;
}

/** base64_decode; its inner matches decide for the whole section: as in Suricata no other occurrence before it is tried. */
function runBase64(pc: number): boolean {
  hopeless = true;
  const flags = code[pc + 2];
  const inner = code[pc + 5];
  let bytes = code[pc + 3];
  let from = code[pc + 4];
  if ((flags & MatchFlag.BytesVar) !== 0) bytes = variables[bytes];
  if ((flags & MatchFlag.OffsetVar) !== 0) from = variables[from];
  if ((flags & MatchFlag.Relative) !== 0) from += pos;
  if (from < 0 || from >= bLen || inner < 0) return false;
  const len = Math.min(bytes > 0 ? bytes : bLen, bLen - from, InspectLimit.Base64);
  const mark = scratchMark();
  const to = scratchTake(len);
  if (to === 0) return false;
  const decoded = decodeBase64(bOff + from, len, to, true);
  const saved = [bOff, bLen, bBase, bId, pos];
  if (recorder !== null) {
    recorder.match(pc, from, from + len, from + len, decoded > 0);
    recorder.buffer(inner, to, decoded, 0, BufferId.Base64Data);
  }
  bOff = to;
  bLen = decoded;
  bBase = pos = 0;
  bId = BufferId.Base64Data;
  hopeless = false;
  hopeless = !(decoded > 0 && run(inner));
  [bOff, bLen, bBase, bId, pos] = saved;
  scratchRelease(mark);
  return !hopeless;
}
