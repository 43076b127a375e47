/**
 * An HTTP transaction: a request and its response. Objects are pooled; all fields are numbers, bytes live in the
 * Http region. Produced by src/http, read by detect and output, freed when both have passed it.
 *
 * Contract for readers (implemented in src/http/buffers.ts):
 *   httpBuffer(tx, id, dir, index, out): BufferStatus   fills `out` with the bytes (borrowed until the next call)
 */
import { httpEventNames } from '../protocol/http-events.js';

export const enum BufferStatus {
  /** Not there, and will not come in this transaction. */
  Absent = 0,
  /** `out` holds it. */
  Ready = 1,
  /** May still come: ask again when the transaction progresses. */
  Pending = 2,
}

export const enum TxFlag {
  /** Request or response has ended for good (also by gap, reset or end of flow). */
  RequestDone = 0x01,
  ResponseDone = 0x02,
  /** Bytes are missing in the body (gap). */
  RequestGap = 0x04,
  ResponseGap = 0x08,
  /** Connection is a tunnel after this (CONNECT or Upgrade). */
  Tunnel = 0x10,
  /** Body went past its limit: the rest is not inspected (an event says so). */
  RequestBodyCut = 0x20,
  ResponseBodyCut = 0x40,
  /** Output was written. */
  Logged = 0x80,
  /** HTTP/0.9 request. */
  Http09 = 0x100,
  /** A rule wants no event of it. */
  NotTold = 0x200,
}

/** A buffer as handed to detection. */
export class BufferView {
  off = 0;
  len = 0;
  /** Offset of byte 0 within the whole buffer (bodies are shown in windows). */
  base = 0;
  /** Bytes at the front that an earlier window already showed (kept so that matches may span windows). */
  seen = 0;
  /** 1 when no more bytes will be added: negated matches, bsize and endswith are final. */
  complete = 1;
}

export const enum TxLimit {
  /** Open transactions of all flows of a worker. */
  Slots = 0x2_0000,
}

/**
 * What detection and output may know of a transaction without knowing HTTP's insides. src/http/tx.ts extends it with
 * the parser's own fields.
 */
export class Transaction {
  /** Position in the pool, 0..TxLimit.Slots-1: detection keeps its own state under it. */
  slot = 0;
  flow = 0;
  /** 0-based number within the flow (EVE tx_id). */
  id = 0;
  /** TxProgress of each side. */
  requestProgress = 0;
  responseProgress = 0;
  flags = 0;
  /** Times of the first byte of the request and the last byte of the response, microseconds. */
  startUs = 0;
  endUs = 0;
  /** Event ids (src/protocol/http-events.ts) in order of occurrence and the direction of each. */
  eventCount = 0;
  readonly events = new Uint16Array(httpEventNames.length);
  readonly eventDirs = new Uint8Array(httpEventNames.length);
  /** How many of them output has told. */
  eventsTold = 0;
  /** Raised by http whenever something new may be inspected on a side; cleared by detection when it has looked. */
  dirtyToServer = 0;
  dirtyToClient = 0;
  /** Next (younger) transaction of the same flow. */
  next: Transaction | null = null;
}
