/**
 * `outputs.eve-log` as Suricata 7.0.10 reads it (user guide, "EVE Output"): which event types are written and with
 * what. Keys of event types that Peccary does not have are left alone.
 */
import type { Settings } from '../../core/settings.js';
import { type LogFileOptions, logFileOptions, plainFile } from '../log-file.js';
import { type XffOptions, xffOptions } from '../proxies.js';

export interface EveAlertOptions {
  payload: boolean;
  payloadPrintable: boolean;
  /** Bytes of payload kept. */
  payloadBufferSize: number;
  packet: boolean;
  httpBody: boolean;
  httpBodyPrintable: boolean;
  taggedPackets: boolean;
  verdict: boolean;
  /** metadata.app-layer, metadata.flow, metadata.rule.{metadata,raw,reference} */
  appLayer: boolean;
  flow: boolean;
  ruleMetadata: boolean;
  ruleRaw: boolean;
  ruleReference: boolean;
  xff: XffOptions;
}

export interface EveOptions {
  /** Path, "-" for standard output. */
  filename: string;
  file: LogFileOptions;
  /** flowbits and the like on every event (`metadata`). */
  metadata: boolean;
  pcapFile: boolean;
  /** null: no community_id. */
  communityIdSeed: number | null;
  /** null: this type is not written. */
  alert: EveAlertOptions | null;
  http: { extended: boolean; xff: XffOptions } | null;
  flow: boolean;
  anomaly: { decode: boolean; stream: boolean; applayer: boolean; packetHeader: boolean } | null;
  drop: { alerts: boolean; all: boolean; verdict: boolean } | null;
  fileinfo: boolean;
  stats: boolean;
}

/** Suricata's default: no payload, app-layer and flow metadata, the rule's metadata. */
const alertDefaults = (xff: XffOptions): EveAlertOptions => ({
  payload: false,
  payloadPrintable: false,
  payloadBufferSize: 4096,
  packet: false,
  httpBody: false,
  httpBodyPrintable: false,
  taggedPackets: true,
  verdict: false,
  appLayer: true,
  flow: true,
  ruleMetadata: true,
  ruleRaw: false,
  ruleReference: false,
  xff,
});

/** Settings path of `outputs.eve-log`. */
const Eve = 'outputs.eve-log';

/** Types named in `types`, by the path of their options; '' where the type has none. */
function namedTypes(settings: Settings): Map<string, string> | null {
  const list = settings.get(`${Eve}.types`);
  if (!Array.isArray(list)) return null;
  const types = new Map<string, string>();
  list.forEach((entry, i) => {
    if (typeof entry === 'string') types.set(entry, '');
    else if (entry !== null && typeof entry === 'object' && !Array.isArray(entry)) {
      for (const name of Object.keys(entry)) {
        const path = `${Eve}.types.${i}.${name}`;
        if (settings.bool(`${path}.enabled`, true)) types.set(name, path);
      }
    }
  });
  return types;
}

/** `xff` of a type, or that of eve-log. */
function xffOf(settings: Settings, path: string): XffOptions {
  return xffOptions(settings, path !== '' && settings.get(`${path}.xff`) !== undefined ? path : Eve);
}

function alertOptions(settings: Settings, path: string): EveAlertOptions {
  const o = alertDefaults(xffOf(settings, path));
  if (path === '') return o;
  o.payload = settings.bool(`${path}.payload`, false);
  o.payloadPrintable = settings.bool(`${path}.payload-printable`, false);
  o.payloadBufferSize = settings.size(`${path}.payload-buffer-size`, 4096);
  o.packet = settings.bool(`${path}.packet`, false);
  o.httpBody = settings.bool(`${path}.http-body`, false);
  o.httpBodyPrintable = settings.bool(`${path}.http-body-printable`, false);
  o.taggedPackets = settings.bool(`${path}.tagged-packets`, true);
  o.verdict = settings.bool(`${path}.verdict`, false);
  const meta = settings.get(`${path}.metadata`);
  if (meta === undefined || meta === null) return o;
  if (typeof meta !== 'object') {
    const all = settings.bool(`${path}.metadata`, true);
    o.appLayer = o.flow = o.ruleMetadata = all;
    return o;
  }
  o.appLayer = settings.bool(`${path}.metadata.app-layer`, true);
  o.flow = settings.bool(`${path}.metadata.flow`, true);
  const rule = settings.get(`${path}.metadata.rule`);
  if (rule !== null && typeof rule === 'object') {
    o.ruleMetadata = settings.bool(`${path}.metadata.rule.metadata`, true);
    o.ruleRaw = settings.bool(`${path}.metadata.rule.raw`, false);
    o.ruleReference = settings.bool(`${path}.metadata.rule.reference`, false);
  }
  return o;
}

function anomalyOptions(settings: Settings, path: string): EveOptions['anomaly'] {
  const o = { decode: false, stream: false, applayer: true, packetHeader: false };
  if (path === '') return o;
  o.decode = settings.bool(`${path}.types.decode`, false);
  o.stream = settings.bool(`${path}.types.stream`, false);
  o.applayer = settings.bool(`${path}.types.applayer`, true);
  o.packetHeader = settings.bool(`${path}.packethdr`, false);
  return o;
}

/** Options that hold for all types, read from the configuration. */
function common(
  settings: Settings,
  filename: string,
  file: LogFileOptions,
): Omit<EveOptions, 'alert' | 'http' | 'flow' | 'anomaly' | 'drop' | 'fileinfo' | 'stats'> {
  return {
    filename,
    file,
    metadata: settings.bool(`${Eve}.metadata`, true),
    pcapFile: settings.bool(`${Eve}.pcap-file`, false),
    communityIdSeed: settings.bool(`${Eve}.community-id`, false)
      ? settings.int(`${Eve}.community-id-seed`, 0, 0, 65535)
      : null,
  };
}

/**
 * Options of `outputs.eve-log`, or null when it is not enabled. `inline`: drop events are written in inline modes only,
 * as Suricata does.
 */
export function eveFromSettings(settings: Settings, inline: boolean): EveOptions | null {
  if (settings.get(Eve) === undefined || !settings.bool(`${Eve}.enabled`, false)) return null;
  const types = namedTypes(settings) ?? new Map<string, string>();
  const path = (name: string): string | null => types.get(name) ?? null;
  const http = path('http');
  const drop = path('drop');
  const alert = path('alert');
  const anomaly = path('anomaly');
  return {
    ...common(settings, settings.string(`${Eve}.filename`, 'eve.json'), logFileOptions(settings, Eve)),
    alert: alert === null ? null : alertOptions(settings, alert),
    http:
      http === null
        ? null
        : {
            extended: http === '' ? false : settings.bool(`${http}.extended`, false),
            xff: xffOf(settings, http),
          },
    flow: path('flow') !== null,
    anomaly: anomaly === null ? null : anomalyOptions(settings, anomaly),
    drop:
      drop === null || !inline
        ? null
        : {
            alerts: drop !== '' && settings.bool(`${drop}.alerts`, false),
            all: drop !== '' && settings.string(`${drop}.flows`, 'start') === 'all',
            verdict: drop !== '' && settings.bool(`${drop}.verdict`, false),
          },
    fileinfo: path('files') !== null,
    stats: path('stats') !== null,
  };
}

/**
 * Options of `--eve FILE`: every type whatever the configuration says, every dropped packet; details of a type
 * (payload, packet, metadata …) as configured where the configuration names it.
 */
export function eveForced(settings: Settings, filename: string): EveOptions {
  const types = namedTypes(settings);
  const alert = types?.get('alert') ?? '';
  const anomaly = types?.get('anomaly') ?? '';
  const drop = types?.get('drop') ?? '';
  return {
    ...common(settings, filename, plainFile),
    alert: { ...alertOptions(settings, alert), taggedPackets: true },
    http: { extended: true, xff: xffOf(settings, types?.get('http') ?? '') },
    flow: true,
    anomaly: {
      decode: true,
      stream: true,
      applayer: true,
      packetHeader: anomaly !== '' && settings.bool(`${anomaly}.packethdr`, false),
    },
    drop: {
      alerts: drop === '' || settings.bool(`${drop}.alerts`, true),
      all: true,
      verdict: drop !== '' && settings.bool(`${drop}.verdict`, false),
    },
    fileinfo: true,
    stats: true,
  };
}
