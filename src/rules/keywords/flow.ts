/** flow: direction and state of the flow (user guide, "Flow Keywords / flow"). */
import type { RuleBuilder } from '../builder.js';
import { didYouMean } from '../diagnostics.js';
import { RuleFault } from '../faults.js';
import type { FlowCondition } from '../ir.js';
import type { Keyword } from './keyword.js';

const enum FlowKeyword {
  /** Options of one flow keyword. */
  MaxOptions = 3,
  /** Values that are remembered. */
  Known = 256,
}

const directions: Record<string, FlowCondition['direction']> = {
  to_server: 'toserver',
  from_client: 'toserver',
  to_client: 'toclient',
  from_server: 'toclient',
};
const states: Record<string, FlowCondition['state']> = {
  established: 'established',
  not_established: 'not_established',
  stateless: 'stateless',
};
const streams: Record<string, FlowCondition['stream']> = { only_stream: 'only', no_stream: 'no' };
const frags: Record<string, FlowCondition['frag']> = { only_frag: 'only', no_frag: 'no' };
const all = [...Object.keys(directions), ...Object.keys(states), ...Object.keys(streams), ...Object.keys(frags)];

function setOnce<K extends keyof FlowCondition>(
  flow: FlowCondition,
  key: K,
  value: FlowCondition[K],
  word: string,
): void {
  if (flow[key] !== null)
    throw new RuleFault(`flow: ${word} contradicts or repeats another option`, 'keep one of them');
  flow[key] = value;
}

function setFlowOption(flow: FlowCondition, word: string): boolean {
  if (Object.hasOwn(directions, word)) setOnce(flow, 'direction', directions[word], word);
  else if (Object.hasOwn(states, word)) setOnce(flow, 'state', states[word], word);
  else if (Object.hasOwn(streams, word)) setOnce(flow, 'stream', streams[word], word);
  else if (Object.hasOwn(frags, word)) setOnce(flow, 'frag', frags[word], word);
  else return false;
  return true;
}

/** What a value of the keyword says, and whether it says more than directions. */
interface Said {
  own: FlowCondition;
  more: boolean;
}

/** Values read before: a public rule set has a few dozen different ones. Faulty ones are not kept. */
const known = new Map<string, Said>();

function read(value: string): Said {
  const words = value.split(',').map((w) => w.trim().toLowerCase());
  if (words.length > FlowKeyword.MaxOptions)
    throw new RuleFault('flow takes at most three options', 'write a second flow keyword');
  const own: FlowCondition = { direction: null, state: null, stream: null, frag: null };
  for (const w of words) {
    if (setFlowOption(own, w)) continue;
    throw new RuleFault(
      w === '' ? 'flow: an option is missing' : `flow: unknown option "${w}"`,
      didYouMean(w, all) ?? `options are ${all.join(', ')}`,
    );
  }
  return { own, more: words.some((w) => !Object.hasOwn(directions, w)) };
}

export const flow: Keyword = {
  name: 'flow',
  description: 'Direction and state of the flow the packet belongs to.',
  args: 'to_server|to_client|from_client|from_server, established|not_established|stateless, only_stream|no_stream|only_frag|no_frag',
  example: 'flow:established,to_server;',
  value: 'required',
  apply(b: RuleBuilder, value) {
    const said = known.get(value) ?? read(value);
    if (known.size < FlowKeyword.Known) known.set(value, said);
    if (b.flowKeywords > 0) throw new RuleFault('flow is given twice', 'write one flow with all its options');
    if (said.more) b.flowKeywords++;
    b.lastOption = 'flow';
    const { own } = said;
    const { flow: whole } = b.rule;
    if (own.direction !== null) b.addDirection(own.direction);
    whole.state ??= own.state;
    whole.stream ??= own.stream;
    whole.frag ??= own.frag;
  },
};
