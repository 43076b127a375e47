/** The bundled signatures as one file. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes them below `dir`; the file's path. */
export function bundledRules(dir: string): string {
  const file = join(dir, 'bundled.rules');
  const files = readdirSync('signatures')
    .filter((f) => f.endsWith('.rules'))
    .sort();
  writeFileSync(file, files.map((f) => readFileSync(join('signatures', f), 'utf8')).join('\n'));
  return file;
}
