/** A replay that writes nothing but its answer: for `rules explain` and `rules profile`. */
import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { Settings, type Tree } from '../core/settings.js';
import type { ReplayOptions, ReplaySummary } from '../sensor/options.js';
import {
  addConfigOptions,
  addRuleOptions,
  type ConfigOptions,
  loadConfigOptions,
  type RuleOptions,
  ruleLists,
} from './config-options.js';
import { ProgressLine } from './progress.js';
import { configuredChecksums, stopOnSignals } from './replay.js';
import { printFaults } from './replay-summary.js';

export interface QuietFlags extends ConfigOptions, RuleOptions {
  checksums?: ReplayOptions['checksums'];
  simulateIps: boolean;
  reader: ReplayOptions['reader'];
  bpf?: string;
}

/** The options of a replay that decide what is found. */
export function addQuietOptions(command: Command): Command {
  return addConfigOptions(addRuleOptions(command))
    .addOption(new Option('-k, --checksums <mode>', 'verify checksums').choices(['all', 'none', 'auto']))
    .option('--simulate-ips', 'drop and reject take effect, as in an inline sensor', false)
    .addOption(
      new Option('--reader <reader>', 'capture-file reader').choices(['own', 'pcap-parser', 'libpcap']).default('own'),
    )
    .option('--bpf <filter>', 'inspect only packets that match a BPF filter');
}

/** Without outputs, whatever the configuration says: nothing is written. */
function withoutOutputs(tree: Tree): Tree {
  return tree !== null && typeof tree === 'object' && !Array.isArray(tree) ? { ...tree, outputs: [] } : tree;
}

/** Replays `inputs` as `peccary replay` does with these options, and writes nothing. Faults go to standard error. */
export async function quietReplay(
  inputs: string[],
  flags: QuietFlags,
  wanted: Pick<ReplayOptions, 'profile' | 'explain'>,
): Promise<ReplaySummary> {
  for (const input of inputs) {
    if (input !== '-' && !existsSync(input)) throw new PeccaryError('usage', `${input}: no such file or folder`);
  }
  const config = await loadConfigOptions(flags);
  const settings = new Settings(config.tree, config.origin, config.places);
  const progress = ProgressLine.on(process.stderr);
  const stop = stopOnSignals();
  const { runReplay } = await import('../sensor/replay.js');
  try {
    const summary = await runReplay({
      inputs,
      onlyRules: flags.rules,
      extraRules: flags.addRules,
      lists: ruleLists(flags),
      config: withoutOutputs(config.tree),
      configOrigin: config.origin,
      configPlaces: config.places,
      configRead: [],
      checksums: flags.checksums ?? configuredChecksums(settings),
      logDir: '.',
      db: null,
      eve: null,
      simulateIps: flags.simulateIps,
      reader: flags.reader,
      bpf: flags.bpf ?? null,
      append: false,
      strict: false,
      ruleCache: true,
      ruleVersion: flags.ruleVersion,
      onProgress: progress === null ? null : (p) => progress.show(p),
      stop: stop.signal,
      ...wanted,
    });
    progress?.clear();
    printFaults(process.stderr, summary);
    if (summary.stopped) process.exitCode = stop.exitStatus();
    else if (summary.packets === 0 && summary.faults.length > 0) process.exitCode = 1;
    return summary;
  } finally {
    progress?.clear();
  }
}
