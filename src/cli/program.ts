/**
 * The command line as a whole: which commands there are, help, and what an error turns into.
 * Only the module of the command that was asked for is loaded: start-up time counts in scripts.
 */
import { Command, CommanderError, type Option } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { packageVersion } from '../core/package-root.js';
import { safeLines } from './safe-text.js';

interface CommandEntry {
  name: string;
  summary: string;
  /** Adds the command with its options to the program. */
  register(program: Command): Promise<void>;
}

const commands: CommandEntry[] = [
  {
    name: 'replay',
    summary: 'inspect capture files and report alerts',
    register: async (program) => (await import('./replay.js')).registerReplay(program),
  },
  {
    name: 'run',
    summary: 'watch live traffic on network interfaces',
    register: async (program) => (await import('./run.js')).registerRun(program),
  },
  {
    name: 'alerts',
    summary: 'query the alerts of earlier runs',
    register: async (program) => (await import('./alerts.js')).registerAlerts(program),
  },
  {
    name: 'db',
    summary: 'back up, check, repair and fill databases of alerts',
    register: async (program) => (await import('./db.js')).registerDb(program),
  },
  {
    name: 'rules',
    summary: 'check, list and explain rules',
    register: async (program) => (await import('./rules.js')).registerRules(program),
  },
  {
    name: 'info',
    summary: 'versions, known keywords, the configuration as understood',
    register: async (program) => (await import('./info.js')).registerInfo(program),
  },
  {
    name: 'ctl',
    summary: 'ask and steer a running sensor',
    register: async (program) => (await import('./ctl.js')).registerCtl(program),
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    register: async (program) => (await import('./completion.js')).registerCompletion(program, buildWholeProgram),
  },
];

const examples = `
Examples:
  peccary replay capture.pcap                      alerts of the bundled rules
  peccary replay -S my.rules -c suricata.yaml day/ own rules and configuration, a folder of captures
  peccary alerts top                               what fired most in the last run
  peccary alerts show 1                            one alert with its request and the matching bytes
  peccary rules check -S my.rules                  which rules load, and why the others do not

\`peccary help COMMAND\` describes a command and its options.`;

function emptyProgram(): Command {
  return (
    new Command('peccary')
      .description('A network intrusion detection sensor for web traffic that speaks Suricata rules.')
      .version(packageVersion(), '-V, --version', 'print the version')
      .helpOption('-h, --help', 'print this help')
      .helpCommand('help [command]', 'print the help of a command')
      .addHelpText('after', examples)
      .configureHelp({ optionDescription })
      // Arguments may be pasted from traffic, and errors repeat them.
      .configureOutput({ writeErr: (text) => void process.stderr.write(safeLines(text)) })
      .exitOverride()
  );
}

/** What an option is for, its choices and its default; commander's own words would name empty lists and "false". */
function optionDescription(option: Option): string {
  const choices = option.argChoices === undefined ? '' : `: ${option.argChoices.join(', ')}`;
  const { defaultValue } = option;
  const telling = typeof defaultValue === 'string' || typeof defaultValue === 'number';
  return `${option.description}${choices}${telling ? ` (default ${defaultValue})` : ''}`;
}

/** The program with every command loaded: for completion and for the command reference. */
export async function buildWholeProgram(): Promise<Command> {
  const program = emptyProgram();
  for (const entry of commands) await entry.register(program);
  return program;
}

/** The program with the command `wanted` loaded; the others are there by name and summary alone. */
async function buildProgram(wanted: string | undefined): Promise<Command> {
  const program = emptyProgram();
  for (const entry of commands) {
    if (entry.name === wanted) await entry.register(program);
    else program.command(entry.name).description(entry.summary);
  }
  return program;
}

/** Runs one command line; returns the exit status. */
export async function runCommandLine(args: string[]): Promise<number> {
  const words = args.filter((word) => !word.startsWith('-'));
  const program = await buildProgram(words[0] === 'help' ? words[1] : words[0]);
  try {
    await program.parseAsync(args, { from: 'user' });
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    return statusOf(error);
  }
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof PeccaryError) {
    process.stderr.write(safeLines(`peccary: ${error.message}\n`));
    return error.exitCode;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`peccary: a defect in Peccary itself, please report it:\n${text}\n`);
  return 1;
}
