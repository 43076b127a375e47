/** `run --test`: everything a sensor reads is read, nothing is opened. */
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import { detectNotes } from '../detect/engine.js';
import { outputConfig } from '../output/config.js';
import { defaultChecksums, describeLive, type LiveDescription } from './live-description.js';
import { loadChosen, refuseAny, releaseDatabases } from './rule-sets.js';
import type { RuleReport } from './rule-tables.js';
import type { SensorOptions } from './sensor.js';
import { configureStages } from './stages.js';

interface Checked {
  report: RuleReport;
  unknownKeys: string[];
}

/** Throws PeccaryError for what keeps the sensor from running, and for a refused rule. */
export async function checkSensor(options: SensorOptions): Promise<Checked> {
  const { config, logDir, eve } = options;
  const settings = new Settings(config.tree, config.origin, config.places);
  settings.markRead(options.configRead);
  const live = liveOrNone(settings, options);
  const inline = live.nfqueue !== null;
  const checksums = options.checksums ?? defaultChecksums(settings, live);
  outputConfig(settings, { eve, logDir, inline, live: true });
  configureStages(settings, checksums, inline, logDir);
  for (const note of detectNotes()) options.log('warning', note);
  const rules = await loadChosen(options, config);
  settings.markRead(rules.settingsRead);
  releaseDatabases(rules);
  refuseAny(rules.report);
  return { report: rules.report, unknownKeys: settings.unreadNotes() };
}

/** A check needs no interface: without one it says only whether the rest can be used. */
function liveOrNone(settings: Settings, options: SensorOptions): LiveDescription {
  try {
    return describeLive(settings, options);
  } catch (e) {
    const none = options.interfaces.length === 0 && options.queues.length === 0;
    if (e instanceof PeccaryError && e.kind === 'usage' && none)
      return { interfaces: [], nfqueue: null, capRing: null };
    throw e;
  }
}
