import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { compileLiterals, databaseInfo, HsFlag } from '../../src/addon/hyperscan.js';
import { SearchTexts } from '../../src/rules/compile/search-text.js';

const Longest = 8;

function chosen(all: readonly string[]): string[] {
  const texts = new SearchTexts();
  for (const text of all) texts.count(text);
  return all.map((text) => texts.choose(text));
}

describe('The part of a content that is searched for', () => {
  it('is the content itself up to eight bytes', () => {
    assert.deepEqual(chosen(['a', '/cmd.exe', '\x00\x00\x00']), ['a', '/cmd.exe', '\x00\x00\x00']);
  });

  it('of a longer one is what the fewest other contents have', () => {
    const all = ['one', 'two', 'three'].map((name) => `/index.php?option=com_${name}`);
    for (const [i, part] of chosen(all).entries()) {
      assert.ok(part.length === Longest && all[i].includes(part), part);
      assert.equal(all.filter((text) => text.includes(part)).length, 1, `${part} finds one content`);
    }
  });

  it('does not end in a run of one byte', () => {
    assert.deepEqual(chosen(['smbaaaa']), ['smbaa']);
    assert.deepEqual(chosen(['\x15\x10\x00\x00\x00\x00\x00\x00\x00\x00']), ['\x15\x10\x00\x00']);
    assert.ok(!/(.)\1\1$/.test(chosen(['aaaaaaaaaaaaabcd'])[0]));
  });

  it('is always a part of the content, and not shorter than it has to be', () => {
    const bytes = fc.string({ unit: fc.constantFrom('a', 'b', '\x00', '/'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1, maxLength: 20 }), (all) => {
        for (const [i, part] of chosen(all).entries()) {
          assert.ok(all[i].includes(part) && part.length <= Longest, part);
          assert.ok(part.length >= Math.min(all[i].length, 4), part);
        }
      }),
    );
  });

  it('makes databases without a program behind each find', () => {
    const sizeOf = (all: readonly string[]): number => {
      const patterns = all.map((text, id) => ({ pattern: Buffer.from(text, 'latin1'), flags: HsFlag.Caseless, id }));
      const handle = compileLiterals(patterns);
      assert.ok(typeof handle === 'number');
      return databaseInfo(handle).size;
    };
    const all = Array.from({ length: 200 }, (_, i) => `${(i * 7919).toString(36)}/some.path${i}\x00\x00\x00\x00`);
    const parts = chosen(all);
    assert.ok(sizeOf(parts) * 3 < sizeOf(all), `${sizeOf(parts)} and ${sizeOf(all)} bytes`);
  });
});
