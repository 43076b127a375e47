/** File keywords, the file store and fileinfo events through the whole program, over captures made here. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRefusal, openMagic } from '../../src/addon/magic.js';
import { pcapFile } from '../tools/capture-writer.js';
import { alertCounts, type EveEvent, peccary } from '../tools/peccary.js';
import { tcpSession } from '../tools/session.js';

const text = 'plain text in a line\n'.repeat(20);
const large = Buffer.alloc(200_000, 'large file ');
const hash = (name: string, bytes: string | Buffer): string => createHash(name).update(bytes).digest('hex');

function download(path: string, body: string | Buffer): { from: 'client' | 'server'; data: Buffer }[] {
  const bytes = Buffer.from(body as string);
  return [
    { from: 'client', data: Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`) },
    {
      from: 'server',
      data: Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes]),
    },
  ];
}

describe('file keywords (Suricata user guide, File Keywords)', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-files-'));
    const exchanges = [...download('/docs/a.TXT', text), ...download('/big.bin', large)];
    writeFileSync(join(dir, 'in.pcap'), pcapFile(tcpSession({ exchanges })));
    writeFileSync(join(dir, 'known'), `# comment\n${hash('md5', text)}  a.TXT\n`);
    writeFileSync(join(dir, 'known256'), `${hash('sha256', large)}\n`);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  function replay(rules: string[], ...args: string[]): EveEvent[] {
    const lines = rules.map((r, i) => `alert http any any -> any any (${r} sid:${i + 1};)\n`);
    writeFileSync(join(dir, 'my.rules'), lines.join(''));
    const all = ['replay', join(dir, 'in.pcap'), '-S', join(dir, 'my.rules'), '-k', 'none', '-l', dir, '--db', 'none'];
    const r = peccary([...all, '--eve', '-', '--quiet', ...args]);
    assert.equal(r.status, 0, r.stderr);
    return r.stdout
      .split('\n')
      .filter((l) => l !== '')
      .map((l) => JSON.parse(l) as EveEvent);
  }
  const infos = (events: EveEvent[]) =>
    events.filter((e) => e.event_type === 'fileinfo').map((e) => e.fileinfo as Record<string, unknown>);

  it('hash, size, name and extension', () => {
    const events = replay([
      'filemd5:known;',
      'filemd5:!known;',
      `filesize:${text.length};`,
      'filesize:>100000;',
      'filesize:<100000;',
      'filename:"docs/a";',
      'fileext:"txt";',
      'file.name; content:"/big.bin"; startswith; endswith;',
      'fileext:!"txt";',
    ]);
    // The large file is cut at the body limit: it has no hash, and its size is only known to be more than that.
    assert.deepEqual(alertCounts(events), { 1: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1 });
  });

  it('fileinfo tells each file once, with its sender as source', () => {
    const events = replay(['filemd5:known;']);
    assert.deepEqual(
      infos(events).map((f) => [f.filename, f.state, f.size, f.md5, f.stored, f.tx_id]),
      [
        ['/docs/a.TXT', 'CLOSED', text.length, hash('md5', text), false, 0],
        ['/big.bin', 'TRUNCATED', 102_400, undefined, false, 1],
      ],
    );
    const info = events.find((e) => e.event_type === 'fileinfo');
    const http = events.find((e) => e.event_type === 'http');
    assert.equal(info?.src_ip, http?.dest_ip);
    const alert = events.find((e) => e.event_type === 'alert') as unknown as { files: { filename: string }[] };
    assert.deepEqual(
      alert.files.map((f) => f.filename),
      ['/docs/a.TXT'],
    );
  });

  it('filestore stores what its rule names, whole, under its sha256', () => {
    const events = replay(
      ['filesha256:known256;', 'filename:"big"; filestore;'],
      ...['--set', 'file-store.enabled=yes', '--set', 'file-store.write-fileinfo=yes'],
    );
    // Past the body limit, because it is stored: so its hash is known.
    assert.deepEqual(alertCounts(events), { 1: 1, 2: 1 });
    const sha256 = hash('sha256', large);
    const stored = join(dir, 'filestore', sha256.slice(0, 2), sha256);
    assert.ok(readFileSync(stored).equals(large));
    const [, info] = infos(events);
    assert.deepEqual([info.stored, info.file_id, info.sid, info.size], [true, 1, [2], large.length]);
    assert.deepEqual(readdirSync(join(dir, 'filestore')).sort(), [sha256.slice(0, 2), 'tmp']);
    assert.deepEqual(readdirSync(join(dir, 'filestore', 'tmp')), []);
    const beside = readdirSync(join(dir, 'filestore', sha256.slice(0, 2))).find((n) => n.endsWith('.json'));
    const written = JSON.parse(readFileSync(join(dir, 'filestore', sha256.slice(0, 2), beside as string), 'utf8'));
    assert.equal(written.fileinfo.sha256, sha256);
  });

  it('filestore without the output stores nothing', () => {
    const events = replay(['filename:"big"; filestore;']);
    assert.deepEqual(alertCounts(events), { 1: 1 });
    assert.equal(existsSync(join(dir, 'filestore')), false);
    assert.equal(infos(events)[1].size, 102_400);
  });

  it('force-filestore stores every file', () => {
    replay([], '--set', 'file-store.enabled=yes', '--set', 'file-store.force-filestore=yes');
    const sha256 = hash('sha256', text);
    assert.equal(readFileSync(join(dir, 'filestore', sha256.slice(0, 2), sha256), 'utf8'), text);
  });

  it('magic, where libmagic is installed', function () {
    if (isRefusal(openMagic(''))) this.skip();
    const events = replay([
      'filemagic:"ascii TEXT";',
      'file.magic; content:"ASCII text"; startswith;',
      'filemagic:"PDF";',
    ]);
    assert.deepEqual(alertCounts(events), { 1: 2, 2: 2 });
  });
});
