// Joins what tsc compiled (dist/modules) into the files that are shipped: dist/cli/main.js and the threads.
// Start-up is mostly the loading of modules, three times over; joined, it costs a third less. They are CommonJS: what a
// function reads of the file around it is then a slot of its context and not a binding of a module, and until V8 has
// optimised a function that counts (RATIONALE.md, "Measured"). tsc goes first because it inlines const enums; source
// maps lead back to src.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What must stay a package: modules with native parts, and what is looked for at run time only. */
const external = ['better-sqlite3', 'pcap-parser', 'msgpackr-extract', 'maxmind', 'cap', 'prom-client'];
const entries = [
  'cli/main.js',
  'sensor/replay-worker.js',
  'sensor/live-worker.js',
  'sensor/rules-thread.js',
  'sensor/watchdog-process.js',
  'output/writer-thread.js',
];
/** `import.meta.url` of the modules, which CommonJS does not have. */
const banner = "const bundleUrl = require('node:url').pathToFileURL(__filename).href;";

/** dist/build-id names the shipped code: what it computes may be kept between starts (src/sensor/rule-cache-key.ts). */
function writeBuildId(root, outputs) {
  const hash = createHash('sha256');
  for (const file of outputs.filter((name) => name.endsWith('.js')).sort()) {
    hash.update(file).update(readFileSync(join(root, file)));
  }
  writeFileSync(join(root, 'dist/build-id'), `${hash.digest('hex')}\n`);
}

/** Bundles `root`/dist/modules into `root`/dist. Throws when it cannot be done. */
export async function bundle(root) {
  const { build } = await import('esbuild');
  const dist = join(root, 'dist');
  for (const name of readdirSync(dist)) {
    if (name !== 'modules') rmSync(join(dist, name), { recursive: true });
  }
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries.map((entry) => join('dist/modules', entry)),
    outdir: 'dist',
    outbase: 'dist/modules',
    bundle: true,
    platform: 'node',
    format: 'cjs',
    define: { 'import.meta.url': 'bundleUrl' },
    target: 'node20',
    external,
    banner: { js: banner },
    sourcemap: true,
    minifyWhitespace: true,
    sourcesContent: false,
    logLevel: 'warning',
    metafile: true,
  });
  writeFileSync(join(dist, 'package.json'), '{ "type": "commonjs" }\n');
  writeBuildId(root, Object.keys(metafile.outputs));
}
