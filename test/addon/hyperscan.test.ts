import assert from 'node:assert/strict';
import fc from 'fast-check';
import { closeHandle, handleCounts } from '../../src/addon/handles.js';
import {
  bindScan,
  compileExpressions,
  compileLiterals,
  databaseInfo,
  deserializeDatabase,
  endStream,
  expressionInfo,
  HsFlag,
  HsMode,
  type HsPattern,
  hyperscanRuns,
  isRefusal,
  openStream,
  resetStream,
  ScanRow,
  scan,
  serializeDatabase,
} from '../../src/addon/hyperscan.js';
import { inputOff, put } from './scratch.js';

const jobs = new Uint32Array(8 * ScanRow.Job);
const results = new Uint32Array(64 * ScanRow.Result);

/** A handle that must be one; closed after the test. */
const opened: number[] = [];
function ok(handle: number | { message: string }): number {
  if (typeof handle !== 'number') assert.fail(handle.message);
  opened.push(handle);
  return handle;
}

function job(row: number, off: number, len: number, handle: number): void {
  jobs.set([off, len, handle, 0], row * ScanRow.Job);
}

/** Result rows as [job, id, end, start]. */
function rows(count: number, from = results): number[][] {
  return Array.from({ length: count }, (_, i) => [...from.subarray(i * ScanRow.Result, (i + 1) * ScanRow.Result)]);
}

const literal = (pattern: string, id: number, flags: number = 0): HsPattern => ({ pattern, id, flags });

describe('Hyperscan (Hyperscan developer reference guide)', () => {
  beforeEach(() => bindScan(jobs, results));
  afterEach(() => {
    for (const handle of opened.splice(0)) closeHandle(handle);
  });

  it('runs on this processor', () => assert.equal(hyperscanRuns(), true));

  it('compiles expressions and reports id, end and start (Compiling Patterns: SOM)', () => {
    const db = ok(compileExpressions([literal('a[bc]+d', 7, HsFlag.SomLeftmost), literal('x$', 9)]));
    job(0, inputOff, put(inputOff, '..abcbd..x'), db);
    assert.deepEqual(rows(scan(1)), [
      [0, 7, 7, 2],
      [0, 9, 10, 0],
    ]);
  });

  it('takes every byte of a literal for itself, NUL and metacharacters too (Pure Literals)', () => {
    const db = ok(compileLiterals([literal('a.\0(', 3), literal('AB', 4, HsFlag.Caseless)]));
    job(0, inputOff, put(inputOff, 'aab\0( a.\0( aB'), db);
    assert.deepEqual(rows(scan(1)), [
      [0, 4, 3, 0],
      [0, 3, 10, 0],
      [0, 4, 13, 0],
    ]);
  });

  it('names the expression that it refuses (hs_compile_error_t.expression)', () => {
    const refused = compileExpressions([literal('fine', 1), literal('also fine', 2), literal('bro(ken', 3)]);
    assert.ok(isRefusal(refused));
    assert.equal(refused.index, 2);
    assert.match(refused.message, /parenthes/);
    assert.ok(isRefusal(compileLiterals([literal('x', 1), literal('', 2)])));
    assert.ok(isRefusal(compileLiterals([])));
    const nul = compileExpressions([literal('a\0b', 1)]);
    assert.ok(isRefusal(nul));
    assert.match(nul.message, /NUL/);
  });

  it('describes an expression (hs_expression_info)', () => {
    const info = expressionInfo('ab{2,5}c?$', 0);
    assert.ok(!isRefusal(info));
    assert.deepEqual([info.minWidth, info.maxWidth, info.matchesOnlyAtEod], [3, 7, 1]);
    const open = expressionInfo('ab*', 0);
    assert.ok(!isRefusal(open));
    assert.equal(open.maxWidth, -1);
    assert.ok(isRefusal(expressionInfo('(a)\\1', 0)));
  });

  it('scans several buffers with several databases in one call', () => {
    const one = ok(compileLiterals([literal('one', 1)]));
    const two = ok(compileLiterals([literal('two', 2)]));
    const len = put(inputOff, 'one two');
    job(0, inputOff, len, one);
    job(1, inputOff, len, two);
    job(2, inputOff + 4, 3, one);
    job(3, inputOff, 0, two);
    job(4, inputOff + 4, 3, two);
    assert.deepEqual(
      rows(scan(5)).map((r) => r.slice(0, 3)),
      [
        [0, 1, 3],
        [1, 2, 7],
        [4, 2, 3],
      ],
    );
    assert.equal(scan(0), 0);
  });

  it('says where it stopped when the results are full, and goes on from there', () => {
    const db = ok(compileLiterals([literal('a', 1)]));
    const small = new Uint32Array(4 * ScanRow.Result);
    bindScan(jobs, small);
    put(inputOff, 'aaaaaaaa');
    job(0, inputOff, 3, db);
    job(1, inputOff, 3, db);
    job(2, inputOff, 8, db);
    assert.equal(scan(3), ~1);
    assert.deepEqual(
      rows(4, small).map((r) => r[0]),
      [0, 0, 0, 1],
    );
    assert.equal(scan(3, 1), ~2);
    assert.equal(scan(3, 2), ~2, 'a job with more matches than rows never fits');
  });

  it('reports a pattern once under HS_FLAG_SINGLEMATCH', () => {
    const db = ok(compileLiterals([literal('a', 1, HsFlag.SingleMatch)]));
    job(0, inputOff, put(inputOff, 'aaaa'), db);
    assert.equal(scan(1), 1);
  });

  it('serialises and loads a database, and refuses damaged bytes (Serialization)', () => {
    const db = ok(compileLiterals([literal('needle', 5)]));
    const bytes = serializeDatabase(db);
    const again = ok(deserializeDatabase(bytes));
    job(0, inputOff, put(inputOff, 'a needle'), again);
    assert.deepEqual(rows(scan(1)), [[0, 5, 8, 0]]);
    assert.equal(databaseInfo(again).size, databaseInfo(db).size);
    bytes[bytes.length >> 1] ^= 1;
    assert.ok(isRefusal(deserializeDatabase(bytes)));
    assert.ok(isRefusal(deserializeDatabase(new Uint8Array(0))));
    assert.ok(isRefusal(deserializeDatabase(bytes.subarray(0, 50))));
  });

  it('finds matches across the pieces of a stream, at its end too (Streaming Mode)', () => {
    const db = ok(compileExpressions([literal('abcd', 1), literal('d$', 2)], HsMode.Stream));
    assert.ok(databaseInfo(db).streamSize > 0);
    const stream = ok(openStream(db));
    job(0, inputOff, put(inputOff, 'xab'), stream);
    assert.equal(scan(1), 0);
    job(0, inputOff, put(inputOff, 'cd'), stream);
    assert.deepEqual(rows(scan(1)), [[0, 1, 5, 0]]);
    assert.deepEqual(rows(endStream(stream, 3)), [[3, 2, 5, 0]]);
    // As new.
    assert.equal(scan(1), 0);
    resetStream(stream);
    assert.equal(endStream(stream, 0), 0);
  });

  it('keeps the database of an open stream alive', () => {
    const before = handleCounts();
    const db = compileLiterals([literal('ab', 1)], HsMode.Stream) as number;
    const stream = openStream(db);
    assert.equal(closeHandle(db), true);
    assert.equal(closeHandle(db), false, 'a reference is dropped once');
    job(0, inputOff, put(inputOff, 'ab'), stream);
    assert.equal(scan(1), 1);
    closeHandle(stream);
    assert.deepEqual(handleCounts(), before);
  });

  it('throws for what a caller must not do, and reads nothing outside the memory', () => {
    const db = ok(compileLiterals([literal('a', 1)]));
    const streaming = ok(compileLiterals([literal('a', 1)], HsMode.Stream));
    job(0, 0xffff_ffff, 0xffff_ffff, db);
    assert.throws(() => scan(1), /outside the memory/);
    job(0, inputOff, 1, 12345);
    assert.throws(() => scan(1), /neither a database nor a stream/);
    job(0, inputOff, 1, streaming);
    assert.throws(() => scan(1), /through a stream/);
    assert.throws(() => scan(1000), /more scan jobs/);
    assert.throws(() => openStream(db), /streaming/);
    assert.throws(() => serializeDatabase(0), /not a Hyperscan database/);
  });

  it('finds what a naive search finds, whatever the literals and the text', () => {
    const word = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', 'b', '\0', '.') });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), fc.array(word, { maxLength: 12 }), (words, parts) => {
        const text = parts.join('');
        const db = compileLiterals(words.map((w, id) => literal(w, id))) as number;
        const big = new Uint32Array(1024 * ScanRow.Result);
        bindScan(jobs, big);
        job(0, inputOff, put(inputOff, text), db);
        const found = rows(scan(1), big).map((r) => `${r[1]}@${r[2]}`);
        closeHandle(db);
        const expected: string[] = [];
        words.forEach((w, id) => {
          for (let at = text.indexOf(w); at >= 0; at = text.indexOf(w, at + 1)) expected.push(`${id}@${at + w.length}`);
        });
        assert.deepEqual(found.sort(), expected.sort());
      }),
      { numRuns: 60 },
    );
  });
});
