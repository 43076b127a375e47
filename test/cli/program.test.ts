import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { packageVersion } from '../../src/core/package-root.js';
import { peccary } from '../tools/peccary.js';

describe('the command line as a whole', () => {
  it('prints its version', () => {
    for (const flag of ['--version', '-V']) {
      assert.deepEqual(peccary([flag]), { status: 0, stdout: `${packageVersion()}\n`, stderr: '' });
    }
  });

  it('lists the commands and examples in a help that fits a screen', () => {
    const { status, stdout } = peccary(['--help']);
    assert.equal(status, 0);
    for (const word of ['replay', 'alerts', 'rules', 'info', 'ctl', 'completion', 'Examples:']) {
      assert.match(stdout, new RegExp(`^ *${word}\\s`, 'm'));
    }
    assert.ok(stdout.split('\n').length <= 32, `${stdout.split('\n').length} lines`);
  });

  it('describes every command with its options within a screen, `help X` and `X --help` alike', () => {
    for (const command of ['replay', 'alerts', 'rules', 'info', 'ctl', 'completion']) {
      const { status, stdout } = peccary([command, '--help']);
      assert.equal(status, 0, command);
      assert.match(stdout, new RegExp(`^Usage: peccary ${command}\\b`));
      const lines = stdout.trimEnd().split('\n');
      assert.ok(lines.length <= 42, `${command}: ${lines.length} lines`);
      assert.equal(peccary(['help', command]).stdout, stdout);
    }
  });

  it('exits 2 for a mistyped command or option and suggests the right one', () => {
    const command = peccary(['repaly', 'x.pcap']);
    assert.equal(command.status, 2);
    assert.match(command.stderr, /unknown command 'repaly'\n\(Did you mean replay\?\)/);
    const option = peccary(['replay', '--quite', 'x.pcap']);
    assert.equal(option.status, 2);
    assert.match(option.stderr, /unknown option '--quite'\n\(Did you mean --quiet\?\)/);
    assert.equal(peccary([]).status, 2);
  });

  it('exits 1 with a reason when standard output takes no more', () => {
    const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
    const full = openSync('/dev/full', 'w');
    const done = spawnSync(process.execPath, [main, 'info'], { encoding: 'utf8', stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    assert.equal(done.status, 1);
    assert.match(done.stderr, /^peccary: standard output: ENOSPC[^\n]*\n$/);
  });

  it('exits 2 with a reason for arguments that cannot be used', () => {
    const unusable: [string[], RegExp][] = [
      [['replay'], /missing required argument 'capture'/],
      [['replay', 'absent.pcap'], /absent\.pcap: no such file or folder/],
      [['replay', '-k', 'some', '-'], /Allowed choices are all, none, auto/],
      [['replay', '--json', '--eve', '-', '-'], /both write to standard output/],
      [['replay', '-c', 'absent.yaml', '-'], /absent\.yaml: cannot be read \(ENOENT\)/],
      [['replay', '--set', 'memcap', '-'], /--set memcap: expected key=value/],
      [['replay', '--rule-version', '6', '-'], /Expected 7 or 8/],
      [['replay', '--workers', '0', '-'], /--workers/],
    ];
    for (const [args, reason] of unusable) {
      const { status, stderr } = peccary(args);
      assert.equal(status, 2, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, reason);
    }
  });
});
