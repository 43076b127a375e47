/** Starts the watchdog of a sensor that is to fail open (watchdog-process.ts), and starts it again should it end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { NfqueueConfig } from '../capture/nfqueue-config.js';
import type { Log } from '../core/log.js';
import { WatchdogWord } from './queue-watch.js';

const enum Limit {
  /** Times that it is started again, and milliseconds before. */
  Restarts = 20,
  RestartMs = 500,
}

export class Watchdog {
  private child: ChildProcess | null = null;
  private restarts = 0;
  private closed = false;

  constructor(
    private readonly config: NfqueueConfig,
    private readonly log: Log,
  ) {
    this.start();
  }

  private start(): void {
    if (this.closed) return;
    const script = fileURLToPath(new URL('../sensor/watchdog-process.js', import.meta.url));
    const numbers = [process.pid, this.config.stallMs, ...this.config.queues].map(String);
    // In a session of its own: what stops the sensor from a terminal does not stop it too.
    const child = spawn(process.execPath, [script, ...numbers], {
      detached: true,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    this.child = child;
    child.stdin?.on('error', () => undefined); // its end is told by exit
    let over = false;
    const ended = (why: string): void => {
      if (over || this.closed) return;
      over = true;
      this.log(
        'warning',
        `the watchdog ended (${why}): until it runs again a sensor that stands still stops the traffic`,
      );
      if (this.restarts++ < Limit.Restarts) setTimeout(() => this.start(), Limit.RestartMs).unref();
      else this.log('error', 'the watchdog ends again and again and is not started any more');
    };
    child.once('error', (e) => ended(e.message));
    child.once('exit', (code, signal) => ended(signal ?? `status ${code}`));
    child.unref();
  }

  /** The sensor is about to stand still for a moment, and knows it. Call `expect(false)` when that is over. */
  expect(pause: boolean): void {
    this.child?.stdin?.write(pause ? WatchdogWord.Pause : WatchdogWord.Over);
  }

  close(): void {
    this.closed = true;
    this.child?.stdin?.end();
  }
}
