/**
 * The flow table as columns (struct of arrays), indexed by flow id 1..FlowLimit.Max; 0 is "no flow".
 * Reserved at full length: the operating system backs only pages that are touched, and flow.memcap bounds
 * how many ids are ever handed out. Other stages keep their own per-flow columns under the same id
 * (src/stream/columns.ts, src/http, src/detect) and clear them in their `release(flow)`.
 */
import { column } from '../core/columns.js';
export const enum FlowLimit {
  /** Flow ids: one million concurrent flows and headroom. */
  Max = 0x20_0000,
}

export const enum FlowState {
  Free = 0,
  New = 1,
  Established = 2,
  Closed = 3,
  /** Taken out of inspection by a rule, policy or volume. */
  Bypassed = 4,
}

export const enum FlowFlag {
  /** A packet was seen to the server / to the client. */
  SeenToServer = 0x0001,
  SeenToClient = 0x0002,
  /** Drop all further packets (inline), or pass them uninspected. */
  Drop = 0x0004,
  Pass = 0x0008,
  /** No payload inspection / no inspection at all for the rest of the flow. */
  NoPayloadInspection = 0x0010,
  NoPacketInspection = 0x0020,
  /** IP-only rules were run for the direction. */
  IpOnlyToServer = 0x0040,
  IpOnlyToClient = 0x0080,
  /** An alert, reject or drop fired on it. */
  HasAlerts = 0x0100,
  Rejected = 0x0200,
  /** Ended by memory pressure, for flow events. */
  Emergency = 0x0400,
  /** Opened with the direction reversed later (midstream or wrong first packet). */
  Swapped = 0x0800,
  Ipv6 = 0x1000,
  /** The session began before the capture did (src/stream). */
  Midstream = 0x2000,
  /** The server ignored the data of the client's SYN (src/stream): the client opens again on the same numbers. */
  FastOpenIgnored = 0x4000,
  /** A SYN with another number came within the session: when the server answers it, a new one begins (reuse.ts). */
  SynAgain = 0x8000,
}

/** Why a flow ended; `flows.endReason`. */
export const enum FlowEnd {
  None = 0,
  /** Silent for as long as `flow-timeouts` allows its state. */
  Timeout = 1,
  /** A new connection began on the same addresses and ports. */
  TcpReuse = 2,
  /** Evicted under memory pressure. */
  Forced = 3,
  /** The capture or the sensor ended. */
  Shutdown = 4,
}

const col = {
  i32: () => column.i32(FlowLimit.Max + 1),
  u32: () => column.u32(FlowLimit.Max + 1),
  u16: () => column.u16(FlowLimit.Max + 1),
  u8: () => column.u8(FlowLimit.Max + 1),
  f64: () => column.f64(FlowLimit.Max + 1),
};

export const flows = {
  state: col.u8(),
  flags: col.u16(),
  ipProto: col.u8(),
  /** Client (toserver source) and server, as Packet.src0.. words. */
  cli0: col.i32(),
  cli1: col.i32(),
  cli2: col.i32(),
  cli3: col.i32(),
  srv0: col.i32(),
  srv1: col.i32(),
  srv2: col.i32(),
  srv3: col.i32(),
  /** Ports; for ICMP the type of the first packet and the type that answers it (0: none), and the code. */
  cliPort: col.u16(),
  srvPort: col.u16(),
  icmpCode: col.u8(),
  vlan0: col.u16(),
  vlan1: col.u16(),
  vlan2: col.u16(),
  startUs: col.f64(),
  lastUs: col.f64(),
  pktsToServer: col.u32(),
  pktsToClient: col.u32(),
  bytesToServer: col.f64(),
  bytesToClient: col.f64(),
  /** AppProto of each direction and of the flow. */
  appProto: col.u8(),
  appProtoTs: col.u8(),
  appProtoTc: col.u8(),
  /** Why and when it ended, see FlowEnd in src/flow/table.ts. */
  endReason: col.u8(),
  /** Largest TTL to server / client: what is known of the path. */
  maxTtlTs: col.u8(),
  maxTtlTc: col.u8(),
  /** Unique over the run, for EVE's flow_id: counter part (combined with a per-run seed at output). */
  serial: col.f64(),
  /** Head of this flow's list of bits and variables (src/flow/bits.ts), 0 none. */
  bits: col.i32(),
  /**
   * State of the TCP session (TcpState of src/stream/columns.ts; 0: none) and the initial sequence numbers of
   * client and server, written by src/stream: what decides whether a SYN opens a new flow.
   */
  tcpState: col.u8(),
  cliIsn: col.i32(),
  srvIsn: col.i32(),
  /** Hash chain and age list (`ageList`: which one, see src/flow/ages.ts). `next` also links free and ended flows. */
  hash: col.u32(),
  next: col.i32(),
  ageNext: col.i32(),
  agePrev: col.i32(),
  ageList: col.u8(),
};
