import assert from 'node:assert/strict';
import { closeHandle } from '../../src/addon/handles.js';
import {
  checkPcre,
  compilePcre,
  isRefusal,
  PcreOption,
  PcreStatus,
  pcreInfo,
  pcreMatch,
  pcreOvector,
} from '../../src/addon/pcre.js';
import { inputOff, put } from './scratch.js';

/** Matches and gives the pairs, or the status; the pattern is closed. */
function match(pattern: string, subject: string, options = 0, start = 0, matchOptions = 0): number | number[][] {
  const handle = compilePcre(pattern, options);
  if (isRefusal(handle)) assert.fail(handle.message);
  const n = pcreMatch(handle, inputOff, put(inputOff, subject), start, matchOptions);
  closeHandle(handle);
  return n < 0 ? n : Array.from({ length: n }, (_, i) => [pcreOvector[2 * i], pcreOvector[2 * i + 1]]);
}

describe('PCRE2 (pcre2api(3))', () => {
  it('gives the whole match and the groups, relative to the subject', () => {
    assert.deepEqual(match('id=(\\d+)(&|$)', 'GET /?id=42'), [
      [6, 11],
      [9, 11],
      [11, 11],
    ]);
  });

  it('marks a group that took no part (pcre2_match: PCRE2_UNSET)', () => {
    assert.deepEqual(match('(a)|(b)', 'b'), [
      [0, 1],
      [0xffff_ffff, 0xffff_ffff],
      [0, 1],
    ]);
  });

  it('a check refuses what compiling refuses, and keeps nothing', () => {
    for (const pattern of ['a(b', 'a{2,1}', '(?<n>a)(?<n>b)', '[z-a]', 'a+b', '']) {
      const handle = compilePcre(pattern, 0);
      assert.deepEqual(checkPcre(pattern, 0), isRefusal(handle) ? handle : null, pattern);
      if (!isRefusal(handle)) closeHandle(handle);
    }
  });

  it('says NoMatch', () => assert.equal(match('abc', 'ab'), PcreStatus.NoMatch));

  it('honours options', () => {
    assert.deepEqual(match('A.B', 'a\nb', PcreOption.Caseless | PcreOption.DotAll), [[0, 3]]);
    assert.equal(match('b', 'ab', PcreOption.Anchored), PcreStatus.NoMatch);
    assert.deepEqual(match('^b', 'a\nb', PcreOption.Multiline), [[2, 3]]);
    assert.equal(match('^a', 'a', 0, 0, PcreOption.NotBol), PcreStatus.NoMatch);
    assert.deepEqual(match('(?i)x+', 'aXx', 0, 0, PcreOption.NoJit), [[1, 3]]);
  });

  it('starts where it is told and looks behind that', () => {
    assert.deepEqual(match('(?<=a)b', 'abab', 0, 1), [[1, 2]]);
    assert.deepEqual(match('a', 'aba', 0, 1), [[2, 3]]);
    assert.equal(match('a', 'aba', 0, 3), PcreStatus.NoMatch);
  });

  it('matches bytes, NUL and above 0x7f too', () => assert.deepEqual(match('\\x00\xff', 'a\0\xff'), [[1, 3]]));

  it('names the place of an error (pcre2_compile)', () => {
    const refused = compilePcre('ab(c', 0);
    assert.ok(isRefusal(refused));
    assert.equal(refused.index, 4);
    assert.match(refused.message, /parenthesis/);
  });

  it('tells groups and names (pcre2_pattern_info)', () => {
    const handle = compilePcre('(?P<flow_id>\\d+)-(x)', 0) as number;
    const info = pcreInfo(handle);
    assert.deepEqual([info.captures, info.minLength, info.jit], [2, 3, true]);
    assert.deepEqual(info.names, [['flow_id', 1]]);
    closeHandle(handle);
  });

  it('stops at the match limit, with and without the JIT (pcre2_set_match_limit; Suricata: pcre.match-limit)', () => {
    const handle = compilePcre('^(a+)+$', 0) as number;
    const len = put(inputOff, `${'a'.repeat(60)}b`);
    assert.equal(pcreMatch(handle, inputOff, len, 0, 0), PcreStatus.MatchLimit);
    assert.equal(pcreMatch(handle, inputOff, len, 0, PcreOption.NoJit), PcreStatus.MatchLimit);
    closeHandle(handle);
    const generous = compilePcre('^(a+)+$', 0, 100_000_000, 1500) as number;
    assert.equal(pcreMatch(generous, inputOff, put(inputOff, `${'a'.repeat(12)}b`), 0, 0), PcreStatus.NoMatch);
    closeHandle(generous);
  });

  it('stops at the recursion limit (pcre2_set_depth_limit; Suricata: pcre.match-limit-recursion)', () => {
    const handle = compilePcre('^(?:(a)|b)*[cd]', 0, 1_000_000, 50) as number;
    const len = put(inputOff, 'ab'.repeat(500));
    assert.equal(pcreMatch(handle, inputOff, len, 0, PcreOption.NoJit), PcreStatus.DepthLimit);
    closeHandle(handle);
  });

  it('keeps 64 pairs of a pattern with more groups', () => {
    const pairs = match('(a)'.repeat(70), 'a'.repeat(70));
    assert.ok(Array.isArray(pairs));
    assert.equal(pairs.length, 64);
    assert.deepEqual(pairs[63], [62, 63]);
  });

  it('throws for ranges outside the memory and for dead handles', () => {
    const handle = compilePcre('a', 0) as number;
    assert.throws(() => pcreMatch(handle, 0xffff_fff0, 32, 0, 0), /outside the memory/);
    assert.throws(() => pcreMatch(handle, inputOff, 4, 5, 0), /outside the memory/);
    closeHandle(handle);
    assert.throws(() => pcreMatch(handle, inputOff, 1, 0, 0), /not a PCRE2 pattern/);
  });
});
