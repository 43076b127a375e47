// `npm run demo`: set-up, then a replay of the bundled captures, and what to try next.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const logDir = '.cache/demo';

await setup('demo');
rmSync(`${root}${logDir}`, { recursive: true, force: true });
process.stdout.write(`\n$ peccary replay pcaps -l ${logDir}\n\n`);
const done = spawnSync(process.execPath, ['dist/cli/main.js', 'replay', 'pcaps', '-l', logDir], {
  cwd: root,
  stdio: 'inherit',
});
if (done.status !== 0) process.exit(done.status ?? 1);
process.stdout.write(`
What to try next:

  alias peccary="$PWD/dist/cli/main.js"     or \`npm link\`, to have the command everywhere
  peccary alerts show 1 -l ${logDir}      one alert: the request, with the matching bytes marked
  peccary alerts top -l ${logDir}         what fired most
  peccary replay YOUR.pcap                  a capture of your own
  peccary rules list                        the bundled rules
  peccary --help
`);
