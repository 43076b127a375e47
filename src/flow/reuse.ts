/** Whether a SYN or SYN/ACK on the addresses and ports of a known session opens a new one (RFC 9293 section 3.6.1). */
import type { Packet } from '../decode/packet.js';
import { Dir } from '../protocol/ip.js';
import { TcpFlag } from '../protocol/tcp.js';
import { FlowFlag, FlowState, flows } from './columns.js';

/** From this state on (TcpState.LastAck of src/stream/columns.ts) a session is done enough to be replaced. */
const DoneEnough = 7;
/** From this state on (TcpState.SynRecv) the server has answered the session's SYN. */
const Synchronised = 2;

let synAckOpens = false;

/** Whether a SYN/ACK may open a session: with `stream.midstream` or `stream.async-oneside`. Set by src/stream. */
export function setSynAckOpens(value: boolean): void {
  synAckOpens = value;
}

/** True when the packet, of direction `dir` of flow f, begins a session that replaces the flow's present one. */
export function reusesSession(f: number, dir: number, p: Packet): boolean {
  const tcpFlags = p.tcpFlags;
  if ((tcpFlags & (TcpFlag.Rst | TcpFlag.Fin)) !== 0) return false;
  const state = flows.tcpState[f];
  if ((tcpFlags & TcpFlag.Ack) === 0) {
    if (state === 0 || (flows.flags[f] & FlowFlag.FastOpenIgnored) !== 0) return true;
    // The same number again is a retransmission of the SYN that opened this very session.
    if (dir === Dir.ToServer && flows.cliIsn[f] === (p.seq | 0)) return false;
    // Nobody looked whether it had ended: what comes now is not to be overlooked with it.
    if (flows.state[f] === FlowState.Bypassed) return true;
    if (state >= DoneEnough) return true;
    // A connection that was dropped or rejected has no end that could be seen: its client may use the port again.
    if (state >= Synchronised && (flows.flags[f] & FlowFlag.Drop) !== 0) return true;
    // Picked up by a SYN/ACK alone, and now whoever sent that opens a session: it was not the server.
    const answered = state === Synchronised && (flows.flags[f] & FlowFlag.Midstream) !== 0;
    if (answered && dir === Dir.ToClient) return true;
    if (dir === Dir.ToServer && state >= Synchronised) flows.flags[f] |= FlowFlag.SynAgain;
    return false;
  }
  // The server has answered a SYN that did not seem to belong here: it had given up the session, we did not see why.
  if (dir === Dir.ToClient && (flows.flags[f] & FlowFlag.SynAgain) !== 0) {
    if (flows.srvIsn[f] !== (p.seq | 0) && flows.cliIsn[f] !== ((p.ack - 1) | 0)) return true;
  }
  if (!synAckOpens) return false;
  if (dir === Dir.ToClient && flows.srvIsn[f] === (p.seq | 0)) return false;
  return state >= DoneEnough;
}
