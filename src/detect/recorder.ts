/**
 * The hooks of `rules explain`, `rules profile` and the latency budget. While nothing is attached (`watch` 0) they
 * cost a test of an integer a list of candidates and a comparison with null a step of a program.
 */
import type { Packet } from '../decode/packet.js';
import type { TrackedFile } from '../files/tracked-file.js';
import type { Transaction } from '../http/transaction.js';

/** Bits of `watch`. */
export const enum Watch {
  /** An observer wants to know of every look. */
  Observer = 1,
  /** Rules are timed (rule-clock.ts). */
  Clock = 2,
}

/** What candidates were sought in. */
export const enum Look {
  /** Addresses alone, once a flow and direction. */
  IpOnly = 0,
  /** The packet with its payload. */
  Packet = 1,
  /** A chunk of the raw stream. */
  Stream = 2,
  /** A direction of a transaction. */
  Transaction = 3,
}

/** What became of a match. */
export const enum Fate {
  Alert = 0,
  /** threshold.config suppresses it. */
  Suppressed = 1,
  /** A threshold, limit or detection_filter holds it back. */
  Threshold = 2,
  /** `noalert`, or an action that writes none. */
  Silent = 3,
  /** packet-alert-max was reached. */
  AlertMax = 4,
  /** A pass rule matched before it. */
  Passed = 5,
}

/** Told of the steps of one rule's inspection, while that rule is inspected. */
export interface Recorder {
  /** The program at `pc` begins on memory[off, off + len), which lies `base` bytes into buffer `id` (BufferId). */
  buffer(pc: number, off: number, len: number, base: number, id: number): void;
  /**
   * The row at `pc` was tried on [from, to) of that buffer; `end`: where it matched to, or was found to, else -1. A pcre
   * that was found begins at `from`.
   */
  match(pc: number, from: number, to: number, end: number, held: boolean): void;
  /** A test of a file by the row at `pc`. */
  fileTest(pc: number, file: TrackedFile, held: boolean): void;
  /** The rule's section `n` is done with for now. `final`: it cannot match here any more. */
  section(n: number, matched: boolean, final: boolean): void;
}

/** Told of every look, of the inspection of every candidate, and of what became of matches. */
export interface Observer {
  /** The detection of a packet begins. */
  packet(p: Packet): void;
  /** Candidates are known and about to be inspected. `off`, `len`: payload or chunk in memory. */
  look(kind: Look, p: Packet, dir: number, tx: Transaction | null, off: number, len: number): void;
  begin(rule: number): void;
  end(rule: number, matched: boolean): void;
  fate(rule: number, tx: Transaction | null, fate: Fate): void;
  /** A packet that is not inspected: its flow was passed, dropped or bypassed. */
  uninspected(p: Packet): void;
}

export let watch = 0;
export let observer: Observer | null = null;
export let recorder: Recorder | null = null;

/** Attaches an observer of all looks, or none. */
export function setObserver(o: Observer | null): void {
  observer = o;
  watch = o === null ? watch & ~Watch.Observer : watch | Watch.Observer;
}

/** Attaches a recorder of the steps to come, or none. */
export function setRecorder(r: Recorder | null): void {
  recorder = r;
}

/** Turns the timing of rules on or off. */
export function setClockWatch(on: boolean): void {
  watch = on ? watch | Watch.Clock : watch & ~Watch.Clock;
}
