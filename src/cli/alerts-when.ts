/** Points in time as people write them on the command line. All times are UTC, as in EVE. */
import { PeccaryError } from '../core/errors.js';

const UnitUs: Record<string, number> = { s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6, w: 604_800e6 };
const DayUs = 86_400e6;

/** "14:00", "14:00:05.25" as microseconds of a day; NaN when it is no time of day. */
function timeOfDay(text: string): number {
  const m = /^(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?$/.exec(text);
  if (m === null) return Number.NaN;
  const [h, min, s] = [Number(m[1]), Number(m[2]), Number(m[3] ?? 0)];
  if (h > 23 || min > 59 || s > 60) return Number.NaN;
  return ((h * 60 + min) * 60 + s) * 1e6 + Math.floor(Number(m[4] ?? 0) * 1e6);
}

/** "2026-01-02" as microseconds; NaN when there is no such day. */
function day(text: string): number {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (m === null) return Number.NaN;
  const ms = Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3]));
  return new Date(ms).toISOString().startsWith(text) ? ms * 1000 : Number.NaN;
}

/** "Z", "+0100", "-05:30" as microseconds to take off; NaN when it is no offset. */
function zone(text: string): number {
  if (text === '' || text === 'Z' || text === 'z') return 0;
  const m = /^([+-])(\d{2}):?(\d{2})$/.exec(text);
  if (m === null) return Number.NaN;
  return (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3])) * 60e6;
}

function absolute(text: string, todayUs: number): number {
  const word = /^(today|yesterday)(?:\s+(.+))?$/i.exec(text);
  if (word !== null) {
    const midnight = todayUs - (word[1].toLowerCase() === 'yesterday' ? DayUs : 0);
    return midnight + (word[2] === undefined ? 0 : timeOfDay(word[2]));
  }
  if (/^\d{1,2}:/.test(text)) return todayUs + timeOfDay(text);
  const m = /^(\d{4}-\d{2}-\d{2})(?:[T ]([\d:.]+)(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(text);
  if (m === null) return Number.NaN;
  return day(m[1]) + (m[2] === undefined ? 0 : timeOfDay(m[2])) - zone(m[3] ?? '');
}

/**
 * Microseconds since 1970 of "2h", "30m ago", "7d", "now", "today 14:00", "yesterday", "14:00", "2026-01-02",
 * "2026-01-02T03:04:05.678Z". What is relative counts from `nowUs`. Throws PeccaryError 'usage' naming `option`.
 */
export function parseWhen(text: string, nowUs: number, option: string): number {
  const t = text.trim();
  if (/^now$/i.test(t)) return nowUs;
  const ago = /^(\d{1,9})\s*([smhdw])(?:\s+ago)?$/i.exec(t);
  const us =
    ago === null
      ? absolute(t, Math.floor(nowUs / DayUs) * DayUs)
      : nowUs - Number(ago[1]) * UnitUs[ago[2].toLowerCase()];
  if (Number.isFinite(us)) return us;
  throw new PeccaryError(
    'usage',
    `${option} ${text}: expected a time such as 2h, "yesterday 14:00", 2026-01-31 or 2026-01-31T14:00:05Z`,
  );
}
