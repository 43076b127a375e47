/** `response`: an interface through which a sensor that listens on a mirrored port resets connections. */
import type { Settings } from '../core/settings.js';

export interface ResponseConfig {
  interface: string;
  /** route: the kernel finds the way of each packet; otherwise they go as frames to the neighbours that were seen. */
  route: boolean;
  /** Hardware address that frames go to instead, six bytes, or null. */
  destination: Uint8Array | null;
  /** Resets to each end with numbers a segment apart, for what is on its way. */
  guesses: number;
  /** Packets of a rejected connection that are answered with further resets. */
  perConnection: number;
  /** Packets sent a second. */
  perSecond: number;
}

/** Reads `response`; null when it names no interface. Throws PeccaryError 'config'. */
export function responseConfig(settings: Settings): ResponseConfig | null {
  const name = settings.string('response.interface');
  if (name === undefined) {
    settings.get('response'); // its keys are known though nothing reads them
    return null;
  }
  const mode = settings.string('response.mode', 'frame');
  if (mode !== 'frame' && mode !== 'route') throw settings.fault('response.mode', 'frame or route');
  const mac = settings.string('response.destination-mac');
  if (mac !== undefined && !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(mac)) {
    throw settings.fault('response.destination-mac', 'an address such as 02:00:5e:00:53:01');
  }
  return {
    interface: name,
    route: mode === 'route',
    destination: mac === undefined ? null : Uint8Array.from(mac.split(':'), (byte) => Number.parseInt(byte, 16)),
    guesses: settings.int('response.guesses', 4, 1, 16),
    perConnection: settings.int('response.per-connection', 32, 0, 255),
    perSecond: settings.int('response.per-second', 10_000, 1, 1_000_000),
  };
}
