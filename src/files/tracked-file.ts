/** A file of a transaction while its bytes come, and after (Suricata user guide 7.0, "File Extraction"). */
import type { Hash } from 'node:crypto';
import type { HttpTransaction } from '../http/tx.js';
import { Dir } from '../protocol/ip.js';

export const enum FileState {
  Open = 0,
  /** It came to its end as announced. */
  Closed = 1,
  /** There is more of it than was followed, or bytes are missing. */
  Truncated = 2,
  Error = 3,
}

export const enum StoreState {
  /** No rule asks for it, so far. */
  No = 0,
  /** To be stored: bytes go to its temporary file. */
  Storing = 1,
  Stored = 2,
  /** It cannot be stored any more: earlier bytes are gone, or the disk refuses. */
  Cannot = 3,
}

/** Hashes of a file, of those that are wanted; hexadecimal when it has ended. */
export const enum HashBit {
  Md5 = 1,
  Sha1 = 2,
  Sha256 = 4,
}

export class TrackedFile {
  tx: HttpTransaction | null = null;
  dir: Dir = Dir.ToServer;
  /** Number of the upload in a form; 0 for a body. */
  part = 0;
  state: FileState = FileState.Open;
  /** Bytes so far, missing ones included. */
  size = 0;
  gaps = false;
  /** It begins with the first byte of its body; false when a body was cut and then followed again. */
  fromStart = true;
  /** Its event was written. */
  told = false;
  /** Byte range of a partial response (RFC 9110, section 14.4); -1 when it is none. */
  start = -1;
  end = -1;
  /** Running hashes: md5, sha1, sha256; null where it is not wanted or there are gaps. */
  readonly running: [Hash | null, Hash | null, Hash | null] = [null, null, null];
  md5: string | null = null;
  sha1: string | null = null;
  sha256: string | null = null;
  /** What libmagic says, null when it says nothing; undefined until it was asked. */
  magic: string | null | undefined = undefined;
  /** filestore rules that matched on it, at most FileBound.Sids. */
  readonly sids: number[] = [];

  store: StoreState = StoreState.No;
  /** Number of a stored file; 0 while it is not. */
  fileId = 0;
  /** Bytes kept in case a rule stores it, not yet written. */
  readonly held: Buffer[] = [];
  heldLen = 0;
  /** Descriptor of the temporary file, -1 when it is not open. */
  fd = -1;
  /** Bytes written to it. */
  written = 0;

  reset(): void {
    this.tx = null;
    this.part = this.size = 0;
    this.state = FileState.Open;
    this.gaps = this.told = false;
    this.fromStart = true;
    this.start = this.end = -1;
    this.running.fill(null);
    this.md5 = this.sha1 = this.sha256 = null;
    this.magic = undefined;
    this.sids.length = 0;
    this.store = StoreState.No;
    this.fileId = this.heldLen = this.written = 0;
    this.held.length = 0;
    this.fd = -1;
  }
}

/** Bounds of what is followed: defaults of the keys, and what they may be at most. */
export const enum FileBound {
  PerSide = 128,
  MostPerSide = 16_384,
  Open = 0x1_0000,
  MostOpen = 0x10_0000,
  Sids = 64,
  Held = 0x10_0000,
  HeldAll = 0x400_0000,
}
