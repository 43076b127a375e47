import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcapFile } from '../tools/capture-writer.js';
import { inProcess } from '../tools/in-process.js';
import { peccary } from '../tools/peccary.js';
import { tcpSession } from '../tools/session.js';

/** What terminals obey: titles, colours, cursor, clearing, 8-bit CSI, reports that type, hyperlinks, direction of text. */
const escapes = [
  '\x1b]0;owned\x07',
  '\x1b[2J\x1b[1;1H',
  '\x1b[31m',
  '\x9b31m',
  '\xc2\x9b2J',
  '\x1bP$q"p\x1b\\',
  '\x1b[6n',
  '\x1b]8;;http://evil.example\x1b\\x',
  '\x1b]52;c;Y3VybA==\x07',
  '\x08\x08\x7f\x0b\x0c',
  '\xe2\x80\xae',
  '\xef\xbb\xbf',
];
const all = escapes.join('');

/** Everything but line ends and tabs of our own that a terminal would obey. */
const Raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

const request = (n: number): string =>
  `${n === 0 ? 'GET' : `G${all}T`} /a${all}?q=${all}&b=%1b[31m&c=G1tbMm1vd25lZBtbMG0gYW5kIG1vcmU= HTTP/1.1\r\n` +
  `Host: h${all}.example\r\nUser-Agent: ua${all}\r\nReferer: r${all}\r\nCookie: c=${all}\r\nX${all}: ${all}\r\n` +
  `X-Forwarded-For: ${all}\r\nAuthorization: Basic G1tbMm06cHdkcHdkcHdk\r\n` +
  `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${all.length + 6}\r\n\r\na=%1b&${all}`;
const response = `HTTP/1.1 200 O${all}\r\nServer: s${all}\r\nContent-Type: t${all}\r\nContent-Length: ${all.length}\r\n\r\n${all}`;

describe('escape sequences of an attacker', () => {
  let dir = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-escapes-'));
    const frames = [0, 1].flatMap((n) =>
      tcpSession({
        client: { ip: '192.0.2.66', port: 4000 + n },
        server: { ip: '10.0.0.80', port: 80 },
        startUs: 1_700_000_000_000_000 + n * 1e6,
        exchanges: [
          { from: 'client', data: Buffer.from(request(n), 'latin1') },
          { from: 'server', data: Buffer.from(response, 'latin1') },
        ],
      }),
    );
    writeFileSync(join(dir, 'attack.pcap'), pcapFile(frames));
    // Rule files are not trusted either.
    writeFileSync(
      join(dir, 'my.rules'),
      Buffer.from(
        `alert http any any -> any any (msg:"m${all.replace(/[";\\:]/g, '')}"; http.uri; content:"/a"; reference:url,x${'\x1b[31m'}; classtype:misc-attack; sid:1;)\n` +
          `alert http any any -> any any (msg:"body"; http.request_body; content:"a="; sid:2;)\n` +
          `alert tcp any any -> any any (msg:"payload"; content:"|1b|"; sid:3;)\n`,
        'latin1',
      ),
    );
    const r = peccary([
      'replay',
      join(dir, 'attack.pcap'),
      '-S',
      join(dir, 'my.rules'),
      '-k',
      'none',
      '-l',
      dir,
      '--quiet',
    ]);
    assert.equal(r.status, 0, r.stderr);
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  const five = ['table', 'json', 'jsonl', 'csv', 'markdown'];
  const each = (formats: string[], ...args: string[]): string[][] => formats.map((f) => [...args, '--format', f]);

  it('reach the terminal from no command and in no format', async () => {
    const ids = JSON.parse((await run('list', '--format', 'json')).stdout).map((a: { id: number }) => String(a.id));
    assert.ok(ids.length >= 5, ids.join());
    await run('comment', `said ${all}`, ids[0], '--user', `me${all}`);
    const commands = [
      ...each(five, 'list'),
      ...each(five, 'list', '--sort', 'signature'),
      ...['signature', 'src', 'dst', 'client', 'host', 'url', 'user-agent', 'category'].flatMap((by) =>
        each(five, 'top', '--by', by),
      ),
      ...each(five, 'timeline'),
      ...each(['table', 'jsonl', 'csv'], 'tail'),
      ...each(five, 'group'),
      ...each(['text', 'json'], 'stats'),
      ...each(['eve', 'csv', 'stix'], 'export'),
      ...each(five, 'sql', 'SELECT * FROM text'),
      ...each(five, 'sql', 'SELECT *, msg AS "a\x1b[2J" FROM signature'),
      ...each(five, 'sql', 'SELECT rest FROM alert'),
      ...ids.flatMap((id: string) => [
        ['show', id],
        ['show', id, '--hex', '--full'],
        ['show', id, '--format', 'json'],
        ['suppress', id, '--why', all, '--file', join(dir, 'threshold.config')],
        ['threshold', id, '--dry-run', '--file', join(dir, `t${'\x1b[31m'}.config`)],
      ]),
      ...['sid', 'signature', 'category', 'host', 'tag'].map((k) => ['words', k]),
      ['sql', `SELECT '${all}' FROM nothing`],
      ['list', '--host', all, '--url', all],
      ['list', '--since', all],
      ['list', '--run', all],
      ['list', '--not', `host${all}=x`],
      ['show', `e${all}:1`],
      ['tag', `x${all}`, '1'],
    ];
    for (const args of commands) {
      const { stdout, stderr } = await run(...args);
      assert.doesNotMatch(stdout.replaceAll('\r\n', '\n'), Raw, args.join(' '));
      assert.doesNotMatch(stderr, Raw, `${args.join(' ')}: ${stderr}`);
    }
    assert.doesNotMatch(readFileSync(join(dir, 'threshold.config'), 'utf8'), Raw);
  }).timeout(60_000);

  it('reach the terminal neither from the replay itself nor from rules', async () => {
    const set = ['-S', join(dir, 'my.rules')];
    for (const args of [
      ['replay', join(dir, 'attack.pcap'), ...set, '-k', 'none', '--db', 'none', '-l', dir],
      ['rules', 'show', '1', ...set],
      ['rules', 'list', ...set],
      ['rules', 'explain', '1', join(dir, 'attack.pcap'), '-k', 'none', ...set],
    ]) {
      const { stdout, stderr } = peccary(args);
      assert.doesNotMatch(stdout, Raw, args.join(' '));
      assert.doesNotMatch(stderr, Raw, args.join(' '));
    }
  }).timeout(60_000);

  const run = (...args: string[]) => inProcess(['alerts', ...args, '-l', dir]);
});
