/**
 * `filetype: syslog` of an output (Suricata user guide 7.0, "EVE Output", "Output types"): each line is a message to the
 * local syslog daemon, in the form that syslog(3) sends it to /dev/log.
 */
import type { Settings } from '../core/settings.js';

export interface SyslogOptions {
  /** Datagram socket of the daemon. */
  path: string;
  identity: string;
  /** Facility and level as one number (RFC 3164 section 4.1.1). */
  priority: number;
}

const facilities: Record<string, number> = {
  ...Object.fromEntries(
    'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp'.split(' ').map((name, i) => [name, i]),
  ),
  security: 4,
  ...Object.fromEntries([0, 1, 2, 3, 4, 5, 6, 7].map((n) => [`local${n}`, 16 + n])),
};
const levels: Record<string, number> = Object.fromEntries(
  'emergency alert critical error warning notice info debug'.split(' ').map((name, i) => [name, i]),
);

/** Reads `identity`, `facility`, `level` and Peccary's own `path` below `at`; throws PeccaryError 'config'. */
export function syslogOptions(settings: Settings, at: string): SyslogOptions {
  const choice = (key: string, fallback: string, known: Record<string, number>): number => {
    const n = known[settings.string(`${at}.${key}`, fallback).toLowerCase()];
    if (n === undefined) throw settings.fault(`${at}.${key}`, `one of ${Object.keys(known).join(', ')}`);
    return n;
  };
  return {
    path: settings.string(`${at}.path`, '/dev/log'),
    identity: settings.string(`${at}.identity`, 'peccary'),
    priority: choice('facility', 'local0', facilities) * 8 + choice('level', 'info', levels),
  };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');

/** One message (RFC 3164 section 4.1): priority, local time, identity, text without its newline. */
export function syslogMessage(o: SyslogOptions, line: string, pid: number, now: Date): string {
  const day = String(now.getDate()).padStart(2, ' ');
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  return `<${o.priority}>${months[now.getMonth()]} ${day} ${time} ${o.identity}[${pid}]: ${line.replace(/\n$/, '')}`;
}
