/** What brings a limit of src/sensor/limits.ts about, and what is seen of it. */
import { counterSnapshot, resetCounters } from '../../src/core/counters.js';
import type { Tree } from '../../src/core/settings.js';
import { resetHostTable } from '../../src/detect/host-table.js';
import type { AnomalyRecord } from '../../src/output/records.js';
import { PipelineRun } from '../tools/pipeline-run.js';
import type { TimedFrame } from '../tools/session.js';

export interface LimitCase {
  name: string;
  /** Of the limit. */
  counter: string;
  /** The key and the value that brings it about; without a key the traffic meets the bound as it is. */
  key?: string;
  value?: Tree;
  /** Other keys, with and without the value. */
  also?: Record<string, Tree>;
  frames: () => Iterable<TimedFrame>;
  /** The anomaly that tells of it, when the limit has any. */
  event?: string;
  /** A function makes other rules for each run: names that outlive one. */
  rules?: string | (() => string);
  inline?: true;
}

export const http = 'app-layer.protocols.http';
export const libhtp = `${http}.libhtp.default-config`;

/** Of the rule on the event; the highest there is. */
export const EventSid = 9_000_000;

/** A rule on the event that an anomaly names. */
function eventRule(event: string): string {
  const rule = (proto: string, keyword: string, name: string): string =>
    `alert ${proto} any any -> any any (${keyword}:${name}; sid:${EventSid};)`;
  if (event.startsWith('decoder.')) return rule('pkthdr', 'decode-event', event.slice('decoder.'.length));
  if (event.startsWith('stream.')) return rule('tcp', 'stream-event', event.slice('stream.'.length));
  if (event.startsWith('APPLAYER_')) return rule('ip', 'app-layer-event', event.toLowerCase());
  return rule('http', 'app-layer-event', `http.${event.toLowerCase()}`);
}

/** A tree of the keys, each a path. */
export function treeOf(values: Record<string, Tree>): Tree {
  const tree: Record<string, Tree> = {};
  for (const [path, value] of Object.entries(values)) {
    const names = path.split('.');
    let at = tree;
    for (const name of names.slice(0, -1)) {
      at[name] ??= {};
      at = at[name] as Record<string, Tree>;
    }
    at[names[names.length - 1]] = value;
  }
  return tree;
}

export interface Met {
  counters: Record<string, number>;
  events: Set<string>;
  /** Alerts of the rule on the event. */
  eventAlerts: number;
}

/** Runs the traffic under the configuration that meets the limit, or (`usual`) without. */
export function meet(limit: LimitCase, usual = false): Met {
  const {
    key,
    value,
    also = {},
    event,
    rules = 'alert http any any -> any any (http.uri; content:"/"; sid:1;)',
  } = limit;
  resetCounters();
  resetHostTable();
  const events = new Set<string>();
  const tree = treeOf({ ...also, ...(key === undefined || usual ? {} : { [key]: value ?? null }) });
  const own = typeof rules === 'string' ? rules : rules();
  const text = event === undefined ? own : `${own}\n${eventRule(event)}`;
  const run = new PipelineRun(text, tree, limit.inline === true);
  run.onRecord = (record) => {
    if (record.kind === 'anomaly') events.add((record as AnomalyRecord).event);
  };
  run.feed(limit.frames(), 5).finish();
  return { counters: counterSnapshot(), events, eventAlerts: event === undefined ? 0 : run.alerts(EventSid) };
}
