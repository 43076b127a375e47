/**
 * Limits (RATIONALE.md, "Limits and what happens at them"): each is met with a bound set low, counted, and told by an
 * event where bytes go uninspected for it; and with the bound as it is by default the same traffic meets nothing.
 */
import assert from 'node:assert/strict';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { counterSnapshot, resetCounters } from '../../src/core/counters.js';
import type { Tree } from '../../src/core/settings.js';
import type { AnomalyRecord } from '../../src/output/records.js';
import { DefaultClient, DefaultServer, frame, ip, ipv4, udp } from '../tools/build.js';
import { concat } from '../tools/bytes.js';
import { fragmentPacket } from '../tools/fragment.js';
import { Host, posted, request, response, sessions, syns, timed, upTo } from '../tools/hostile.js';
import { PipelineRun } from '../tools/pipeline-run.js';
import { type TimedFrame, tcpSession } from '../tools/session.js';

interface Limit {
  name: string;
  /** The key and the value that brings it about; without a key the traffic meets the bound as it is. */
  key?: string;
  value?: Tree;
  frames: () => Iterable<TimedFrame>;
  counter: string;
  /** The anomaly that tells of it. */
  event?: string;
  rules?: string;
  inline?: boolean;
}

const http = 'app-layer.protocols.http';
const libhtp = `${http}.libhtp.default-config`;
const text = Buffer.from('some text that is repeated, '.repeat(2000));
const anything = 'alert http any any -> any any (http.uri; content:"/"; sid:1;)';

const manyFragments = (): TimedFrame[] =>
  upTo(20).map((id) => timed(frame(ipv4({ proto: 17, id, flags: 1 }, new Uint8Array(1400))), id));
const oneDatagram = (): TimedFrame[] =>
  fragmentPacket(
    ip(DefaultClient, DefaultServer, 17, udp(DefaultClient, DefaultServer, {}, 'x'.repeat(800))),
    8,
    7,
  ).map((bytes, i) => timed(frame(bytes), i));
const upload = (i: number): string =>
  `--B\r\nContent-Disposition: form-data; name="f${i}"; filename="x${i}"\r\n\r\nd\r\n`;
const manyBits = upTo(1100)
  .map((i) => `alert http any any -> any any (http.uri; content:"/"; flowbits:set,b${i}; noalert; sid:${1000 + i};)`)
  .join('\n');
const outOfOrder = (): TimedFrame[] => {
  const frames = tcpSession({ exchanges: [{ from: 'client', data: 'a'.repeat(5000) }], mss: 1000, acks: false });
  return [...frames.slice(0, 3), ...frames.slice(4, 8)];
};

const limits: Limit[] = [
  { name: 'datagrams', key: 'defrag.trackers', value: 4, frames: manyFragments, counter: 'defrag.tracker_evicted' },
  {
    name: 'fragments',
    key: 'defrag.memcap',
    value: '101376',
    frames: manyFragments,
    counter: 'defrag.tracker_evicted',
  },
  {
    name: 'fragments of one datagram',
    key: 'defrag.max-frags',
    value: 10,
    frames: oneDatagram,
    counter: 'defrag.max_frag_hits',
    event: 'decoder.ipv4.frag_ignored',
  },
  { name: 'flows', key: 'flow.memcap', value: '4000', frames: () => syns(20), counter: 'flow.get_used' },
  {
    name: 'bits of a flow',
    frames: () => request('GET / HTTP/1.1\r\n\r\n'),
    counter: 'flow.var_limit',
    rules: manyBits,
  },
  { name: 'sessions', key: 'stream.memcap', value: '400', frames: () => sessions(4), counter: 'tcp.ssn_memcap_drop' },
  {
    name: 'segments',
    key: 'stream.reassembly.memcap',
    value: '0',
    frames: outOfOrder,
    counter: 'tcp.segment_memcap_drop',
  },
  {
    name: 'bytes of a stream',
    key: 'stream.reassembly.depth',
    value: '1000',
    frames: () => request(posted(text)),
    counter: 'tcp.stream_depth_reached',
    event: 'stream.reassembly_depth_reached',
  },
  {
    name: 'bytes of what is not recognised',
    frames: () =>
      tcpSession({ exchanges: [{ from: 'client', data: `\x01${'a'.repeat(70_000)}` }], mss: 1400, close: 'none' }),
    counter: 'applayer.hold_limit',
  },
  {
    name: 'memory of HTTP',
    key: `${http}.memcap`,
    value: '8kb',
    frames: () => request(posted(text)),
    counter: 'http.memcap',
  },
  {
    name: 'open transactions',
    key: `${libhtp}.max-tx`,
    value: 3,
    frames: () => request(`GET / HTTP/1.1\r\n${Host}\r\n`.repeat(8)),
    counter: 'http.max_tx',
    event: 'CONNECTION_NOT_FOLLOWED',
  },
  {
    name: 'bytes of a line',
    key: `${libhtp}.meta-field-limit`,
    value: 100,
    frames: () => request(`GET / HTTP/1.1\r\nA: ${'b'.repeat(200)}\r\n\r\n`),
    counter: 'http.line_limit',
    event: 'REQUEST_FIELD_TOO_LONG',
  },
  {
    name: 'header lines',
    key: `${libhtp}.headers-limit`,
    value: 5,
    frames: () =>
      request(
        `GET / HTTP/1.1\r\n${upTo(9)
          .map((i) => `A${i}: b\r\n`)
          .join('')}\r\n`,
      ),
    counter: 'http.headers_limit',
    event: 'REQUEST_TOO_MANY_HEADERS',
  },
  {
    name: 'bytes of a head',
    frames: () => request(`GET / HTTP/1.1\r\n${`${'A'.repeat(900)}: b\r\n`.repeat(1200)}\r\n`),
    counter: 'http.head_limit',
  },
  {
    name: 'bytes of the body of a request',
    key: `${libhtp}.request-body-limit`,
    value: '1kb',
    frames: () => request(posted(text)),
    counter: 'http.body_limit',
    event: 'REQUEST_BODY_LIMIT',
    rules: 'alert http any any -> any any (http.request_body; content:"never there"; sid:1;)',
  },
  {
    name: 'bytes of the body of a response',
    key: `${libhtp}.response-body-limit`,
    value: '1kb',
    frames: () => response('', text),
    counter: 'http.body_limit',
    event: 'RESPONSE_BODY_LIMIT',
    rules: 'alert http any any -> any any (file.data; content:"never there"; sid:1;)',
  },
  {
    name: 'layers of codings',
    key: `${libhtp}.response-body-decompress-layer-limit`,
    value: 1,
    frames: () => response('Content-Encoding: gzip, gzip\r\n', gzipSync(gzipSync(text))),
    counter: 'app_layer.tx.http',
    event: 'TOO_MANY_ENCODING_LAYERS',
  },
  {
    name: 'decoded bytes out of proportion',
    key: `${libhtp}.compression-bomb-limit`,
    value: '1kb',
    frames: () => response('Content-Encoding: br\r\n', brotliCompressSync(Buffer.alloc(900_000))),
    counter: 'http.compression_bombs',
    event: 'COMPRESSION_BOMB',
  },
  {
    name: 'work of decoding',
    key: `${libhtp}.decompression-time-limit`,
    value: 100,
    frames: () => response('Content-Encoding: gzip\r\n', gzipSync(text)),
    counter: 'http.compression_bombs',
    event: 'COMPRESSION_BOMB',
  },
  {
    name: 'uploads of a form',
    frames: () =>
      request(posted(`${upTo(80).map(upload).join('')}--B--\r\n`, 'Content-Type: multipart/form-data; boundary=B\r\n')),
    counter: 'http.multipart_files_limit',
  },
  {
    name: 'alerts of a packet',
    key: 'packet-alert-max',
    value: 3,
    frames: () => request('GET / HTTP/1.1\r\n\r\n'),
    counter: 'detect.alert_queue_overflow',
    rules: upTo(9)
      .map((i) => `alert http any any -> any any (http.uri; content:"/"; sid:${i + 1};)`)
      .join('\n'),
  },
  {
    name: 'work of a regular expression',
    key: 'pcre.match-limit',
    value: 10,
    frames: () => request(posted(`x${'y'.repeat(8)}!`)),
    counter: 'detect.pcre_limit',
    rules: 'alert http any any -> any any (http.request_body; content:"x"; pcre:"/(y+)+[ab]/"; sid:1;)',
  },
  {
    name: 'steps of a rule',
    key: 'detect.inspection-recursion-limit',
    value: 10,
    frames: () => request(posted('ab'.repeat(12))),
    counter: 'detect.inspection_limit',
    rules:
      'alert http any any -> any any (http.request_body; content:"a"; content:"b"; distance:0; content:!"b"; distance:0; content:"c"; within:5; sid:1;)',
  },
];

function treeOf(path: string | undefined, value: Tree): Tree {
  if (path === undefined) return {};
  return path.split('.').reduceRight<Tree>((inner, key) => ({ [key]: inner }), value);
}

/** Counters and anomalies of the traffic under a configuration. */
function meet(limit: Limit, tree: Tree): { met: number; events: Set<string> } {
  resetCounters();
  const events = new Set<string>();
  const run = new PipelineRun(limit.rules ?? anything, tree, limit.inline ?? false);
  run.onRecord = (record) => {
    if (record.kind === 'anomaly') events.add((record as AnomalyRecord).event);
  };
  run.feed(limit.frames(), 5).finish();
  return { met: counterSnapshot()[limit.counter], events };
}

describe('Limits (RATIONALE.md, "Limits and what happens at them")', () => {
  for (const limit of limits) {
    it(`${limit.name}: ${limit.key ?? 'a bound of our own'}`, () => {
      const { met, events } = meet(limit, treeOf(limit.key, limit.value ?? null));
      assert.ok(met > 0, `${limit.counter} tells of it`);
      if (limit.event !== undefined) assert.ok(events.has(limit.event), `${limit.event} among ${[...events]}`);
      if (limit.key === undefined) return;
      const usual = meet(limit, {});
      if (limit.counter !== 'app_layer.tx.http') assert.equal(usual.met, 0, 'the default is not met');
      if (limit.event !== undefined) assert.ok(!usual.events.has(limit.event), 'nor told of');
    });
  }

  it('what decoding costs is counted in bytes, the same on every machine', () => {
    const limit = limits.find(({ name }) => name === 'work of decoding') as Limit;
    const counted = [1, 2, 3].map(() => {
      meet(limit, treeOf(limit.key, limit.value ?? null));
      return counterSnapshot()['http.decoder_bytes'];
    });
    assert.equal(new Set(counted).size, 1);
    assert.ok(counted[0] > 0 && counted[0] < concat(text, text).length);
  });
});
