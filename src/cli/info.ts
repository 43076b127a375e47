/** `peccary info`: what this build is made of, which keywords it knows, the configuration as it was understood. */
import { type Command, Option } from 'commander';
import { packageRoot, packageVersion } from '../core/package-root.js';
import type { Tree } from '../core/settings.js';
import { addConfigOptions, type ConfigOptions, loadConfigOptions } from './config-options.js';

interface Flags extends ConfigOptions {
  buildInfo?: boolean;
  listKeywords?: boolean;
  dumpConfig?: boolean;
}

export function registerInfo(program: Command): void {
  const command = program
    .command('info')
    .description('Tell what this build is made of (the default), the rule keywords, or the configuration.')
    .addOption(new Option('--build-info', 'versions of Peccary and of its libraries').conflicts('listKeywords'))
    .addOption(new Option('--list-keywords', 'rule keywords, with what each is for').conflicts('dumpConfig'))
    .addOption(new Option('--dump-config', 'every configured key, as key = value').conflicts('buildInfo'));
  addConfigOptions(command).action(async (flags: Flags) => {
    if (flags.dumpConfig) process.stdout.write(dumpConfig((await loadConfigOptions(flags)).tree));
    else if (flags.listKeywords) process.stdout.write(await listKeywords());
    else process.stdout.write(await buildInfo());
  });
}

async function buildInfo(): Promise<string> {
  const { libraryVersions } = await import('../addon/handles.js');
  const rows = [
    ['peccary', packageVersion()],
    ['folder', packageRoot()],
    ['node', process.versions.node],
    ['platform', `${process.platform} ${process.arch}`],
    ...Object.entries(libraryVersions()).sort(([a], [b]) => (a < b ? -1 : 1)),
  ];
  return pairs(rows);
}

async function listKeywords(): Promise<string> {
  const { keywords } = await import('../rules/keywords/list.js');
  const rows = keywords.map((k) => [k.name, k.description.split(/(?<=\.)\s/)[0]]);
  return pairs(rows);
}

/** Names and values below each other. */
function pairs(rows: string[][]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

/** One line a leaf in the order of the file, as Suricata's --dump-config. */
export function dumpConfig(tree: Tree): string {
  const lines: string[] = [];
  const walk = (node: Tree, path: string): void => {
    if (node !== null && typeof node === 'object') {
      for (const [key, child] of Object.entries(node)) walk(child, path === '' ? key : `${path}.${key}`);
    } else lines.push(`${path} = ${node ?? '(null)'}\n`);
  };
  walk(tree, '');
  return lines.join('');
}
