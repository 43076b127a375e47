/** Runs bytes through the parser as the application layer would, and tells what became of them as text. */
import { buf } from '../../src/core/memory.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { flows } from '../../src/flow/columns.js';
import { httpBuffer } from '../../src/http/buffers.js';
import { fileBody, fileCount } from '../../src/http/file.js';
import { configureHttp, httpParser } from '../../src/http/parser.js';
import { BufferStatus, BufferView, TxFlag } from '../../src/http/transaction.js';
import type { HttpTransaction } from '../../src/http/tx.js';
import { firstTransaction } from '../../src/http/tx-list.js';
import { BufferId } from '../../src/protocol/buffers.js';
import { EventRange } from '../../src/protocol/events.js';
import { httpEventNames } from '../../src/protocol/http-events.js';
import { Dir } from '../../src/protocol/ip.js';

export interface Block {
  dir: Dir;
  bytes: Buffer;
}

const Flow = 1;
const At = 0x1_0000;

/** Settings with the given keys under libhtp's default-config. */
export function configure(keys: { [key: string]: Tree } = {}): void {
  const http = { libhtp: { 'default-config': keys } };
  configureHttp(new Settings({ 'app-layer': { protocols: { http } } }));
}

/** Feeds one piece of flow 1. */
export function feed(dir: Dir, bytes: Buffer): void {
  bytes.copy(buf, At);
  httpParser.consume(Flow, dir, At, bytes.length, 1000);
}

/** Feeds all blocks cut into pieces of at most `size` bytes (0: whole), then ends both directions. */
export function run(blocks: Block[], size: number): void {
  flows.srvPort[Flow] = 80;
  for (const b of blocks) {
    const step = size === 0 ? b.bytes.length : size;
    for (let i = 0; i < b.bytes.length; i += step) feed(b.dir, b.bytes.subarray(i, i + step));
  }
  httpParser.end(Flow, Dir.ToServer, 2000);
  httpParser.end(Flow, Dir.ToClient, 2000);
}

export function release(): void {
  httpParser.release(Flow);
}

const view = new BufferView();

/** Text of a whole buffer, null when it is not there. */
export function bufferText(tx: HttpTransaction, id: BufferId, dir: Dir, index = 0): string | null {
  if (httpBuffer(tx, id, dir, index, view) !== BufferStatus.Ready) return null;
  return buf.toString('latin1', view.off, view.off + view.len);
}

function show(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/[\x7f-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
}

const fields: [string, BufferId, Dir][] = [
  ['method', BufferId.HttpMethod, Dir.ToServer],
  ['uri', BufferId.HttpUri, Dir.ToServer],
  ['uri.raw', BufferId.HttpUriRaw, Dir.ToServer],
  ['version', BufferId.HttpProtocol, Dir.ToServer],
  ['host', BufferId.HttpHost, Dir.ToServer],
  ['host.raw', BufferId.HttpHostRaw, Dir.ToServer],
  ['header', BufferId.HttpHeader, Dir.ToServer],
  ['cookie', BufferId.HttpCookie, Dir.ToServer],
  ['body', BufferId.HttpRequestBody, Dir.ToServer],
  ['response version', BufferId.HttpProtocol, Dir.ToClient],
  ['status', BufferId.HttpStatCode, Dir.ToClient],
  ['reason', BufferId.HttpStatMsg, Dir.ToClient],
  ['response header', BufferId.HttpHeader, Dir.ToClient],
  ['response cookie', BufferId.HttpCookie, Dir.ToClient],
  ['response body', BufferId.HttpResponseBody, Dir.ToClient],
];

function describe(tx: HttpTransaction, out: string[]): void {
  out.push(`transaction ${tx.id}`);
  for (const [name, id, dir] of fields) {
    const text = bufferText(tx, id, dir);
    if (text === null || (id === BufferId.HttpUriRaw && text === bufferText(tx, BufferId.HttpUri, dir))) continue;
    if (id === BufferId.HttpHostRaw && text === bufferText(tx, BufferId.HttpHost, dir)) continue;
    out.push(`  ${name}: ${show(text)}`);
  }
  for (let i = 0; i < fileCount(tx, Dir.ToServer); i++) {
    const body = fileBody(tx, Dir.ToServer, i);
    const data = body === null ? '' : buf.toString('latin1', body.off, body.off + body.len);
    out.push(`  upload ${show(bufferText(tx, BufferId.FileName, Dir.ToServer, i) ?? '')}: ${show(data)}`);
  }
  const name = bufferText(tx, BufferId.FileName, Dir.ToClient);
  if (name !== null && name !== bufferText(tx, BufferId.HttpUri, Dir.ToServer)) out.push(`  file name: ${show(name)}`);
  if (tx.flags & TxFlag.Tunnel) out.push('  tunnel');
  const events = [...tx.events.subarray(0, tx.eventCount)].map((e) => httpEventNames[e - EventRange.Http]).sort();
  for (const e of events) out.push(`  event: ${e}`);
}

/** What the open transactions hold, one line a fact. */
export function log(): string {
  const out: string[] = [];
  for (let tx = firstTransaction(Flow); tx !== null; tx = tx.next) describe(tx, out);
  return out.join('\n');
}
