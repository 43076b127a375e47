/** What time it is for bans: a clock that nobody sets, the one that people read, and which boot the first belongs to. */
import { readFileSync } from 'node:fs';

export interface BanClock {
  /** Monotonic since the boot, milliseconds. */
  nowMs(): number;
  /** Since 1970, milliseconds. */
  wallMs(): number;
  /** Identifies the boot; '' when that cannot be told. */
  readonly boot: string;
}

export function systemClock(): BanClock {
  let boot = '';
  try {
    boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    // not Linux: bans of an earlier process are timed by the clock on the wall
  }
  return { nowMs: () => Number(process.hrtime.bigint()) / 1e6, wallMs: () => Date.now(), boot };
}
