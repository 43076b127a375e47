/**
 * Packets on their way to the capture file: worker and writer agree on this form. A packet is
 *
 *     0   float64  time, microseconds since 1970
 *     8   float64  EVE's flow id, 0: none
 *     16  uint32   bytes captured
 *     20  uint32   bytes on the wire
 *     24  uint16   link type
 *     26  uint16   origin: capture file or interface
 *     28  bytes
 *
 * in little-endian order, one after the other.
 */
export const enum Frame {
  FlowId = 8,
  CapLen = 16,
  WireLen = 20,
  LinkType = 24,
  Origin = 26,
  Bytes = 28,
}

/** Room at the start; grows to what a batch holds. */
const FirstBytes = 65_536;

export class FrameBatch {
  count = 0;
  length = 0;
  private bytes = new Uint8Array(FirstBytes);
  private view = new DataView(this.bytes.buffer);

  /** Adds the packet from[off, off + capLen). */
  add(
    from: Uint8Array,
    off: number,
    capLen: number,
    wireLen: number,
    tsUs: number,
    flowId: number,
    linkType: number,
    origin: number,
  ): void {
    const at = this.length;
    const end = at + Frame.Bytes + capLen;
    if (end > this.bytes.length) this.grow(end);
    const { view } = this;
    view.setFloat64(at, tsUs, true);
    view.setFloat64(at + Frame.FlowId, flowId, true);
    view.setUint32(at + Frame.CapLen, capLen, true);
    view.setUint32(at + Frame.WireLen, wireLen, true);
    view.setUint16(at + Frame.LinkType, linkType, true);
    view.setUint16(at + Frame.Origin, origin, true);
    this.bytes.set(from.subarray(off, off + capLen), at + Frame.Bytes);
    this.length = end;
    this.count++;
  }

  /** A copy of the packets; the batch is empty from now on. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = this.count = 0;
    return taken;
  }

  private grow(least: number): void {
    const bytes = new Uint8Array(Math.max(least, this.bytes.length * 2));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}
