/**
 * What a sensor and its supervisor tell each other, over a socket pair that the sensor finds as descriptor 3: short lines
 * of words. The sensor is the one that hostile bytes reach, so the supervisor believes it nothing but numbers and names,
 * and of these a bounded length.
 */

export const enum Supervision {
  /** Descriptor of the socket pair in the sensor. */
  Fd = 3,
  /** Milliseconds between heartbeats. */
  BeatMs = 1000,
  /** Bytes of a line; longer ones are given up. */
  Line = 1024,
}

/** Environment variable that names the supervisor's process to the sensor. */
export const SupervisorVariable = 'PECCARY_SUPERVISOR';

/** What a sensor says of itself. */
export interface Sign {
  /** It captures. */
  ready: boolean;
  /** Packets inspected so far and flows that are open. */
  packets: number;
  flows: number;
  interfaces: string[];
}

/** What earlier sensors of this supervisor cost. */
export interface Losses {
  restarts: number;
  /** Flows that were open when a sensor ended abnormally. */
  flowsLost: number;
  /** Packets that the interfaces received while no sensor ran. */
  packetsUnseen: number;
}

export function signText({ ready, packets, flows, interfaces }: Sign): string {
  return `sign ${ready ? 1 : 0} ${packets} ${flows} ${interfaces.join(' ')}\n`;
}

/** Null for what is no sign. */
export function parseSign(line: string): Sign | null {
  const m = /^sign ([01]) (\d{1,15}) (\d{1,15}) ?([^\s/]{1,15}(?: [^\s/]{1,15}){0,15})?$/.exec(line);
  if (m === null) return null;
  const interfaces = m[4]?.split(' ').filter((name) => name !== '.' && name !== '..') ?? [];
  return { ready: m[1] === '1', packets: Number(m[2]), flows: Number(m[3]), interfaces };
}

export function lossesText({ restarts, flowsLost, packetsUnseen }: Losses): string {
  return `losses ${restarts} ${flowsLost} ${packetsUnseen}\n`;
}

export function parseLosses(line: string): Losses | null {
  const m = /^losses (\d{1,15}) (\d{1,15}) (\d{1,15})$/.exec(line);
  return m === null ? null : { restarts: Number(m[1]), flowsLost: Number(m[2]), packetsUnseen: Number(m[3]) };
}

/** Cuts what arrives into lines; what is longer than Supervision.Line is dropped up to its end. */
export class Lines {
  private rest = '';
  private skipping = false;

  constructor(private readonly take: (line: string) => void) {}

  feed(text: string): void {
    const parts = (this.rest + text).split('\n');
    const last = parts.pop() ?? '';
    for (const part of parts) {
      if (!this.skipping && part.length <= Supervision.Line) this.take(part);
      this.skipping = false;
    }
    if (last.length > Supervision.Line) this.skipping = true;
    this.rest = this.skipping ? '' : last;
  }
}
