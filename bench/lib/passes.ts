/**
 * One capture, sent again and again: each time with other addresses, since a sensor rightly takes a SYN with the numbers of
 * a connection it knows for a retransmission.
 */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const enum At {
  FileHeader = 24,
  RecordHeader = 16,
  CapturedLen = 8,
  /** Of an Ethernet frame with IPv4: the second byte of both addresses, and of that the third and fourth. */
  Source = 14 + 13,
  Destination = 14 + 17,
  Third = 1,
  Fourth = 2,
}

/** By how much the second and the fourth byte change at most: as many copies as their product have addresses of their own. */
const Second = 60;
const Fourth = 60;

export class Passes {
  private readonly bytes: Buffer;
  private readonly client: Buffer;
  private readonly server: Buffer;
  private n = 0;

  /**
   * `capture`: pcap of this machine's byte order, Ethernet and IPv4, between one client and one server whose addresses
   * differ in the third byte; its first packet is the client's. `dir`: where a pass is written; `copies`: how
   * often the capture is in a pass.
   */
  constructor(
    capture: string,
    private readonly dir: string,
    readonly copies = 1,
  ) {
    this.bytes = readFileSync(capture);
    const first = At.FileHeader + At.RecordHeader;
    this.client = Buffer.from(this.bytes.subarray(first + At.Source, first + At.Source + 3));
    this.server = Buffer.from(this.bytes.subarray(first + At.Destination, first + At.Destination + 3));
  }

  /** The capture, each copy of it with addresses that none had. */
  next(): string {
    const file = join(this.dir, 'pass.pcap');
    rmSync(file, { force: true });
    writeFileSync(file, this.bytes.subarray(0, At.FileHeader));
    for (let i = 0; i < this.copies; i++) {
      this.renumber();
      appendFileSync(file, this.bytes.subarray(At.FileHeader));
    }
    return file;
  }

  /** Bytes of the client's address go up by what the server's go down, so that every checksum stays right. */
  private renumber(): void {
    const { bytes, client, server } = this;
    const second = this.n % Second;
    const fourth = Math.floor(this.n / Second) % Fourth;
    this.n++;
    const put = (at: number, of: Buffer, way: number): void => {
      bytes[at] = of[0] + way * second;
      bytes[at + At.Fourth] = of[At.Fourth] + way * fourth;
    };
    for (let at: number = At.FileHeader; at < bytes.length; ) {
      const frame = at + At.RecordHeader;
      const fromClient = bytes[frame + At.Source + At.Third] === client[At.Third];
      put(frame + At.Source, fromClient ? client : server, fromClient ? 1 : -1);
      put(frame + At.Destination, fromClient ? server : client, fromClient ? -1 : 1);
      at = frame + bytes.readUInt32LE(at + At.CapturedLen);
    }
  }
}
