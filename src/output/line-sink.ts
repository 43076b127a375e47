/** Lines that a socket's reader did not get, by why. */
export interface SocketLosses {
  /** Nobody listened. */
  away: number;
  /** Somebody did, and did not read as fast as lines came. */
  slow: number;
  /** They are longer than a datagram may be. */
  long: number;
}

/** What the writer asks of whatever takes lines: a file, standard output (sink.ts), a socket (stream-sink.ts, datagram-sink.ts). */
export interface LineSink {
  /** The reader went away (EPIPE): what follows is thrown away. */
  readonly gone: boolean;
  /** Why it takes no more, or null. */
  readonly fault: string | null;
  /** What is wrong at the moment, or null. */
  readonly trouble: string | null;
  /** Something waits that cannot be written now: the next `flush` tries again. */
  readonly stuck: boolean;
  /** While it is stuck, what comes is counted and thrown away, so that the other outputs can go on. */
  skipping: boolean;
  /** Lines that were not written. */
  readonly refused: number;
  /** Of sockets: the same by why. */
  readonly losses?: SocketLosses;
  /** Of sockets: there is something that `flush` can perhaps send in a few milliseconds. */
  readonly waiting?: boolean;
  push(line: string): void;
  /** Takes finished lines; they are written at once, after what was gathered. */
  pushBytes(bytes: Uint8Array, lines: number): void;
  /** Writes what was gathered. Never throws: see `gone`, `fault` and `stuck`. */
  flush(): void;
  /** From now on what cannot be written at once is counted and given up: the end is near. */
  giveUp(): void;
  /** Closes the file and opens what has its name now. Returns why that failed (the old file stays open), or null. */
  reopen(): string | null;
  close(): void;
}
