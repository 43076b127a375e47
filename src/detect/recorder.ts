/**
 * The hook of `rules explain`: told of each step of verification while one is attached. Null on the hot path, where
 * it costs a comparison.
 */
export interface Recorder {
  /** A rule was a candidate and this step decided against it, or it matched. */
  rule(rule: number, step: 'header' | 'conditions' | 'section' | 'matched', detail: number): void;
  /** A match of a buffer program was tried: row of `code`, position in the buffer, and how it ended. */
  match(pc: number, position: number, matched: boolean): void;
}

export let recorder: Recorder | null = null;

/** Attaches a recorder, or none. */
export function setRecorder(r: Recorder | null): void {
  recorder = r;
}
