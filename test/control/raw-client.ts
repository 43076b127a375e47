/** A client that sends what it is told, byte by byte, and takes lines. */
import { connect, type Socket } from 'node:net';

export const Hello = '{"version": "0.2"}';

export class RawClient {
  private received = '';
  private ended = false;
  private wake: () => void = () => undefined;

  private constructor(readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      this.received += piece;
      this.wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.ended = true;
      this.wake();
    });
  }

  static async connect(path: string): Promise<RawClient> {
    const socket = connect({ path });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RawClient(socket);
  }

  /** A client that is accepted. */
  static async greeted(path: string): Promise<RawClient> {
    const client = await RawClient.connect(path);
    client.write(Hello);
    const line = await client.line();
    if (line !== '{"return":"OK"}') throw new Error(`not accepted: ${line}`);
    return client;
  }

  write(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next line; null: the connection has ended. */
  async line(): Promise<string | null> {
    for (;;) {
      const newline = this.received.indexOf('\n');
      if (newline >= 0) {
        const text = this.received.slice(0, newline);
        this.received = this.received.slice(newline + 1);
        return text;
      }
      if (this.ended) return null;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** The answer to a command. */
  async ask(command: string, args?: object): Promise<{ return: string; message: unknown }> {
    this.write(`${JSON.stringify({ command, arguments: args })}\n`);
    return JSON.parse((await this.line()) ?? 'null');
  }

  close(): void {
    this.socket.destroy();
  }
}
