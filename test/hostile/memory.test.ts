/** Floods leave memory within the bounds that the configuration sets, whatever they flood. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bomb, FloodWriter, fragmentFlood, sessionFlood, synFlood } from '../tools/floods.js';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const MiB = 1 << 20;
/** Above what a replay of nothing takes and the bounds of the tables that are flooded: heaps, pages half used. */
const Slack = 64 * MiB;
/** MiB of events on their way to the writer (outputs.queue.size). */
const Queue = 8;
/** Notes the most memory that the process had resident, in KiB, when it ends. */
const Watch = `data:text/javascript,${encodeURIComponent(
  `import { isMainThread } from 'node:worker_threads'; import { writeFileSync } from 'node:fs';
   if (isMainThread) process.on('exit', () => writeFileSync(process.env.PECCARY_TEST_RSS, String(process.resourceUsage().maxRSS)));`,
)}`;

const rules = `
alert http any any -> any any (http.request_body; content:"never there"; sid:1;)
alert http any any -> any any (file.data; content:"never there"; sid:2;)
alert tcp any any -> any any (content:"never there"; sid:3;)
`;

interface Flood {
  name: string;
  make(out: FloodWriter): void;
  /** Bounds that are not the default. */
  set: string[];
  /** MiB that the bounds of the flooded tables let them take. */
  bound: number;
  rules?: string;
  /** Milliseconds that nobody reads the events. */
  stall?: number;
}

const floods: Flood[] = [
  // The defaults of flow.memcap and of stream.memcap.
  { name: 'a million SYNs', make: (out) => synFlood(out, 1_000_000), set: [], bound: 128 + 64 + Queue },
  {
    name: 'segments that nobody acknowledges',
    make: (out) => sessionFlood(out, 400, new Uint8Array(60_000), null, false),
    set: ['stream.reassembly.memcap=8mb'],
    bound: 8,
  },
  { name: 'fragments', make: (out) => fragmentFlood(out, 100_000), set: ['defrag.memcap=8mb'], bound: 8 },
  {
    name: 'bodies without end',
    make: (out) => sessionFlood(out, 1000, `POST / HTTP/1.1\r\nContent-Length: 999999\r\n\r\n${'x'.repeat(90_000)}`),
    set: ['app-layer.protocols.http.memcap=16mb'],
    bound: 16,
  },
  {
    name: 'headers without end',
    make: (out) => sessionFlood(out, 200, `GET / HTTP/1.1\r\n${`A: ${'b'.repeat(97)}\r\n`.repeat(4000)}`),
    set: ['app-layer.protocols.http.memcap=16mb'],
    bound: 16,
  },
  {
    name: 'header names without end',
    make: (out) =>
      sessionFlood(out, 400, `GET / HTTP/1.1\r\n${Array.from({ length: 4000 }, (_, i) => `A${i}: b\r\n`).join('')}`),
    set: ['app-layer.protocols.http.memcap=16mb'],
    bound: 16,
  },
  {
    name: 'requests that nobody answers',
    make: (out) => sessionFlood(out, 300, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(510)),
    set: ['app-layer.protocols.http.memcap=64mb'],
    bound: 64,
  },
  {
    name: 'compression bombs',
    make: (out) => sessionFlood(out, 50, 'GET / HTTP/1.1\r\n\r\n', bomb(64)),
    set: ['app-layer.protocols.http.memcap=16mb'],
    bound: 16,
  },
  {
    name: 'bombs within bombs',
    make: (out) => sessionFlood(out, 50, 'GET / HTTP/1.1\r\n\r\n', bomb(64, ['gzip', 'gzip'])),
    set: ['app-layer.protocols.http.memcap=16mb'],
    bound: 16,
  },
  {
    name: 'brotli bombs',
    make: (out) => sessionFlood(out, 50, 'GET / HTTP/1.1\r\n\r\n', bomb(64, ['br'])),
    set: ['app-layer.protocols.http.memcap=16mb'],
    bound: 16,
  },
  {
    name: 'parts of forms without end',
    make: (out) =>
      sessionFlood(
        out,
        200,
        `POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 999999\r\n\r\n${'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nd\r\n'.repeat(2000)}`,
      ),
    set: ['app-layer.protocols.http.memcap=16mb'],
    bound: 16,
  },
  {
    name: 'what nobody recognises',
    make: (out) => sessionFlood(out, 2000, new Uint8Array(60_000).fill(1)),
    set: ['app-layer.protocols.http.memcap=16mb'],
    bound: 16,
  },
  {
    name: 'chunks without end',
    make: (out) =>
      sessionFlood(out, 300, `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${'1;x=y\r\na\r\n'.repeat(9000)}`),
    set: ['app-layer.protocols.http.memcap=16mb'],
    bound: 16,
  },
  {
    name: 'alerts that nobody reads',
    make: (out) => sessionFlood(out, 3000, 'GET / HTTP/1.1\r\n\r\n'.repeat(8)),
    set: ['outputs.spill.size=8mb', 'app-layer.protocols.http.memcap=16mb'],
    bound: 8 + 16 + Queue,
    rules:
      'alert ip any any -> any any (msg:"storm"; sid:1;)\nalert http any any -> any any (http.uri; content:"/"; sid:2;)',
    stall: 3000,
  },
];

describe('Floods leave memory within its bounds', function () {
  this.timeout(180_000);
  let dir = '';
  let idle = 0;

  /** The most memory that a replay of the capture takes, in bytes. */
  function replay(capture: string, flood: Pick<Flood, 'set' | 'rules' | 'stall'>): Promise<number> {
    const rss = join(dir, 'rss');
    const ruleFile = join(dir, 'test.rules');
    writeFileSync(ruleFile, flood.rules ?? rules);
    const sets = flood.set.flatMap((s) => ['--set', s]);
    const args = [
      'replay',
      capture,
      '-S',
      ruleFile,
      '-k',
      'none',
      '-l',
      dir,
      '--db',
      'none',
      '--eve',
      '-',
      '--quiet',
      ...sets,
    ];
    const child = spawn(process.execPath, ['--import', Watch, Main, ...args], {
      env: { ...process.env, PECCARY_TEST_RSS: rss },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    setTimeout(() => child.stdout.resume(), flood.stall ?? 0);
    return new Promise((done, fail) => {
      child.once('error', fail);
      child.once('close', (code) => {
        if (code === 0) done(Number(readFileSync(rss, 'utf8')) * 1024);
        else fail(new Error(`replay ended with ${code}`));
      });
    });
  }

  function capture(make: (out: FloodWriter) => void): string {
    const path = join(dir, 'flood.pcap');
    const out = new FloodWriter(path);
    make(out);
    out.close();
    return path;
  }

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-floods-'));
    idle = await replay(
      capture((out) => synFlood(out, 1)),
      { set: [] },
    );
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  for (const flood of floods) {
    it(flood.name, async () => {
      const most = await replay(capture(flood.make), flood);
      const taken = Math.round((most - idle) / MiB);
      if (process.env.PECCARY_SHOW_COSTS !== undefined) process.stdout.write(`      ${flood.name}: ${taken} MiB\n`);
      assert.ok(most - idle <= flood.bound * MiB + Slack, `${taken} MiB more than idle, ${flood.bound} MiB bound`);
    });
  }
});
