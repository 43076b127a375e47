import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filterWords } from '../../src/cli/alerts-filters.js';
import { commandWords } from '../../src/cli/completion.js';
import { buildWholeProgram } from '../../src/cli/program.js';
import { packageRoot } from '../../src/core/package-root.js';
import { docExamples, expected, shellWords } from '../tools/doc-examples.js';
import { inProcess } from '../tools/in-process.js';
import { peccary } from '../tools/peccary.js';

const root = packageRoot();
const text = readFileSync(join(root, 'docs', 'alerts.md'), 'utf8');
const examples = docExamples(text);

describe('docs/alerts.md', () => {
  let dir = '';
  const cwd = process.cwd();
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-alerts-doc-'));
    for (const folder of ['pcaps', 'signatures']) symlinkSync(join(root, folder), join(dir, folder));
    process.chdir(dir);
  });
  after(() => {
    process.chdir(cwd);
    rmSync(dir, { recursive: true });
  });

  for (const { command, args, shown, line } of examples) {
    it(`\`${command}\` prints what is shown`, async () => {
      // A replay is a process of its own; questions need none.
      const r = args[0] === 'alerts' ? await inProcess(args) : peccary(args);
      assert.equal(r.status, 0, r.stderr);
      assert.match(r.stdout.replaceAll('\r\n', '\n'), expected(shown), `line ${line}: ${r.stdout}`);
    }).timeout(60_000);
  }

  it('has an example of every command and names every filter and choice', async () => {
    const words = commandWords(await buildWholeProgram()).filter((c) => c.path.startsWith('alerts '));
    assert.ok(words.length > 14);
    for (const { path, options } of words) {
      const name = path.split(' ')[1];
      assert.ok(
        examples.some((e) => e.args[0] === 'alerts' && e.args[1] === name),
        path,
      );
      const choices = options.filter((o) => ['--sort', '--by', '--state', '--type'].some((f) => o.flags.includes(f)));
      for (const choice of choices.flatMap((o) => o.choices)) assert.ok(text.includes(choice), `${path}: ${choice}`);
    }
    for (const { name } of filterWords) assert.ok(text.includes(`\`--${name}\``), name);
  });
});

describe('examples in documents', () => {
  it('are taken apart as a shell does, and … stands for anything', () => {
    assert.deepEqual(shellWords(`peccary a 'b "c"' "d e"f --x='1 2'`), ['peccary', 'a', 'b "c"', 'd ef', '--x=1 2']);
    const [first, second] = docExamples('```console\n$ a b\none…\n…\n$ c\n```\n$ no\n');
    assert.deepEqual([first.args, first.shown, second.shown], [['b'], ['one…', '…'], []]);
    assert.match('one two\nx\ny\n', expected(first.shown));
    assert.match('one\n', expected(first.shown));
    assert.doesNotMatch('two\n', expected(first.shown));
    assert.doesNotMatch('one\ntwo\n', expected(['one']));
  });
});
