/**
 * The files beside the rule files that a load reads: classes, references, thresholds, lists of hashes … Every reading of a
 * file in this folder goes through here, so that who keeps compiled rules knows what they were made of.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A file and the SHA-256 of its content; null: it could not be read. */
interface InputFile {
  path: string;
  digest: string | null;
}

let record: Map<string, string | null> | null = null;

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64');
}

/** Content of a file; throws as readFileSync does. */
export function readInput(path: string): Buffer {
  try {
    const bytes = readFileSync(path);
    record?.set(path, digestOf(bytes));
    return bytes;
  } catch (e) {
    record?.set(path, null);
    throw e;
  }
}

/** Runs `work` and tells which files it read. */
export function recordInputs<T>(work: () => T): { result: T; inputs: InputFile[] } {
  const own = new Map<string, string | null>();
  const outer = record;
  record = own;
  try {
    const result = work();
    return { result, inputs: Array.from(own, ([path, digest]) => ({ path, digest })) };
  } finally {
    record = outer;
  }
}

/** Whether a file is still what it was. */
export function isUnchanged({ path, digest }: InputFile): boolean {
  try {
    return digestOf(readFileSync(path)) === digest;
  } catch {
    return digest === null;
  }
}
