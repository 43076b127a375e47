/** The list of fuzz targets: one a parser. */
import type { FuzzTarget } from './target.js';

export const targets: Record<string, () => Promise<FuzzTarget>> = {
  config: async () => (await import('./targets/config.js')).target,
};
