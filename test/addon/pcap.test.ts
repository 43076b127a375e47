import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bpfMatch, compileBpf } from '../../src/addon/bpf.js';
import { closeHandle } from '../../src/addon/handles.js';
import {
  injectPcap,
  isRefusal,
  openPcapFile,
  openPcapLive,
  PcapRead,
  pcapError,
  pcapFileno,
  pcapLinkType,
  pcapOffset,
  pcapStats,
  readPcap,
  setPcapFilter,
} from '../../src/addon/pcap.js';
import { type CapturePacket, pcapFile } from '../tools/capture-writer.js';
import { copyOf, inputOff, put } from './scratch.js';

/** An Ethernet frame with an IPv4 TCP header to `port`, and some payload. */
function tcpFrame(port: number, payload = ''): Buffer {
  const b = Buffer.alloc(54 + payload.length);
  b.writeUInt16BE(0x0800, 12);
  b[14] = 0x45;
  b.writeUInt16BE(40 + payload.length, 16);
  b[23] = 6;
  b.writeUInt16BE(port, 36);
  b[46] = 0x50;
  b.write(payload, 54);
  return b;
}

const columns = {
  off: new Uint32Array(16),
  capLen: new Uint32Array(16),
  wireLen: new Uint32Array(16),
  tsUs: new Float64Array(16),
};

describe('libpcap (pcap(3))', () => {
  let dir = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-pcap-'));
  });
  after(() => rmSync(dir, { recursive: true }));

  function open(packets: CapturePacket[], options = {}, cut = 0): number {
    const file = pcapFile(packets, options);
    const path = join(dir, 'test.pcap');
    writeFileSync(path, file.subarray(0, file.length - cut));
    const handle = openPcapFile(path);
    if (isRefusal(handle)) assert.fail(handle.message);
    return handle;
  }

  const packets = [10, 20, 30].map((n) => ({ bytes: Buffer.alloc(n, n), tsUs: 1e15 + n + 0.5, wireLen: n + 1 }));

  it('fills the columns and the arena, with fractions of microseconds', () => {
    const handle = open(packets, { nano: true });
    assert.equal(readPcap(handle, inputOff, 1 << 20, 0, columns), 3);
    assert.deepEqual([...columns.capLen.subarray(0, 3)], [10, 20, 30]);
    assert.deepEqual([...columns.wireLen.subarray(0, 3)], [11, 21, 31]);
    assert.deepEqual([...columns.tsUs.subarray(0, 3)], [1e15 + 10.5, 1e15 + 20.5, 1e15 + 30.5]);
    for (let i = 0; i < 3; i++) assert.deepEqual(copyOf(columns.off[i], columns.capLen[i]), packets[i].bytes);
    assert.equal(readPcap(handle, inputOff, 1 << 20, 0, columns), PcapRead.End);
    assert.equal(readPcap(handle, inputOff, 1 << 20, 0, columns), PcapRead.End);
    closeHandle(handle);
  });

  it('keeps a packet that does not fit for the next call', () => {
    const handle = open(packets);
    assert.equal(readPcap(handle, inputOff, 40, 0, columns), 2);
    assert.equal(readPcap(handle, inputOff, 40, 0, columns), 1);
    assert.equal(columns.capLen[0], 30);
    closeHandle(handle);
    const small = open(packets);
    assert.throws(() => readPcap(small, inputOff, 5, 0, columns), /smaller than one packet/);
    assert.throws(() => readPcap(small, 0xffff_0000, 0xffff_0000, 0, columns), /outside the memory/);
    closeHandle(small);
  });

  it('delivers what comes before damage, then names it and its place', () => {
    const handle = open(packets, {}, 5);
    assert.equal(readPcap(handle, inputOff, 1 << 20, 0, columns), 2);
    assert.equal(readPcap(handle, inputOff, 1 << 20, 0, columns), PcapRead.Fault);
    assert.equal(pcapOffset(handle), 24 + 16 + 10 + 16 + 20);
    assert.match(pcapError(handle), /truncated/);
    closeHandle(handle);
  });

  it('tells LINKTYPE_ values where DLT_ values differ (tcpdump.org/linktypes)', () => {
    for (const linkType of [1, 101, 113, 276]) {
      const handle = open(packets, { linkType });
      assert.equal(pcapLinkType(handle), linkType);
      closeHandle(handle);
    }
  });

  it('filters, and says why a filter is refused', () => {
    const handle = open([{ bytes: tcpFrame(80) }, { bytes: tcpFrame(443) }]);
    const refused = setPcapFilter(handle, 'tcp and and');
    assert.ok(isRefusal(refused));
    assert.match(refused.message, /syntax error/);
    assert.equal(setPcapFilter(handle, 'tcp dst port 443'), undefined);
    assert.equal(readPcap(handle, inputOff, 1 << 20, 0, columns), 1);
    assert.equal(copyOf(columns.off[0], 54).readUInt16BE(36), 443);
    closeHandle(handle);
  });

  it('says why a file or an interface cannot be opened', () => {
    const missing = openPcapFile(join(dir, 'missing.pcap'));
    assert.ok(isRefusal(missing));
    assert.match(missing.message, /No such file/);
    const live = { snapLen: 65_535, promisc: true, bufferSize: 1 << 20, timeoutMs: 10, immediate: true };
    const device = openPcapLive('no-such-device', live);
    assert.ok(isRefusal(device));
    assert.match(device.message, /No such device|permission|permitted|CAP_NET/i);
    assert.throws(() => openPcapLive('lo', {} as typeof live), /live options/);
  });
});

describe('live capture (pcap(3))', () => {
  const options = { snapLen: 65_535, promisc: false, bufferSize: 1 << 20, timeoutMs: 10, immediate: true };

  it('reads what matches the filter from an interface, and waits no longer than told', async function () {
    const handle = openPcapLive('lo', options);
    if (isRefusal(handle)) {
      // Needs CAP_NET_RAW and an interface lo.
      this.skip();
    }
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const { port } = socket.address();
    assert.equal(setPcapFilter(handle, `udp dst port ${port}`), undefined);
    assert.equal(pcapLinkType(handle), 1);
    assert.ok(pcapFileno(handle) > 2);
    const started = performance.now();
    assert.equal(readPcap(handle, inputOff, 1 << 20, 30, columns), 0);
    assert.ok(performance.now() - started < 2000);
    await new Promise((resolve) => socket.send('a live datagram', port, '127.0.0.1', resolve));
    let n = 0;
    for (let i = 0; i < 50 && n === 0; i++) n = readPcap(handle, inputOff, 1 << 20, 100, columns);
    socket.close();
    assert.ok(n >= 1);
    const frame = copyOf(columns.off[0], columns.capLen[0]);
    assert.equal(frame.subarray(-15).toString(), 'a live datagram');
    assert.ok(Math.abs(columns.tsUs[0] / 1000 - Date.now()) < 60_000);
    const stats = pcapStats(handle);
    assert.ok(!isRefusal(stats));
    assert.ok(stats.received >= 1 && stats.dropped === 0);
    closeHandle(handle);
  });
});

describe('injection (pcap_inject(3))', () => {
  it('sends a frame that a capture of the interface gets', function () {
    const options = { snapLen: 65_535, promisc: false, bufferSize: 1 << 20, timeoutMs: 10, immediate: true };
    const out = openPcapLive('lo', options);
    const inward = openPcapLive('lo', options);
    // Needs CAP_NET_RAW and an interface lo.
    if (isRefusal(out) || isRefusal(inward)) this.skip();
    // An ethertype for local experiments (IEEE 802, clause 9.2.3): nobody else answers it.
    assert.equal(setPcapFilter(inward, 'ether proto 0x88b5'), undefined);
    const frame = Buffer.alloc(80, 7);
    frame.writeUInt16BE(0x88b5, 12);
    frame.write(`sent by ${process.pid}`, 20);
    const at = inputOff + (1 << 20);
    put(at, frame);
    assert.equal(injectPcap(out, at, frame.length), undefined);
    let found = false;
    for (let i = 0; i < 50 && !found; i++) {
      const n = readPcap(inward, inputOff, 1 << 20, 100, columns);
      for (let k = 0; k < n; k++) if (copyOf(columns.off[k], columns.capLen[k]).equals(frame)) found = true;
    }
    assert.ok(found);
    assert.throws(() => injectPcap(out, -1, 10));
    closeHandle(out);
    closeHandle(inward);
  });
});

describe('packet filters on bytes of the memory (pcap-filter(7))', () => {
  it('match by bytes and by length on the wire', () => {
    const len = put(inputOff, tcpFrame(80, 'x'));
    const port = compileBpf('tcp dst port 80', 1, 65_535) as number;
    assert.equal(bpfMatch(port, inputOff, len, len), true);
    assert.equal(bpfMatch(port, inputOff, 20, len), false, 'the port was not captured');
    const large = compileBpf('greater 1000', 1, 65_535) as number;
    assert.equal(bpfMatch(large, inputOff, len, 1500), true);
    assert.equal(bpfMatch(large, inputOff, len, len), false);
    const raw = compileBpf('tcp dst port 80', 101, 65_535) as number;
    assert.equal(bpfMatch(raw, inputOff + 14, len - 14, len - 14), true);
    for (const handle of [port, large, raw]) closeHandle(handle);
  });

  it('are refused with a reason, and never read outside the memory', () => {
    const refused = compileBpf('port http or', 1, 65_535);
    assert.ok(isRefusal(refused));
    assert.match(refused.message, /syntax error/);
    const handle = compileBpf('ip', 1, 65_535) as number;
    assert.throws(() => bpfMatch(handle, 0xffff_fff0, 64, 64), /outside the memory/);
    closeHandle(handle);
  });
});
