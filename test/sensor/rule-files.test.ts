import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Settings } from '../../src/core/settings.js';
import { loadRunRules } from '../../src/sensor/rule-files.js';

describe('which rules a run loads (Suricata manual: -S, -s, rule-files, default-rule-path)', () => {
  let dir = '';
  const at = (sid: number): string => join(dir, `${sid}.rules`);
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-rule-files-'));
    for (const sid of [1, 2, 3]) writeFileSync(at(sid), `alert tcp any any -> any any (msg:"x"; sid:${sid};)\n`);
  });
  after(() => rmSync(dir, { recursive: true }));

  const sids = (config: Record<string, string | string[]>, only: string[], extra: string[]): number[] =>
    loadRunRules({ settings: new Settings(config), only, extra, ruleVersion: 7 }).rules.map((rule) => rule.sid);

  it('those of the configuration, relative to default-rule-path or absolute', () => {
    assert.deepEqual(sids({ 'default-rule-path': dir, 'rule-files': ['1.rules', at(2)] }, [], []), [1, 2]);
  });

  it('those of -s besides', () => {
    assert.deepEqual(sids({ 'default-rule-path': dir, 'rule-files': ['1.rules'] }, [], [at(3)]), [1, 3]);
  });

  it('those of -S alone', () => {
    assert.deepEqual(sids({ 'default-rule-path': dir, 'rule-files': ['1.rules'] }, [at(2)], []), [2]);
  });

  it('the bundled ones where nothing is named, with -s besides', () => {
    const bundled = sids({}, [], []);
    assert.ok(bundled.length >= 80);
    assert.deepEqual(sids({}, [], [at(3)]), [...bundled, 3]);
  });
});
