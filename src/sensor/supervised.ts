/** The sensor's side of its supervision: a heartbeat from its main thread, and an end when the supervisor has gone. */
import { Socket } from 'node:net';
import {
  Lines,
  type Losses,
  parseLosses,
  type Sign,
  Supervision,
  SupervisorVariable,
  signText,
} from './supervision.js';

/** Whether a supervisor started this process. */
export function isSupervised(): boolean {
  return process.env[SupervisorVariable] === String(process.ppid);
}

export class Supervised {
  /** What earlier sensors of the supervisor cost, once it has told. */
  losses: Losses | null = null;
  private readonly timer: NodeJS.Timeout;
  private closing = false;

  /** `sign`: how the sensor is at present. `orphaned` is called once when the supervisor has gone. */
  private constructor(
    private readonly socket: Socket,
    private readonly sign: () => Sign,
    orphaned: () => void,
  ) {
    const lines = new Lines((line) => {
      this.losses = parseLosses(line) ?? this.losses;
    });
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => lines.feed(text));
    socket.on('error', () => undefined); // `close` follows
    socket.on('close', () => {
      clearInterval(this.timer);
      if (!this.closing) orphaned();
    });
    socket.unref();
    this.timer = setInterval(() => this.beat(), Supervision.BeatMs);
    this.timer.unref();
    this.beat();
  }

  /** Null when this process has no supervisor. */
  static join(sign: () => Sign, orphaned: () => void): Supervised | null {
    if (!isSupervised()) return null;
    return new Supervised(new Socket({ fd: Supervision.Fd, readable: true, writable: true }), sign, orphaned);
  }

  /** Tells at once how things are. A supervisor that does not read is not waited for. */
  beat(): void {
    if (this.socket.writableLength === 0) this.socket.write(signText(this.sign()));
  }

  close(): void {
    this.closing = true;
    clearInterval(this.timer);
    this.socket.destroy();
  }
}

/** As counters of the sensor. */
export function lossCounters(losses: Losses | null): Record<string, number> {
  if (losses === null) return {};
  return {
    'supervisor.restarts': losses.restarts,
    'supervisor.flows_lost': losses.flowsLost,
    'supervisor.packets_unseen': losses.packetsUnseen,
  };
}
