import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pcapFile } from '../tools/capture-writer.js';
import { type EveEvent, peccary } from '../tools/peccary.js';
import { tcpSession } from '../tools/session.js';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const FileHeader = 24;

/** A connection with one request that the bundled rules know, from a port of its own. */
const attack = (n: number): Buffer =>
  pcapFile(
    tcpSession({
      client: { ip: '192.0.2.1', port: 1024 + n },
      exchanges: [
        { from: 'client', data: 'GET /?id=1%20UNION%20SELECT%20password%20FROM%20users HTTP/1.1\r\nHost: a\r\n\r\n' },
        { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
      ],
    }),
  );

describe('stopping a replay', function () {
  this.timeout(30_000);
  let dir = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-stop-'));
  });
  after(() => rmSync(dir, { recursive: true }));

  for (const [signal, wanted] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`${signal} ends it in good order: what was found is stored, status ${wanted}`, async () => {
      const db = join(dir, `${signal}.db`);
      const child = spawn(process.execPath, [
        Main,
        'replay',
        '-',
        '-l',
        dir,
        '--db',
        db,
        '--eve',
        join(dir, 'eve.json'),
      ]);
      let stderr = '';
      child.stderr.on('data', (piece) => {
        stderr += piece;
      });
      child.stdout.resume();
      child.stdin.on('error', () => undefined); // it stops reading while we write
      // A capture that never ends: only the signal can end the replay.
      let n = 0;
      const feed = setInterval(() => {
        child.stdin.write(n === 0 ? attack(0) : attack(n % 60_000).subarray(FileHeader));
        if (++n === 400) child.kill(signal);
      }, 5);
      const status = await new Promise((done) => child.on('close', done));
      clearInterval(feed);
      assert.equal(status, wanted, stderr);
      assert.match(stderr, /^stopped before the end of the captures/m);
      const listed = peccary(['alerts', 'list', '--db', db, '--limit', '0', '--format', 'json']);
      assert.equal(listed.status, 0);
      assert.ok((JSON.parse(listed.stdout) as EveEvent[]).length > 0);
    });
  }
});
