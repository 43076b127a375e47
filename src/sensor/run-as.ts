/**
 * `--user` and `run-as` (Suricata manual, "Dropping Privileges After Startup"): a sensor that root started goes on as
 * another user. It does so before it reads rules or starts threads, and keeps two capabilities for the threads that
 * capture, so that an interface that comes back, or a worker that is replaced, can be opened again.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, chownSync, constants } from 'node:fs';
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Capability, keepCapabilities, limitCapabilities } from '../addon/privileges.js';
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';

export interface RunAs {
  user: string;
  /** Null: the user's own. */
  group: string | null;
}

/** Whom to run as: the command line's, or `run-as` of the configuration; null: whoever started it. */
export function runAsWhom(settings: Settings, user: string | undefined, group: string | undefined): RunAs | null {
  const configured = { user: settings.string('run-as.user'), group: settings.string('run-as.group') };
  const name = user ?? configured.user;
  const of = group ?? (user === undefined ? configured.group : undefined);
  if (name !== undefined) return { user: name, group: of ?? null };
  if (of !== undefined) throw new PeccaryError('usage', '--group needs --user');
  return null;
}

/**
 * Becomes that user, for good. `folder` is given to him when it is not null. Throws PeccaryError when there is no such
 * user, or this process may not.
 */
export function becomeUser({ user, group }: RunAs, folder: string | null): void {
  if (process.getuid?.() !== 0) {
    throw new PeccaryError(
      'usage',
      `only root can go on as ${user}: start as that user, with the capabilities it needs`,
    );
  }
  const [uid] = idsOf('-u', user);
  const gid = group === null ? idsOf('-g', user)[0] : groupId(group);
  const groups = group === null ? idsOf('-G', user) : [gid];
  if (folder !== null) chownSync(folder, uid, gid);
  const kept = Capability.NetRaw | Capability.NetAdmin;
  const refused = keepCapabilities(kept);
  if (refused !== undefined) throw new PeccaryError('runtime', `capabilities cannot be kept: ${refused.message}`);
  process.setgroups?.(groups);
  process.setgid?.(gid);
  process.setuid?.(uid);
  // `nft` needs the one for what it does; it is the only program that a sensor runs.
  const limited = limitCapabilities(kept, Capability.NetAdmin);
  if (limited !== undefined) throw new PeccaryError('runtime', `capabilities cannot be limited: ${limited.message}`);
  process.env.HOME = userInfo().homedir;
  const program = fileURLToPath(import.meta.url);
  try {
    accessSync(program, constants.R_OK);
  } catch {
    throw new PeccaryError(
      'usage',
      `${user} may not read the program itself (${program}): install it where all users may`,
    );
  }
}

/** What id(1) answers: numbers of the user, of the group, of all groups. */
function idsOf(which: '-u' | '-g' | '-G', user: string): number[] {
  try {
    const said = execFileSync('id', [which, '--', user], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
    return said.trim().split(' ').map(Number);
  } catch {
    throw new PeccaryError('usage', `there is no user ${user}`);
  }
}

function groupId(group: string): number {
  try {
    const line = execFileSync('getent', ['group', '--', group], {
      encoding: 'latin1',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number(line.split(':')[2]);
  } catch {
    throw new PeccaryError('usage', `there is no group ${group}`);
  }
}
