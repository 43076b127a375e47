/**
 * What is told of bans: bans.json in the log folder, a line an event (docs/bans.schema.json). The file is opened for each
 * write, so that whoever rotates it needs to tell nobody.
 */
import { appendFileSync } from 'node:fs';
import type { Log } from '../core/log.js';

/** An event; what does not apply to it is left out. */
export interface BanEvent {
  event: 'ban' | 'refused' | 'expired' | 'unbanned' | 'failed' | 'restored' | 'limited';
  address?: string;
  /** The proxy that the address is behind. */
  via?: string;
  policy?: string;
  gid?: number;
  sid?: number;
  offences?: number;
  /** Seconds, and when it ends. */
  duration?: number;
  until?: string;
  times?: number;
  /** Whether the kernel was seen to have it so. */
  enforced?: boolean;
  /** Milliseconds from the packet of the last offence until the ban was seen in the kernel. */
  latency_ms?: number;
  reason?: string;
  count?: number;
}

export class BanLog {
  private lines = '';
  private failed = false;

  constructor(
    private readonly file: string,
    private readonly dryRun: boolean,
    private readonly log: Log,
    private readonly wallMs: () => number,
  ) {}

  /** Written with others of the same turn of the event loop. */
  tell(event: BanEvent): void {
    if (this.lines === '') setImmediate(() => this.flush());
    const timestamp = new Date(this.wallMs()).toISOString();
    this.lines += `${JSON.stringify({ timestamp, ...event, dry_run: this.dryRun })}\n`;
  }

  flush(): void {
    const { lines } = this;
    this.lines = '';
    if (lines === '') return;
    try {
      appendFileSync(this.file, lines);
      this.failed = false;
    } catch (e) {
      if (!this.failed) this.log('warning', `${this.file} cannot be written: ${(e as Error).message}`);
      this.failed = true;
    }
  }
}
