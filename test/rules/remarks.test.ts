import { strict as assert } from 'node:assert';
import { keywordNames } from '../../src/rules/keywords/list.js';
import { advice, differences } from '../../src/rules/keywords/remarks.js';

describe('remarks of the keyword reference', () => {
  it('are about keywords that exist', () => {
    const known = new Set(keywordNames());
    for (const name of [...Object.keys(differences), ...Object.keys(advice)]) assert.ok(known.has(name), name);
  });
});
