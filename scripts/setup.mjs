// Makes a fresh clone ready: Debian packages, npm packages, the native addon, the compiled TypeScript.
// Every step is skipped when its inputs did not change. Uses Node alone: nothing is installed when it starts.
//
//   node scripts/setup.mjs demo    what `npm run demo` needs: packages for building, the addon, dist/
//   node scripts/setup.mjs test    the same, the programs that the tests run, and out/
//   node scripts/setup.mjs build   the addon and dist/, out/ (system packages are taken as they are)
//   node scripts/setup.mjs addon   the addon alone; with --optional a missing library is only reported
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';
import { buildPackages, ensurePackages, missingPackages, testPackages } from './packages.mjs';
import { filesBelow, hashOf, isStamped, stamp } from './stamp.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const MinNode = [20, 19];

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

function stop(text) {
  process.stderr.write(`setup: ${text}\n`);
  process.exit(1);
}

/** Runs a step; what it prints is shown when it fails, or at once with `loud`. */
function run(command, args, what, { loud = false, env = {} } = {}) {
  const done = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', loud ? 2 : 'pipe', loud ? 2 : 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}`);
  stop(`${what} failed (${[command, ...args].join(' ')})`);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < MinNode[0] || (major === MinNode[0] && minor < MinNode[1])) {
    stop(`Node ${MinNode.join('.')} or later is needed; this is ${process.versions.node}`);
  }
}

function systemPackages(packages) {
  const remedy = ensurePackages(packages, say);
  if (remedy !== null) stop(remedy);
}

function npmPackages() {
  const lock = ['package-lock.json'].filter((file) => existsSync(join(root, file)));
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const hash = hashOf(
    lock.map((file) => join(root, file)),
    [process.versions.modules, process.arch, JSON.stringify(dependencies), JSON.stringify(devDependencies)],
  );
  const mark = join(root, 'node_modules/.peccary-stamp');
  if (isStamped(mark, hash)) return;
  say('installing npm packages (better-sqlite3 may be compiled: about a minute)');
  const nodedir = nodeHeaders();
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund'], 'npm install', {
    loud: true,
    env: nodedir === null ? {} : { npm_package_config_node_gyp_nodedir: nodedir },
  });
  stamp(mark, hash);
}

/** Where the headers of this very Node lie beside it (Debian's, NodeSource's packages): saves node-gyp a download. */
function nodeHeaders() {
  const header = '/usr/include/node/node_version.h';
  if (!existsSync(header)) return null;
  const text = readFileSync(header, 'utf8');
  const part = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  return part('MAJOR') === process.versions.node.split('.')[0] ? '/usr' : null;
}

function addon(optional) {
  const inputs = [
    ...filesBelow(join(root, 'native'), ['.cc', '.cpp', '.h', '.hpp', '.gypi']),
    join(root, 'binding.gyp'),
  ];
  const hash = hashOf(inputs, [process.versions.modules, process.arch]);
  const mark = join(root, 'build/.peccary-stamp');
  if (isStamped(mark, hash) && existsSync(join(root, 'build/Release/peccary.node'))) return;
  if (optional) {
    const missing = missingPackages(buildPackages) ?? [];
    if (missing.length > 0) {
      say(
        `the native addon is not built: it needs the Debian packages ${missing.join(' ')}; \`npm run demo\` installs them`,
      );
      return;
    }
  }
  say('building the native addon');
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  const nodedir = nodeHeaders();
  const args = [gyp, '--loglevel=warn', 'configure', 'build', ...(nodedir === null ? [] : [`--nodedir=${nodedir}`])];
  run(process.execPath, args, 'building the native addon');
  stamp(mark, hash);
}

/** Compiles with `config` into `outDir`; files left over from sources that are gone are removed. */
function compile(config, outDir, sources, sourceRoot) {
  const inputs = sources.flatMap((folder) => filesBelow(join(root, folder), ['.ts']));
  const hash = hashOf([...inputs, join(root, 'tsconfig.json'), join(root, 'tsconfig.build.json')]);
  const mark = join(root, outDir, '.peccary-stamp');
  if (isStamped(mark, hash)) return;
  say(`compiling ${sources.join(', ')} to ${outDir}`);
  const wanted = new Set(inputs.map((file) => relative(join(root, sourceRoot), file).replace(/\.ts$/, '.js')));
  for (const file of filesBelow(join(root, outDir), ['.js'])) {
    if (!wanted.has(relative(join(root, outDir), file))) {
      rmSync(file);
      rmSync(`${file}.map`, { force: true });
    }
  }
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', config], `compiling to ${outDir}`);
  stamp(mark, hash);
}

/** dist/: compiled module by module, then joined into few files. */
async function compileShipped() {
  compile('tsconfig.build.json', 'dist/modules', ['src'], 'src');
  const program = join(root, 'dist/cli/main.js');
  const mark = join(root, 'dist/.peccary-bundle');
  const hash = hashOf([...filesBelow(join(root, 'dist/modules'), ['.js']), join(root, 'scripts/bundle.mjs')]);
  if (isStamped(mark, hash) && existsSync(program)) return;
  await bundle(root);
  chmodSync(program, 0o755);
  stamp(mark, hash);
}

const compileTests = () => compile('tsconfig.json', 'out', ['src', 'test', 'bench', 'fuzz'], '.');

/** The steps of one goal: 'demo', 'test' or 'build'. */
export async function setup(goal) {
  checkNode();
  if (goal === 'demo') systemPackages(buildPackages);
  if (goal === 'test') systemPackages([...buildPackages, ...testPackages]);
  npmPackages();
  addon(false);
  await compileShipped();
  if (goal !== 'demo') compileTests();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const goal = process.argv[2];
  if (goal === 'addon') {
    checkNode();
    addon(process.argv.includes('--optional'));
  } else if (goal === 'demo' || goal === 'test' || goal === 'build') await setup(goal);
  else stop('usage: node scripts/setup.mjs demo|test|build|addon');
}
