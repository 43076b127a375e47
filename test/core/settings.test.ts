import assert from 'node:assert/strict';
import { PeccaryError } from '../../src/core/errors.js';
import { Settings, type Tree } from '../../src/core/settings.js';

const tree: Tree = {
  stream: { memcap: '64mb', inline: 'auto', midstream: 'yes', steam: '1' },
  outputs: [{ fast: { enabled: 'no' } }, { 'eve-log': { filename: 'eve.json', enabled: 'yes' } }],
  'rule-files': ['a.rules', 'b.rules'],
  dpdk: { 'eal-params': { 'proc-type': 'primary' } },
};

describe('settings (suricata.yaml values)', () => {
  it('understands sizes, integers, booleans and lists', () => {
    const s = new Settings(tree);
    assert.equal(s.size('stream.memcap', 1), 64 << 20);
    assert.equal(new Settings({ a: '1.5 KiB' }).size('a', 0), 1536);
    assert.equal(new Settings({ a: '2gb' }).size('a', 0), 2 ** 31);
    assert.equal(s.bool('stream.midstream', false), true);
    assert.equal(s.bool('stream.absent', true), true);
    assert.equal(new Settings({ a: '0x10' }).int('a', 0), 16);
    assert.deepEqual(s.list('rule-files'), ['a.rules', 'b.rules']);
    assert.deepEqual(new Settings({ a: 'one' }).list('a'), ['one']);
  });

  it('reaches list elements by number and entries of outputs by name', () => {
    const s = new Settings(tree);
    assert.equal(s.string('rule-files.1'), 'b.rules');
    assert.equal(s.string('outputs.eve-log.filename'), 'eve.json');
    assert.equal(s.string('outputs.1.eve-log.filename'), 'eve.json');
    assert.equal(s.string('outputs.http-log.filename'), undefined);
  });

  it('does not reach what objects inherit', () => {
    assert.equal(new Settings({ a: {} }).get('a.constructor'), undefined);
    assert.equal(new Settings({ a: {} }).get('__proto__'), undefined);
  });

  it('names place, wish and value when a value is unusable', () => {
    const s = new Settings(tree, 'suricata.yaml', { 'stream.inline': 'suricata.yaml:7:3' });
    const message = (act: () => unknown): string => {
      try {
        act();
      } catch (error) {
        assert.ok(error instanceof PeccaryError);
        assert.equal(error.exitCode, 2);
        return error.message;
      }
      return 'nothing thrown';
    };
    assert.equal(
      message(() => s.bool('stream.inline', false)),
      'suricata.yaml:7:3: stream.inline: expected yes or no, found "auto"',
    );
    assert.match(
      message(() => s.int('stream.memcap', 1)),
      /^suricata\.yaml: stream\.memcap: expected an integer from 0/,
    );
    assert.match(
      message(() => new Settings({ a: '' }).int('a', 1)),
      /expected an integer/,
    );
    assert.match(
      message(() => new Settings({ a: '64 furlongs' }).size('a', 1)),
      /expected a size/,
    );
  });

  it('finds the place of an outputs entry that is named by its key', () => {
    const s = new Settings(tree, 'x', { 'outputs.1.eve-log.filename': 'suricata.yaml:40:7' });
    assert.equal(s.placeOf('outputs.eve-log.filename'), 'suricata.yaml:40:7');
  });

  it('lists what nobody read, whole subtrees by their top, and suggests siblings that were read', () => {
    const s = new Settings(tree);
    s.size('stream.memcap', 0);
    s.bool('stream.midstream', false);
    s.string('stream.stream', '');
    s.get('stream.inline');
    s.get('outputs.eve-log');
    s.list('rule-files');
    assert.deepEqual(s.unread(), ['stream.steam', 'outputs.fast', 'dpdk']);
    assert.deepEqual(s.unreadNotes(), ['stream.steam (did you mean stream.stream?)', 'outputs.fast', 'dpdk']);
  });

  it('takes over what another reader of the same configuration asked for', () => {
    const other = new Settings(tree);
    other.size('stream.memcap', 0);
    const s = new Settings(tree);
    s.markRead(other.known());
    assert.ok(s.unread().includes('stream.steam'));
    assert.ok(!s.unread().includes('stream.memcap'));
  });
});
