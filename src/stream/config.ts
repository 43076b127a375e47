/**
 * Settings of the stream engine (Suricata manual, "Stream-engine"): `stream.*` with Suricata's defaults. Chunk
 * sizes are not randomised, so that a replay always gives the same alerts.
 */
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';
import { ExceptionPolicy, readPolicy } from '../decode/exception.js';
import { midstreamPolicy } from './exception.js';

/** What is done with urgent data (`stream.reassembly.urgent.policy`). */
export const enum UrgentPolicy {
  /** It is data like any other (RFC 6093 section 3.1 tells of systems that do so). */
  Inline = 0,
  /** Packets with URG are dropped (inline only). */
  Drop = 1,
  /** Segments whose urgent pointer points into them are left out of the stream. */
  Gap = 2,
  /** The byte before the urgent pointer is left out of what the application layer gets. */
  OutOfBand = 3,
}

/** Which data is inspectable when it arrives; other data when it is acknowledged. */
export const enum Arrival {
  None = 0,
  /** To the server, in order and beyond doubt: there is a response interface, and a reset is a race. */
  Requests = 1,
  /** All of it: inline. */
  All = 2,
}

export const streamConfig = {
  /** Bytes for sessions, and for segments. */
  memcap: 64 << 20,
  reassemblyMemcap: 256 << 20,
  checksums: true,
  midstream: false,
  asyncOneside: false,
  /** Data is inspectable on arrival, and segments are checked before they are let through. */
  inline: false,
  arrival: Arrival.None as Arrival,
  dropInvalid: true,
  maxSynQueued: 10,
  maxSynAckQueued: 5,
  liberalTimestamps: false,
  /** Bytes of a stream that are inspected as raw stream, 0: all; and whether all inspection ends there. */
  depth: 1 << 20,
  depthStops: false,
  /** A connection of which a direction has passed the depth is not inspected any more (`stream.bypass`). */
  bypass: false,
  chunkToServer: 2560,
  chunkToClient: 2560,
  rawStream: true,
  checkOverlap: false,
  urgent: UrgentPolicy.Inline as UrgentPolicy,
  /** With OutOfBand: what is done when no more urgent bytes can be noted. */
  urgentLimit: UrgentPolicy.Drop as UrgentPolicy,
  midstreamPolicy: ExceptionPolicy.Ignore as ExceptionPolicy,
  memcapPolicy: ExceptionPolicy.Ignore as ExceptionPolicy,
  reassemblyPolicy: ExceptionPolicy.Ignore as ExceptionPolicy,
};

/** Bytes one session counts for against `stream.memcap`: its record. */
export const SessionBytes = 200;

/** Reads `stream.*`. `ips` says whether the engine can drop packets (inline, or `--simulate-ips`). */
export function readStreamConfig(settings: Settings, ips: boolean): void {
  const c = streamConfig;
  c.memcap = settings.size('stream.memcap', 64 << 20, SessionBytes, 2 ** 40);
  c.reassemblyMemcap = settings.size('stream.reassembly.memcap', 256 << 20, 0, 2 ** 40);
  c.checksums = settings.bool('stream.checksum-validation', true);
  c.midstream = settings.bool('stream.midstream', false);
  c.asyncOneside = settings.bool('stream.async-oneside', false);
  c.inline = readInline(settings, ips);
  c.arrival = readArrival(settings, c.inline);
  c.dropInvalid = ips && settings.bool('stream.drop-invalid', true);
  c.maxSynQueued = settings.int('stream.max-syn-queued', 10, 0, 255);
  c.maxSynAckQueued = settings.int('stream.max-synack-queued', 5, 0, 255);
  c.liberalTimestamps = settings.bool('stream.liberal-timestamps', false);
  c.depth = settings.size('stream.reassembly.depth', 1 << 20, 0, 2 ** 40);
  c.depthStops = readDepthScope(settings);
  c.bypass = settings.bool('stream.bypass', false);
  c.chunkToServer = settings.size('stream.reassembly.toserver-chunk-size', 2560, 1, 0xffff);
  c.chunkToClient = settings.size('stream.reassembly.toclient-chunk-size', 2560, 1, 0xffff);
  c.rawStream = settings.bool('stream.reassembly.raw', true);
  c.checkOverlap = settings.bool('stream.reassembly.check-overlap-different-data', false) || c.inline;
  c.urgent = readUrgent(settings, 'policy', 'inline', ['inline', 'drop', 'gap', 'oob']);
  c.urgentLimit = readUrgent(settings, 'oob-limit-policy', 'drop', ['inline', 'drop', 'gap']);
  for (const key of withoutMeaning) settings.get(key);
  c.midstreamPolicy = midstreamPolicy(settings, c.midstream, ips);
  c.memcapPolicy = readPolicy(settings, 'stream.memcap-policy', ips);
  c.reassemblyPolicy = readPolicy(settings, 'stream.reassembly.memcap-policy', ips);
}

/** Keys that suricata.yaml holds and that have no meaning here: nothing is allocated beforehand, nothing random. */
const withoutMeaning = [
  'stream.prealloc-sessions',
  'stream.max-sessions',
  'stream.reassembly.segment-prealloc',
  'stream.reassembly.max-regions',
  'stream.reassembly.randomize-chunk-size',
  'stream.reassembly.randomize-chunk-range',
];

/** `names`: what the key may say, in the order of UrgentPolicy. */
function readUrgent(settings: Settings, key: string, fallback: string, names: string[]): UrgentPolicy {
  const path = `stream.reassembly.urgent.${key}`;
  const value = settings.string(path, fallback).toLowerCase();
  const i = names.indexOf(value);
  if (i < 0) {
    const known = `${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`;
    throw new PeccaryError('config', `${path}: expected ${known}, found "${value}"`);
  }
  return i as UrgentPolicy;
}

function readArrival(settings: Settings, inline: boolean): Arrival {
  if (inline) return Arrival.All;
  return settings.string('response.interface') === undefined ? Arrival.None : Arrival.Requests;
}

function readInline(settings: Settings, ips: boolean): boolean {
  const value = settings.string('stream.inline', 'auto').toLowerCase();
  return value === 'auto' ? ips : settings.bool('stream.inline', false);
}

/** `stream.reassembly.depth-scope`: raw (default) ends raw inspection alone at the depth, connection all of it. */
function readDepthScope(settings: Settings): boolean {
  const value = settings.string('stream.reassembly.depth-scope', 'raw').toLowerCase();
  if (value !== 'raw' && value !== 'connection') {
    throw new PeccaryError('config', `stream.reassembly.depth-scope: expected raw or connection, found "${value}"`);
  }
  return value === 'connection';
}
