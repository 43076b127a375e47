import assert from 'node:assert/strict';
import { closeHandle, handleCounts } from '../../src/addon/handles.js';
import { isRefusal, magicOf, openMagic } from '../../src/addon/magic.js';
import { buf, Region } from '../../src/core/memory.js';

describe('libmagic (libmagic(3)), where it is installed', () => {
  it('refuses a database that is not there, with a reason', () => {
    const opened = openMagic('/nonexistent/magic');
    assert.ok(isRefusal(opened) && opened.message !== '');
  });

  it('describes bytes of the memory, and only those', function () {
    const before = handleCounts();
    const opened = openMagic('');
    if (isRefusal(opened)) this.skip();
    const off: number = Region.ScratchOff;
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex');
    png.copy(buf, off);
    assert.match(magicOf(opened, off, png.length) ?? '', /^PNG image data, 1 x 1/);
    assert.throws(() => magicOf(opened, Region.End - 1, 2), /outside the memory/);
    assert.equal(closeHandle(opened), true);
    assert.throws(() => magicOf(opened, off, 1), /not a libmagic handle/);
    assert.deepEqual(handleCounts(), before);
  });
});
