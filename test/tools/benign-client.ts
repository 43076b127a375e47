/**
 * A well-behaved client, run in a namespace of its own as `node benign-client.js OPTIONS`, OPTIONS a BenignOptions in JSON:
 * kept-alive and pipelined requests, chunked uploads, WebSocket, large downloads; every byte that comes back is compared.
 * Prints a BenignReport as JSON.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { pageText } from './lab.js';

export interface BenignOptions {
  hosts: string[];
  requests: number;
  /** SHA-256 of /big.bin, downloaded once from each host; '' not at all. */
  bigSha: string;
  parallel: number;
}

export interface BenignReport {
  done: Record<string, number>;
  failures: string[];
}

/** Pages of the server: /p/0.html … */
export const PageCount = 40;
export const pageOf = (i: number): string => pageText(i + 1, 500 + ((i * 7919) % 60_000));

const Together = 8;
const TimeoutMs = 60_000;
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const sha = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

function collect(answer: IncomingMessage): Promise<Buffer> {
  return new Promise((done, fail) => {
    const parts: Buffer[] = [];
    answer.on('data', (d: Buffer) => parts.push(d));
    answer.once('end', () => done(Buffer.concat(parts)));
    answer.once('error', fail);
  });
}

function fetchBytes(host: string, path: string, method = 'GET', chunks: Buffer[] = []): Promise<[number, Buffer]> {
  return new Promise((done, fail) => {
    const req = request({ host, path, method, agent, timeout: TimeoutMs }, (answer) => {
      collect(answer).then((body) => done([answer.statusCode ?? 0, body]), fail);
    });
    req.once('error', fail);
    req.once('timeout', () => req.destroy(new Error('timed out')));
    for (const chunk of chunks) req.write(chunk);
    req.end();
  });
}

async function page(host: string, i: number): Promise<void> {
  const [status, body] = await fetchBytes(host, `/p/${i % PageCount}.html`);
  if (status !== 200 || body.toString() !== pageOf(i % PageCount)) throw new Error(`page: ${status}, ${body.length}`);
}

/** Several requests at once on one connection. */
function pipelined(host: string, i: number): Promise<void> {
  return new Promise((done, fail) => {
    const wanted = Array.from({ length: Together }, (_, k) => pageOf((i + k) % PageCount));
    const parts: Buffer[] = [];
    const socket = connect(80, host, () => {
      const lines = wanted.map((_, k) => {
        const end = k === Together - 1 ? 'Connection: close\r\n' : '';
        return `GET /p/${(i + k) % PageCount}.html HTTP/1.1\r\nHost: www.example.com\r\n${end}\r\n`;
      });
      socket.write(lines.join(''));
    });
    socket.setTimeout(TimeoutMs, () => socket.destroy(new Error('timed out')));
    socket.on('data', (d: Buffer) => parts.push(d));
    socket.once('error', fail);
    socket.once('end', () => {
      socket.destroy();
      const all = Buffer.concat(parts).toString('latin1');
      let at = 0;
      for (const body of wanted) {
        at = all.indexOf('\r\n\r\n', at) + 4;
        if (at < 4 || all.slice(at, at + body.length) !== body) return fail(new Error('pipelined: other bytes'));
        at += body.length;
      }
      done();
    });
  });
}

async function upload(host: string, i: number): Promise<void> {
  const chunks = Array.from({ length: 1 + (i % 9) }, (_, k) => randomBytes(1 + ((i * 131 + k * 977) % 9000)));
  const [status, body] = await fetchBytes(host, '/back/echo', 'POST', chunks);
  const want = sha(Buffer.concat(chunks));
  if (status !== 200 || body.toString() !== want) throw new Error(`upload: ${status} ${body.toString().slice(0, 80)}`);
}

/** Raw bytes both ways after an upgrade (the back end echoes them; frames are not its business). */
function webSocket(host: string, i: number): Promise<void> {
  return new Promise((done, fail) => {
    const message = randomBytes(2000 + ((i * 37) % 20_000));
    const req = request({
      host,
      path: '/back/ws',
      timeout: TimeoutMs,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      },
    });
    req.once('error', fail);
    req.once('response', (r) => fail(new Error(`websocket: ${r.statusCode}`)));
    req.once('upgrade', (_answer, socket, head) => {
      let got = Buffer.from(head);
      socket.setTimeout(TimeoutMs, () => socket.destroy(new Error('websocket: timed out')));
      socket.once('error', fail);
      socket.on('data', (d: Buffer) => {
        got = Buffer.concat([got, d]);
        if (got.length < message.length) return;
        socket.destroy();
        if (got.equals(message)) done();
        else fail(new Error('websocket: other bytes'));
      });
      socket.write(message);
    });
    req.end();
  });
}

async function big(host: string, want: string): Promise<void> {
  const hash = createHash('sha256');
  await new Promise<void>((done, fail) => {
    const req = request({ host, path: '/big.bin', agent, timeout: TimeoutMs }, (answer) => {
      answer.on('data', (d: Buffer) => hash.update(d));
      answer.once('end', done);
      answer.once('error', fail);
    });
    req.once('error', fail);
    req.end();
  });
  if (hash.digest('hex') !== want) throw new Error('download: other bytes');
}

async function main(options: BenignOptions): Promise<BenignReport> {
  const report: BenignReport = { done: {}, failures: [] };
  const attempt = async (kind: string, host: string, count: number, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      report.done[kind] = (report.done[kind] ?? 0) + count;
    } catch (e) {
      report.failures.push(`${kind} ${bracketed(host)}: ${(e as Error).message}`);
    }
  };
  let next = 0;
  let turn = 0;
  const one = async (): Promise<void> => {
    while (next < options.requests) {
      const i = turn++;
      const host = options.hosts[i % options.hosts.length];
      const kind = Math.floor(i / options.hosts.length) % 20;
      if (kind === 0) {
        next += Together;
        await attempt('pipelined', host, Together, () => pipelined(host, i));
      } else {
        next++;
        if (kind === 1) await attempt('upload', host, 1, () => upload(host, i));
        else if (kind === 2) await attempt('websocket', host, 1, () => webSocket(host, i));
        else await attempt('page', host, 1, () => page(host, i));
      }
    }
  };
  const downloads = options.bigSha === '' ? [] : options.hosts;
  await Promise.all([
    ...downloads.map((host) => attempt('download', host, 1, () => big(host, options.bigSha))),
    ...Array.from({ length: options.parallel }, one),
  ]);
  return report;
}

const [json] = process.argv.slice(2);
if (json?.startsWith('{')) {
  const report = await main(JSON.parse(json) as BenignOptions);
  process.stdout.write(JSON.stringify(report), () => process.exit(0));
}
