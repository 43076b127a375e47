import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { commandWords } from '../../src/cli/completion.js';
import { buildWholeProgram } from '../../src/cli/program.js';
import { peccary } from '../tools/peccary.js';

/** What bash offers for a command line that ends in its last word. */
function offered(words: string[]): string[] {
  const script = `${peccary(['completion', 'bash']).stdout}
COMP_WORDS=(${words.map((w) => `'${w}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_peccary
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const done = spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: '/' });
  assert.equal(done.stderr, '');
  return done.stdout.split('\n').filter((line) => line !== '');
}

describe('completion scripts', () => {
  it('name every visible command and option', async () => {
    const words = commandWords(await buildWholeProgram());
    const replay = words.find((c) => c.path === 'replay');
    assert.ok(replay?.options.some((o) => o.flags.includes('--simulate-ips')));
    assert.ok(!words.some((c) => c.path === 'alerts words'));
    assert.ok(words.some((c) => c.path === 'rules check'));
    for (const shell of ['bash', 'zsh', 'fish']) {
      const script = peccary(['completion', shell]).stdout;
      for (const c of words.filter((w) => w.path !== '')) {
        assert.ok(script.includes(c.path.split(' ').at(-1) as string), `${shell}: ${c.path}`);
        for (const o of c.options) {
          const long = o.flags.at(-1) as string;
          assert.ok(
            script.includes(shell === 'fish' ? long.replace(/^--/, '-l ') : long),
            `${shell}: ${c.path} ${long}`,
          );
        }
      }
    }
  });

  it('complete commands, subcommands, options and choices in bash', () => {
    assert.deepEqual(offered(['peccary', 'repl']), ['replay']);
    assert.deepEqual(offered(['peccary', 'rules', 'che']), ['check']);
    assert.deepEqual(offered(['peccary', 'replay', '--simu']), ['--simulate-ips']);
    assert.deepEqual(offered(['peccary', 'replay', '-k', '']), ['all', 'none', 'auto']);
    assert.deepEqual(offered(['peccary', 'completion', '']), ['bash', 'zsh', 'fish']);
  });

  it('complete file names as arguments and as values of options', () => {
    assert.ok(offered(['peccary', 'replay', 'et']).includes('etc'));
    assert.ok(offered(['peccary', 'replay', '-S', 'et']).includes('etc'));
    assert.deepEqual(offered(['peccary', 'alerts', 'et']), []);
  });
});
