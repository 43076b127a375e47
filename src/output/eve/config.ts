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
  /** Text before each line (`prefix`), for syslog daemons that want a mark such as "@cee: ". */
  prefix: string;
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

/** Settings path of the first `eve-log` of `outputs`. */
const FirstEve = 'outputs.eve-log';

/** Types named in `types`, by the path of their options; '' where the type has none. */
function namedTypes(settings: Settings, eve: string): Map<string, string> | null {
  const list = settings.get(`${eve}.types`);
  if (!Array.isArray(list)) return null;
  const types = new Map<string, string>();
  list.forEach((entry, i) => {
    if (typeof entry === 'string') types.set(entry, '');
    else if (entry !== null && typeof entry === 'object' && !Array.isArray(entry)) {
      for (const name of Object.keys(entry)) {
        const path = `${eve}.types.${i}.${name}`;
        if (settings.bool(`${path}.enabled`, true)) types.set(name, path);
      }
    }
  });
  return types;
}

/** `xff` of a type, or that of its eve-log. */
function xffOf(settings: Settings, eve: string, path: string): XffOptions {
  return xffOptions(settings, path !== '' && settings.get(`${path}.xff`) !== undefined ? path : eve);
}

function alertOptions(settings: Settings, eve: string, path: string): EveAlertOptions {
  const o = alertDefaults(xffOf(settings, eve, path));
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
  eve: string,
  filename: string,
  file: LogFileOptions,
): Omit<EveOptions, 'alert' | 'http' | 'flow' | 'anomaly' | 'drop' | 'fileinfo' | 'stats'> {
  return {
    filename,
    file,
    prefix: settings.string(`${eve}.prefix`, ''),
    metadata: settings.bool(`${eve}.metadata`, true),
    pcapFile: settings.bool(`${eve}.pcap-file`, false),
    communityIdSeed: settings.bool(`${eve}.community-id`, false)
      ? settings.int(`${eve}.community-id-seed`, 0, 0, 65535)
      : null,
  };
}

/** Options of each `eve-log` of `outputs` that is enabled, in order; see eveFromSettings. */
export function eveLogs(settings: Settings, inline: boolean): EveOptions[] {
  return settings
    .entries('outputs', 'eve-log')
    .map((path) => eveFromSettings(settings, inline, path))
    .filter((o) => o !== null);
}

/**
 * Options of one `eve-log`, by its path, or null when it is not enabled. `inline`: drop events are written in inline modes
 * only, as Suricata does.
 */
export function eveFromSettings(settings: Settings, inline: boolean, eve: string = FirstEve): EveOptions | null {
  if (settings.get(eve) === undefined || !settings.bool(`${eve}.enabled`, false)) return null;
  const types = namedTypes(settings, eve) ?? new Map<string, string>();
  const path = (name: string): string | null => types.get(name) ?? null;
  const http = path('http');
  const drop = path('drop');
  const alert = path('alert');
  const anomaly = path('anomaly');
  return {
    ...common(settings, eve, settings.string(`${eve}.filename`, 'eve.json'), logFileOptions(settings, eve)),
    alert: alert === null ? null : alertOptions(settings, eve, alert),
    http:
      http === null
        ? null
        : {
            extended: http === '' ? false : settings.bool(`${http}.extended`, false),
            xff: xffOf(settings, eve, http),
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
  const types = namedTypes(settings, FirstEve);
  const alert = types?.get('alert') ?? '';
  const anomaly = types?.get('anomaly') ?? '';
  const drop = types?.get('drop') ?? '';
  return {
    ...common(settings, FirstEve, filename, plainFile),
    prefix: '',
    alert: { ...alertOptions(settings, FirstEve, alert), taggedPackets: true },
    http: { extended: true, xff: xffOf(settings, FirstEve, types?.get('http') ?? '') },
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
