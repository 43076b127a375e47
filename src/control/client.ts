/** The other end of the control socket: what `peccary ctl` asks a running sensor with. Suricata's own socket answers too. */
import { connect, type Socket } from 'node:net';
import { PeccaryError } from '../core/errors.js';
import { ProtocolVersion, type Reply } from './messages.js';

/** Bytes of an answer that are taken. */
const MaxAnswerLen = 64 * 1024 * 1024;

/** Milliseconds until an answer must be there: a reload compiles all rules. */
const enum Wait {
  Answer = 30_000,
  Reload = 600_000,
}

/** One command after the other over one connection. */
export class ControlClient {
  private constructor(
    private readonly socket: Socket,
    private readonly path: string,
  ) {}

  /**
   * Connects to the first of `paths` at which a sensor listens. Throws PeccaryError when there is none, or it speaks
   * something else.
   */
  static async open(paths: readonly string[]): Promise<ControlClient> {
    const faults: string[] = [];
    for (const path of paths) {
      const socket = await connected(path);
      if (typeof socket === 'string') {
        faults.push(`${path}: ${socket}`);
        continue;
      }
      const client = new ControlClient(socket, path);
      await client.greet();
      return client;
    }
    const remedy = faults.some((fault) => fault.endsWith(NotAllowed))
      ? 'ask as the user that the sensor runs as'
      : 'start one with `peccary run`';
    throw new PeccaryError(
      'runtime',
      `no sensor answers (${faults.join('; ')}): ${remedy}, or name its socket with --socket or ` +
        'unix-command.filename of its configuration',
    );
  }

  private async greet(): Promise<void> {
    try {
      const { ok, message } = await this.exchange(JSON.stringify({ version: ProtocolVersion }), Wait.Answer);
      if (!ok) throw new PeccaryError('runtime', `${this.path}: ${String(message)}`);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Runs a command; its answer may be a refusal. Throws PeccaryError when none comes. */
  send(command: string, args?: object): Promise<Reply> {
    const line = `${JSON.stringify(args === undefined ? { command } : { command, arguments: args })}\n`;
    return this.exchange(line, command.includes('reload') ? Wait.Reload : Wait.Answer);
  }

  close(): void {
    this.socket.destroy();
  }

  /** Sends text and takes one line. */
  private exchange(text: string, waitMs: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      let length = 0;
      const { socket } = this;
      const fail = (reason: string): void =>
        settle(() => reject(new PeccaryError('runtime', `${this.path}: ${reason}`)));
      const timer = setTimeout(() => fail(`no answer within ${waitMs / 1000} s`), waitMs);
      const onData = (piece: Buffer): void => {
        pieces.push(piece);
        length += piece.length;
        if (piece.at(-1) === 0x0a) finish();
        else if (length > MaxAnswerLen) fail(`the answer has more than ${MaxAnswerLen} bytes`);
      };
      const onError = (error: Error): void => fail(error.message);
      const onClose = (): void => fail('the sensor closed the connection');
      const settle = (then: () => void): void => {
        clearTimeout(timer);
        socket.off('data', onData).off('error', onError).off('close', onClose);
        then();
      };
      const finish = (): void => {
        const reply = parseReply(Buffer.concat(pieces).toString('utf8'));
        if (reply === null) fail('what answers there is not a sensor');
        else settle(() => resolve(reply));
      };
      socket.on('data', onData).on('error', onError).on('close', onClose);
      socket.write(text);
    });
  }
}

/** A socket that is connected, or why there is none. */
function connected(path: string): Promise<Socket | string> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      // Errors past this point belong to the exchange that is under way; between two there is nobody to tell.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', ({ code, message }: NodeJS.ErrnoException) => resolve(reasons[code ?? ''] ?? message));
  });
}

const NotAllowed = 'permission denied';

const reasons: Record<string, string> = {
  ENOENT: 'there is no such socket',
  ECONNREFUSED: 'nothing listens there any more',
  ENOTSOCK: 'this is not a socket',
  EACCES: NotAllowed,
};

function parseReply(line: string): Reply | null {
  try {
    const value = JSON.parse(line) as { return?: unknown; message?: unknown } | null;
    const status = value?.return;
    return status === 'OK' || status === 'NOK' ? { ok: status === 'OK', message: value?.message } : null;
  } catch {
    return null;
  }
}
