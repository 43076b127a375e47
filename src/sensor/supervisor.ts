/**
 * `peccary run --supervise`: a small parent that touches no packet. It starts the sensor as a process of its own, passes
 * signals on to it, ends it when its heartbeat fails, starts it again when it ended abnormally, and counts what that cost.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Log } from '../core/log.js';
import { Heartbeat, Pulse } from './heartbeat.js';
import { RestartPolicy } from './restart-policy.js';
import {
  Lines,
  type Losses,
  lossesText,
  parseSign,
  type Sign,
  Supervision,
  SupervisorVariable,
} from './supervision.js';

export interface SupervisorTimes {
  /** Milliseconds without a heartbeat after which a sensor is killed: while it starts for the first time, and later. */
  startMs: number;
  hangMs: number;
}

const Times: SupervisorTimes = { startMs: 300_000, hangMs: 30_000 };

const Stops = new Set<NodeJS.Signals>(['SIGTERM', 'SIGINT']);
const Signals: NodeJS.Signals[] = [...Stops, 'SIGHUP', 'SIGUSR2'];

export class Supervisor {
  private child: ChildProcess | null = null;
  private sign: Sign | null = null;
  private signs = 0;
  private beganMs = 0;
  private hung = false;
  /** A sensor has captured: from here on its end is worth a restart. */
  private hasRun = false;
  private stopped = false;
  private readonly losses: Losses = { restarts: 0, flowsLost: 0, packetsUnseen: 0 };
  /** Packets that the interfaces had received when the last sensor ended. */
  private receivedBefore = new Map<string, number>();
  private readonly policy = new RestartPolicy();
  private waiting: NodeJS.Timeout | undefined;
  private done: (status: number) => void = () => undefined;

  /** `command`: the program and its arguments. */
  constructor(
    private readonly command: readonly string[],
    private readonly log: Log,
    private readonly times: SupervisorTimes = Times,
  ) {}

  /** Runs until the sensor ends in good order, was told to, or cannot be kept running; the status to exit with. */
  run(): Promise<number> {
    const passOn = (name: NodeJS.Signals): void => {
      if (Stops.has(name)) this.stop(name);
      else this.child?.kill(name);
    };
    for (const name of Signals) process.on(name, passOn);
    return new Promise((done) => {
      this.done = (status) => {
        for (const name of Signals) process.off(name, passOn);
        done(status);
      };
      this.start();
    });
  }

  private start(): void {
    this.sign = null;
    this.hung = false;
    this.beganMs = performance.now();
    const [program, ...args] = this.command;
    // A session of its own: Ctrl-C on a terminal reaches the sensor once, through us.
    const child = spawn(program, args, {
      detached: true,
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
      env: { ...process.env, [SupervisorVariable]: String(process.pid) },
    });
    this.child = child;
    const socket = child.stdio[Supervision.Fd] as Duplex | null;
    const lines = new Lines((line) => this.heard(line, socket));
    socket?.setEncoding('latin1');
    socket?.on('data', (text: string) => lines.feed(text));
    socket?.on('error', () => undefined); // its end is the sensor's
    const watch = this.watch(child);
    child.once('error', (e) => this.ended(null, null, e.message));
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      this.ended(code, signal, '');
    });
  }

  private heard(line: string, socket: Duplex | null): void {
    const sign = parseSign(line);
    if (sign === null) return;
    this.signs++;
    const first = sign.ready && this.sign?.ready !== true;
    this.sign = sign;
    if (!first) return;
    this.hasRun = true;
    this.countUnseen();
    if (this.losses.restarts > 0) {
      this.log('info', 'the sensor captures again', { ...facts(this.losses) });
    }
    socket?.write(lossesText(this.losses));
  }

  private watch(child: ChildProcess): NodeJS.Timeout {
    const hangs = new Heartbeat(this.times.hangMs, Supervision.BeatMs);
    const starts = new Heartbeat(this.times.startMs, Supervision.BeatMs);
    return setInterval(() => {
      const heart = this.sign?.ready === true ? hangs : starts;
      if (heart.look(this.signs, performance.now()) !== Pulse.Over || this.hung) return;
      this.hung = true;
      this.log('error', `the sensor has not answered for ${Math.round(heart.stoodMs / 1000)} s and is killed`);
      child.kill('SIGKILL');
    }, Supervision.BeatMs);
  }

  private stop(name: NodeJS.Signals): void {
    this.stopped = true;
    if (this.child !== null) this.child.kill(name);
    else {
      clearTimeout(this.waiting);
      this.done(0);
    }
  }

  private ended(code: number | null, signal: NodeJS.Signals | null, fault: string): void {
    if (this.child === null) return;
    this.child = null;
    const status = code ?? (signal === null ? 1 : 128 + constants.signals[signal]);
    if (this.stopped || status === 0) return this.done(status);
    const why = fault || (signal === null ? `status ${code}` : this.hung ? 'no heartbeat' : signal);
    // A sensor that never ran and says why has a user who can mend it; one that crashed does not know why.
    if (!this.hasRun && signal === null) return this.done(status);
    const flows = this.sign?.flows ?? 0;
    this.losses.flowsLost += flows;
    this.rememberReceived();
    const waitMs = this.policy.wait(performance.now() - this.beganMs);
    if (waitMs === null) {
      this.log('error', `the sensor ended (${why}) as it did again and again: it is not started any more`);
      return this.done(status);
    }
    this.losses.restarts++;
    const lost = { flows_lost: flows, restarts: this.losses.restarts, wait_ms: waitMs };
    this.log('error', `the sensor ended (${why}) and is started again`, lost);
    this.waiting = setTimeout(() => this.start(), waitMs);
  }

  private rememberReceived(): void {
    for (const name of this.sign?.interfaces ?? []) {
      const n = received(name);
      if (n !== null && !this.receivedBefore.has(name)) this.receivedBefore.set(name, n);
    }
  }

  private countUnseen(): void {
    for (const [name, before] of this.receivedBefore) {
      // An interface that was made anew counts from 0.
      const now = received(name) ?? 0;
      this.losses.packetsUnseen += now >= before ? now - before : now;
    }
    this.receivedBefore = new Map();
  }
}

const facts = ({ restarts, flowsLost, packetsUnseen }: Losses): Record<string, number> => ({
  restarts,
  flows_lost: flowsLost,
  packets_unseen: packetsUnseen,
});

/** Packets that an interface has received since it is there; null when there is no telling. */
function received(name: string): number | null {
  try {
    return Number(readFileSync(join('/sys/class/net', name, 'statistics/rx_packets'), 'latin1')) || 0;
  } catch {
    return null;
  }
}
