/**
 * Handles of native objects: positive integers, good in every thread of the process.
 *
 * Each thread holds at most one reference to a handle. Opening or compiling takes it; another thread that is told
 * the number takes its own with the first use or with `acquireHandle`, which must happen before the last holder
 * drops its. The end of a thread drops all its references. The last reference frees the object.
 */
import { type HandleCounts, native } from './native.js';

export type { HandleCounts } from './native.js';

/** Drops this thread's reference; false when it holds none. */
export function closeHandle(handle: number): boolean {
  return native().closeHandle(handle);
}

/** Takes this thread's reference; false when the handle is no longer alive. */
export function acquireHandle(handle: number): boolean {
  return native().acquireHandle(handle);
}

/** Live handles of the whole process, by kind. */
export function handleCounts(): HandleCounts {
  return native().handleCounts();
}

/** Run-time versions of the linked libraries, by name; part of the key of cached databases. */
export function libraryVersions(): Record<string, string> {
  return native().versions();
}
