/**
 * One capture, sent again and again: each time with other addresses, since a sensor rightly takes a SYN with the numbers of
 * a connection it knows for a retransmission.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const enum At {
  FileHeader = 24,
  RecordHeader = 16,
  CapturedLen = 8,
  /** Of an Ethernet frame with IPv4: the second byte of both addresses. */
  Source = 14 + 13,
  Destination = 14 + 17,
}

/** Passes that have addresses of their own; after as many they come again. */
const Most = 64;

export class Passes {
  private readonly bytes: Buffer;
  private readonly clientNet: number;
  private readonly serverNet: number;
  private n = 0;

  /**
   * `capture`: pcap of this machine's byte order, Ethernet and IPv4, between one client and one server whose addresses
   * differ in more than the second byte; its first packet is the client's. `dir`: where a pass is written.
   */
  constructor(
    capture: string,
    private readonly dir: string,
  ) {
    this.bytes = readFileSync(capture);
    const first = At.FileHeader + At.RecordHeader;
    this.clientNet = this.bytes[first + At.Source];
    this.serverNet = this.bytes[first + At.Destination];
  }

  /**
   * The capture with addresses that no pass had. The client's second byte goes up by what the server's goes down, so that
   * every checksum stays right.
   */
  next(): string {
    const { bytes } = this;
    this.n = (this.n % Most) + 1;
    const client = this.clientNet + this.n;
    const server = this.serverNet - this.n;
    const lastByte = bytes[At.FileHeader + At.RecordHeader + At.Source + 2];
    for (let at: number = At.FileHeader; at < bytes.length; ) {
      const frame = at + At.RecordHeader;
      const fromClient = bytes[frame + At.Source + 2] === lastByte;
      bytes[frame + At.Source] = fromClient ? client : server;
      bytes[frame + At.Destination] = fromClient ? server : client;
      at = frame + bytes.readUInt32LE(at + At.CapturedLen);
    }
    const file = join(this.dir, 'pass.pcap');
    rmSync(file, { force: true });
    writeFileSync(file, bytes);
    return file;
  }
}
