/** Trouble with a worker as health.json has it, told when it happens. */
import type { HealthChange } from './health.js';

export interface WorkerChange extends Omit<HealthChange, 'kind'> {
  kind: 'worker_stall' | 'worker_death';
}

/** One of `workers` stands still, or goes on after `seconds`. */
export function stallChange(event: WorkerChange['event'], seconds: number, workers: number): WorkerChange {
  const summary =
    event === 'begins'
      ? `a worker has stood still for ${seconds.toFixed(1)} s`
      : `the worker goes on after ${seconds.toFixed(1)} s`;
  return {
    ...{ event, kind: 'worker_stall', count: 1, of: workers, rate: 1 / workers, threshold: 0, summary },
    cause: 'it got no processor time, a disk does not answer, or it is a defect of Peccary',
    remedy:
      'see to the load of the machine and the disk of the log folder; packets wait in the ring of the kernel, and the ' +
      'worker is replaced after health.stall-timeout',
  };
}

/** One of `workers` has died, or another has taken its place. */
export function deathChange(event: WorkerChange['event'], flows: number, why: string, workers: number): WorkerChange {
  const summary =
    event === 'begins' ? `a worker died and ${flows} flows with it` : 'another worker has taken its place';
  return {
    ...{ event, kind: 'worker_death', count: 1, of: workers, rate: 1 / workers, threshold: 0, summary },
    cause: why.split('\n')[0] || 'unknown',
    remedy: 'none is needed when it happens once: another worker takes its place; report it, with the log',
  };
}
