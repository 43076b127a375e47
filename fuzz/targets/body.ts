/**
 * Bodies: whatever the coding and the bytes, decoding ends, what comes out of a whole one does not depend on how it was cut,
 * and decoders and memory are given back with the connection. The first byte of an input chooses the codings, the second
 * how the body is cut.
 */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { appLayerEnd, configureAppLayer, consumePiece, releaseAppLayer } from '../../src/applayer/applayer.js';
import { poolUsed } from '../../src/applayer/pool.js';
import { counterSnapshot } from '../../src/core/counters.js';
import { Region, u8 } from '../../src/core/memory.js';
import { Settings } from '../../src/core/settings.js';
import { flows } from '../../src/flow/columns.js';
import { bodyInspected, httpBuffer } from '../../src/http/buffers.js';
import { configureHttp } from '../../src/http/parser.js';
import { BufferStatus, BufferView } from '../../src/http/transaction.js';
import { openTransactions } from '../../src/http/tx.js';
import { firstTransaction } from '../../src/http/tx-list.js';
import { AppProto } from '../../src/protocol/app-proto.js';
import { BufferId } from '../../src/protocol/buffers.js';
import { EventRange } from '../../src/protocol/events.js';
import { httpEventNames } from '../../src/protocol/http-events.js';
import { Dir } from '../../src/protocol/ip.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

const Flow = 1;
/** Windows of a body that an input can make at most, decoded. */
const MaxWindows = 1 << 16;
const Codings = ['gzip', 'deflate', 'br, gzip', 'lzma', 'gzip, deflate', 'br,br', 'x-gzip', 'gzip,gzip,gzip', 'odd'];
const Form = 'Content-Type: multipart/form-data; boundary=B\r\n';

const http = {
  'response-body-limit': 0,
  'request-body-limit': 0,
  'lzma-enabled': true,
  'response-body-decompress-layer-limit': 3,
  'swf-decompression': { enabled: true, type: 'both' },
};
const settings = new Settings({ 'app-layer': { protocols: { http: { libhtp: { 'default-config': http } } } } });
const piece = { off: Region.ArenaOff, len: 0, gap: 0, eof: false };
const view = new BufferView();

function give(dir: Dir, bytes: Uint8Array): void {
  u8.set(bytes, Region.ArenaOff);
  piece.len = bytes.length;
  consumePiece(Flow, dir, piece, 1);
}

/** Sum and number of the decoded bytes of a direction. */
const shown = [
  { sum: 0, end: 0 },
  { sum: 0, end: 0 },
];

/** Most events of a transaction: something is wrong with a body. */
let events = 0;

/** Takes the bytes of a window that no window before it had. */
function add(dir: Dir): void {
  const seen = shown[dir];
  for (let i = Math.max(0, seen.end - view.base); i < view.len; i++) {
    seen.sum = (Math.imul(seen.sum, 31) + u8[view.off + i]) | 0;
  }
  seen.end = Math.max(seen.end, view.base + view.len);
}

function look(dir: Dir, id: BufferId): void {
  for (let tx = firstTransaction(Flow); tx !== null; tx = tx.next) {
    events = Math.max(events, tx.eventCount);
    for (let i = 0; i < tx.eventCount; i++) ledTo(httpEventNames[tx.events[i] - EventRange.Http]);
    for (let n = 0; httpBuffer(tx, id, dir, 0, view) === BufferStatus.Ready; n++) {
      promise(n < MaxWindows, 'the windows of a body end');
      promise(view.len === 0 || view.off >= Region.ArenaEnd, 'what is shown is not borrowed from the arena');
      add(dir);
      if (!bodyInspected(tx, dir)) break;
    }
  }
}

function message(dir: Dir, head: string, body: Uint8Array, step: number): void {
  const id = dir === Dir.ToServer ? BufferId.HttpRequestBody : BufferId.FileData;
  give(dir, Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`, 'latin1'));
  for (let at = 0; at < body.length; at += step) {
    give(dir, body.subarray(at, at + step));
    look(dir, id);
  }
}

const coded = (n: number, step: number, body: Uint8Array): Uint8Array => Buffer.concat([Uint8Array.of(n, step), body]);

export const target: FuzzTarget = {
  name: 'body',
  seeds: () => {
    const text = Buffer.from('some text that is repeated, some text that is repeated '.repeat(40));
    const swf = Buffer.concat([Buffer.from('CWS\x0a\x00\x10\x00\x00', 'latin1'), deflateSync(text)]);
    const form =
      '--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\ndata\r\n--B\r\n\r\nx\r\n--B--\r\n';
    return [
      coded(0, 0, gzipSync(text)),
      coded(1, 3, deflateSync(text)),
      coded(1, 50, deflateRawSync(text)),
      coded(2, 0, brotliCompressSync(gzipSync(text))),
      coded(3, 0, Buffer.from('5d00008000ffffffffffffffff0024b52db2fffffe0fa000', 'hex')),
      coded(5, 7, brotliCompressSync(Buffer.alloc(1 << 20))),
      coded(7, 0, gzipSync(gzipSync(gzipSync(text)))),
      coded(8, 0, swf),
      coded(0, 1, Buffer.from(form)),
    ];
  },
  words: ['\x1f\x8b\x08', '\x1f\x8b\x08\x1f', '\x78\x9c', 'CWS', 'ZWS', '\r\n--B', '--B--', '\r\n\r\n', '\x5d\x00\x00'],
  run(input) {
    if (input.length < 2) return;
    configureAppLayer(settings);
    configureHttp(settings);
    const coding = `Content-Encoding: ${Codings[input[0] % Codings.length]}\r\n`;
    const body = input.subarray(2);
    events = 0;
    const whole = decoded(input, body, coding, body.length + 1);
    const cut = decoded(input, body, coding, input[1] + 1);
    // Of a damaged body as much is seen as its decoder gave out before it met the damage.
    promise(events > 0 || whole === cut, `bodies do not depend on cuts: ${whole} or ${cut}`);
  },
};

/** What the bodies of a request and its response are decoded to, in pieces of `step` bytes. */
function decoded(input: Uint8Array, body: Uint8Array, coding: string, step: number): string {
  for (const seen of shown) seen.sum = seen.end = 0;
  flows.appProto[Flow] = flows.appProtoTs[Flow] = flows.appProtoTc[Flow] = AppProto.Unknown;
  flows.srvPort[Flow] = 80;
  message(Dir.ToServer, `POST / HTTP/1.1\r\n${input[0] & 1 ? coding : Form}`, body, step);
  message(Dir.ToClient, `HTTP/1.1 200 OK\r\n${coding}`, body, step);
  appLayerEnd(Flow, Dir.ToServer, 2);
  appLayerEnd(Flow, Dir.ToClient, 2);
  look(Dir.ToServer, BufferId.HttpRequestBody);
  look(Dir.ToClient, BufferId.FileData);
  releaseAppLayer(Flow);
  promise(openTransactions() === 0 && poolUsed() === 0, 'no memory outlives its flow');
  promise(counterSnapshot()['http.decoders_open'] === 0, 'no decoder outlives its flow');
  for (const seen of shown) ledTo(`bytes ${'x'.repeat(Math.log2(seen.end + 1))}`);
  return shown.map((seen) => `${seen.end} ${seen.sum}`).join('/');
}
