/** Flowbits, flowints and flowvars of a flow by name, for EVE's `metadata`. */
import { flowbitList, flowintGet, flowintList, flowvarGet, flowvarList } from '../flow/bits.js';
import { flows } from '../flow/columns.js';
import { flowNames } from '../rules/compile/names.js';
import type { EventVars } from './records.js';
import { bytesText } from './text.js';

/** Of each kind, at most so many are told with an event. */
const ListMax = 64;

const ids = new Int32Array(ListMax);

/** Ids of a list, oldest first. */
function listed(n: number): number[] {
  return [...ids.subarray(0, n)].reverse();
}

/** What rules have left on the flow; null when there is nothing (and for flow 0). */
export function flowVars(flow: number): EventVars | null {
  if (flow === 0 || flows.bits[flow] === 0) return null;
  return {
    flowbits: listed(flowbitList(flow, ids)).map((id) => flowNames.name(id)),
    flowints: listed(flowintList(flow, ids)).map((id) => [flowNames.name(id), flowintGet(flow, id)]),
    flowvars: listed(flowvarList(flow, ids)).map((id) => [
      flowNames.name(id),
      bytesText(flowvarGet(flow, id) ?? new Uint8Array(0)),
    ]),
    pktvars: [],
  };
}
