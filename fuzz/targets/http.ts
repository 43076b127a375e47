/**
 * HTTP connections: whatever the bytes and however they are cut into pieces, the parser ends, its buffers lie in the
 * memory, and nothing is left of the connection. An input is both directions in turn, client first, changing at each
 * TurnByte.
 */
import { configureAppLayer, releaseAppLayer } from '../../src/applayer/applayer.js';
import { counter, counts } from '../../src/core/counters.js';
import { Region, u8 } from '../../src/core/memory.js';
import { Settings } from '../../src/core/settings.js';
import { httpBuffer } from '../../src/http/buffers.js';
import { configureHttp } from '../../src/http/parser.js';
import { BufferStatus, BufferView } from '../../src/http/transaction.js';
import { type HttpTransaction, openTransactions } from '../../src/http/tx.js';
import { collectTransactions, firstTransaction } from '../../src/http/tx-list.js';
import { BufferId } from '../../src/protocol/buffers.js';
import { EventRange } from '../../src/protocol/events.js';
import { httpEventNames } from '../../src/protocol/http-events.js';
import { Dir } from '../../src/protocol/ip.js';
import { converse, TurnByte, turn } from '../conversation.js';
import { lines } from '../shapes.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

const Flow = 1;
/** Open transactions of one connection that an input of 64 KiB can leave at most: one a line. */
const MaxTransactions = 0x1_0000;

configureAppLayer(new Settings());
configureHttp(new Settings());

/** A request line as it should be. */
const Regular = /^[^\r\n ]+ [^\r\n ]+ HTTP\/1\.[01]\r?\n/;

const view = new BufferView();
const shown: [BufferId, Dir][] = [
  [BufferId.HttpUri, Dir.ToServer],
  [BufferId.HttpUriRaw, Dir.ToServer],
  [BufferId.HttpMethod, Dir.ToServer],
  [BufferId.HttpHost, Dir.ToServer],
  [BufferId.HttpHeader, Dir.ToServer],
  [BufferId.HttpCookie, Dir.ToServer],
  [BufferId.HttpStatCode, Dir.ToClient],
  [BufferId.HttpHeader, Dir.ToClient],
];

function checkTransaction(tx: HttpTransaction): void {
  promise(tx.eventCount <= tx.events.length, 'events within their bound');
  ledTo(`${'ab'[tx.requestProgress & 1]}${tx.flags.toString(2).replaceAll('1', 'x')}`);
  for (let i = 0; i < tx.eventCount; i++) ledTo(httpEventNames[tx.events[i] - EventRange.Http]);
  for (const [id, dir] of shown) {
    if (httpBuffer(tx, id, dir, 0, view) !== BufferStatus.Ready || view.len === 0) continue;
    promise(view.off >= Region.ArenaEnd && view.off + view.len <= Region.End, 'a buffer lies in the memory');
  }
}

const first = [BufferId.HttpUri, BufferId.HttpUriRaw, BufferId.HttpMethod, BufferId.HttpHost, BufferId.HttpCookie];

function text(tx: HttpTransaction, id: BufferId, dir: Dir): string {
  if (httpBuffer(tx, id, dir, 0, view) !== BufferStatus.Ready) return '-';
  return Buffer.from(u8.subarray(view.off, view.off + view.len)).toString('latin1');
}

/** Feeds the input in pieces of at most `most` bytes; the buffers of the first request. */
function connection(input: Uint8Array, most: number): string {
  converse(Flow, input, most);
  let found = '';
  let count = 0;
  for (let tx = firstTransaction(Flow); tx !== null; tx = tx.next as HttpTransaction | null) {
    promise(++count < MaxTransactions, 'transactions within their bound');
    checkTransaction(tx);
    if (count === 1) found = first.map((id) => text(tx, id, Dir.ToServer)).join(' | ');
  }
  collectTransactions(Flow);
  releaseAppLayer(Flow);
  promise(openTransactions() === 0, 'no transaction outlives its flow');
  return found;
}

const cMaxTx = counter('http.max_tx');

export const target: FuzzTarget = {
  name: 'http',
  seeds: () =>
    [
      `GET /a/../b%2e?q=1 HTTP/1.1\r\nHost: h\r\n\r\n${turn}HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc`,
      `POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n${turn}HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n`,
      `GET /1 HTTP/1.1\r\nA: b\r\n c\r\n\r\nGET /2 HTTP/1.0\r\n\r\n${turn}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.0 404 X\r\n\r\nuntil the end`,
      `POST /u HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B\r\nContent-Length: 86\r\n\r\n--B\r\nContent-Disposition: form-data; name="f"; filename="x.php"\r\n\r\ndata\r\n--B--\r\n${turn}HTTP/1.1 200 OK\r\n\r\n`,
      `CONNECT h:443 HTTP/1.1\r\n\r\n${turn}HTTP/1.1 200 OK\r\n\r\n${turn}\x16\x03\x01\x00\x05`,
      `PROXY TCP4 1.2.3.4 5.6.7.8 1 80\r\nGET /\r\n${turn}<html>`,
    ].map((text) => Buffer.from(text, 'latin1')),
  shape: lines(TurnByte),
  words: [
    turn,
    '\r\n',
    '\r\n\r\n',
    'HTTP/1.1 ',
    'Content-Length: ',
    'Transfer-Encoding: chunked\r\n',
    'Content-Encoding: gzip\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: websocket\r\n',
    'Host: ',
    '%u0041',
    '%00',
    '0\r\n\r\n',
    'ffffffff\r\n',
    '--B\r\n',
    ': ',
  ],
  run(input) {
    const before = counts[cMaxTx];
    const [whole, single, some] = [input.length + 1, 1, 7].map((most) => connection(input, most));
    // A line without a version may stand alone: what came with it tells. What follows a first message may belong to it
    // or not, depending on cuts, when it begins no message itself.
    const versioned = Regular.test(Buffer.from(input.subarray(0, 4096)).toString('latin1'));
    // Nor does a connection that is given up at `max-tx`: a server's garbage, a line at a time, is a response each.
    const same = !versioned || counts[cMaxTx] > before || (whole === single && whole === some);
    promise(same, `a first request does not depend on cuts: ${whole}, ${single} or ${some}`);
  },
};
