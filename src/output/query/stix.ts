/**
 * Alerts as a STIX 2.1 bundle (OASIS standard of 2021): each alert is observed-data with its addresses, its traffic and
 * its payload; each rule an indicator in Suricata's language; sightings tie the two together.
 */
import { createHash, randomUUID } from 'node:crypto';
import { addressBytes, shortAddressText } from '../address-bytes.js';
import type { AlertRecord, HttpRecord, RuleInfo } from '../records.js';
import type { StoredAlert } from './alert.js';

/** Namespace of the ids of cyber-observables (section 2.9), and one of our own for other objects. */
const ObservableSpace = '00abedb4-aa42-466c-9c01-fed23315a9b7';
const OwnSpace = '6f0e3c52-2a8e-5d0b-9a51-5b3c9d0c7a11';

/** Observations that one sighting names. */
const SightingMost = 1000;
/** Addresses and rules remembered as written; past this they may stand in the bundle twice, with the same id. */
const WrittenMost = 500_000;

type Stix = { type: string; id: string } & Record<string, unknown>;

/** JSON with sorted keys (RFC 8785, for what stands in our objects). */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).filter(([, v]) => v !== undefined);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
}

/** Version 5 UUID (RFC 4122). */
function uuid5(space: string, name: string): string {
  const d = createHash('sha1')
    .update(Buffer.from(space.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  d[6] = (d[6] & 0x0f) | 0x50;
  d[8] = (d[8] & 0x3f) | 0x80;
  const hex = d.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A cyber-observable whose id follows from these properties. */
function observable(type: string, properties: Record<string, unknown>): Stix {
  const given = Object.fromEntries(Object.entries(properties).filter(([, v]) => v !== undefined));
  return { type, spec_version: '2.1', id: `${type}--${uuid5(ObservableSpace, canonical(given))}`, ...given };
}

const time = (us: number): string => new Date(us / 1000).toISOString();

function address(text: string): Stix | null {
  const bytes = addressBytes(text);
  if (bytes.length === 0) return null;
  return observable(bytes.length === 4 ? 'ipv4-addr' : 'ipv6-addr', { value: shortAddressText(bytes) });
}

function requestExtension(h: HttpRecord): object | undefined {
  if (h.method === null || h.url === null) return undefined;
  const headers: Record<string, string[]> = {};
  if (h.hostname !== null) headers.Host = [h.hostname];
  if (h.userAgent !== null) headers['User-Agent'] = [h.userAgent];
  if (h.referer !== null) headers.Referer = [h.referer];
  return {
    'http-request-ext': {
      request_method: h.method.toLowerCase(),
      request_value: h.url,
      ...(h.protocol === null ? {} : { request_version: h.protocol.toLowerCase() }),
      ...(Object.keys(headers).length === 0 ? {} : { request_header: headers }),
    },
  };
}

function protocols(r: AlertRecord): string[] {
  const ip = addressBytes(r.src).length === 16 ? 'ipv6' : 'ipv4';
  const known = [r.proto.toLowerCase(), r.appProto.toLowerCase()].filter((p) => /^[a-z][a-z0-9-]*$/.test(p));
  return [ip, ...known.filter((p) => p !== 'unknown' && p !== 'failed')];
}

/** Addresses, traffic, payload and host of an alert; the traffic is the last. */
function observablesOf(r: AlertRecord): Stix[] {
  const src = address(r.src);
  const dst = address(r.dst);
  const payload =
    r.payload === null || r.payload.length === 0
      ? null
      : observable('artifact', { payload_bin: Buffer.from(r.payload).toString('base64') });
  const host = r.http?.hostname ?? null;
  const domain =
    host !== null && /^(?=.{1,253}$)([a-z0-9_-]{1,63}\.)+[a-z]{2,63}$/i.test(host) ? host.toLowerCase() : null;
  const list = [src, dst, payload, domain === null ? null : observable('domain-name', { value: domain })];
  const out = list.filter((o) => o !== null);
  if (src === null && dst === null) return out;
  const traffic = observable('network-traffic', {
    start: time(r.flow?.startUs ?? r.tsUs),
    src_ref: src?.id,
    dst_ref: dst?.id,
    src_port: r.srcPort < 0 ? undefined : r.srcPort,
    dst_port: r.dstPort < 0 ? undefined : r.dstPort,
    protocols: protocols(r),
    extensions: r.http === null ? undefined : requestExtension(r.http),
  });
  // Not one of the properties that the id follows from.
  return [...out, payload === null ? traffic : { ...traffic, src_payload_ref: payload.id }];
}

function reference({ type, value }: { type: string; value: string }): object {
  if (type.toLowerCase() === 'cve') return { source_name: 'cve', external_id: `CVE-${value.replace(/^cve-/i, '')}` };
  return { source_name: type, external_id: value };
}

/** What tells an alert apart, also when the same traffic is inspected again. */
function nameOf(r: AlertRecord): string {
  const { tsUs, gid, sid, src, srcPort, dst, dstPort, proto, pcapCnt, txId } = r;
  return [tsUs, gid, sid, src, srcPort, dst, dstPort, proto, pcapCnt, txId].join(' ');
}

interface Sighting {
  indicator: string;
  firstUs: number;
  lastUs: number;
  observed: string[];
}

/** The objects of a bundle, alert by alert. */
export class StixBundle {
  readonly id = `bundle--${randomUUID()}`;
  readonly identity: Stix;
  private readonly written = new Set<string>();
  private readonly sightings = new Map<string, Sighting>();

  constructor() {
    const since = '2026-01-01T00:00:00.000Z';
    const id = `identity--${uuid5(OwnSpace, 'identity')}`;
    this.identity = {
      type: 'identity',
      spec_version: '2.1',
      id,
      created: since,
      modified: since,
      name: 'Peccary',
      identity_class: 'system',
    };
  }

  /** What an alert adds: nothing stands in the bundle twice. */
  objectsOf(a: StoredAlert): Stix[] {
    const r = a.record;
    const observables = observablesOf(r);
    const out = observables.filter((o) => this.isNew(o.id));
    if (observables.length === 0) return out;
    const observed = this.domainObject('observed-data', nameOf(r), r.tsUs, {
      first_observed: time(r.tsUs),
      last_observed: time(r.tsUs),
      number_observed: 1,
      object_refs: observables.map((o) => o.id),
    });
    out.push(observed);
    if (a.rule.text === '') return out;
    const indicator = this.indicator(a.rule, r.tsUs);
    if (this.isNew(indicator.id)) out.push(indicator);
    const s = this.sightings.get(indicator.id) ?? {
      indicator: indicator.id,
      firstUs: r.tsUs,
      lastUs: r.tsUs,
      observed: [],
    };
    s.firstUs = Math.min(s.firstUs, r.tsUs);
    s.lastUs = Math.max(s.lastUs, r.tsUs);
    s.observed.push(observed.id);
    this.sightings.set(indicator.id, s);
    if (s.observed.length === SightingMost) out.push(this.sighting(s));
    return out;
  }

  /** What is left to say at the end. */
  rest(): Stix[] {
    return [...this.sightings.values()].map((s) => this.sighting(s));
  }

  private isNew(id: string): boolean {
    if (this.written.has(id)) return false;
    if (this.written.size < WrittenMost) this.written.add(id);
    return true;
  }

  private domainObject(type: string, name: string, us: number, properties: Record<string, unknown>): Stix {
    const at = time(us);
    return {
      type,
      spec_version: '2.1',
      id: `${type}--${uuid5(OwnSpace, `${type}:${name}`)}`,
      created_by_ref: this.identity.id,
      created: at,
      modified: at,
      ...properties,
    };
  }

  private indicator(rule: RuleInfo, us: number): Stix {
    const references = rule.references.map(reference);
    return this.domainObject('indicator', `${rule.gid}:${rule.sid}:${rule.rev}:${rule.text}`, us, {
      name: rule.msg === '' ? `${rule.gid}:${rule.sid}` : rule.msg,
      indicator_types: ['malicious-activity'],
      pattern: rule.text,
      pattern_type: 'suricata',
      valid_from: time(us),
      ...(rule.classText === '' ? {} : { labels: [rule.classText] }),
      ...(references.length === 0 ? {} : { external_references: references }),
    });
  }

  private sighting(s: Sighting): Stix {
    this.sightings.delete(s.indicator);
    const name = `${s.indicator}:${s.observed[0]}`;
    return this.domainObject('sighting', name, s.lastUs, {
      first_seen: time(s.firstUs),
      last_seen: time(s.lastUs),
      count: s.observed.length,
      sighting_of_ref: s.indicator,
      observed_data_refs: s.observed,
    });
  }
}
