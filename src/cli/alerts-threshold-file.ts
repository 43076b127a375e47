/** threshold.config: which one, and a line more in it. */
import { appendFileSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import { expiryComment, expiryOf } from '../rules/threshold-expiry.js';
import { type ConfigOptions, loadConfigOptions } from './config-options.js';

/** Where the file is when neither the options nor the configuration name one. */
const Usual = 'threshold.config';

export interface ThresholdFile {
  path: string;
  /** Replays and sensors with this configuration read it. */
  configured: boolean;
}

export async function thresholdFile(flags: ConfigOptions & { file?: string }): Promise<ThresholdFile> {
  const config = await loadConfigOptions(flags);
  const configured = new Settings(config.tree, config.origin).string('threshold-file');
  const path = flags.file ?? configured ?? Usual;
  return { path, configured: configured !== undefined && resolve(configured) === resolve(path) };
}

export interface Entry {
  /** "suppress gen_id 1, …". */
  line: string;
  /** Clock time in milliseconds; null: it holds for ever. */
  expiresMs: number | null;
  /** Who, when, why. */
  comment: string;
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new PeccaryError('usage', `${path} cannot be read: ${(e as Error).message}`);
  }
}

/** Line number of the same entry, when one is there that holds as long; 0. */
function lineOf(content: string, entry: Entry): number {
  const lines = content.split('\n').map((l) => l.trim());
  const at = lines.findIndex((line, i) => {
    if (line !== entry.line) return false;
    const ends = i === 0 ? null : expiryOf(lines[i - 1]);
    return ends === null || (entry.expiresMs !== null && ends >= entry.expiresMs);
  });
  return at + 1;
}

/** Adds the entry unless it is there already; the number of its line. Throws PeccaryError when it cannot be written. */
export function writeEntry(path: string, entry: Entry): { line: number; added: boolean } {
  const content = contentOf(path);
  const there = lineOf(content, entry);
  if (there > 0) return { line: there, added: false };
  const gap = content === '' || content.endsWith('\n') ? '' : '\n';
  try {
    appendFileSync(path, `${gap}${expiryComment(entry.expiresMs, entry.comment)}\n${entry.line}\n`);
  } catch (e) {
    throw new PeccaryError('usage', `${path} cannot be written: ${(e as Error).message}; name another with --file`);
  }
  return { line: (content + gap).split('\n').length + 1, added: true };
}
