/**
 * The hash of owner-hash.ts as a classic BPF program (Linux, Documentation/networking/filter.rst), for the kernel to give
 * each packet to the worker that owns it: TCP, UDP and SCTP by addresses and ports, fragments by addresses and
 * identification, other IP packets by addresses. What is neither IPv4 nor IPv6 goes to the first worker.
 *
 * Only the outermost tag of a frame is taken off by the kernel; two more are stepped over. A header that is not where the
 * program looks (IPv6 extension headers, tunnels) makes another worker the receiver, not another the owner.
 */
import { IpProto } from '../protocol/ip.js';
import { OwnerMix, type OwnerSeeds } from './owner-hash.js';

/** BPF instruction codes: class, size, mode, operation (linux/bpf_common.h). */
const enum Bpf {
  LdWordAbs = 0x20,
  LdWordInd = 0x40,
  LdHalfInd = 0x48,
  LdByteInd = 0x50,
  LdImm = 0x00,
  LdMem = 0x60,
  LdxMem = 0x61,
  St = 0x02,
  AddK = 0x04,
  AddX = 0x0c,
  MulK = 0x24,
  AndK = 0x54,
  LshK = 0x64,
  RshK = 0x74,
  XorK = 0xa4,
  XorX = 0xac,
  Ja = 0x05,
  JeqK = 0x15,
  JsetK = 0x45,
  RetK = 0x06,
  RetA = 0x16,
  Tax = 0x07,
}

const enum Skf {
  /** Offsets from the network header; the protocol of the frame (linux/filter.h). */
  Net = -0x100000,
  Protocol = -0x1000,
}

/** Cells of the program's memory. */
const enum Cell {
  /** Bytes of tags between the kernel's network header and the IP header. */
  Base = 0,
  SrcPort = 1,
  DstPort = 2,
  /** What a fragment's identification adds. */
  Extra = 3,
  Temp = 4,
  Source = 5,
}

const enum Ether {
  Ipv4 = 0x0800,
  Ipv6 = 0x86dd,
}

const TagTypes = [0x8100, 0x88a8, 0x9100];
const WithPorts = [IpProto.Tcp, IpProto.Udp, IpProto.Sctp];

/** Instructions with jumps by name. */
class Program {
  private readonly code: { op: number; k: number; to?: string }[] = [];
  private readonly labels = new Map<string, number>();

  op(op: Bpf, k = 0): void {
    this.code.push({ op, k });
  }

  label(name: string): void {
    this.labels.set(name, this.code.length);
  }

  jump(to: string): void {
    this.code.push({ op: Bpf.Ja, k: 0, to });
  }

  /** Jumps when the test holds; conditional jumps reach 255 instructions only, so that each is over an unconditional one. */
  jumpIf(test: Bpf.JeqK | Bpf.JsetK, k: number, to: string): void {
    this.code.push({ op: test | (1 << 24), k });
    this.jump(to);
  }

  words(): Uint32Array {
    const out = new Uint32Array(this.code.length * 2);
    for (const [i, { op, k, to }] of this.code.entries()) {
      out[2 * i] = op;
      out[2 * i + 1] = to === undefined ? k : (this.labels.get(to) as number) - i - 1;
    }
    return out;
  }
}

export function fanoutProgram(seeds: OwnerSeeds): Uint32Array {
  const p = new Program();
  start(p);
  ipv4(p);
  ipv6(p);
  ends(p, 'ends4', [12], [16], seeds);
  ends(p, 'ends6', [8, 12, 16, 20], [24, 28, 32, 36], seeds);
  p.label('other');
  p.op(Bpf.RetK, 0);
  return p.words();
}

/** Steps over tags and tells the version of IP. */
function start(p: Program): void {
  for (const cell of [Cell.Base, Cell.SrcPort, Cell.DstPort, Cell.Extra]) {
    p.op(Bpf.LdImm, 0);
    p.op(Bpf.St, cell);
  }
  p.op(Bpf.LdWordAbs, Skf.Protocol);
  for (const tag of [0, 1, 2]) {
    p.jumpIf(Bpf.JeqK, Ether.Ipv4, 'ipv4');
    p.jumpIf(Bpf.JeqK, Ether.Ipv6, 'ipv6');
    if (tag === 2) break;
    for (const type of TagTypes) p.jumpIf(Bpf.JeqK, type, `tag${tag}`);
    p.jump('other');
    p.label(`tag${tag}`);
    p.op(Bpf.LdImm, (tag + 1) * 4);
    p.op(Bpf.St, Cell.Base);
    p.op(Bpf.LdxMem, Cell.Base);
    p.op(Bpf.LdHalfInd, Skf.Net - 2);
  }
  p.jump('other');
}

function ipv4(p: Program): void {
  p.label('ipv4');
  p.op(Bpf.LdxMem, Cell.Base);
  p.op(Bpf.LdHalfInd, Skf.Net + 6);
  p.jumpIf(Bpf.JsetK, 0x3fff, 'fragment4');
  p.op(Bpf.LdByteInd, Skf.Net + 9);
  for (const proto of WithPorts) p.jumpIf(Bpf.JeqK, proto, 'ports4');
  p.jump('ends4');
  p.label('ports4');
  p.op(Bpf.LdByteInd, Skf.Net);
  p.op(Bpf.AndK, 15);
  p.op(Bpf.LshK, 2);
  p.op(Bpf.AddX);
  p.op(Bpf.Tax);
  ports(p, 0);
  p.jump('ends4');
  p.label('fragment4');
  p.op(Bpf.LdHalfInd, Skf.Net + 4);
  identification(p);
  p.jump('ends4');
}

function ipv6(p: Program): void {
  p.label('ipv6');
  p.op(Bpf.LdxMem, Cell.Base);
  p.op(Bpf.LdByteInd, Skf.Net + 6);
  p.jumpIf(Bpf.JeqK, IpProto.Fragment, 'fragment6');
  for (const proto of WithPorts) p.jumpIf(Bpf.JeqK, proto, 'ports6');
  p.jump('ends6');
  p.label('ports6');
  ports(p, 40);
  p.jump('ends6');
  p.label('fragment6');
  p.op(Bpf.LdWordInd, Skf.Net + 44);
  identification(p);
  p.jump('ends6');
}

/** Ports at `off` behind X into their cells. */
function ports(p: Program, off: number): void {
  p.op(Bpf.LdHalfInd, Skf.Net + off);
  p.op(Bpf.St, Cell.SrcPort);
  p.op(Bpf.LdHalfInd, Skf.Net + off + 2);
  p.op(Bpf.St, Cell.DstPort);
}

function identification(p: Program): void {
  p.op(Bpf.AddK, 1);
  p.op(Bpf.MulK, OwnerMix.Port);
  p.op(Bpf.St, Cell.Extra);
}

/** Both ends and the sum; `source` and `destination`: offsets of the words of the addresses. */
function ends(p: Program, name: string, source: number[], destination: number[], seeds: OwnerSeeds): void {
  p.label(name);
  end(p, Cell.SrcPort, source, seeds.ends);
  p.op(Bpf.St, Cell.Source);
  end(p, Cell.DstPort, destination, seeds.ends);
  p.op(Bpf.LdxMem, Cell.Source);
  p.op(Bpf.AddX);
  p.op(Bpf.LdxMem, Cell.Extra);
  p.op(Bpf.XorX);
  p.op(Bpf.XorK, seeds.sum);
  mix(p);
  p.op(Bpf.RetA);
}

/** endHash4 or endHash6 into A. */
function end(p: Program, port: Cell, words: number[], seed: number): void {
  p.op(Bpf.LdMem, port);
  p.op(Bpf.AddK, 1);
  p.op(Bpf.MulK, OwnerMix.Port);
  p.op(Bpf.XorK, seed);
  for (const off of words) {
    p.op(Bpf.St, Cell.Temp);
    p.op(Bpf.LdxMem, Cell.Base);
    p.op(Bpf.LdWordInd, Skf.Net + off);
    p.op(Bpf.LdxMem, Cell.Temp);
    p.op(Bpf.XorX);
    mix(p);
  }
}

function mix(p: Program): void {
  shiftXor(p, 16);
  p.op(Bpf.MulK, OwnerMix.First);
  shiftXor(p, 13);
  p.op(Bpf.MulK, OwnerMix.Second);
  shiftXor(p, 16);
}

function shiftXor(p: Program, bits: number): void {
  p.op(Bpf.Tax);
  p.op(Bpf.RshK, bits);
  p.op(Bpf.XorX);
}
