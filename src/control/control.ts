/** All that a running sensor offers to the outside: what the configuration asks for, opened together and closed together. */
import type { Settings } from '../core/settings.js';
import type { RunningSensor } from '../sensor/running.js';
import { openMetrics } from './metrics.js';
import { type MetricsConfig, metricsConfig } from './metrics-config.js';
import { openControlSocket } from './server.js';
import { type SocketConfig, socketConfig } from './socket-path.js';

export interface ControlConfig {
  socket: SocketConfig | null;
  metrics: MetricsConfig | null;
}

export interface Control {
  /** Path of the socket, or null. */
  readonly socket: string | null;
  /** Address of the metrics, or null. */
  readonly metrics: string | null;
  close(): Promise<void>;
}

/** Reads `unix-command` and `outputs.metrics`; opens nothing. Throws PeccaryError for a value that cannot be. */
export function controlConfig(settings: Settings, logDir: string): ControlConfig {
  return { socket: socketConfig(settings, logDir), metrics: metricsConfig(settings) };
}

/** Opens what is configured; `note` is told what goes wrong later. Throws PeccaryError when something cannot be opened. */
export async function openControl(
  sensor: RunningSensor,
  config: ControlConfig,
  note: (message: string) => void,
): Promise<Control> {
  const socket = config.socket === null ? null : await openControlSocket(sensor, config.socket, note);
  try {
    const metrics = config.metrics === null ? null : await openMetrics(sensor, config.metrics, note);
    return {
      socket: socket?.path ?? null,
      metrics: metrics?.url ?? null,
      close: async () => {
        await Promise.all([socket?.close(), metrics?.close()]);
      },
    };
  } catch (error) {
    await socket?.close();
    throw error;
  }
}
