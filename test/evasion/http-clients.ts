/** What real clients make of an answer: the bytes of a case over loopback to curl and to Node's own client. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

export const hasCurl = spawnSync('curl', ['--version']).status === 0;

/** A server that answers the n-th path (/0, /1, …) with the n-th bytes, then closes. */
export async function answering(answers: readonly Uint8Array[]): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (asked) => {
      const n = Number(/^GET \/(\d+) /.exec(asked.toString('latin1'))?.[1]);
      socket.end(answers[n]);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, port: (server.address() as AddressInfo).port };
}

/** The bodies that curl shows of the first `count` answers; what it wrote before a fault counts, as browsers show that. */
export async function curlBodies(port: number, count: number): Promise<Buffer[]> {
  const dir = mkdtempSync(join(tmpdir(), 'peccary-curl-'));
  try {
    const wanted = Array.from({ length: count }, (_, n) => [
      '-o',
      join(dir, String(n)),
      `http://127.0.0.1:${port}/${n}`,
    ]);
    const how = ['-s', '--http0.9', '--compressed', '--max-time', '10', '--parallel', '--parallel-max', '20'];
    const child = spawn('curl', [...how, ...wanted.flat()], { stdio: 'ignore' });
    await new Promise((done) => child.on('close', done));
    return wanted.map(([, file]) => (existsSync(file) ? readFileSync(file) : Buffer.alloc(0)));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What there is of a stream that is cut off, as browsers show it. */
const Partial = { finishFlush: constants.Z_SYNC_FLUSH };

const decoders: Record<string, (b: Buffer) => Buffer> = {
  gzip: (b) => gunzipSync(b, Partial),
  'x-gzip': (b) => gunzipSync(b, Partial),
  deflate: (b) => ((b[0] & 15) === 8 ? inflateSync(b, Partial) : inflateRawSync(b, Partial)),
  br: brotliDecompressSync,
};

/** The bodies that Node's client shows, their content codings undone by Node's zlib as far as they go. */
export function nodeBodies(port: number, count: number): Promise<Buffer[]> {
  return Promise.all(Array.from({ length: count }, (_, n) => nodeBody(port, n)));
}

function nodeBody(port: number, n: number): Promise<Buffer> {
  return new Promise((done) => {
    const got: Buffer[] = [];
    const finish = (m: IncomingMessage | null): void => done(decoded(m, Buffer.concat(got)));
    const asked = get({ host: '127.0.0.1', port, path: `/${n}`, agent: false, timeout: 5000 }, (m) => {
      m.on('data', (d: Buffer) => got.push(d));
      m.on('end', () => finish(m));
      m.on('error', () => finish(m));
    });
    asked.on('error', () => finish(null));
    asked.on('upgrade', (_, socket) => {
      socket.destroy();
      finish(null);
    });
  });
}

function decoded(m: IncomingMessage | null, body: Buffer): Buffer {
  let out = body;
  const names = (m?.headers['content-encoding'] ?? '').split(',').map((t) => t.trim().toLowerCase());
  for (const name of names.reverse()) {
    try {
      out = decoders[name]?.(out) ?? out;
    } catch {
      return Buffer.alloc(0);
    }
  }
  return out;
}
