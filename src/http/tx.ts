/** HTTP transactions: the pooled objects with the parser's fields, and their life. */
import { reserve, unreserve } from '../applayer/pool.js';
import { counter, counts } from '../core/counters.js';
import { defaultConfig, type HttpConfig, httpBounds } from './config.js';
import { closeForm, type FormScan } from './form-scan.js';
import { Side } from './side.js';
import { Transaction } from './transaction.js';
import { freeUploads, type UploadFile } from './uploads.js';

const cTx = counter('app_layer.tx.http');
const cSlots = counter('http.tx_limit');
const cOpen = counter('http.tx_open');

export const enum Method {
  Unknown = 0,
  Head = 1,
  Get = 2,
  Put = 3,
  Post = 4,
  Delete = 5,
  Connect = 6,
  Options = 7,
  Trace = 8,
  Patch = 9,
  /** Any other method that HTTP or WebDAV defines. */
  Known = 10,
}

export const enum BodyKind {
  None = 0,
  /** POST or PATCH: the body is a file named by the path. */
  Post = 1,
  Put = 2,
  Multipart = 3,
}

export class HttpTransaction extends Transaction {
  readonly req = new Side();
  readonly res = new Side();
  config: HttpConfig = defaultConfig();
  override next: HttpTransaction | null = null;

  // Request line: positions of req.
  method: Method = Method.Unknown;
  methodOff = 0;
  methodLen = -1;
  uriOff = 0;
  uriLen = -1;
  protoOff = 0;
  protoLen = -1;
  /** Normalised URI, a position of req (head or aux), and the part of it that is the path. */
  normOff = 0;
  normLen = -1;
  pathOff = 0;
  pathLen = 0;
  /** Host of the request from the URI or the Host header in lower case, a position of req; -1 none. */
  hostOff = 0;
  hostLen = -1;
  /** The host is the URI's, without trailing dots, not the Host header's. */
  hostInUri = false;
  /** Port the request names, -1 none. */
  port = -1;
  bodyKind: BodyKind = BodyKind.None;
  /** Multipart form being read. */
  form: FormScan | null = null;
  /** Uploads of a multipart form (uploads.ts). */
  readonly uploads: UploadFile[] = [];

  // Response line: positions of res.
  status = -1;
  statusOff = 0;
  statusLen = -1;
  reasonOff = 0;
  reasonLen = -1;
  resProtoOff = 0;
  resProtoLen = -1;
  seen100 = 0;

  /** Detection is done with a side: 1 to server, 2 to client. Set by detect; cleared when the transaction is taken. */
  detectDone = 0;
}

const pool: HttpTransaction[] = [];
let made = 0;

/** About what the objects of a transaction take besides its blocks: counted against the memcap of HTTP. */
const TxBytes = 2048;

/** A fresh transaction of `flow`, or null when httpBounds.transactions are open or the memcap is met (counted). */
export function takeTransaction(flow: number, id: number, config: HttpConfig, tsUs: number): HttpTransaction | null {
  if (!reserve(TxBytes)) return null;
  if (made - pool.length >= httpBounds.transactions) {
    counts[cSlots]++;
    unreserve(TxBytes);
    return null;
  }
  let tx = pool.pop();
  if (tx === undefined) {
    tx = new HttpTransaction();
    tx.slot = made++;
  }
  tx.flow = flow;
  tx.id = id;
  tx.config = config;
  tx.startUs = tx.endUs = tsUs;
  counts[cTx]++;
  counts[cOpen]++;
  return tx;
}

/** Gives a transaction and all its memory back. */
export function giveTransaction(tx: HttpTransaction): void {
  freeUploads(tx.uploads);
  if (tx.form !== null) closeForm(tx.form);
  tx.form = null;
  tx.req.clear();
  tx.res.clear();
  resetTransaction(tx);
  unreserve(TxBytes);
  counts[cOpen]--;
  pool.push(tx);
}

function resetTransaction(tx: HttpTransaction): void {
  tx.flow = tx.id = tx.flags = 0;
  tx.requestProgress = tx.responseProgress = 0;
  tx.eventCount = tx.eventsTold = 0;
  tx.dirtyToServer = tx.dirtyToClient = 0;
  tx.next = null;
  tx.method = Method.Unknown;
  tx.methodLen = tx.uriLen = tx.protoLen = tx.normLen = tx.hostLen = -1;
  tx.hostInUri = false;
  tx.port = -1;
  tx.pathLen = 0;
  tx.bodyKind = BodyKind.None;
  tx.status = tx.statusLen = tx.reasonLen = tx.resProtoLen = -1;
  tx.seen100 = 0;
  tx.detectDone = 0;
}

/** Transactions in use. */
export function openTransactions(): number {
  return made - pool.length;
}
