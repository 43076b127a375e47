/**
 * Where the control socket is (`unix-command` of suricata.yaml; Suricata manual, "Interacting via Unix Socket"), and how
 * a sensor takes that place: never from another one that runs.
 */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, linkSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, isAbsolute, join } from 'node:path';
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';

const RunFolder = '/var/run/peccary';
const SocketName = 'peccary-command.socket';
/** Bytes of a socket's path (sockaddr_un.sun_path with its NUL is 108). */
const MaxPathLen = 107;

export interface SocketConfig {
  /** It must be there; otherwise (`auto`) the sensor goes on without one where it cannot be. */
  required: boolean;
  /** Where it may be, likeliest first. */
  paths: string[];
}

/** null: there is to be none. Throws PeccaryError for a value that cannot be. */
export function socketConfig(settings: Settings, logDir: string): SocketConfig | null {
  const auto = settings.string('unix-command.enabled', 'auto').toLowerCase() === 'auto';
  const paths = socketPaths(settings, logDir);
  return auto || settings.bool('unix-command.enabled', true) ? { required: !auto, paths } : null;
}

/** Where the socket may be: a name that is not absolute lies in /var/run/peccary, else with the logs. */
export function socketPaths(settings: Settings, logDir: string): string[] {
  const name = settings.string('unix-command.filename', SocketName);
  return isAbsolute(name) ? [name] : [join(RunFolder, name), join(logDir, name)];
}

/** The first of `paths` whose folder can be written; it is made when it is missing. */
export function ownSocketPath(paths: readonly string[]): string {
  return paths.find((path) => canWrite(dirname(path))) ?? paths[paths.length - 1];
}

function canWrite(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Makes `server` listen at `path`, which only this user can open (0600). Throws PeccaryError that says what is in the way. */
export async function listenAt(server: Server, path: string): Promise<void> {
  const aside = join(dirname(path), `.${randomBytes(2).toString('hex')}`);
  if (Math.max(Buffer.byteLength(path), Buffer.byteLength(aside)) > MaxPathLen) {
    throw new PeccaryError('config', `${path}: the path of a socket has at most ${MaxPathLen} bytes`);
  }
  await clearPath(path, aside);
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void => reject(socketFault(path, error));
    server.once('error', failed);
    // The socket's file is made within this call, under this mask.
    const before = process.umask(0o177);
    try {
      server.listen({ path }, () => {
        server.off('error', failed);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

function socketFault(path: string, error: NodeJS.ErrnoException): PeccaryError {
  return error.code === 'EADDRINUSE' ? taken(path) : new PeccaryError('runtime', `${path}: ${error.message}`);
}

function taken(path: string): PeccaryError {
  const remedy = 'stop that one (`peccary ctl shutdown`), or give this one another unix-command.filename';
  return new PeccaryError('runtime', `another sensor listens at ${path}: ${remedy}`);
}

/** Removes a socket that nothing listens at any more. `aside`: a free name in the same folder. */
async function clearPath(path: string, aside: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new PeccaryError('config', `${path}: is there and is not a socket`);
  if (await answers(path)) throw taken(path);
  // Another sensor may have replaced it just now. What is out of the way cannot change any more: look again.
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new PeccaryError('runtime', `${path}: cannot be replaced (${(error as Error).message})`);
  }
  const live = await answers(aside);
  if (live) linkSync(aside, path);
  rmSync(aside, { force: true });
  if (live) throw taken(path);
}

/** Whether someone listens at a socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Refused: nobody is there. Anything else (a full backlog, no permission): somebody may be.
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
  });
}
