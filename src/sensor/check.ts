/** `run --test`: everything a sensor reads is read, nothing is opened. */
import { liveChecksums, liveInterfaces } from '../capture/live-config.js';
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import { detectNotes } from '../detect/engine.js';
import { outputConfig } from '../output/config.js';
import { loadChosen, refuseAny, releaseDatabases } from './rule-sets.js';
import type { RuleReport } from './rule-tables.js';
import type { SensorOptions } from './sensor.js';
import { configureStages } from './stages.js';

export interface Checked {
  report: RuleReport;
  unknownKeys: string[];
}

/** Throws PeccaryError for what keeps the sensor from running, and for a refused rule. */
export async function checkSensor(options: SensorOptions): Promise<Checked> {
  const { config, logDir, eve } = options;
  const settings = new Settings(config.tree, config.origin, config.places);
  settings.markRead(options.configRead);
  const names = liveInterfacesOrNone(settings, options);
  const checksums = options.checksums ?? liveChecksums(settings, names[0] ?? 'default');
  outputConfig(settings, { eve, logDir, inline: false, live: true });
  configureStages(settings, checksums, false, logDir);
  for (const note of detectNotes()) options.log('warning', note);
  const rules = await loadChosen(options, config);
  settings.markRead(rules.settingsRead);
  releaseDatabases(rules);
  refuseAny(rules.report);
  return { report: rules.report, unknownKeys: settings.unreadNotes() };
}

/** A check needs no interface: without -i it says only whether the rest can be used. */
function liveInterfacesOrNone(settings: Settings, { interfaces, bpf }: SensorOptions): string[] {
  try {
    return liveInterfaces(settings, interfaces, bpf).map((i) => i.name);
  } catch (e) {
    if (e instanceof PeccaryError && e.kind === 'usage' && interfaces.length === 0) return [];
    throw e;
  }
}
