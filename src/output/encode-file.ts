/** Files of transactions as records: EVE's `fileinfo` and the `files` of an alert. */
import { ByteRange } from '../core/memory.js';
import type { Packet } from '../decode/packet.js';
import { filesOf, isStored } from '../files/files.js';
import { FileState, StoreState, type TrackedFile } from '../files/tracked-file.js';
import { fileName } from '../http/file.js';
import type { HttpTransaction } from '../http/tx.js';
import type { Dir } from '../protocol/ip.js';
import { flowBase } from './encode-base.js';
import { httpRecord } from './encode-http.js';
import { memoryText } from './memory-text.js';
import type { FileInfoRecord, FileRecord } from './records.js';

const name = new ByteRange();
const states: Record<FileState, FileRecord['state']> = {
  [FileState.Open]: 'UNKNOWN',
  [FileState.Closed]: 'CLOSED',
  [FileState.Truncated]: 'TRUNCATED',
  [FileState.Error]: 'ERROR',
};

function fileRecord(tx: HttpTransaction, file: TrackedFile): FileRecord {
  const named = fileName(tx, file.dir, file.part, name);
  return {
    filename: named ? memoryText(name.off, name.len) : '',
    sids: [...file.sids],
    magic: file.magic ?? null,
    gaps: file.gaps,
    state: states[file.state],
    md5: file.md5,
    sha1: file.sha1,
    sha256: file.sha256,
    stored: isStored(file),
    storing: file.store === StoreState.Storing,
    fileId: isStored(file) ? file.fileId : 0,
    size: file.size,
    start: file.start,
    end: file.end,
    txId: tx.id,
  };
}

/** Files of one direction of a transaction, as they are now. */
export function fileRecords(tx: HttpTransaction, dir: Dir): FileRecord[] {
  return filesOf(tx, dir).map((f) => fileRecord(tx, f));
}

/** The event of a file that has ended: its sender is the source. */
export function fileInfoRecord(p: Packet, tx: HttpTransaction, file: TrackedFile): FileInfoRecord {
  return {
    kind: 'fileinfo',
    ...flowBase(tx.flow, file.dir, p),
    http: httpRecord(tx, false),
    appProto: 'http',
    file: fileRecord(tx, file),
  };
}
