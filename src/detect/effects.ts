/** What a matching rule does to flow and host state; done before thresholds may hide its alert. */
import type { Packet } from '../decode/packet.js';
import { flowbitSet, flowbitToggle, flowbitUnset, flowintGet, flowintSet, flowvarSet } from '../flow/bits.js';
import { bypassFlow } from '../flow/table.js';
import type { HttpTransaction } from '../http/tx.js';
import type { CaptureTarget } from '../rules/compile/buffer-program.js';
import { BitsCmd, FlowintOp, Op } from '../rules/compile/layout.js';
import { flowNames } from '../rules/compile/names.js';
import { swappedFor } from './conditions.js';
import { hostbitChange, xbitChange } from './host-bits.js';
import { disableLog } from './log-config.js';
import { captureCount, captureRows } from './matched.js';
import { packetVarSet } from './packet-vars.js';

let code: Int32Array = new Int32Array(0);
let numbers: Float64Array = new Float64Array(0);
let captures: readonly CaptureTarget[] = [];

export function bindEffects(words: Int32Array, wide: Float64Array, targets: readonly CaptureTarget[]): void {
  code = words;
  numbers = wide;
  captures = targets;
}

/** Runs the effects from `from` (-1: none) of a rule that matched in `tx` (null: not in one); `tag` is left to the verdict, since only alerts set tags. */
export function runEffects(from: number, p: Packet, dir: number, tx: HttpTransaction | null): void {
  if (captureCount > 0) storeCaptures(p.flow);
  if (from < 0) return;
  for (let pc = from; code[pc] !== Op.End; pc += code[pc + 1]) {
    switch (code[pc]) {
      case Op.FlowbitsSet:
        if (p.flow !== 0) changeFlowbits(pc, p.flow);
        break;
      case Op.FlowintSet:
        if (p.flow !== 0) changeFlowint(pc, p.flow);
        break;
      case Op.HostbitsSet:
        hostbitChange(p, code[pc + 2], code[pc + 3], code[pc + 4], code[pc + 5], swappedFor(p, dir));
        break;
      case Op.XbitsSet:
        xbitChange(p, code[pc + 2], code[pc + 3], code[pc + 4], code[pc + 5], swappedFor(p, dir));
        break;
      case Op.Bypass:
        // What follows is not inspected; the rules after this one still see this packet.
        if (p.flow !== 0) bypassFlow(p.flow);
        break;
      case Op.LogOff:
        if (p.flow !== 0) disableLog(p.flow, tx, code[pc + 2] !== 0);
        break;
      default:
        break;
    }
  }
}

/** What the expressions of the rule have captured; alert captures are kept nowhere, as in Suricata 7.0.10. */
function storeCaptures(flow: number): void {
  for (let i = 0; i < captureCount; i++) {
    const { scope, name } = captures[captureRows[i * 3]];
    const off = captureRows[i * 3 + 1];
    const len = captureRows[i * 3 + 2];
    if (scope === 'pkt') packetVarSet(flowNames.id(name), off, len);
    else if (scope === 'flow' && flow !== 0) flowvarSet(flow, flowNames.id(name), off, len);
  }
}

function changeFlowbits(pc: number, flow: number): void {
  const cmd = code[pc + 2];
  const n = code[pc + 3];
  for (let i = 0; i < n; i++) {
    const id = code[pc + 4 + i];
    if (cmd === BitsCmd.Set) flowbitSet(flow, id);
    else if (cmd === BitsCmd.Unset) flowbitUnset(flow, id);
    else flowbitToggle(flow, id);
  }
}

/** Largest value a flowint holds (32 bits unsigned). */
const FlowintMax = 0xffffffff;

function changeFlowint(pc: number, flow: number): void {
  const id = code[pc + 2];
  const operand = code[pc + 4] === 0 ? numbers[code[pc + 5]] : flowintGet(flow, code[pc + 5]);
  if (Number.isNaN(operand)) return;
  const have = flowintGet(flow, id);
  const before = Number.isNaN(have) ? 0 : have;
  switch (code[pc + 3]) {
    case FlowintOp.Assign:
      flowintSet(flow, id, operand);
      break;
    case FlowintOp.Add:
      flowintSet(flow, id, (before + operand) % (FlowintMax + 1));
      break;
    default:
      flowintSet(flow, id, (before - operand) >>> 0);
  }
}
