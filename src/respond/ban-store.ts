/**
 * The bans in force, in an SQLite file: what outlives the sensor. Times of the same boot are compared by the monotonic
 * clock, so that a clock that was set neither lengthens nor shortens a ban.
 */
import type { Database, Statement } from 'better-sqlite3';
import { PeccaryError } from '../core/errors.js';
import type { BanClock } from './ban-clock.js';

/** A ban in force. Times in milliseconds. */
export interface Ban {
  /** Canonical. */
  address: string;
  /** The trusted proxy that it is behind: its requests are dropped, its address is not kept out. */
  via: string | null;
  /** Name of the policy, or "operator". */
  policy: string;
  /** The signature of the last offence; null for a ban by hand. */
  gid: number | null;
  sid: number | null;
  /** Since 1970. */
  sinceMs: number;
  untilMs: number;
  /** Monotonic. */
  endsMs: number;
  durationS: number;
  /** The how manyeth of this address in a row. */
  times: number;
}

interface Row {
  address: string;
  via: string | null;
  policy: string;
  gid: number | null;
  sid: number | null;
  since_ms: number;
  until_ms: number;
  boot: string;
  ends_ms: number;
  duration_s: number;
  times: number;
}

const enum Limit {
  /** Addresses whose earlier bans are remembered. */
  Offenders = 1_000_000,
  /** Those longest ago that are forgotten at once when there are more. */
  Forgotten = 10_000,
  Version = 1,
}

/** "PCRB". */
const ApplicationId = 0x5043_5242;

const tables = `
CREATE TABLE ban (
  address TEXT NOT NULL,
  dry INTEGER NOT NULL,
  via TEXT,
  policy TEXT NOT NULL,
  gid INTEGER,
  sid INTEGER,
  since_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  boot TEXT NOT NULL,
  ends_ms REAL NOT NULL,
  duration_s INTEGER NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (address, dry)
) STRICT, WITHOUT ROWID;
CREATE TABLE offender (
  address TEXT NOT NULL,
  dry INTEGER NOT NULL,
  times INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  PRIMARY KEY (address, dry)
) STRICT, WITHOUT ROWID;
CREATE INDEX offender_last ON offender (last_ms);
`;

export class BanStore {
  private readonly put: Statement;
  private readonly take: Statement;
  private readonly putOffender: Statement;
  private readonly offender: Statement;
  private readonly forget: Statement;
  private offenders: number;

  private constructor(
    private readonly db: Database,
    private readonly dry: 0 | 1,
    private readonly clock: BanClock,
  ) {
    this.put = db.prepare(
      'INSERT OR REPLACE INTO ban VALUES (@address, @dry, @via, @policy, @gid, @sid, @since_ms, @until_ms, @boot, @ends_ms, ' +
        '@duration_s, @times)',
    );
    this.take = db.prepare('DELETE FROM ban WHERE address = ? AND dry = ?');
    this.putOffender = db.prepare('INSERT OR REPLACE INTO offender VALUES (?, ?, ?, ?)');
    this.offender = db.prepare('SELECT times, last_ms FROM offender WHERE address = ? AND dry = ?');
    this.forget = db.prepare(
      'DELETE FROM offender WHERE (address, dry) IN (SELECT address, dry FROM offender ORDER BY last_ms LIMIT ?)',
    );
    this.offenders = (db.prepare('SELECT count(*) AS n FROM offender').get() as { n: number }).n;
  }

  /** Opens or makes the file. `dryRun`: the bans of dry runs, which are none. Throws PeccaryError 'database'. */
  static async open(path: string, dryRun: boolean, clock: BanClock): Promise<BanStore> {
    let db: Database | undefined;
    try {
      const Sqlite = (await import('better-sqlite3')).default;
      db = new Sqlite(path, { timeout: 2000 });
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      const known = db.pragma('application_id', { simple: true });
      if (known === 0) {
        db.exec(`BEGIN IMMEDIATE; ${tables} PRAGMA application_id = ${ApplicationId}; PRAGMA user_version = 1; COMMIT`);
      } else if (known !== ApplicationId || db.pragma('user_version', { simple: true }) !== Limit.Version) {
        throw new Error('it is no file of bans, or one of another version');
      }
      return new BanStore(db, dryRun ? 1 : 0, clock);
    } catch (e) {
      db?.close();
      const remedy = 'name another file with bans.database';
      throw new PeccaryError('database', `${path}: bans cannot be kept: ${(e as Error).message}; ${remedy}`);
    }
  }

  /** The bans still in force, by their end; those that are over are removed. */
  load(): { bans: Ban[]; over: Ban[] } {
    const { clock } = this;
    const rows = this.db.prepare('SELECT * FROM ban WHERE dry = ?').all(this.dry) as Row[];
    const all = rows.map((row): Ban => {
      // A clock that was set back must not make a ban longer than it was meant to be.
      const left = row.boot === clock.boot ? row.ends_ms - clock.nowMs() : row.until_ms - clock.wallMs();
      const leftMs = Math.min(left, row.duration_s * 1000);
      return {
        address: row.address,
        via: row.via,
        policy: row.policy,
        gid: row.gid,
        sid: row.sid,
        sinceMs: row.since_ms,
        untilMs: clock.wallMs() + leftMs,
        endsMs: clock.nowMs() + leftMs,
        durationS: row.duration_s,
        times: row.times,
      };
    });
    const over = all.filter(({ endsMs }) => endsMs <= clock.nowMs());
    this.db.transaction(() => {
      for (const { address } of over) this.remove(address);
    })();
    return { bans: all.filter((ban) => !over.includes(ban)).sort((a, b) => a.endsMs - b.endsMs), over };
  }

  save(ban: Ban): void {
    this.put.run({
      address: ban.address,
      dry: this.dry,
      via: ban.via,
      policy: ban.policy,
      gid: ban.gid,
      sid: ban.sid,
      since_ms: Math.round(ban.sinceMs),
      until_ms: Math.round(ban.untilMs),
      boot: this.clock.boot,
      ends_ms: ban.endsMs,
      duration_s: ban.durationS,
      times: ban.times,
    });
    const { changes } = this.putOffender.run(ban.address, this.dry, ban.times, Math.round(ban.untilMs));
    this.offenders += changes;
    if (this.offenders > Limit.Offenders) this.offenders -= this.forget.run(Limit.Forgotten).changes;
  }

  remove(address: string): void {
    this.take.run(address, this.dry);
  }

  /** How many times in a row the address was banned before, the last ban over for `memoryS` seconds at most. */
  timesBefore(address: string, memoryS: number): number {
    const row = this.offender.get(address, this.dry) as { times: number; last_ms: number } | undefined;
    return row === undefined || this.clock.wallMs() - row.last_ms > memoryS * 1000 ? 0 : row.times;
  }

  close(): void {
    this.db.close();
  }
}
