/** Commands of Peccary's own that ban addresses, let them in again and list who is banned. */

import { BanLimit, parseDuration } from '../rules/ban-spec.js';
import type { RunningSensor } from '../sensor/running.js';
import { type Arguments, done, type Reply, refused } from './messages.js';

/** A ban as it is told. */
export interface ToldBan {
  address: string;
  /** The trusted proxy that it is behind: its requests are dropped. Null: its packets are. */
  via: string | null;
  policy: string;
  gid: number | null;
  sid: number | null;
  /** When it began and ends, ISO 8601. */
  since: string;
  until: string;
  /** Seconds that it lasts. */
  duration: number;
  times: number;
}

export function banCommands(sensor: RunningSensor): Record<string, (args: Arguments) => Reply | Promise<Reply>> {
  const off = (): Reply => refused('Bans are not enabled (bans.enabled)');
  const settle = async (wish: Promise<string | null>, words: string): Promise<Reply> => {
    const fault = await wish;
    return fault === null ? done(words) : refused(fault);
  };
  return {
    bans: () => {
      if (sensor.bans === null) return off();
      const bans = sensor.bans.list().map(
        (b): ToldBan => ({
          address: b.address,
          via: b.via,
          policy: b.policy,
          gid: b.gid,
          sid: b.sid,
          since: new Date(b.sinceMs).toISOString(),
          until: new Date(b.untilMs).toISOString(),
          duration: b.durationS,
          times: b.times,
        }),
      );
      return done({ count: bans.length, dry_run: sensor.bans.dryRun, bans });
    },
    ban: ({ address, duration }) => {
      if (sensor.bans === null) return off();
      if (typeof address !== 'string') return refused('address is not a string');
      if (duration !== undefined && typeof duration !== 'string') return refused('duration is not a string');
      const seconds = duration === undefined ? null : parseDuration(duration);
      if (duration !== undefined && (seconds === null || seconds < 1 || seconds > BanLimit.ForS)) {
        return refused('duration must be from 1s to 365d, as in 90s, 10m, 2h, 7d');
      }
      return settle(sensor.bans.order(address, seconds), 'banned');
    },
    unban: ({ address }) => {
      if (sensor.bans === null) return off();
      if (typeof address !== 'string') return refused('address is not a string');
      return settle(sensor.bans.pardon(address), 'unbanned');
    },
  };
}
