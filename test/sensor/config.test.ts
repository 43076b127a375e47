import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PeccaryError } from '../../src/core/errors.js';
import { Settings } from '../../src/core/settings.js';
import { loadConfig } from '../../src/sensor/config.js';

describe('configuration files (Suricata manual: suricata.yaml)', () => {
  let dir = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-config-'));
  });
  after(() => rmSync(dir, { recursive: true }));

  const write = (name: string, text: string): string => {
    const file = join(dir, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const load = (text: string, sets: string[] = [], includes: string[] = []) =>
    loadConfig({ file: write('main.yaml', text), includes, sets });
  const faultOf = async (act: () => Promise<unknown>): Promise<string> => {
    try {
      await act();
    } catch (error) {
      assert.ok(error instanceof PeccaryError, String(error));
      assert.equal(error.kind, 'config');
      return error.message;
    }
    return 'nothing thrown';
  };

  it('reads YAML 1.1 with its header and leaves every scalar as text', async () => {
    const { tree, notes } = await load('%YAML 1.1\n---\na: yes\nb: 010\nc: 12:30\nd:\ne: ~\nf: ""\ng: [1, no]\n');
    assert.deepEqual(tree, { a: 'yes', b: '010', c: '12:30', d: null, e: null, f: '', g: ['1', 'no'] });
    assert.deepEqual(notes, []);
  });

  it('reads an empty file as no keys at all', async () => {
    assert.deepEqual((await load('%YAML 1.1\n---\n# nothing\n')).tree, {});
  });

  it('records where each key stands', async () => {
    const { places } = await load('stream:\n  memcap: 1\noutputs:\n  - fast:\n      enabled: no\n');
    assert.match(places['stream.memcap'], /main\.yaml:2:3$/);
    assert.match(places['outputs.0.fast.enabled'], /main\.yaml:5:7$/);
  });

  it('takes _ in keys for -, but not in the names of variables', async () => {
    const { tree, notes } = await load('max_pending_packets: 9\nvars:\n  address_groups:\n    HOME_NET: any\n');
    assert.deepEqual(tree, { 'max-pending-packets': '9', vars: { 'address-groups': { HOME_NET: 'any' } } });
    assert.equal(notes.length, 2);
  });

  it('lets a later definition replace an earlier one whole, and says so', async () => {
    const { tree, notes } = await load('stream:\n  memcap: 1\n  inline: no\nstream:\n  memcap: 2\n');
    assert.deepEqual(tree, { stream: { memcap: '2' } });
    assert.match(notes.join(), /main\.yaml:4:1: stream replaces the one of .*main\.yaml:1:1/);
  });

  it('includes one file, a list of files, files in a map and a file as a value, relative to the including file', async () => {
    write('sub/one.yaml', 'include: two.yaml\none: 1\n');
    write('sub/two.yaml', 'two: 2\n');
    write('sub/inner.yaml', 'memcap: 5\n');
    write('sub/list.yaml', 'x: y\n');
    const { tree, places } = await load(
      'include:\n  - sub/one.yaml\n  - sub/list.yaml\nstream:\n  include: sub/inner.yaml\nflow: !include sub/inner.yaml\n',
    );
    assert.deepEqual(tree, { two: '2', one: '1', x: 'y', stream: { memcap: '5' }, flow: { memcap: '5' } });
    assert.match(places['stream.memcap'], /sub\/inner\.yaml:1:1$/);
    assert.match(places.two, /sub\/two\.yaml:1:1$/);
  });

  it('stops files that include each other', async () => {
    write('loop.yaml', 'include: loop.yaml\n');
    assert.match(await faultOf(() => load('include: loop.yaml\n')), /include each other more than 8 deep/);
  });

  it('puts --include files over the file, and --set over all', async () => {
    const extra = write('extra.yaml', 'stream:\n  inline: yes\n');
    const { tree } = await load('stream:\n  memcap: 1\n', ['stream.depth=3'], [extra]);
    assert.deepEqual(tree, { stream: { inline: 'yes', depth: '3' } });
  });

  it('sets list elements by number and makes maps and lists that are missing', async () => {
    const { tree } = await load('rule-files:\n  - a\n  - b\n', [
      'rule-files.1=c',
      'rule-files.2=d',
      'vars.address-groups.HOME_NET=[10.0.0.0/8,!10.1.0.0/16]',
      'reputation-files.0=x=y',
      'stream.reassembly.depth=0',
    ]);
    assert.deepEqual(tree, {
      'rule-files': ['a', 'c', 'd'],
      vars: { 'address-groups': { HOME_NET: '[10.0.0.0/8,!10.1.0.0/16]' } },
      'reputation-files': ['x=y'],
      stream: { reassembly: { depth: '0' } },
    });
  });

  it('reaches the file-store entry of outputs by its name', async () => {
    const fresh = await load('a: 1\n', ['file-store.enabled=yes', 'file-store.stream-depth=0']);
    assert.deepEqual(fresh.tree, { a: '1', outputs: [{ 'file-store': { enabled: 'yes', 'stream-depth': '0' } }] });
    const present = await load('outputs:\n  - fast:\n      enabled: no\n  - file-store:\n      enabled: no\n', [
      'file-store.enabled=yes',
    ]);
    assert.equal(new Settings(present.tree).bool('outputs.file-store.enabled', false), true);
    assert.equal(present.places['outputs.1.file-store.enabled'], '--set file-store.enabled');
  });

  it('names file, line and column of broken YAML, and the remedy of a wrong --set', async () => {
    assert.match(await faultOf(() => load('a: 1\nb: [1, 2\nc: 3\n')), /main\.yaml:\d:\d+: /);
    assert.match(await faultOf(() => load('- a\n- b\n')), /main\.yaml:1:1: a configuration is a map/);
    assert.match(await faultOf(() => load('a: 1\n', ['stream.memcap'])), /--set stream\.memcap: expected key=value/);
    assert.match(await faultOf(() => load('a:\n  - 1\n', ['a.5=x'])), /a has 1 elements; the next is a\.1/);
    assert.match(
      await faultOf(() => loadConfig({ file: join(dir, 'absent.yaml'), includes: [], sets: [] })),
      /absent\.yaml: cannot be read \(ENOENT\)/,
    );
  });

  it('tells the place of broken YAML once, and in plain words when it is nested beyond reading', async () => {
    assert.match(await faultOf(() => load('a:\n\tb: 1\n')), /main\.yaml:2:1: Tabs are not allowed as indentation$/);
    assert.match(await faultOf(() => load('{'.repeat(5_000))), /main\.yaml:1:\d+: nested too deeply$/);
  });

  it('bounds nesting and the expansion of aliases', async () => {
    assert.match(await faultOf(() => load(`a: ${'['.repeat(80)}${']'.repeat(80)}\n`)), /more than 64 levels/);
    const lines = ['l0: &l0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      lines.push(
        `l${i}: &l${i} [${Array(10)
          .fill(`*l${i - 1}`)
          .join(', ')}]`,
      );
    assert.match(await faultOf(() => load(`${lines.join('\n')}\n`)), /more than 50000 values/);
  });

  it('keeps a key called __proto__ as data', async () => {
    const { tree } = await load('__proto__:\n  polluted: yes\n', ['constructor.prototype.x=1']);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
    assert.equal(({} as Record<string, unknown>).x, undefined);
    assert.deepEqual(Object.keys(tree as object), ['--proto--', 'constructor']);
  });
});
