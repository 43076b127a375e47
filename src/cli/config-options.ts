/** Options that several commands share: the configuration and which rules to load. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ListFiles } from '../rules/manage/lists.js';
import { type LoadedConfig, loadConfig } from '../sensor/config.js';
import { SharingLimit } from '../sensor/sharing.js';

export interface ConfigOptions {
  config?: string;
  include: string[];
  set: string[];
}

export interface RuleOptions {
  rules: string[];
  addRules: string[];
  ruleVersion: 7 | 8;
  disableConf: string[];
  enableConf: string[];
  dropConf: string[];
  modifyConf: string[];
}

/** Collects the values of an option that may stand several times. */
export function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** Parses --workers. */
export function workerNumber(value: string): number {
  const n = Number(value);
  if (/^\d+$/.test(value) && n >= 1 && n <= SharingLimit.Workers) return n;
  throw new InvalidArgumentError(`Expected a number from 1 to ${SharingLimit.Workers}.`);
}

export function addConfigOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration, in the form of suricata.yaml')
    .option('--include <file>', 'further configuration (repeatable)', collect, [])
    .option('--set <key=value>', 'set a configuration key (repeatable)', collect, []);
}

export function addRuleOptions(command: Command): Command {
  return command
    .option('-S, --rules <file>', 'load only these rules (repeatable, as -s)', collect, [])
    .option('-s, --add-rules <file>', 'load these besides the configured ones', collect, [])
    .addOption(
      new Option('--rule-version <n>', 'rule syntax of Suricata 7 or 8').default(7).argParser((value) => {
        if (value !== '7' && value !== '8') throw new InvalidArgumentError('Expected 7 or 8.');
        return Number(value);
      }),
    )
    .option('--disable-conf <file>', 'rules to leave out, as in suricata-update', collect, [])
    .option('--enable-conf <file>', 'commented-out rules to load (repeatable)', collect, [])
    .option('--drop-conf <file>', 'rules whose action becomes drop (repeatable)', collect, [])
    .option('--modify-conf <file>', 'changes to the text of rules (repeatable)', collect, []);
}

/** The lists of rule management that the options name. */
export function ruleLists(options: RuleOptions): ListFiles {
  const { disableConf, enableConf, dropConf, modifyConf } = options;
  return { disable: disableConf, enable: enableConf, drop: dropConf, modify: modifyConf };
}

/** Loads what the options name; throws PeccaryError. */
export function loadConfigOptions(options: ConfigOptions): Promise<LoadedConfig> {
  return loadConfig({ file: options.config ?? null, includes: options.include, sets: options.set });
}
