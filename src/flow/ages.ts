/**
 * Flows in order of age: one doubly linked list for each row of the timeout table and flow state, oldest first.
 * All flows of a list have the same timeout, so the first to expire of a list is its head. A flow moves to the
 * tail with its first packet in each second of capture time: the order holds to the second, as timeouts do.
 */
import { flows } from './columns.js';
import { TimeoutCell, TimeoutRow, timeoutRow } from './config.js';

/** Lists: a row's stride a protocol class, indexed like the timeout table. */
export const AgeLists = TimeoutRow.Count * TimeoutCell.Stride;

const heads = new Int32Array(AgeLists);
const tails = new Int32Array(AgeLists);
const { ageNext, agePrev, ageList, state, ipProto } = flows;

/** Oldest flow of a list, 0 when it is empty. */
export function oldestOf(list: number): number {
  return heads[list];
}

/** Puts the flow at the tail of the list of its protocol and state. */
export function ageAppend(f: number): void {
  const list = timeoutRow(ipProto[f]) * TimeoutCell.Stride + state[f];
  ageList[f] = list;
  const last = tails[list];
  agePrev[f] = last;
  ageNext[f] = 0;
  if (last === 0) heads[list] = f;
  else ageNext[last] = f;
  tails[list] = f;
}

/** Takes the flow out of its list. */
export function ageRemove(f: number): void {
  const list = ageList[f];
  const prev = agePrev[f];
  const next = ageNext[f];
  if (prev === 0) heads[list] = next;
  else ageNext[prev] = next;
  if (next === 0) tails[list] = prev;
  else agePrev[next] = prev;
}

/** The flow has just been active: it becomes the youngest of its list. */
export function ageTouch(f: number): void {
  if (ageNext[f] === 0) return;
  ageRemove(f);
  ageAppend(f);
}

/** Empties all lists (a new run). */
export function resetAges(): void {
  heads.fill(0);
  tails.fill(0);
}
