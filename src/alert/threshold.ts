/**
 * Thresholds (Suricata manual, "Thresholding Keywords" and "Global-Thresholds"): counts by source, destination, both,
 * rule or flow within a window of capture time, kept in the shared host table. Counting is Suricata 7.0.10's to the
 * event.
 */

import type { Packet } from '../decode/packet.js';
import { keyTrack } from '../detect/host-bits.js';
import {
  addEntry,
  clearKey,
  entryCount,
  entryStart,
  entryUntil,
  findEntry,
  HostKind,
  keyA,
  setEntryCount,
  setEntryStart,
  setEntryUntil,
} from '../detect/host-table.js';
import { enterShared, leaveShared } from '../detect/shared-access.js';
import { flows } from '../flow/columns.js';
import { flowSpace } from '../flow/space.js';
import { XbitsTrack } from '../rules/compile/layout.js';
import { ThresholdCol, ThresholdType, TrackBy } from '../rules/compile/layout-tables.js';

export const enum ThresholdResult {
  /** No alert and no action. */
  Nothing = 0,
  Alert = 1,
  /** No alert, but the rule's action is applied. */
  Silent = 2,
}

/** Whether rate_filter's new action applies to the match just counted. */
export let rateExceeded = false;

function setKey(track: number, p: Packet, swapped: boolean): boolean {
  switch (track) {
    case TrackBy.Src:
      keyTrack(p, XbitsTrack.IpSrc, swapped);
      return true;
    case TrackBy.Dst:
      keyTrack(p, XbitsTrack.IpDst, swapped);
      return true;
    case TrackBy.Both:
      keyTrack(p, XbitsTrack.IpPair, swapped);
      return true;
    case TrackBy.Rule:
      clearKey();
      return true;
    default:
      if (p.flow === 0) return false;
      clearKey();
      keyA(flows.serial[p.flow] | 0, (flows.serial[p.flow] / 2 ** 32) | 0, 1, flowSpace);
      return true;
  }
}

/**
 * Counts a match under row `at` of `rows` (ThresholdCol). `id` names the counter: the rule's gid and sid hashed, with
 * the track in it, so that a reload keeps what was counted.
 */
export function countMatch(rows: Float64Array, at: number, id: number, p: Packet, swapped: boolean): ThresholdResult {
  rateExceeded = false;
  enterShared();
  const result = count(rows, at, id, p, swapped);
  leaveShared();
  return result;
}

function count(rows: Float64Array, at: number, id: number, p: Packet, swapped: boolean): ThresholdResult {
  const type = rows[at + ThresholdCol.Type];
  if (!setKey(rows[at + ThresholdCol.Track], p, swapped)) return ThresholdResult.Alert;
  const kind = type === ThresholdType.Rate ? HostKind.Rate : HostKind.Threshold;
  const most = rows[at + ThresholdCol.Count];
  const windowUs = rows[at + ThresholdCol.Seconds] * 1e6;
  const entry = findEntry(kind, id, p.tsUs);
  if (entry < 0) return firstMatch(type, kind, id, most, p.tsUs);
  switch (type) {
    case ThresholdType.Limit:
      return countLimit(entry, most, windowUs, p.tsUs);
    case ThresholdType.Threshold:
      return countThreshold(entry, most, windowUs, p.tsUs);
    case ThresholdType.Both:
      return countBoth(entry, most, windowUs, p.tsUs);
    case ThresholdType.DetectionFilter:
      return bump(entry, windowUs, p.tsUs) > most ? ThresholdResult.Alert : ThresholdResult.Nothing;
    case ThresholdType.Rate:
      countRate(entry, most, windowUs, rows[at + ThresholdCol.TimeoutS], p.tsUs);
      return ThresholdResult.Alert;
    default:
      return countBackoff(entry, rows[at + ThresholdCol.Multiplier]);
  }
}

function firstMatch(type: number, kind: HostKind, id: number, count: number, nowUs: number): ThresholdResult {
  // A threshold of one alerts each time and never counts.
  if (type === ThresholdType.Threshold && count === 1) return ThresholdResult.Alert;
  const entry = addEntry(kind, id, nowUs);
  setEntryCount(entry, 1);
  switch (type) {
    case ThresholdType.Limit:
    case ThresholdType.Rate:
      return ThresholdResult.Alert;
    case ThresholdType.Both:
      return count === 1 ? ThresholdResult.Alert : ThresholdResult.Nothing;
    case ThresholdType.Backoff:
      setEntryUntil(entry, count);
      if (count !== 1) return ThresholdResult.Nothing;
      return ThresholdResult.Alert;
    default:
      return ThresholdResult.Nothing;
  }
}

/** Counts one more within the window, or begins a new window at 1; the count. */
function bump(entry: number, windowUs: number, nowUs: number): number {
  let n = 1;
  if (nowUs <= entryStart(entry) + windowUs) n = entryCount(entry) + 1;
  else setEntryStart(entry, nowUs);
  setEntryCount(entry, n);
  return n;
}

function countLimit(entry: number, count: number, windowUs: number, nowUs: number): ThresholdResult {
  return bump(entry, windowUs, nowUs) <= count ? ThresholdResult.Alert : ThresholdResult.Silent;
}

function countThreshold(entry: number, count: number, windowUs: number, nowUs: number): ThresholdResult {
  if (nowUs > entryStart(entry) + windowUs) {
    setEntryStart(entry, nowUs);
    setEntryCount(entry, 1);
    return ThresholdResult.Nothing;
  }
  const n = entryCount(entry) + 1;
  if (n < count) {
    setEntryCount(entry, n);
    return ThresholdResult.Nothing;
  }
  setEntryCount(entry, 0);
  return ThresholdResult.Alert;
}

function countBoth(entry: number, count: number, windowUs: number, nowUs: number): ThresholdResult {
  const n = bump(entry, windowUs, nowUs);
  if (n === count) return ThresholdResult.Alert;
  return n > count ? ThresholdResult.Silent : ThresholdResult.Nothing;
}

function countRate(entry: number, count: number, windowUs: number, timeoutS: number, nowUs: number): void {
  const since = entryUntil(entry);
  if (since !== 0) {
    if (Math.floor(nowUs / 1e6) - Math.floor(since / 1e6) > timeoutS) setEntryUntil(entry, 0);
    else rateExceeded = true;
    return;
  }
  if (bump(entry, windowUs, nowUs) > count) {
    setEntryUntil(entry, nowUs);
    rateExceeded = true;
  }
}

/** Alerts at the first, the `multiplier`th, its square and so on; `Until` holds the next count to alert at. */
function countBackoff(entry: number, multiplier: number): ThresholdResult {
  const n = entryCount(entry) + 1;
  setEntryCount(entry, n);
  if (n < entryUntil(entry)) return ThresholdResult.Silent;
  setEntryUntil(entry, entryUntil(entry) * Math.max(2, multiplier));
  return ThresholdResult.Alert;
}
