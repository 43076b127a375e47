/** Inputs that once broke a target, kept as files in fuzz/corpus/TARGET/ and run again by the tests. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/core/package-root.js';

function folder(target: string): string {
  return join(packageRoot(), 'fuzz/corpus', target);
}

export function corpusOf(target: string): { name: string; bytes: Uint8Array }[] {
  const dir = folder(target);
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .sort()
    .map((name) => ({ name, bytes: readFileSync(join(dir, name)) }));
}

/** Adds an input; returns its path. */
export function keep(target: string, bytes: Uint8Array): string {
  const file = join(folder(target), createHash('sha256').update(bytes).digest('hex').slice(0, 16));
  mkdirSync(folder(target), { recursive: true });
  writeFileSync(file, bytes);
  return file;
}
