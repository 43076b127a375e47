/**
 * A capture file through the whole sensor: reader, decoder, fragments, flows, streams, HTTP, rules and records, passive
 * and inline. Nothing throws, counters agree with each other, and when all is over every pool is empty.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { counterSnapshot, resetCounters } from '../../src/core/counters.js';
import { PeccaryError } from '../../src/core/errors.js';
import type { Tree } from '../../src/core/settings.js';
import { LinkType } from '../../src/protocol/link-type.js';
import { ethernet, frame, ip, tcp, udpFrame, vlanTag } from '../../test/tools/build.js';
import { pcapFile, pcapngFile } from '../../test/tools/capture-writer.js';
import { fragmentPacket } from '../../test/tools/fragment.js';
import { PipelineRun, poolsInUse } from '../../test/tools/pipeline-run.js';
import { type TimedFrame, tcpSession } from '../../test/tools/session.js';
import { capture } from '../shapes.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

const rules = `
alert http any any -> any any (msg:"uri"; http.uri; content:"a"; sid:1;)
drop http any any -> any any (msg:"body"; http.request_body; content:"x"; flowbits:set,x; sid:2;)
alert http any any -> any any (msg:"file"; flowbits:isset,x; file.data; content:"o"; pcre:"/o.*k/s"; sid:3;)
alert tcp any any -> any any (msg:"raw"; content:"H"; content:"T"; within:9; sid:4;)
reject http any any -> any any (msg:"host"; http.host; content:"evil"; sid:5;)
alert ip any any -> any any (msg:"size"; dsize:>300; threshold:type limit,track by_src,count 3,seconds 10; sid:6;)
alert pkthdr any any -> any any (msg:"event"; decode-event:ipv4.opt_invalid; sid:7;)
`;
const trees: Tree[] = [{}, { stream: { midstream: true, 'async-oneside': true } }];

/** Pools that time empties, not the end of the capture. */
const waits = new Set(['trackers', 'fragments']);
/** Counters of what is held now. */
const gauges = ['flow.active', 'flow.memuse', 'tcp.active_sessions', 'tcp.memuse', 'http.memuse', 'http.tx_open'];

let folder: string | null = null;

function scratchFile(): string {
  if (folder === null) {
    const made = mkdtempSync(join(tmpdir(), 'peccary-fuzz-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return join(folder, 'input');
}

function read(inline: boolean, tree: Tree): void {
  resetCounters();
  const run = new PipelineRun(rules, tree, inline);
  try {
    run.files([scratchFile()]);
  } catch (error) {
    if (!(error instanceof PeccaryError)) throw error;
  }
  run.finish();
  for (const [pool, used] of Object.entries(poolsInUse())) {
    if (!waits.has(pool)) promise(used === 0, `${pool} is empty when the flows have ended`);
  }
  for (const [kind, n] of Object.entries(run.records)) ledTo(`${kind} ${'x'.repeat(Math.log2(n) + 1)}`);
  const counters = counterSnapshot();
  for (const name of gauges) promise(counters[name] === 0, `${name} is 0 at the end`);
  promise(counters['decoder.pkts'] >= run.packets, 'every packet is counted');
  promise(run.reporter.alertCount === (run.records.alert ?? 0), 'every alert is told');
}

const link = (packet: Uint8Array): Uint8Array => ethernet(vlanTag(7, 0x0800, packet), 0x8100);

function conversations(): TimedFrame[][] {
  const exchanges = [
    { from: 'client' as const, data: 'POST /a HTTP/1.1\r\nHost: evil\r\nContent-Length: 3\r\n\r\nxxx' },
    { from: 'server' as const, data: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n' },
  ];
  const body = gzipSync(Buffer.from('o, it is compressed, ok? '.repeat(30)));
  const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
  const coded = Buffer.concat([Buffer.from(head), body]);
  const segment = tcp('10.0.0.1', '10.0.0.2', { srcPort: 1024, dstPort: 80 }, 'GET /fragmented HTTP/1.1\r\n\r\n');
  const pieces = fragmentPacket(ip('10.0.0.1', '10.0.0.2', 6, segment, { id: 9 }), 16, 9);
  const inner = tcpSession({ exchanges });
  const vxlan = Buffer.from([8, 0, 0, 0, 0, 0, 1, 0]);
  return [
    tcpSession({ exchanges }),
    tcpSession({ exchanges, link, close: 'rst', mss: 20 }),
    tcpSession({ client: { ip: '2001:db8::1' }, server: { ip: '2001:db8::2' }, exchanges, mss: 30, close: 'none' }),
    tcpSession({ exchanges: [exchanges[0], { from: 'server', data: coded }], handshake: false }),
    pieces.map((bytes, i) => ({ tsUs: 1e15 + i, bytes: frame(bytes) })),
    inner.map((f) => ({ tsUs: f.tsUs, bytes: udpFrame({ dstPort: 4789 }, Buffer.concat([vxlan, f.bytes])) })),
  ];
}

export const target: FuzzTarget = {
  name: 'file',
  seeds: () => {
    const files = conversations().flatMap((frames) => [pcapFile(frames), pcapngFile(frames)]);
    const raw = conversations()[0].map((f) => ({ tsUs: f.tsUs, bytes: f.bytes.subarray(14) }));
    return [...files, pcapFile(raw, { linkType: LinkType.Raw }), gzipSync(files[0])];
  },
  words: [
    Buffer.from([0x81, 0x00]),
    Buffer.from([0x86, 0xdd]),
    Buffer.from([0x45, 0x00]),
    'HTTP/1.1 ',
    '\r\n\r\n',
    'GET /a ',
    'Content-Length: 4294967296\r\n',
  ],
  shape: capture,
  run(input) {
    writeFileSync(scratchFile(), input);
    for (const inline of [false, true]) read(inline, trees[input.length & 1]);
  },
};
