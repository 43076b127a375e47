/** `peccary replay`: options to a typed request, then progress while it runs and a summary when it is done. */
import { existsSync, mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import type { LoadedConfig } from '../sensor/config.js';
import type { ReplayOptions } from '../sensor/options.js';
import {
  addConfigOptions,
  addRuleOptions,
  type ConfigOptions,
  loadConfigOptions,
  type RuleOptions,
  ruleLists,
  workerNumber,
} from './config-options.js';
import { outputWidth } from './format.js';
import { ProgressLine } from './progress.js';
import { exitStatus, jsonSummary, printFaults, printRemarks, textSummary } from './replay-summary.js';
import { painter } from './text.js';

interface Flags extends ConfigOptions, RuleOptions {
  checksums?: ReplayOptions['checksums'];
  logDir?: string;
  db?: string;
  eve?: string;
  simulateIps: boolean;
  reader: ReplayOptions['reader'];
  bpf?: string;
  workers: number;
  append: boolean;
  strict: boolean;
  profileRules: boolean;
  ruleCache: boolean;
  quiet: boolean;
  json: boolean;
  color: boolean;
}

const examples = `
Examples:
  peccary replay capture.pcap
  peccary replay -S my.rules --db none --eve - capture.pcap    events as JSON lines
  peccary replay -c suricata.yaml --set stream.midstream=yes captures/
  zcat capture.pcap.gz | peccary replay -`;

export function registerReplay(program: Command): void {
  const command = program
    .command('replay')
    .description('Inspect capture files (pcap, pcapng, gzip or zstd), folders of them, or - for standard input.')
    .argument('<capture...>', 'files, folders (recursive, in order of time) or -');
  addConfigOptions(addRuleOptions(command))
    .addOption(new Option('-k, --checksums <mode>', 'verify checksums').choices(['all', 'none', 'auto']))
    .option('-l, --log-dir <dir>', 'folder for the database and logs')
    .option('--db <file>', 'database or none (default peccary.db in LOG-DIR)')
    .option('--eve <file>', 'EVE JSON to a file, or - for standard output')
    .option('--simulate-ips', 'drop and reject take effect, as in an inline sensor', false)
    .addOption(new Option('--reader <reader>', 'file reader').choices(['own', 'pcap-parser', 'libpcap']).default('own'))
    .option('--bpf <filter>', 'inspect only packets that match a BPF filter')
    .option('--append', 'keep what an earlier replay of the same file stored', false)
    .option('--strict', 'stop when a rule is refused', false)
    .option('--profile-rules', 'time every rule and show the worst', false)
    .option('--no-rule-cache', 'compile the rules, do not ask the cache')
    .addOption(new Option('--workers <n>', 'threads that divide the packets').default(1).argParser(workerNumber))
    .option('--quiet', 'print errors only', false)
    .option('--json', 'print the summary as JSON', false)
    .option('--no-color', 'no colours')
    .addHelpText('after', examples)
    .action(async (inputs: string[], flags: Flags) => replay(inputs, flags));
}

async function replay(inputs: string[], flags: Flags): Promise<void> {
  if (flags.json && flags.eve === '-') {
    throw new PeccaryError('usage', '--json and --eve - both write to standard output: give --eve a file');
  }
  for (const input of inputs) {
    if (input !== '-' && !existsSync(input)) throw new PeccaryError('usage', `${input}: no such file or folder`);
  }
  const config = await loadConfigOptions(flags);
  const progress = flags.quiet ? null : ProgressLine.on(process.stderr);
  const options = replayOptions(inputs, flags, config);
  options.onProgress = progress === null ? null : (p) => progress.show(p);
  mkdirOf(options.logDir);
  const stop = stopOnSignals();
  options.stop = stop.signal;
  const { runReplay } = await import('../sensor/replay.js');
  let summary: Awaited<ReturnType<typeof runReplay>>;
  try {
    summary = await runReplay(options);
  } finally {
    progress?.clear();
  }
  if (!flags.quiet) printRemarks(process.stderr, config.notes, summary);
  printFaults(process.stderr, summary);
  if (flags.json) process.stdout.write(jsonSummary(summary));
  else if (!flags.quiet) {
    const out = flags.eve === '-' ? process.stderr : process.stdout;
    out.write(textSummary(summary, inputs, options.logDir, outputWidth(out), painter(out, flags.color)));
  }
  process.exitCode = summary.stopped ? stop.exitStatus() : exitStatus(summary);
}

/** The first SIGINT or SIGTERM ends a replay in good order, the second at once. */
export function stopOnSignals(): { signal: AbortSignal; exitStatus(): number } {
  const abort = new AbortController();
  let status = 0;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      status = 128 + constants.signals[name];
      abort.abort();
    });
  }
  return { signal: abort.signal, exitStatus: () => status };
}

/** The request in the sensor's terms: flags first, then the configuration, then Suricata's defaults. */
function replayOptions(inputs: string[], flags: Flags, config: LoadedConfig): ReplayOptions {
  const settings = new Settings(config.tree, config.origin, config.places);
  const configuredLogDir = settings.string('default-log-dir', '.');
  const checksums = configuredChecksums(settings);
  const logDir = flags.logDir ?? configuredLogDir;
  return {
    inputs,
    onlyRules: flags.rules,
    extraRules: flags.addRules,
    lists: ruleLists(flags),
    config: config.tree,
    configOrigin: config.origin,
    configPlaces: config.places,
    configRead: settings.known(),
    checksums: flags.checksums ?? checksums,
    logDir,
    db: flags.db === 'none' ? null : (flags.db ?? join(logDir, 'peccary.db')),
    eve: flags.eve ?? null,
    simulateIps: flags.simulateIps,
    reader: flags.reader,
    workers: flags.workers,
    bpf: flags.bpf ?? null,
    append: flags.append,
    strict: flags.strict,
    profile: flags.profileRules,
    ruleCache: flags.ruleCache,
    ruleVersion: flags.ruleVersion,
    onProgress: null,
    stop: null,
  };
}

/** suricata.yaml's pcap-file.checksum-checks: yes, no or auto (its default). */
export function configuredChecksums(settings: Settings): ReplayOptions['checksums'] {
  const key = 'pcap-file.checksum-checks';
  if (settings.string(key, 'auto') === 'auto') return 'auto';
  return settings.bool(key, true) ? 'all' : 'none';
}

function mkdirOf(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new PeccaryError('usage', `${dir}: the log folder cannot be made (${code}); choose another with -l`);
  }
}
