import assert from 'node:assert/strict';
import { closeHandle, handleCounts } from '../../src/addon/handles.js';
import { isRefusal, linkAddress, openLink, openRaw, sendLink, sendRaw } from '../../src/addon/inject.js';
import { Region, u8 } from '../../src/core/memory.js';

describe('packets of our own (raw(7), packet(7))', () => {
  it('an interface that is not there, or may not be opened, is refused with the reason of the kernel', () => {
    const before = handleCounts();
    const opened = openLink('no-such-if');
    assert.ok(isRefusal(opened));
    assert.match(opened.message, /No such device|Operation not permitted/);
    assert.deepEqual(handleCounts(), before);
  });

  it('what lies outside the memory, and handles of another kind, are refused before anything is sent', () => {
    assert.throws(() => sendLink(0, Region.ArenaOff, 60), /not an injector/);
    assert.throws(() => sendRaw(0, Region.ArenaOff, 60, 4, Region.ArenaOff), /not an injector/);
    const raw = openRaw(0, '');
    if (isRefusal(raw)) {
      assert.match(raw.message, /Operation not permitted/);
      return;
    }
    assert.throws(() => sendRaw(raw, Region.End - 10, 60, 4, Region.ArenaOff), /outside the memory/);
    assert.throws(() => sendRaw(raw, Region.ArenaOff, 60, 4, Region.End - 2), /outside the memory/);
    assert.throws(() => sendLink(raw, Region.ArenaOff, 60), /not an injector of frames/);
    assert.ok(closeHandle(raw));
  });

  it('the loopback interface has an address of zeros, and takes a frame', function () {
    const link = openLink('lo');
    if (isRefusal(link)) {
      console.log(`      skipped: needs root (${link.message})`);
      this.skip();
    }
    u8.fill(0xff, Region.ArenaOff, Region.ArenaOff + 6);
    linkAddress(link, Region.ArenaOff);
    assert.deepEqual([...u8.subarray(Region.ArenaOff, Region.ArenaOff + 6)], [0, 0, 0, 0, 0, 0]);
    u8.fill(0, Region.ArenaOff, Region.ArenaOff + 60);
    assert.equal(sendLink(link, Region.ArenaOff, 60), 0);
    assert.ok(closeHandle(link));
  });
});
