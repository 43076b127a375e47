/** Serial numbers of flows count from 1 in each worker; with this beside them they are unique among all of a sensor. */

/** Number of this worker's flows' space. */
export let flowSpace = 0;

export function setFlowSpace(n: number): void {
  flowSpace = n;
}
