/** The file that says which process the sensor is. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { PeccaryError } from '../core/errors.js';

/** Writes this process's number. Throws PeccaryError when another process that lives stands there, or it cannot be written. */
export function writePidFile(path: string): void {
  const pid = ownerOf(path);
  if (pid !== null && isAlive(pid)) {
    throw new PeccaryError('usage', `${path}: process ${pid} is running; stop it or choose another --pidfile`);
  }
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
  } catch (e) {
    throw new PeccaryError('usage', `${path}: ${(e as Error).message}`);
  }
}

export function removePidFile(path: string): void {
  if (ownerOf(path) !== process.pid) return;
  try {
    rmSync(path, { force: true });
  } catch {
    // Written as root and left as another user: a number that is no process any more stands in nobody's way.
  }
}

function ownerOf(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'latin1').trim());
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}
