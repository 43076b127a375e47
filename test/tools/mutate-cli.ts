/**
 * node out/test/tools/mutate-cli.js IN OUT [--split N] [--reorder N] [--duplicate SHARE] [--acknowledge]
 *      [--fragment N] [--fragment-order forward|reverse|random] [--wrap NAME]... [--seed N]
 *
 * Rewrites a capture (test/tools/mutate.ts). Writes classic pcap with Ethernet frames.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Batch, SourceStatus } from '../../src/capture/batch.js';
import { openSource } from '../../src/capture/source.js';
import { u8 } from '../../src/core/memory.js';
import { pcapFile } from './capture-writer.js';
import { type MutateOptions, mutate } from './mutate.js';
import type { TimedFrame } from './session.js';
import { type WrapperName, wrapperNames } from './wrap.js';

const { values: v, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    split: { type: 'string' },
    reorder: { type: 'string' },
    duplicate: { type: 'string' },
    acknowledge: { type: 'boolean' },
    fragment: { type: 'string' },
    'fragment-order': { type: 'string' },
    wrap: { type: 'string', multiple: true },
    seed: { type: 'string' },
  },
});
const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
const [input, output] = positionals;
const unknown = (v.wrap ?? []).filter((name) => !wrapperNames.includes(name as WrapperName));
if (input === undefined || output === undefined || unknown.length > 0) {
  const wrong = unknown.length > 0 ? `unknown tunnel ${unknown}; ` : '';
  process.stderr.write(`${wrong}usage: mutate-cli IN OUT [options]; tunnels: ${wrapperNames.join(' ')}\n`);
  process.exit(2);
}
const options: MutateOptions = {
  seed: number(v.seed),
  split: number(v.split),
  reorder: number(v.reorder),
  duplicate: number(v.duplicate),
  acknowledge: v.acknowledge,
  fragment: number(v.fragment),
  fragmentOrder: v['fragment-order'] as MutateOptions['fragmentOrder'],
  wrap: v.wrap as WrapperName[] | undefined,
};

const source = openSource([input]);
const batch = new Batch();
const frames: TimedFrame[] = [];
let linkType = 1;
while (source.next(batch) === SourceStatus.Packets) {
  for (let i = 0; i < batch.count; i++) {
    linkType = batch.linkType[i];
    frames.push({ tsUs: batch.tsUs[i], bytes: u8.slice(batch.off[i], batch.off[i] + batch.capLen[i]) });
  }
}
source.close();
writeFileSync(output, pcapFile(mutate(frames, options, linkType)));
