/**
 * What a file of src/ exports some other file names: a program, a test, a benchmark, a fuzz target or a script. Not so
 * types: a caller may want to name what a function that it calls takes or gives.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';

const root = packageRoot();
const folders = ['src', 'test', 'bench', 'fuzz', 'scripts'];

const files = folders.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mjs|cjs)$/.test(name))
    .map((name) => ({ name: `${folder}/${name}`, text: readFileSync(join(root, folder, name), 'utf8') })),
);

const Declared =
  /^export (?:declare )?(?:async )?(?:abstract )?(?:const enum|enum|function\*?|class|const|let) (\w+)/gm;

describe('exports', () => {
  it('are used by another file, each', () => {
    /** How many files have the word. */
    const users = new Map<string, number>();
    for (const { text } of files) {
      for (const word of new Set(text.match(/[A-Za-z_$][\w$]*/g))) users.set(word, (users.get(word) ?? 0) + 1);
    }
    const unused = files
      .filter(({ name }) => name.startsWith('src/'))
      .flatMap(({ name, text }) => [...text.matchAll(Declared)].map(([, word]) => ({ name, word })))
      .filter(({ word }) => users.get(word) === 1)
      .map(({ name, word }) => `${name}: ${word}`);
    assert.deepEqual(unused, [], 'take "export" away, or the whole when nothing uses it');
  });
});
