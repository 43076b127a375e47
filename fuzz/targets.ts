/** The list of fuzz targets: one a parser. */
import type { FuzzTarget } from './target.js';

export const targets: Record<string, () => Promise<FuzzTarget>> = {
  capture: async () => (await import('./targets/capture.js')).target,
  config: async () => (await import('./targets/config.js')).target,
  decode: async () => (await import('./targets/decode.js')).target,
  rules: async () => (await import('./targets/rules.js')).target,
  defrag: async () => (await import('./targets/defrag.js')).target,
  body: async () => (await import('./targets/body.js')).target,
  pipeline: async () => (await import('./targets/pipeline.js')).target,
  http: async () => (await import('./targets/http.js')).target,
  stream: async () => (await import('./targets/stream.js')).target,
  proxy: async () => (await import('./targets/proxy.js')).target,
  alerts: async () => (await import('./targets/alerts.js')).target,
  file: async () => (await import('./targets/file.js')).target,
};
