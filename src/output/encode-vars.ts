/** Flowbits, flowints and flowvars of a flow and variables of a packet by name, for EVE's `metadata`. */

import { packetVarAt, packetVarCount } from '../detect/packet-vars.js';
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

function packetVars(): EventVars['pktvars'] {
  return Array.from({ length: packetVarCount }, (_, i) => {
    const { id, value } = packetVarAt(i);
    return [flowNames.name(id), bytesText(value)];
  });
}

/** What rules have left on the flow and, for an event of the current packet, on that; null when there is nothing. */
export function flowVars(flow: number, ofPacket: boolean): EventVars | null {
  const pktvars = ofPacket && packetVarCount > 0 ? packetVars() : [];
  if (flow === 0 || flows.bits[flow] === 0)
    return pktvars.length === 0 ? null : { flowbits: [], flowints: [], flowvars: [], pktvars };
  return {
    flowbits: listed(flowbitList(flow, ids)).map((id) => flowNames.name(id)),
    flowints: listed(flowintList(flow, ids)).map((id) => [flowNames.name(id), flowintGet(flow, id)]),
    flowvars: listed(flowvarList(flow, ids)).map((id) => [
      flowNames.name(id),
      bytesText(flowvarGet(flow, id) ?? new Uint8Array(0)),
    ]),
    pktvars,
  };
}
