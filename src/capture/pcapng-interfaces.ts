/** Interfaces of a pcapng section: link type, snap length, resolution and offset of timestamps (draft section 4.2). */
import { dv, u8 } from '../core/memory.js';

const view = dv;
const mem = u8;

const enum InterfaceLimit {
  /** Interfaces of a section; one more is a fault of the file. */
  Count = 4096,
}

const enum Idb {
  LinkType = 8,
  SnapLen = 12,
  Options = 16,
  TailLen = 4,
}

const enum Option {
  End = 0,
  TsResol = 9,
  TsOffset = 14,
}

/** 2^32, the worth of a timestamp's high half. */
const High = 0x1_0000_0000;

export class InterfaceTable {
  count = 0;
  readonly linkType = new Uint16Array(InterfaceLimit.Count);
  /** 0: no limit. */
  readonly snapLen = new Uint32Array(InterfaceLimit.Count);
  /**
   * Ticks in a microsecond (10^0 and more), and 2^32 divided by it with the remainder: microseconds are
   * high * quotient + (high * remainder + low) / ticks, which keeps the fraction of nanosecond stamps where one
   * product of 64 bits would lose it.
   */
  private readonly ticks = new Float64Array(InterfaceLimit.Count);
  private readonly quotient = new Float64Array(InterfaceLimit.Count);
  private readonly remainder = new Float64Array(InterfaceLimit.Count);
  private readonly offsetUs = new Float64Array(InterfaceLimit.Count);

  /** A new section: interfaces are numbered from 0 again. */
  clear(): void {
    this.count = 0;
  }

  /** Adds the Interface Description Block at memory[pos, pos + total); '' or what is wrong with it. */
  add(pos: number, total: number, little: boolean): string {
    if (total < Idb.Options + Idb.TailLen) return 'an Interface Description Block is too short';
    if (this.count === InterfaceLimit.Count) return `more than ${InterfaceLimit.Count} interfaces in a section`;
    const i = this.count;
    this.linkType[i] = view.getUint16(pos + Idb.LinkType, little);
    this.snapLen[i] = view.getUint32(pos + Idb.SnapLen, little);
    this.resolution(i, 6);
    this.offsetUs[i] = 0;
    const end = pos + total - Idb.TailLen;
    let at = pos + Idb.Options;
    while (end - at >= 4) {
      const code = view.getUint16(at, little);
      const len = view.getUint16(at + 2, little);
      if (code === Option.End) break;
      if (len > end - at - 4) return 'an option of an interface runs past its block';
      if (code === Option.TsResol && len >= 1) this.resolution(i, mem[at + 4]);
      else if (code === Option.TsOffset && len >= 8) this.offsetUs[i] = seconds(at + 4, little) * 1e6;
      at += 4 + ((len + 3) & ~3);
    }
    this.count = i + 1;
    return '';
  }

  /** Microseconds since 1970 of a timestamp of interface i. */
  timeUs(i: number, high: number, low: number): number {
    return high * this.quotient[i] + (high * this.remainder[i] + low) / this.ticks[i] + this.offsetUs[i];
  }

  /** if_tsresol: bit 7 clear, a tick is 10^-n s; set, 2^-n s. */
  private resolution(i: number, value: number): void {
    const ticks = ((value & 0x80) === 0 ? 10 ** value : 2 ** (value & 0x7f)) / 1e6;
    this.ticks[i] = ticks;
    const whole = ticks >= 1 && Number.isInteger(ticks);
    this.quotient[i] = whole ? Math.floor(High / ticks) : 0;
    this.remainder[i] = whole ? High % ticks : High;
  }
}

/** A signed 64-bit count of seconds; beyond 2^53 inexact, which no clock reaches. */
function seconds(at: number, little: boolean): number {
  return Number(view.getBigInt64(at, little));
}
