/** dataset, datarep, iprep: lists kept outside the rule (user guide, "Datasets", "IP Reputation"). */
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Settings } from '../../core/settings.js';
import type { RuleBuilder } from '../builder.js';
import type { RuleEnvironment } from '../environment.js';
import { RuleFault } from '../faults.js';
import { readInput } from '../inputs.js';
import type { DatasetMatch, NumberTest } from '../ir.js';
import { parseDecimal } from '../numbers.js';
import type { Keyword } from './keyword.js';

const types = ['string', 'md5', 'sha256', 'ip', 'ipv4'];

/** `key value` options of a dataset into the match; unknown ones are passed over, as Suricata does. */
function readDatasetOption(b: RuleBuilder, m: DatasetMatch, text: string): void {
  const o = /^\s*(type|load|save|state|memcap|hashsize)\s+(\S.*?)\s*$/.exec(text);
  if (o === null) {
    b.env.warn(`dataset: option "${text.trim()}" is ignored`, 'options are type, load, save, state, memcap, hashsize');
    return;
  }
  const name = o[1];
  const value = o[2] === 'ipv6' ? 'ip' : o[2];
  if (name === 'type') {
    if (!types.includes(value)) throw new RuleFault(`dataset: unknown type ${value}`, `types are ${types.join(', ')}`);
    m.type = value as DatasetMatch['type'];
  } else if (name === 'memcap') m.memcap = size(value);
  else if (name === 'hashsize') m.hashsize = size(value);
  else {
    if (name !== 'load' && (isAbsolute(value) || value.split('/').includes('..')))
      throw new RuleFault(
        `dataset: ${name} must name a file below the data directory`,
        'write a relative name without ..',
      );
    if (name === 'load') m.load = listFile(b.env, value);
    else m.save = value;
    // A state is what an earlier run has left, if there was one.
    if (name === 'state') m.load = listFile(b.env, value, false);
  }
}

/** A list beside the rule file, or in the data directory; refused when it must be there and is not. */
function listFile(env: RuleEnvironment, name: string, required = true): string {
  const places = [env.folder, env.settings.string('default-data-dir')].flatMap((d) =>
    d === undefined ? [] : [join(d, name)],
  );
  const found = isAbsolute(name) ? [name] : places;
  const path = found.find((p) => existsSync(p));
  if (path === undefined && required)
    throw new RuleFault(`dataset: there is no file ${name}`, 'names are relative to the rule file or default-data-dir');
  return env.intern(path ?? found[0]);
}

/** What the configuration says of the set (`datasets.NAME`), where the rule does not. */
function readConfigured(b: RuleBuilder, m: DatasetMatch): void {
  const { settings } = b.env;
  const load = settings.string(`datasets.${m.name}.load`);
  const state = settings.string(`datasets.${m.name}.state`);
  if (m.load === null && load !== undefined) m.load = listFile(b.env, load);
  if (state !== undefined) {
    m.save ??= state;
    m.load ??= listFile(b.env, state, false);
  }
  const memcap = settings.size(`datasets.${m.name}.memcap`, 0) || settings.size('datasets.defaults.memcap', 0);
  if (memcap > 0) m.memcap ??= memcap;
}

function size(text: string): number {
  const m = /^(\d{1,12})\s*([kmg]?)i?b?$/i.exec(text);
  if (m === null) throw new RuleFault(`dataset: invalid size ${text}`, 'write a number, with kb, mb or gb');
  return Number(m[1]) * { '': 1, k: 1024, m: 1 << 20, g: 1 << 30 }[m[2].toLowerCase() as 'k'];
}

function addDataset(b: RuleBuilder, m: DatasetMatch, rest: string[], keyword: string): void {
  if (b.current === null)
    throw new RuleFault(`${keyword} needs a sticky buffer before it`, `write http.host; ${keyword}:…`);
  let typed = false;
  for (const text of rest) {
    readDatasetOption(b, m, text);
    typed ||= /^\s*type\s/.test(text);
  }
  const known = b.env.datasetTypes.get(m.name) ?? b.env.settings.string(`datasets.${m.name}.type`);
  if (!typed && known !== undefined) m.type = known as DatasetMatch['type'];
  if (!typed && known === undefined)
    throw new RuleFault(
      `${keyword}: set ${m.name} is not defined`,
      'add type string, or define it under datasets in the configuration',
    );
  b.env.datasetTypes.set(m.name, m.type);
  readConfigured(b, m);
  b.add(b.target(), m);
}

const newDataset = (cmd: DatasetMatch['cmd'], name: string): DatasetMatch => ({
  kind: 'dataset',
  cmd,
  name,
  type: 'string',
  load: null,
  save: null,
  memcap: null,
  hashsize: null,
  rep: null,
});

const dataset: Keyword = {
  name: 'dataset',
  description:
    'Tests whether the buffer is in a named set, or puts it there. Sets of hashes take buffers of a hash (after to_md5 or to_sha256), sets of addresses ip.src and ip.dst. save and state are written when the run ends, below default-data-dir, else the log directory; hashsize has no meaning here.',
  args: 'isset|isnotset|set|unset,NAME[,type string|md5|sha256|ipv4|ip][,load FILE][,save FILE][,state FILE][,memcap SIZE][,hashsize N]',
  example: 'http.host; dataset:isset,bad-hosts,type string,load bad-hosts.lst;',
  value: 'required',
  apply(b, value) {
    const [cmd, name, ...rest] = value.split(',').map((w) => w.trim());
    if (cmd !== 'isset' && cmd !== 'isnotset' && cmd !== 'set' && cmd !== 'unset')
      throw new RuleFault(`dataset: unknown command "${cmd}"`, 'commands are isset, isnotset, set, unset');
    if (name === undefined || name === '')
      throw new RuleFault('dataset needs a name', `write dataset:${cmd},NAME,type string`);
    addDataset(b, newDataset(cmd, b.env.intern(name)), rest, 'dataset');
  },
};

const datarep: Keyword = {
  name: 'datarep',
  description: 'Compares the reputation of the buffer in a named set.',
  args: 'NAME,<|>|==,VALUE[,type …][,load FILE][,memcap SIZE][,hashsize N]',
  example: 'http.host; datarep:host-rep,>,50,type string,load hosts.rep;',
  value: 'required',
  apply(b, value) {
    const [name, op, number, ...rest] = value.split(',').map((w) => w.trim());
    const n = number === undefined ? null : parseDecimal(number, 0xffff_ffff);
    if (n === null || !['<', '>', '=', '=='].includes(op))
      throw new RuleFault(`datarep:${value} is not understood`, 'write datarep:NAME,>,50,type string');
    const m = newDataset('rep', b.env.intern(name));
    m.rep = { op: op === '==' ? '=' : (op as '<'), lo: Math.min(n, 0xffff), hi: Math.min(n, 0xffff) };
    addDataset(b, m, rest, 'datarep');
  },
};

const categoriesOf = new WeakMap<Settings, ReadonlySet<string>>();

/** Names of the reputation categories, in lower case; none without their file. */
function reputationCategories(settings: Settings): ReadonlySet<string> {
  let names = categoriesOf.get(settings);
  if (names !== undefined) return names;
  const file = settings.string('reputation-categories-file');
  let text = '';
  if (file !== undefined) {
    const path = isAbsolute(file) ? file : join(settings.string('default-reputation-path', ''), file);
    try {
      text = readInput(path).toString('latin1');
    } catch {
      // Told by the stage that reads reputations.
    }
  }
  names = new Set(
    text.split(/\r?\n/).flatMap((l) => (l.startsWith('#') ? [] : [(l.split(',')[1] ?? '').trim().toLowerCase()])),
  );
  categoriesOf.set(settings, names);
  return names;
}

const iprep: Keyword = {
  name: 'iprep',
  description:
    'Reputation of an address in a category of reputation-categories-file; a category that is not in it is refused.',
  args: 'any|src|dst|both,CATEGORY,<|<=|>|>=|=|!=,0-127',
  example: 'iprep:src,CnC,>,30;',
  value: 'required',
  apply(b, value) {
    const m = /^\s*(any|src|dst|both)\s*,\s*([A-Za-z0-9\-_]+)\s*,\s*(<=|>=|!=|<|>|=)\s*,\s*(\d+)\s*$/.exec(value);
    const n = m === null ? null : parseDecimal(m[4], 127);
    if (m === null || n === null)
      throw new RuleFault(`iprep:${value} is not understood`, 'write iprep:src,CATEGORY,>,30');
    if (!reputationCategories(b.env.settings).has(m[2].toLowerCase()))
      throw new RuleFault(
        `iprep: there is no category ${m[2]}`,
        'name it in the file that reputation-categories-file names',
      );
    b.addCondition({
      kind: 'iprep',
      side: m[1] as 'any',
      category: b.env.intern(m[2]),
      test: { op: m[3] as NumberTest['op'], lo: n, hi: n },
    });
  },
};

export const reputationKeywords: readonly Keyword[] = [dataset, datarep, iprep];
