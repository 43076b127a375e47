/**
 * A bounded ring of packets in shared memory, from a reader that is driven by events (main thread) to the pipeline's
 * thread. One producer, one consumer.
 *
 *     Int32 0   head: bytes ever written, modulo 2^32       written by the producer
 *     Int32 1   tail: bytes ever read, modulo 2^32          written by the consumer
 *     Int32 2   1 when the consumer wants no more
 *     byte 64   records of a multiple of 8 bytes, never wrapped:
 *               u32 kind, u32 bytes that follow, u32 wire length, u16 link type, u16 origin, f64 time in us, bytes
 */
export const enum RingLimit {
  /** Bytes of records; a power of 2. */
  Bytes = 1 << 23,
  /**
   * Free bytes without which the producer must not start on new input: what one chunk of input (64 KiB), a packet
   * left over from the chunk before and the unused end of the ring can take together.
   */
  Margin = 1 << 21,
}

export const enum RecordKind {
  Packet = 1,
  /** The bytes are a CaptureFault as JSON. */
  Fault = 2,
  /** Nothing follows, ever. */
  End = 3,
  /** Unused bytes at the end of the ring. */
  Skip = 4,
}

const enum RingRecord {
  HeadLen = 24,
  Align = 8,
}

const enum Layout {
  Head = 0,
  Tail = 1,
  Closed = 2,
  DataOff = 64,
}

export class PacketRing {
  readonly shared: SharedArrayBuffer;
  /** Record fields of the consumer, valid after `peek` said there is a record. */
  kind = 0;
  len = 0;
  wireLen = 0;
  linkType = 0;
  origin = 0;
  tsUs = 0;
  private readonly control: Int32Array;
  private readonly view: DataView;
  private readonly bytes: Uint8Array;

  constructor(shared = new SharedArrayBuffer(Layout.DataOff + RingLimit.Bytes)) {
    this.shared = shared;
    this.control = new Int32Array(shared, 0, Layout.DataOff / 4);
    this.view = new DataView(shared, Layout.DataOff);
    this.bytes = new Uint8Array(shared, Layout.DataOff);
  }

  /** Bytes that may be written. */
  free(): number {
    return (
      RingLimit.Bytes - ((Atomics.load(this.control, Layout.Head) - Atomics.load(this.control, Layout.Tail)) >>> 0)
    );
  }

  /** Appends a record; false, and nothing written, when there is no room. */
  push(kind: RecordKind, data: Uint8Array, wireLen: number, linkType: number, origin: number, tsUs: number): boolean {
    const need = RingRecord.HeadLen + ((data.length + RingRecord.Align - 1) & -RingRecord.Align);
    let head = Atomics.load(this.control, Layout.Head);
    let at = (head >>> 0) % RingLimit.Bytes;
    const rest = RingLimit.Bytes - at;
    if (this.free() < (rest < need ? rest + need : need)) return false;
    if (rest < need) {
      // A rest of 8 or 16 bytes holds the first two fields, which is all that is read of a Skip.
      this.view.setUint32(at, RecordKind.Skip);
      this.view.setUint32(at + 4, rest);
      head = (head + rest) | 0;
      at = 0;
    }
    this.view.setUint32(at, kind);
    this.view.setUint32(at + 4, data.length);
    this.view.setUint32(at + 8, wireLen);
    this.view.setUint16(at + 12, linkType);
    this.view.setUint16(at + 14, origin);
    this.view.setFloat64(at + 16, tsUs);
    this.bytes.set(data, at + RingRecord.HeadLen);
    Atomics.store(this.control, Layout.Head, (head + need) | 0);
    return true;
  }

  /** Wakes a waiting consumer. */
  notify(): void {
    Atomics.notify(this.control, Layout.Head);
  }

  /** Waits at most `ms` for a record. */
  wait(ms: number): void {
    const head = Atomics.load(this.control, Layout.Head);
    if (head === Atomics.load(this.control, Layout.Tail)) Atomics.wait(this.control, Layout.Head, head, ms);
  }

  /** Reads the head of the next record into this object's fields; false when the ring is empty. */
  peek(): boolean {
    let tail = Atomics.load(this.control, Layout.Tail);
    const head = Atomics.load(this.control, Layout.Head);
    if (head === tail) return false;
    let at = (tail >>> 0) % RingLimit.Bytes;
    if (this.view.getUint32(at) === RecordKind.Skip) {
      tail = (tail + this.view.getUint32(at + 4)) | 0;
      Atomics.store(this.control, Layout.Tail, tail);
      at = 0;
    }
    this.kind = this.view.getUint32(at);
    this.len = this.view.getUint32(at + 4);
    this.wireLen = this.view.getUint32(at + 8);
    this.linkType = this.view.getUint16(at + 12);
    this.origin = this.view.getUint16(at + 14);
    this.tsUs = this.view.getFloat64(at + 16);
    return true;
  }

  /** Copies the bytes of the peeked record to `to[off]` and removes it. */
  take(to: Uint8Array, off: number): void {
    const tail = Atomics.load(this.control, Layout.Tail);
    const at = ((tail >>> 0) % RingLimit.Bytes) + RingRecord.HeadLen;
    to.set(this.bytes.subarray(at, at + this.len), off);
    const size = RingRecord.HeadLen + ((this.len + RingRecord.Align - 1) & -RingRecord.Align);
    Atomics.store(this.control, Layout.Tail, (tail + size) | 0);
  }

  /** The consumer wants no more. */
  closeConsumer(): void {
    Atomics.store(this.control, Layout.Closed, 1);
  }

  get consumerClosed(): boolean {
    return Atomics.load(this.control, Layout.Closed) === 1;
  }
}
