import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expiryComment, expiryOf } from '../../src/rules/threshold-expiry.js';

describe('entries of threshold.config that end', () => {
  it('are told by the comment before them', () => {
    const end = Date.UTC(2026, 1, 1, 12);
    assert.equal(expiryOf('# peccary: expires 2026-02-01T12:00:00Z; root: why'), end);
    assert.equal(expiryOf('  #peccary: expires 2026-02-01T12:00:00Z'), end);
    for (const other of [
      '# peccary: root',
      '# expires 2026-02-01T12:00:00Z',
      '',
      '# peccary: root: expires 2026-02-01T12:00:00Z',
    ])
      assert.equal(expiryOf(other), null, other);
    assert.ok(Number.isNaN(expiryOf('# peccary: expires tomorrow; x')));
    assert.ok(Number.isNaN(expiryOf('# peccary: expires 2026-13-01T12:00:00Z; x')));
  });

  it('are read as they are written, whatever the text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.string(), (ms, text) => {
        const line = text.replaceAll('\n', ' ');
        assert.equal(expiryOf(expiryComment(ms, line)), Math.floor(ms / 1000) * 1000);
        const never = expiryOf(expiryComment(null, `who: ${line}`));
        assert.equal(never, null);
      }),
    );
  });
});
