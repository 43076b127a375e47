/** Emits the conditions of a rule on packet, flow and shared state, and its effects, as opcode rows. */
import { Ipv4OptBit } from '../../protocol/ipv4.js';
import { lowerCase } from '../byte-text.js';
import type { Condition, Effect, FileTest, NumberField, NumberTest } from '../ir.js';
import { CompileFault, type Emitter, type Numbering, testCode, word } from './emitter.js';
import {
  AppSide,
  BitsCmd,
  ChecksumCode,
  FlagsMode,
  FlowintOp,
  HostSide,
  NumberCode,
  Op,
  StreamSide,
  TagMetric,
  Test,
  XbitsTrack,
} from './layout.js';
import { FileTestCode, StoreScope, StoreSide } from './layout-tables.js';
import { flowNames, hostNames } from './names.js';

export interface ConditionTables {
  emitter: Emitter;
  /** iprep categories. */
  categories: Numbering<string>;
  /** geoip country lists. */
  countries: Numbering<string[]>;
  /** filemd5 and the like: lists of hashes. */
  hashes: Numbering<{ algorithm: string; hashes: string[] }>;
}

const fields: Record<NumberField, NumberCode> = {
  dsize: NumberCode.Dsize,
  ttl: NumberCode.Ttl,
  tos: NumberCode.Tos,
  id: NumberCode.Id,
  seq: NumberCode.Seq,
  ack: NumberCode.Ack,
  window: NumberCode.Window,
  itype: NumberCode.Itype,
  icode: NumberCode.Icode,
  icmp_id: NumberCode.IcmpId,
  icmp_seq: NumberCode.IcmpSeq,
  'tcp.mss': NumberCode.TcpMss,
  'icmpv6.mtu': NumberCode.Icmpv6Mtu,
  fragoffset: NumberCode.FragOffset,
  decode_level: NumberCode.DecodeLevel,
};
const modes = { exact: FlagsMode.Exact, all: FlagsMode.All, any: FlagsMode.Any, none: FlagsMode.None };
const checksums = {
  ipv4: ChecksumCode.Ipv4,
  tcpv4: ChecksumCode.Tcpv4,
  tcpv6: ChecksumCode.Tcpv6,
  udpv4: ChecksumCode.Udpv4,
  udpv6: ChecksumCode.Udpv6,
  icmpv4: ChecksumCode.Icmpv4,
  icmpv6: ChecksumCode.Icmpv6,
};
const streamSides = {
  server: StreamSide.Server,
  client: StreamSide.Client,
  both: StreamSide.Both,
  either: StreamSide.Either,
};
const appSides = {
  either: AppSide.Either,
  server: AppSide.Server,
  client: AppSide.Client,
  both: AppSide.Both,
  final: AppSide.Final,
};
const hostSides = { src: HostSide.Src, dst: HostSide.Dst, both: HostSide.Both, any: HostSide.Any };
const tracks = { ip_src: XbitsTrack.IpSrc, ip_dst: XbitsTrack.IpDst, ip_pair: XbitsTrack.IpPair };
const bitCmds = { set: BitsCmd.Set, unset: BitsCmd.Unset, toggle: BitsCmd.Toggle };
const flowintTests = {
  '=': Test.Eq,
  '!=': Test.Ne,
  '<': Test.Lt,
  '<=': Test.Le,
  '>': Test.Gt,
  '>=': Test.Ge,
  isset: Test.IsSet,
  notset: Test.NotSet,
};
const flowintOps = { '=': FlowintOp.Assign, '+': FlowintOp.Add, '-': FlowintOp.Sub };
const storeSides = { request: StoreSide.Request, response: StoreSide.Response, both: StoreSide.Both };
const storeScopes = { tx: StoreScope.Tx, file: StoreScope.File, flow: StoreScope.Flow };
const metrics = { packets: TagMetric.Packets, bytes: TagMetric.Bytes, seconds: TagMetric.Seconds };
const volumes = { flow_age: 0, flow_pkts: 1, flow_bytes: 2 };
const volumeSides = {
  toserver: StreamSide.Server,
  toclient: StreamSide.Client,
  either: StreamSide.Either,
  both: StreamSide.Both,
};
/** Bits of Packet.ipOpts by the keyword's option names. */
const ipOptBits = new Map<string, number>([
  ['rr', Ipv4OptBit.Rr],
  ['eol', Ipv4OptBit.Eol],
  ['nop', Ipv4OptBit.Nop],
  ['ts', Ipv4OptBit.Ts],
  ['sec', Ipv4OptBit.Sec],
  ['esec', Ipv4OptBit.Esec],
  ['lsrr', Ipv4OptBit.Lsrr],
  ['ssrr', Ipv4OptBit.Ssrr],
  ['satid', Ipv4OptBit.Satid],
  ['any', 0xffff],
]);

function wide(e: Emitter, t: NumberTest): [number, number] {
  return [e.number(t.lo), e.number(t.hi)];
}

function emitFileTest(t: ConditionTables, f: FileTest): void {
  const e = t.emitter;
  switch (f.kind) {
    case 'filename':
    case 'fileext':
    case 'filemagic': {
      const code =
        f.kind === 'filename' ? FileTestCode.Name : f.kind === 'fileext' ? FileTestCode.Ext : FileTestCode.Magic;
      // Names and extensions are compared without case: the pool has them in lower case.
      return e.row(Op.FileTest, code, f.negated ? 1 : 0, e.bytes(lowerCase(f.bytes)), f.bytes.length);
    }
    case 'filesize':
      return e.row(Op.FileTest, FileTestCode.Size, testCode(f.test), ...wide(e, f.test));
    case 'hash': {
      const list = t.hashes.number(`${f.algorithm}/${f.file}`, { algorithm: f.algorithm, hashes: f.hashes });
      return e.row(Op.FileTest, FileTestCode.Hash, f.negated ? 1 : 0, list, 0);
    }
    case 'filestore':
      return e.row(
        Op.FileTest,
        FileTestCode.Store,
        f.direction === null ? StoreSide.Rule : storeSides[f.direction],
        f.scope === null ? StoreScope.File : storeScopes[f.scope],
        0,
      );
  }
}

/** Emits one condition; event conditions of transactions are sections and do not come here. */
export function emitCondition(t: ConditionTables, c: Condition): void {
  const e = t.emitter;
  switch (c.kind) {
    case 'number':
      return e.row(Op.Number, fields[c.field], testCode(c.test), ...wide(e, c.test));
    case 'tcp_flags':
      return e.row(Op.TcpFlags, c.flags, c.ignore, modes[c.mode]);
    case 'ip_flags':
      return e.row(Op.IpFlags, c.flags, modes[c.mode]);
    case 'ip_opts': {
      const bits = ipOptBits.get(c.option);
      if (bits === undefined) throw new CompileFault(`unknown IP option "${c.option}"`);
      return e.row(Op.IpOpts, bits);
    }
    case 'ip_proto':
      return e.row(Op.IpProto, testCode(c.test), word(c.test.lo), word(c.test.hi));
    case 'same_ip':
      return e.row(Op.SameIp);
    case 'checksum':
      return e.row(Op.Checksum, checksums[c.layer], c.valid ? 1 : 0);
    case 'event':
      return e.row(Op.Event, c.event);
    case 'stream_size':
      return e.row(Op.StreamSize, streamSides[c.side], testCode(c.test), ...wide(e, c.test));
    case 'app_protocol':
      return e.row(Op.AppProtocol, c.app, c.negated ? 1 : 0, appSides[c.side]);
    case 'flowbits':
      return e.row(Op.FlowbitsTest, c.cmd === 'isset' ? 1 : 0, c.names.length, ...c.names.map((n) => flowNames.id(n)));
    case 'flowint': {
      const operand = typeof c.value === 'number' ? [0, e.number(c.value)] : [1, flowNames.id(c.value.var)];
      return e.row(Op.FlowintTest, flowNames.id(c.name), flowintTests[c.op], ...operand);
    }
    case 'hostbits':
      return e.row(Op.HostbitsTest, c.cmd === 'isset' ? 1 : 0, hostNames.id(c.name), hostSides[c.by]);
    case 'xbits':
      return e.row(Op.XbitsTest, c.cmd === 'isset' ? 1 : 0, hostNames.id(c.name), tracks[c.track]);
    case 'iprep': {
      const category = t.categories.number(c.category, c.category);
      return e.row(Op.Iprep, hostSides[c.side], category, testCode(c.test), word(c.test.lo), word(c.test.hi));
    }
    case 'geoip': {
      const list = t.countries.number(c.countries.join(','), c.countries);
      return e.row(Op.Geoip, hostSides[c.side], list, c.negated ? 1 : 0);
    }
    case 'file':
      return emitFileTest(t, c.test);
    case 'variable': {
      const id = flowNames.id(c.name);
      return e.row(Op.VarContains, c.scope === 'pkt' ? 0 : 1, id, e.bytes(c.bytes), c.bytes.length);
    }
    case 'rpc':
      return e.row(Op.RpcCall, e.number(c.program), e.number(c.version ?? -1), e.number(c.procedure ?? -1));
    case 'flow_age':
    case 'flow_pkts':
    case 'flow_bytes':
      return e.row(Op.FlowVolume, volumes[c.kind], volumeSides[c.dir], testCode(c.test), ...wide(e, c.test));
  }
}

/** Emits one effect. */
export function emitEffect(t: ConditionTables, f: Effect): void {
  const e = t.emitter;
  switch (f.kind) {
    case 'flowbits':
      return e.row(Op.FlowbitsSet, bitCmds[f.cmd], f.names.length, ...f.names.map((n) => flowNames.id(n)));
    case 'flowint': {
      const operand = typeof f.value === 'number' ? [0, e.number(f.value)] : [1, flowNames.id(f.value.var)];
      return e.row(Op.FlowintSet, flowNames.id(f.name), flowintOps[f.op], ...operand);
    }
    case 'hostbits':
      return e.row(Op.HostbitsSet, bitCmds[f.cmd], hostNames.id(f.name), hostSides[f.by], word(f.expireS));
    case 'xbits':
      return e.row(Op.XbitsSet, bitCmds[f.cmd], hostNames.id(f.name), tracks[f.track], word(f.expireS));
    case 'tag':
      return e.row(
        Op.Tag,
        f.what === 'session' ? 0 : 1,
        metrics[f.metric],
        word(f.count),
        f.side === 'dst' ? HostSide.Dst : HostSide.Src,
      );
    case 'bypass':
      return e.row(Op.Bypass);
    case 'config':
      return e.row(Op.LogOff, f.scope === 'flow' ? 1 : 0);
  }
}
