/** UDP ports that a tunnel protocol is looked for on: `decoder.X.enabled`, `decoder.X.ports`. */
import type { Settings } from '../core/settings.js';

const enum TunnelPortLimit {
  /** Ports a protocol, as Suricata. */
  Ports = 4,
}

/** At most TunnelPortLimit.Ports ports, or any; none when the tunnel is switched off. */
export class TunnelPorts {
  private ports: number[];
  private any = false;
  constructor(ports: number[]) {
    this.ports = ports;
  }

  has(port: number): boolean {
    if (this.any) return true;
    for (let i = 0; i < this.ports.length; i++) if (this.ports[i] === port) return true;
    return false;
  }

  /** Reads `decoder.NAME`: ports as `any`, a number, a "[1, 2]" text, a list, or a `$NAME` of vars.port-groups. */
  configure(settings: Settings, name: string, fallback: number[]): void {
    const path = `decoder.${name}`;
    this.any = false;
    const given = settings.list(`${path}.ports`, fallback.map(String));
    if (!settings.bool(`${path}.enabled`, true)) {
      this.ports = [];
      return;
    }
    if (given.length === 1 && given[0].trim() === 'any') {
      this.any = true;
      return;
    }
    const ports = given.flatMap((text) => portNumbers(resolved(settings, text, fallback)));
    const valid = ports.every((n) => Number.isInteger(n) && n >= 0 && n <= 0xffff);
    if (!valid || ports.length > TunnelPortLimit.Ports) {
      throw settings.fault(`${path}.ports`, `up to ${TunnelPortLimit.Ports} port numbers or any`);
    }
    this.ports = ports;
  }
}

/** A variable's value; the protocol's own ports where the configuration does not define it. */
function resolved(settings: Settings, text: string, fallback: number[]): string {
  const name = /^\$(\w+)$/.exec(text.trim())?.[1];
  return name === undefined ? text : settings.string(`vars.port-groups.${name}`, fallback.join(','));
}

function portNumbers(text: string): number[] {
  const words = text.replace(/[[\]]/g, ' ').split(/[\s,]+/);
  return words.filter((word) => word !== '').map(Number);
}
