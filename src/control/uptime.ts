/** How long a sensor has run, whatever becomes of the clock meanwhile. */

/** Seconds since `startedMs` (milliseconds since 1970, in the past), as asked again and again. */
export function uptimeSince(startedMs: number): () => number {
  const started = performance.now() - Math.max(0, Date.now() - startedMs);
  return () => (performance.now() - started) / 1000;
}
