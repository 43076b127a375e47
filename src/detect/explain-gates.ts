/** What stands before a rule's buffers: header, flow, application protocol and conditions, and what was there instead. */
import type { Packet } from '../decode/packet.js';
import { flowintGet } from '../flow/bits.js';
import { flows } from '../flow/columns.js';
import { AppProto, appProtoNames } from '../protocol/app-proto.js';
import { Dir } from '../protocol/ip.js';
import { Op, RuleCol, RuleType } from '../rules/compile/layout.js';
import type { RuntimeRules } from '../rules/compile/tables.js';
import { streamSize } from '../stream/stream.js';
import { failingCondition, numberField } from './conditions.js';
import { HeaderFault, headerFault } from './header.js';
import { Look } from './recorder.js';

/** How a rule fares up to its buffers. */
export interface Gates {
  header: HeaderFault;
  /** AppProto the flow has where another is wanted; -1: it fits. */
  app: number;
  /** Number of the condition that fails, -1 none; what was found there. */
  condition: number;
  found: string;
}

/** Looks at the gates of a rule as the engine does, one after the other. `beginHeaders` was called for the direction. */
export function gatesOf(rules: RuntimeRules, rule: number, p: Packet, dir: number, look: Look): Gates {
  const at = rule * RuleCol.Stride;
  const { table, code } = rules;
  const gates: Gates = { header: headerFault(rule), app: -1, condition: -1, found: '' };
  if (gates.header !== HeaderFault.None) return gates;
  const app = table[at + RuleCol.App];
  const speaks = p.flow === 0 ? AppProto.Unknown : flows.appProto[p.flow];
  if (app !== AppProto.Unknown && speaks !== app) {
    gates.app = speaks;
    return gates;
  }
  const conditions = table[at + RuleCol.Conditions];
  if (conditions < 0) return gates;
  const pdOnly = look !== Look.Transaction && table[at + RuleCol.Type] === RuleType.PdOnly;
  const failing = failingCondition(conditions, p, dir, pdOnly);
  if (failing < 0) return gates;
  gates.condition = 0;
  for (let pc = conditions; pc !== failing; pc += code[pc + 1]) gates.condition++;
  gates.found = evidence(code, failing, p);
  return gates;
}

/** Letters of TCP flags as rules write them, lowest bit first. */
const FlagLetters = 'FSRPAUEC';

/** What stands where a condition looked; '' where there is nothing to tell. */
function evidence(code: Int32Array, pc: number, p: Packet): string {
  switch (code[pc]) {
    case Op.Number: {
      const v = numberField(code[pc + 2], p);
      return v < 0 ? 'the packet has none' : String(v);
    }
    case Op.TcpFlags: {
      const letters = [...FlagLetters].filter((_, bit) => (p.tcpFlags & (1 << bit)) !== 0).join('');
      return `the flags are ${letters === '' ? '0' : letters}`;
    }
    case Op.IpProto:
      return `the protocol is ${p.ipProto}`;
    case Op.StreamSize:
      if (p.flow === 0) return 'there is no stream';
      return `client ${streamSize(p.flow, Dir.ToServer)}, server ${streamSize(p.flow, Dir.ToClient)}`;
    case Op.FlowbitsTest:
      return p.flow === 0 ? 'there is no flow' : code[pc + 2] !== 0 ? 'not set in this flow' : 'set in this flow';
    case Op.FlowintTest: {
      const have = p.flow === 0 ? Number.NaN : flowintGet(p.flow, code[pc + 2]);
      return Number.isNaN(have) ? 'not set in this flow' : String(have);
    }
    case Op.AppProtocol:
      return p.flow === 0 ? 'there is no flow' : `the flow speaks ${appProtoNames[flows.appProto[p.flow]]}`;
    case Op.HostbitsTest:
    case Op.XbitsTest:
      return code[pc + 2] !== 0 ? 'not set' : 'set';
    default:
      return '';
  }
}
