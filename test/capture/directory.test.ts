import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openSource } from '../../src/capture/source.js';
import { pcapFile, pcapngFile } from '../tools/capture-writer.js';
import { zstdFrame } from '../tools/zstd-writer.js';
import { readPaths, TempDir } from './read-all.js';

const at = (tsUs: number) => [{ bytes: Buffer.from(`t${tsUs}`), tsUs }];

describe('directories of captures', () => {
  let dir: TempDir;
  beforeEach(() => {
    dir = new TempDir();
  });
  afterEach(() => dir.remove());

  it('are read recursively in order of first packet time, and only what looks like a capture', () => {
    mkdirSync(join(dir.path, 'a/deep'), { recursive: true });
    mkdirSync(join(dir.path, '.hidden'));
    dir.write('z.pcap', pcapFile(at(30)));
    dir.write('a/later.pcapng', pcapngFile(at(40)));
    dir.write('a/deep/first', pcapFile(at(10)));
    dir.write('a/zipped.gz', gzipSync(pcapFile(at(20))));
    dir.write('a/zstd', zstdFrame(pcapngFile(at(35))));
    dir.write('empty.pcap', pcapFile([]));
    dir.write('notes.txt', Buffer.from('these are notes'));
    dir.write('notes.gz', gzipSync('these are notes'));
    dir.write('.hidden/x.pcap', pcapFile(at(5)));
    dir.write('nothing', Buffer.alloc(0));
    const source = openSource([dir.path]);
    assert.deepEqual(
      source.origins.map((f) => relative(dir.path, f)),
      ['a/deep/first', 'a/zipped.gz', 'z.pcap', 'a/zstd', 'a/later.pcapng', 'empty.pcap'],
    );
    source.close();
    const { packets, faults, bytesRead, bytesTotal } = readPaths([dir.path]);
    assert.deepEqual(
      packets.map((p) => [p.no, p.bytes, p.origin]),
      [
        [1, 't10', 0],
        [2, 't20', 1],
        [3, 't30', 2],
        [4, 't35', 3],
        [5, 't40', 4],
      ],
    );
    assert.deepEqual(faults, []);
    assert.equal(bytesRead, bytesTotal);
  });

  it('damage is named where a file name promises a capture', () => {
    dir.write('good.pcap', pcapFile(at(1)));
    const bad = dir.write('bad.PCAPNG', Buffer.from('these are notes'));
    const badGz = dir.write('bad.pcap.gz', Buffer.from('these are notes'));
    const { packets, faults } = readPaths([dir.path]);
    assert.equal(packets.length, 1);
    assert.deepEqual(
      faults.map((f) => [f.file, f.packet, f.offset]),
      [
        [bad, 0, 0],
        [badGz, 0, 0],
      ],
    );
    assert.match(faults[0].message, /no capture file/);
  });

  it('links to files are followed, links to directories are not', () => {
    mkdirSync(join(dir.path, 'sub'));
    const file = dir.write('sub/one.pcap', pcapFile(at(1)));
    symlinkSync(file, join(dir.path, 'link.pcap'));
    symlinkSync(dir.path, join(dir.path, 'sub/circle'));
    symlinkSync('/nonexistent', join(dir.path, 'dangling'));
    assert.equal(readPaths([dir.path]).packets.length, 2);
  });

  it('without a capture are refused', () => {
    dir.write('notes.txt', Buffer.from('notes'));
    assert.throws(() => openSource([dir.path]), /no capture file under/);
  });

  it('several paths keep the order given', () => {
    mkdirSync(join(dir.path, 'd'));
    const late = dir.write('late.pcap', pcapFile(at(99)));
    writeFileSync(join(dir.path, 'd/early.pcap'), pcapFile(at(1)));
    assert.deepEqual(
      readPaths([late, join(dir.path, 'd')]).packets.map((p) => p.bytes),
      ['t99', 't1'],
    );
  });

  it('deeper than 32 levels are refused', () => {
    mkdirSync(join(dir.path, 'x/'.repeat(40)), { recursive: true });
    assert.throws(() => openSource([dir.path]), /32 directories deep/);
  });
});
