/** EVE's flow_id: unique within a run and not likely to be that of another run. */
import { randomInt } from 'node:crypto';

/** Serial numbers take 32 bits below the run's part; with 19 bits above them an id stays below 2^51, as Suricata's. */
const SerialSpan = 2 ** 32;
const RunSpan = 2 ** 19;

let run = randomInt(1, RunSpan) * SerialSpan;

/** Sets the run's part, 1..2^19-1: workers of one run share it, and a replay may have it from its input. */
export function setFlowIdRun(part: number): void {
  run = (1 + (part % (RunSpan - 1))) * SerialSpan;
}

/** Id of the flow with this serial number (flows.serial, from 1). */
export function flowId(serial: number): number {
  return run + (serial % SerialSpan);
}
