// Joins what tsc compiled (dist/modules) into the few files that are shipped: dist/cli/main.js, the two threads, and
// chunks that they share or load when needed. Start-up is mostly the loading of modules, three times over; joined, it
// costs a third less. tsc goes first because it inlines const enums; source maps lead back to src.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What must stay a package: modules with native parts, and what is looked for at run time only. */
const external = ['better-sqlite3', 'pcap-parser', 'msgpackr-extract', 'maxmind'];
const entries = ['cli/main.js', 'sensor/replay-worker.js', 'output/writer-thread.js'];
/** Packages in CommonJS require Node's own modules. */
const banner =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);";

/** Bundles `root`/dist/modules into `root`/dist. Throws when it cannot be done. */
export async function bundle(root) {
  const { build } = await import('esbuild');
  const dist = join(root, 'dist');
  for (const name of readdirSync(dist)) {
    if (name !== 'modules') rmSync(join(dist, name), { recursive: true });
  }
  await build({
    absWorkingDir: root,
    entryPoints: entries.map((entry) => join('dist/modules', entry)),
    outdir: 'dist',
    outbase: 'dist/modules',
    // One level deep like the entries: `new URL('../sensor/…', import.meta.url)` holds for chunks too.
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external,
    banner: { js: banner },
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
}
