/** UDP ports that a tunnel protocol is looked for on: `decoder.X.enabled`, `decoder.X.ports`. */
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';

export const enum TunnelPortLimit {
  /** Ports a protocol, as Suricata. */
  Ports = 4,
}

/** At most TunnelPortLimit.Ports ports; none when the tunnel is switched off. */
export class TunnelPorts {
  private ports: number[];
  constructor(ports: number[]) {
    this.ports = ports;
  }

  has(port: number): boolean {
    for (let i = 0; i < this.ports.length; i++) if (this.ports[i] === port) return true;
    return false;
  }

  /** Reads `decoder.NAME`: ports as a number, a "[1, 2]" text or a list; "any" is not offered. */
  configure(settings: Settings, name: string, fallback: number[]): void {
    const path = `decoder.${name}`;
    const given = settings.list(`${path}.ports`, fallback.map(String));
    this.ports = settings.bool(`${path}.enabled`, true) ? parsePorts(given, `${path}.ports`) : [];
  }
}

function parsePorts(given: string[], path: string): number[] {
  const texts = given.flatMap((x) => x.replace(/[[\]]/g, ' ').split(/[\s,]+/)).filter((x) => x !== '');
  const ports = texts.map(Number);
  if (ports.some((n) => !Number.isInteger(n) || n < 0 || n > 0xffff) || ports.length > TunnelPortLimit.Ports) {
    throw new PeccaryError('config', `${path}: expected up to ${TunnelPortLimit.Ports} port numbers, found ${given}`);
  }
  return ports;
}
