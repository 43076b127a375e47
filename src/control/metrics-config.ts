/** `outputs: - metrics:`, a key of Peccary's own: whether Prometheus may ask this sensor, and where. */
import { isIP } from 'node:net';
import type { Settings } from '../core/settings.js';

export interface MetricsConfig {
  host: string;
  port: number;
  /** Others than this machine can connect. */
  open: boolean;
}

const DefaultListen = '127.0.0.1:9945';

/** null: it is off, as it is by default. Throws PeccaryError for an address that cannot be. */
export function metricsConfig(settings: Settings): MetricsConfig | null {
  if (!settings.bool('outputs.metrics.enabled', false)) return null;
  const listen = settings.string('outputs.metrics.listen', DefaultListen);
  const found = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(listen.trim());
  const host = found === null ? '' : (found[1] ?? found[2]);
  const port = Number(found?.[3]);
  if (isIP(host) === 0 || (isIP(host) === 6) !== (found?.[1] !== undefined) || port > 65535) {
    throw settings.fault('outputs.metrics.listen', `an address and a port such as ${DefaultListen} or [::1]:9945`);
  }
  return { host, port, open: !/^(127\.|::1$)/.test(host) };
}
