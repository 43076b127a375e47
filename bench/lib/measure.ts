/**
 * Runs a command and measures what the kernel charged for it: CPU seconds (user + system, all threads and children),
 * wall seconds and peak resident memory. Python's `resource` reads wait4's rusage, which Node does not offer.
 */
import { spawnSync } from 'node:child_process';

export interface Measurement {
  cpuS: number;
  wallS: number;
  /** Peak resident set, MiB. */
  peakMb: number;
  status: number;
  stdout: string;
  stderr: string;
}

const Wrapper = `
import json, resource, subprocess, sys, time
t = time.monotonic()
p = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
w = time.monotonic() - t
r = resource.getrusage(resource.RUSAGE_CHILDREN)
json.dump({"cpuS": r.ru_utime + r.ru_stime, "wallS": w, "peakMb": r.ru_maxrss / 1024, "status": p.returncode,
  "stdout": p.stdout.decode("latin1"), "stderr": p.stderr.decode("latin1")}, sys.stdout)
`;

/** Runs `argv` to its end. Throws when it cannot be started or ends with another status than 0: such a run proves nothing. */
export function measure(argv: string[]): Measurement {
  const r = spawnSync('python3', ['-c', Wrapper, ...argv], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (r.status !== 0) throw new Error(`could not run ${argv[0]}: ${r.stderr}`);
  const m = JSON.parse(r.stdout) as Measurement;
  if (m.status !== 0) throw new Error(`${argv.join(' ')} ended with ${m.status}: ${m.stderr.slice(-800)}`);
  return m;
}

/** Median of numbers; NaN for none. */
export function median(xs: number[]): number {
  const s = [...xs].sort((a, b) => a - b);
  return s.length === 0 ? NaN : s.length % 2 === 1 ? s[s.length >> 1] : (s[s.length / 2 - 1] + s[s.length / 2]) / 2;
}
