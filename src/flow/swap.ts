/** Turning a flow round: what was taken for the client is the server. */
import { FlowFlag, flows } from './columns.js';

/** Swaps the columns a and b at f. */
function exchange(a: { [i: number]: number }, b: { [i: number]: number }, f: number): void {
  const t = a[f];
  a[f] = b[f];
  b[f] = t;
}

/** Exchanges client and server of a flow: addresses, ports, counts and what was seen. The hash is symmetric. */
export function swapFlow(f: number): void {
  exchange(flows.cli0, flows.srv0, f);
  exchange(flows.cli1, flows.srv1, f);
  exchange(flows.cli2, flows.srv2, f);
  exchange(flows.cli3, flows.srv3, f);
  exchange(flows.cliPort, flows.srvPort, f);
  exchange(flows.pktsToServer, flows.pktsToClient, f);
  exchange(flows.bytesToServer, flows.bytesToClient, f);
  exchange(flows.maxTtlTs, flows.maxTtlTc, f);
  exchange(flows.appProtoTs, flows.appProtoTc, f);
  exchange(flows.cliIsn, flows.srvIsn, f);
  const old = flows.flags[f];
  let flags =
    old & ~(FlowFlag.SeenToServer | FlowFlag.SeenToClient | FlowFlag.IpOnlyToServer | FlowFlag.IpOnlyToClient);
  if ((old & FlowFlag.SeenToServer) !== 0) flags |= FlowFlag.SeenToClient;
  if ((old & FlowFlag.SeenToClient) !== 0) flags |= FlowFlag.SeenToServer;
  if ((old & FlowFlag.IpOnlyToServer) !== 0) flags |= FlowFlag.IpOnlyToClient;
  if ((old & FlowFlag.IpOnlyToClient) !== 0) flags |= FlowFlag.IpOnlyToServer;
  flows.flags[f] = flags ^ FlowFlag.Swapped;
}
