import assert from 'node:assert/strict';
import fc from 'fast-check';
import { counter, counts } from '../../src/core/counters.js';
import { Region, u8 } from '../../src/core/memory.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { Packet, PacketFlag } from '../../src/decode/packet.js';
import { FlowEnd, FlowState, flows } from '../../src/flow/columns.js';
import { FlowBytes } from '../../src/flow/config.js';
import { swapFlow } from '../../src/flow/swap.js';
import {
  configureFlow,
  endAllFlows,
  endedFlow,
  expireFlows,
  flowCount,
  freeFlow,
  inEmergency,
  lookupFlow,
} from '../../src/flow/table.js';
import { Dir, IpProto } from '../../src/protocol/ip.js';

const cGetUsed = counter('flow.get_used');
const p = new Packet();

interface Fields {
  src?: number;
  dst?: number;
  sp?: number;
  dp?: number;
  proto?: number;
  vlan?: number;
  at?: number;
  flags?: number;
  icmp?: [number, number];
}

function udp(o: Fields = {}): number {
  p.reset();
  p.tsUs = (o.at ?? 0) * 1e6;
  p.ipVersion = 4;
  p.ipProto = o.proto ?? IpProto.Udp;
  p.src0 = o.src ?? 1;
  p.dst0 = o.dst ?? 2;
  p.srcPort = o.sp ?? 1000;
  p.dstPort = o.dp ?? 53;
  p.l4Off = Region.ArenaOff;
  p.vlan0 = o.vlan ?? 0;
  p.vlanCount = o.vlan === undefined ? 0 : 1;
  p.wireLen = 60;
  p.ttl = 64;
  p.flags = o.flags ?? PacketFlag.WantsFlow;
  if (o.icmp !== undefined) [p.icmpType, p.icmpCode] = o.icmp;
  return lookupFlow(p);
}

const reply = (o: Fields = {}): number =>
  udp({ ...o, src: o.dst ?? 2, dst: o.src ?? 1, sp: o.dp ?? 53, dp: o.sp ?? 1000 });

function configure(tree: { [key: string]: Tree } = {}): void {
  configureFlow(new Settings(tree));
}

function drain(): number[] {
  const out: number[] = [];
  for (let f = endedFlow(); f !== 0; f = endedFlow()) {
    out.push(flows.endReason[f]);
    freeFlow(f);
  }
  return out;
}

describe('flow table (Suricata manual, "Flow Settings")', () => {
  beforeEach(() => configure());

  it('finds one flow for both directions; who sends first is the client', () => {
    const f = udp();
    assert.equal(p.dir, Dir.ToServer);
    assert.equal(p.flags & PacketFlag.Established, 0);
    assert.equal(reply(), f);
    assert.equal(p.dir, Dir.ToClient);
    assert.ok(p.flags & PacketFlag.Established);
    assert.equal(flows.state[f], FlowState.Established);
    assert.deepEqual([flows.pktsToServer[f], flows.pktsToClient[f], flows.bytesToServer[f]], [1, 1, 60]);
  });

  it('tells addresses, ports, protocols and VLANs apart', () => {
    const all = [udp(), udp({ src: 3 }), udp({ sp: 1001 }), udp({ proto: IpProto.Sctp }), udp({ vlan: 7 })];
    assert.equal(new Set(all).size, all.length);
    assert.equal(udp({ vlan: 7 }), all[4]);
  });

  it('vlan.use-for-tracking: no puts all VLANs together', () => {
    configure({ vlan: { 'use-for-tracking': false } });
    assert.equal(udp({ vlan: 7 }), udp({ vlan: 8 }));
  });

  it('keeps IPv4 and IPv6 apart and compares all of an IPv6 address', () => {
    const six = (last: number): number => {
      udp();
      p.ipVersion = 6;
      p.src3 = last;
      return lookupFlow(p);
    };
    const a = six(1);
    assert.notEqual(a, six(2));
    assert.equal(a, six(1));
    assert.notEqual(a, udp());
  });

  it('a flow ends when the capture second is more than its timeout after its last packet ("Flow Timeouts")', () => {
    const f = udp({ at: 0 });
    const serial = flows.serial[f];
    assert.equal(udp({ at: 30 }), f);
    assert.equal(flows.serial[udp({ at: 61 })], serial + 1);
    assert.deepEqual(drain(), [FlowEnd.Timeout]);
  });

  it('an established flow lives longer, by its own protocol', () => {
    const f = udp({ at: 0 });
    reply({ at: 0 });
    assert.equal(udp({ at: 300 }), f);
    udp({ at: 601 });
    assert.deepEqual(drain(), [FlowEnd.Timeout]);
  });

  it('sweeping ends what has timed out, oldest first, and nothing else', () => {
    udp({ sp: 1, at: 0 });
    udp({ sp: 2, at: 5 });
    udp({ sp: 3, at: 40 });
    assert.equal(expireFlows(41e6, 1), 1);
    assert.equal(expireFlows(41e6, 10), 1);
    assert.equal(flowCount(), 1);
    assert.deepEqual(drain(), [FlowEnd.Timeout, FlowEnd.Timeout]);
  });

  it('at flow.memcap the oldest flow makes room and emergency mode begins', () => {
    configure({ flow: { memcap: FlowBytes * 4 } });
    const before = counts[cGetUsed];
    for (let i = 0; i < 4; i++) udp({ sp: i, at: i });
    udp({ sp: 0, at: 5 });
    udp({ sp: 9, at: 6 });
    assert.equal(flowCount(), 4);
    assert.ok(inEmergency());
    assert.equal(counts[cGetUsed], before + 1);
    const gone = endedFlow();
    assert.equal(flows.cliPort[gone], 1);
    assert.equal(flows.endReason[gone], FlowEnd.Forced);
    freeFlow(gone);
    endAllFlows();
    drain();
    assert.ok(!inEmergency());
  });

  it('an ICMP echo and its reply are one flow (RFC 792)', () => {
    const f = udp({ proto: IpProto.Icmp, sp: 0, dp: 0, icmp: [8, 0] });
    const back = udp({ src: 2, dst: 1, proto: IpProto.Icmp, sp: 0, dp: 0, icmp: [0, 0] });
    assert.equal(back, f);
    assert.equal(p.dir, Dir.ToClient);
  });

  it('an ICMP error belongs to the flow it quotes, and else to none', () => {
    const f = udp({ src: 1, dst: 2, sp: 1000, dp: 53 });
    const at = Region.ArenaOff;
    u8.fill(0, at, at + 64);
    u8[at + 8] = 0x45;
    u8[at + 8 + 9] = IpProto.Udp;
    u8[at + 8 + 15] = 1;
    u8[at + 8 + 19] = 2;
    u8.set([1000 >> 8, 1000 & 255, 0, 53], at + 28);
    const error = (): number => {
      udp({ src: 9, dst: 1, proto: IpProto.Icmp, icmp: [0, 0] });
      p.icmpType = 3;
      p.ipOff = at - 20;
      p.ipLen = 20 + 36;
      return lookupFlow(p);
    };
    assert.equal(error(), f);
    u8[at + 31] = 54;
    assert.equal(error(), 0);
  });

  it('turning a flow round exchanges its ends and keeps it findable', () => {
    const f = udp();
    swapFlow(f);
    assert.equal(udp(), f);
    assert.equal(p.dir, Dir.ToClient);
    assert.equal(flows.cliPort[f], 53);
  });

  it('packets that decode did not mark for it have no flow', () => {
    assert.equal(udp({ flags: PacketFlag.Invalid }), 0);
    assert.equal(udp({ flags: PacketFlag.Fragment }), 0);
  });

  it('any sequence of packets: as many flows as distinct keys, all given back', () => {
    const packet = fc.record({
      src: fc.nat(20),
      dst: fc.nat(20),
      sp: fc.nat(20),
      dp: fc.nat(20),
      vlan: fc.constantFrom(1, 2),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 200 }), fc.constantFrom(1, 4, 65_536), (list, size) => {
        configure({ flow: { 'hash-size': size } });
        const seen = new Map<string, number>();
        for (const o of list) {
          const ends = [`${o.src}:${o.sp}`, `${o.dst}:${o.dp}`].sort().join('-');
          const id = udp(o);
          assert.equal(seen.get(`${ends}/${o.vlan}`) ?? id, id);
          seen.set(`${ends}/${o.vlan}`, id);
        }
        assert.equal(flowCount(), seen.size);
        assert.equal(new Set(seen.values()).size, seen.size);
        endAllFlows();
        assert.equal(drain().length, seen.size);
        assert.equal(flowCount(), 0);
      }),
    );
  });
});
