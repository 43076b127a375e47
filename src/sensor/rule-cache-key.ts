/** What a compiled rule set depends on, as one name. What is only known after loading is in CacheChecks. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { closeHandle, libraryVersions } from '../addon/handles.js';
import { compileLiterals, databaseInfo, isRefusal } from '../addon/hyperscan.js';
import { packageRoot, packageVersion } from '../core/package-root.js';
import { configuredLists, listsContent } from '../rules/manage/lists.js';
import type { RuleFileBytes, RuleRequest } from './rule-files.js';

/** Keys of the configuration that part sets from each other; all that loading asks for is compared besides. */
const settingsInKey = ['vars', 'classification-file', 'reference-config-file', 'threshold-file', 'action-order'];

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

let build: string | undefined;

/** The code that is running: a hash of it that the bundler left beside it, or of every module. */
function buildId(): string {
  build ??= readBuildId();
  return build;
}

function readBuildId(): string {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  const id = join(folder, 'build-id');
  if (existsSync(id)) return readFileSync(id, 'utf8');
  const hash = createHash('sha256');
  const walk = (dir: string): void => {
    for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith('.js')) hash.update(path).update(readFileSync(path));
    }
  };
  walk(folder);
  return hash.digest('hex');
}

/** What Hyperscan compiles for: its version and the features of this processor, as a database of its own says them. */
function hyperscanTarget(): string {
  const database = compileLiterals([{ pattern: 'x', flags: 0, id: 0 }]);
  if (isRefusal(database)) return database.message;
  const { info } = databaseInfo(database);
  closeHandle(database);
  return info;
}

/** Size and time of the addon, and whether the optional package for countries is there. */
function surroundings(): unknown[] {
  const addon = statSync(process.env.PECCARY_ADDON || join(packageRoot(), 'build', 'Release', 'peccary.node'), {
    throwIfNoEntry: false,
  });
  return [addon?.size, addon?.mtimeMs, existsSync(join(packageRoot(), 'node_modules', 'maxmind', 'package.json'))];
}

/** Name of the compiled form of these rules under this configuration, program, libraries and processor: 64 hex digits. */
export function ruleCacheKey({ settings, ruleVersion, lists }: RuleRequest, files: RuleFileBytes): string {
  return sha256(
    JSON.stringify([
      packageVersion(),
      buildId(),
      surroundings(),
      [process.arch, process.versions.node, libraryVersions(), hyperscanTarget()],
      ruleVersion,
      listsContent(configuredLists(settings, lists ?? {})),
      settingsInKey.map((path) => settings.get(path) ?? null),
      Array.from(files, ([path, bytes]) => [path, sha256(bytes)]),
    ]),
  );
}
