/** `peccary ctl`: asks and steers a running sensor through its control socket. */
import { Argument, type Command } from 'commander';
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import { addConfigOptions, type ConfigOptions, loadConfigOptions } from './config-options.js';
import { actionNames, type CtlFlags, listOfActions } from './ctl-names.js';
import { safeJson } from './format.js';

interface Flags extends ConfigOptions, CtlFlags {
  socket?: string;
  logDir?: string;
  json: boolean;
}

const examples = `
${listOfActions()}

The socket is unix-command.filename of the configuration; without one
/var/run/peccary/peccary-command.socket, then peccary-command.socket in LOG-DIR.`;

export function registerCtl(program: Command): void {
  const command = program
    .command('ctl')
    .description('Ask and steer a running sensor.')
    .addArgument(new Argument('<action>', 'what to do, see below').choices(actionNames()))
    .argument('[words...]', 'what the action is about')
    .option('--socket <file>', 'its control socket')
    .option('-l, --log-dir <dir>', 'its log folder');
  addConfigOptions(command)
    .option('--all', 'stats: counters that are zero too', false)
    .option('--no-wait', 'reload: do not wait until it is done')
    .option('--json', 'print the answer as JSON', false)
    .option('--no-color', 'no colours')
    .addHelpText('after', examples)
    .action(async (action: string, words: string[], flags: Flags) => ctl(action, words, flags));
}

async function ctl(name: string, words: string[], flags: Flags): Promise<void> {
  const { actions } = await import('./ctl-actions.js');
  const action = actions[name];
  const [least, most] = action.words;
  if (words.length < least || words.length > most) {
    throw new PeccaryError('usage', `usage: peccary ctl ${name} ${action.usage}`.trimEnd());
  }
  const { ControlClient } = await import('../control/client.js');
  const client = await ControlClient.open(await pathsOf(flags));
  try {
    const { json, text } = await action.run(client, words, flags);
    process.stdout.write(flags.json ? `${safeJson(JSON.stringify(json, null, 2))}\n` : text());
  } finally {
    client.close();
  }
}

async function pathsOf(flags: Flags): Promise<string[]> {
  if (flags.socket !== undefined) return [flags.socket];
  const { socketPaths } = await import('../control/socket-path.js');
  const config = await loadConfigOptions(flags);
  const settings = new Settings(config.tree, config.origin, config.places);
  return socketPaths(settings, flags.logDir ?? settings.string('default-log-dir', '.'));
}
