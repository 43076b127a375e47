import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { feedPcapParser } from '../../src/capture/pcap-parser-feed.js';
import { openSource, type ReaderName } from '../../src/capture/source.js';
import { type CapturePacket, PcapngWriter, pcapFile, pcapngFile } from '../tools/capture-writer.js';
import { anyPackets, expected, somePackets } from './packets.js';
import { drain, type ReadResult, readPaths, TempDir } from './read-all.js';

/** Reads with pcap-parser feeding a worker, as the sensor does. */
async function readWithPcapParser(paths: string[], bpf?: string): Promise<ReadResult> {
  const { files, ring, done } = feedPcapParser(paths);
  const worker = new Worker(new URL('./ring-worker.js', import.meta.url), {
    workerData: { files, options: { reader: 'pcap-parser', ring, bpf } },
  });
  const result = new Promise<ReadResult>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
  await done;
  return result;
}

/** A frame that "ip" matches (even numbers) or not. */
const frames: CapturePacket[] = somePackets(20, 60).map((p, i) => {
  const bytes = Buffer.from(p.bytes);
  bytes.writeUInt16BE(i % 2 === 0 ? 0x0800 : 0x86dd, 12);
  return { ...p, bytes, tsUs: Math.floor(p.tsUs ?? 0) };
});

describe('readers behind one interface', () => {
  let dir: TempDir;
  before(() => {
    dir = new TempDir();
  });
  after(() => dir.remove());

  it('own and libpcap give the same packets of any pcap and pcapng with one link type', () => {
    fc.assert(
      fc.property(anyPackets, fc.boolean(), fc.boolean(), fc.boolean(), (packets, ng, bigEndian, nano) => {
        const file = ng
          ? pcapngFile(packets, { tsResol: nano ? 9 : 6 }, bigEndian)
          : pcapFile(packets, { bigEndian, nano });
        const path = dir.write('same', file);
        const own = readPaths([path]);
        const libpcap = readPaths([path], { reader: 'libpcap' });
        assert.deepEqual(own.packets, expected(packets));
        assert.deepEqual(libpcap.packets, own.packets);
        assert.deepEqual(libpcap.faults, []);
      }),
      { numRuns: 60 },
    );
  });

  it('pcap-parser gives the same packets of microsecond pcaps, several files, both byte orders', async function () {
    this.timeout(20_000);
    const many = somePackets(30_000, 700).map((p) => ({ ...p, tsUs: Math.floor(p.tsUs ?? 0) }));
    const paths = [
      dir.write('many.pcap', pcapFile(many)),
      dir.write('few.pcap', pcapFile(frames, { bigEndian: true, linkType: 113 })),
      dir.write('none.pcap', pcapFile([])),
      dir.write('large.pcap', pcapFile([{ bytes: Buffer.alloc(262_144, 7) }, ...frames])),
    ];
    const own = readPaths(paths);
    const parsed = await readWithPcapParser(paths);
    assert.equal(own.packets.length, 30_000 + 20 + 21);
    assert.deepEqual(parsed.packets, own.packets);
    assert.deepEqual(parsed.faults, []);
    assert.deepEqual(readPaths(paths, { reader: 'libpcap' }).packets, own.packets);
  });

  it('all apply a packet filter before packets are numbered', async function () {
    this.timeout(20_000);
    const path = dir.write('filtered.pcap', pcapFile(frames));
    const want = expected(frames.filter((_, i) => i % 2 === 0));
    assert.deepEqual(readPaths([path], { bpf: 'ip' }).packets, want);
    assert.deepEqual(readPaths([path], { bpf: 'ip', reader: 'libpcap' }).packets, want);
    assert.deepEqual((await readWithPcapParser([path], 'ip')).packets, want);
    assert.deepEqual(readPaths([path], { bpf: 'arp' }).packets, []);
    for (const reader of ['own', 'libpcap'] as const) {
      assert.throws(() => drain(openSource([path], { reader, bpf: 'ip and and' })), /packet filter .*syntax error/);
    }
  });

  it('a filter is compiled for each link type of a file', () => {
    const ethernet = Buffer.alloc(40);
    ethernet.writeUInt16BE(0x0800, 12);
    ethernet[14] = 0x45;
    const raw = Buffer.alloc(40);
    raw[0] = 0x45;
    const file = new PcapngWriter().interface({ linkType: 1 }).interface({ linkType: 101 });
    file.packet({ bytes: ethernet }).packet({ bytes: raw, iface: 1 }).packet({ bytes: raw, iface: 0 });
    const path = dir.write('mixed.pcapng', file.done());
    assert.deepEqual(
      readPaths([path], { bpf: 'ip' }).packets.map((p) => [p.no, p.linkType]),
      [
        [1, 1],
        [2, 101],
      ],
    );
  });

  it('all name a truncated record after the packets before it', async function () {
    this.timeout(20_000);
    const file = pcapFile(frames);
    const path = dir.write('cut.pcap', file.subarray(0, file.length - 3));
    const results = [readPaths([path]), readPaths([path], { reader: 'libpcap' }), await readWithPcapParser([path])];
    for (const { packets, faults } of results) {
      assert.deepEqual(packets, expected(frames.slice(0, 19)));
      assert.equal(faults.length, 1);
      const { packet, offset, file: name } = faults[0];
      assert.deepEqual([name, packet, offset], [path, 19, file.length - frames[19].bytes.length - 16]);
    }
  });

  it('all refuse a captured length above 262,144, at once', async function () {
    this.timeout(20_000);
    const file = pcapFile([...frames, { bytes: Buffer.alloc(1000) }], { snapLen: 0xffff_ffff });
    const at = file.length - 1016;
    file.writeUInt32LE(0xf000_0000, at + 8);
    const path = dir.write('hostile.pcap', Buffer.concat([file, Buffer.alloc(8 << 20)]));
    const started = process.cpuUsage();
    const results = [readPaths([path]), readPaths([path], { reader: 'libpcap' }), await readWithPcapParser([path])];
    assert.ok(process.cpuUsage(started).user < 5e6);
    for (const { packets, faults } of results) {
      assert.equal(packets.length, 20);
      assert.deepEqual([faults.length, faults[0].packet, faults[0].offset], [1, 20, at]);
    }
  });

  it('name the reader to use for what they cannot read', () => {
    const gz = dir.write('x.gz', gzipSync(pcapFile(frames)));
    const ng = dir.write('x.pcapng', pcapngFile(frames));
    const nano = dir.write('x.nano', pcapFile(frames, { nano: true }));
    assert.throws(() => openSource([gz], { reader: 'libpcap' }), /libpcap does not read gzip.*--reader own/);
    for (const path of [gz, ng, nano]) {
      assert.throws(() => feedPcapParser([path]), /pcap-parser does not read .*--reader own/);
    }
    assert.throws(() => openSource([ng], { reader: 'pcap-parser' }), /needs its ring/);
  });

  it('libpcap: a file of several link types is a fault with its place', () => {
    const file = new PcapngWriter().interface().packet(frames[0]).interface({ linkType: 113 }).packet(frames[1]).done();
    const { packets, faults } = readPaths([dir.write('mixed', file)], { reader: 'libpcap' });
    assert.equal(packets.length, 1);
    assert.equal(faults.length, 1);
    assert.match(faults[0].message, /type/);
  });

  it('pcap-parser: stops when the consumer closes', async () => {
    const path = dir.write('long.pcap', pcapFile(somePackets(20_000, 1000)));
    const { files, ring, done } = feedPcapParser([path]);
    openSource(files, { reader: 'pcap-parser', ring }).close();
    await done;
  });

  it('pcap-parser: no capture and an empty file are faults', async function () {
    this.timeout(20_000);
    const paths = [dir.write('text', Buffer.from('no capture at all, this')), dir.write('empty', Buffer.alloc(0))];
    const { packets, faults } = await readWithPcapParser([...paths, dir.write('good.pcap', pcapFile(frames))]);
    assert.equal(packets.length, 20);
    assert.deepEqual(
      faults.map((f) => [f.file, f.packet, f.offset]),
      paths.map((p) => [p, 0, 0]),
    );
  });

  for (const reader of ['own', 'libpcap'] as ReaderName[]) {
    it(`${reader} reads standard input`, () => {
      const here = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
      const script = `import(${here('./read-all.js')}).then((m) =>
        process.stdout.write(JSON.stringify(m.readPaths(['-'], { reader: '${reader}' }))))`;
      const run = spawnSync(process.execPath, ['-e', script], { input: pcapFile(frames), maxBuffer: 1 << 24 });
      const { packets, faults, bytesTotal } = JSON.parse(run.stdout.toString()) as ReadResult;
      assert.deepEqual(packets, expected(frames));
      assert.deepEqual(faults, []);
      assert.equal(bytesTotal, 0);
    });
  }
});
