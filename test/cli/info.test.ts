import assert from 'node:assert/strict';
import { dumpConfig } from '../../src/cli/info.js';
import { keywords } from '../../src/rules/keywords/list.js';
import { peccary } from '../tools/peccary.js';

describe('peccary info', () => {
  it('tells the versions of Peccary, Node and the libraries', () => {
    const { status, stdout } = peccary(['info']);
    assert.equal(status, 0);
    for (const name of ['peccary', 'node', 'hyperscan', 'pcre2', 'libpcap']) {
      assert.match(stdout, new RegExp(`^${name}\\S*  +\\S`, 'mi'));
    }
    assert.equal(peccary(['info', '--build-info']).stdout, stdout);
  });

  it('lists every keyword', () => {
    const lines = peccary(['info', '--list-keywords']).stdout.trimEnd().split('\n');
    assert.equal(lines.length, keywords.length);
    assert.ok(lines.some((line) => /^http\.uri {2}/.test(line)));
  });

  it('dumps the configuration one key a line, with --set applied', () => {
    const { stdout } = peccary([
      'info',
      '--dump-config',
      '--set',
      'stream.memcap=1mb',
      '--set',
      'rule-files.0=a.rules',
    ]);
    assert.equal(stdout, 'stream.memcap = 1mb\nrule-files.0 = a.rules\n');
    assert.equal(dumpConfig({ a: null, b: [{ c: 'd' }] }), 'a = (null)\nb.0.c = d\n');
  });

  it('does one thing at a time', () => {
    assert.equal(peccary(['info', '--build-info', '--list-keywords']).status, 2);
  });
});
