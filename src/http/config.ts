/**
 * Settings of the HTTP parser: Suricata's keys below `app-layer.protocols.http.libhtp` with Suricata's defaults
 * (user guide, "Configuration, HTTP (libhtp)"), one set for all servers and further sets by server address.
 */
import { PeccaryError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';
import { type Personality, personalityByName, presetUri, UriSettings } from './personality.js';
import { TxLimit } from './transaction.js';

const Base = 'app-layer.protocols.http.libhtp';

/** When body data is shown to detection as it arrives instead of in windows. */
export const enum InlineBodies {
  No = 0,
  Yes = 1,
  /** Only when the sensor is inline. */
  Auto = 2,
}

export class BodySettings {
  /** Body bytes inspected and kept; 0: all. */
  limit = 100 << 10;
  /** Bytes that must be there before the first look. */
  minInspect: number;
  /** New bytes (and old ones shown again) of each further look. */
  window: number;

  constructor(minInspect: number, window: number) {
    this.minInspect = minInspect;
    this.window = window;
  }
}

export class HttpConfig {
  readonly uri = new UriSettings();
  readonly request = new BodySettings(32 << 10, 4 << 10);
  readonly response = new BodySettings(40 << 10, 16 << 10);
  /** Longest line or folded header kept, bytes. */
  fieldLimit = 18432;
  /** Header lines of a message. */
  maxHeaders = 1024;
  /** Third and later lines of one name taken of a message. */
  repetitions = 64;
  /** Uploads of one form that are files of their own. */
  formFiles = 64;
  /** Open transactions of one connection. */
  maxTx = 512;
  /** Content codings undone one after the other; 0: no bound. */
  layerLimit = 2;
  /** LZMA layers among them. */
  lzmaLayers = 0;
  lzmaMemlimit = 1 << 20;
  /** Inflated bytes above which the ratio counts. */
  bombLimit = 1 << 20;
  /** Microseconds one message may take to inflate. */
  timeLimitUs = 100_000;
  inline: InlineBodies = InlineBodies.Auto;
  swf = false;
  /** SWF kinds inflated: deflate (CWS), lzma (ZWS), both. */
  swfDeflate = true;
  swfLzma = true;
  /** Bytes of a SWF file read and written; 0: all. */
  swfCompressDepth = 100 << 10;
  swfDecompressDepth = 100 << 10;
}

/** Bytes of a head at most: half of the largest block of the pool, which doubles as it grows. */
const MostHead = 1 << 20;

/** What bounds all connections together. */
export const httpBounds = {
  /** Bytes of a head. */
  head: MostHead,
  /** Open transactions of all flows of a worker. */
  transactions: TxLimit.Slots as number,
};

interface ServerConfig {
  config: HttpConfig;
  v4: { net: number; mask: number; bits: number }[];
  v6: { net: number[]; bits: number }[];
}

let defaults = new HttpConfig();
let servers: ServerConfig[] = [];

/** The settings used for servers that no server-config names. */
export function defaultConfig(): HttpConfig {
  return defaults;
}

/** Reads all sets. Throws PeccaryError for values that make no sense. */
export function readHttpConfig(settings: Settings): void {
  httpBounds.head = settings.size('app-layer.protocols.http.head-limit', MostHead, 1024, MostHead);
  const most = TxLimit.Slots;
  httpBounds.transactions = settings.int('app-layer.protocols.http.max-open-transactions', most, 1, most);
  defaults = readOne(settings, `${Base}.default-config`, new HttpConfig());
  servers = [];
  const list = settings.get(`${Base}.server-config`);
  if (!Array.isArray(list)) return;
  for (let i = 0; i < list.length; i++) {
    for (const name of settings.keys(`${Base}.server-config.${i}`)) {
      const path = `${Base}.server-config.${i}.${name}`;
      const config = readOne(settings, path, readOne(settings, `${Base}.default-config`, new HttpConfig()));
      servers.push(readAddresses(settings.list(`${path}.address`), config, path));
    }
  }
}

function readBody(s: Settings, at: string, side: string, b: BodySettings): void {
  b.limit = s.size(`${at}.${side}-body-limit`, b.limit);
  b.minInspect = s.size(`${at}.${side}-body-minimal-inspect-size`, b.minInspect, 1);
  b.window = s.size(`${at}.${side}-body-inspect-window`, b.window, 1);
}

function readOne(s: Settings, at: string, c: HttpConfig): HttpConfig {
  const personality = s.string(`${at}.personality`);
  if (personality !== undefined) {
    const p = personalityByName(personality);
    if (p < 0) throw new PeccaryError('config', `${s.origin}: ${at}.personality: there is no "${personality}"`);
    presetUri(c.uri, p as Personality);
  }
  readBody(s, at, 'request', c.request);
  readBody(s, at, 'response', c.response);
  c.fieldLimit = s.size(`${at}.meta-field-limit`, c.fieldLimit, 64, 1 << 17);
  c.maxHeaders = s.int(`${at}.headers-limit`, c.maxHeaders, 1, 16_384);
  c.repetitions = s.int(`${at}.header-repetitions-limit`, c.repetitions, 0, 16_384);
  c.formFiles = s.int(`${at}.multipart-files-limit`, c.formFiles, 0, 16_384);
  c.maxTx = s.int(`${at}.max-tx`, c.maxTx, 1, 65_536);
  c.layerLimit = s.int(`${at}.response-body-decompress-layer-limit`, c.layerLimit, 0, 16);
  c.lzmaLayers = s.bool(`${at}.lzma-enabled`, c.lzmaLayers > 0) ? 1 : 0;
  c.lzmaMemlimit = s.size(`${at}.lzma-memlimit`, c.lzmaMemlimit, 1);
  c.bombLimit = s.size(`${at}.compression-bomb-limit`, c.bombLimit, 1);
  c.timeLimitUs = s.int(`${at}.decompression-time-limit`, c.timeLimitUs, 0);
  readInline(s, at, c);
  readSwf(s, at, c);
  readUri(s, at, c.uri);
  return c;
}

function readInline(s: Settings, at: string, c: HttpConfig): void {
  const text = s.string(`${at}.http-body-inline`);
  if (text === undefined) return;
  c.inline =
    text === 'auto' ? InlineBodies.Auto : s.bool(`${at}.http-body-inline`, false) ? InlineBodies.Yes : InlineBodies.No;
}

function readSwf(s: Settings, at: string, c: HttpConfig): void {
  c.swf = s.bool(`${at}.swf-decompression.enabled`, c.swf);
  const type = s.string(`${at}.swf-decompression.type`, 'both');
  c.swfDeflate = type === 'both' || type === 'deflate';
  c.swfLzma = type === 'both' || type === 'lzma';
  if (!c.swfDeflate && !c.swfLzma) {
    throw new PeccaryError('config', `${s.origin}: ${at}.swf-decompression.type: deflate, lzma or both, not "${type}"`);
  }
  c.swfCompressDepth = s.size(`${at}.swf-decompression.compress-depth`, c.swfCompressDepth);
  c.swfDecompressDepth = s.size(`${at}.swf-decompression.decompress-depth`, c.swfDecompressDepth);
}

function readUri(s: Settings, at: string, u: UriSettings): void {
  u.doubleDecodePath = s.bool(`${at}.double-decode-path`, u.doubleDecodePath);
  u.doubleDecodeQuery = s.bool(`${at}.double-decode-query`, u.doubleDecodeQuery);
  u.queryPlusSpace = s.bool(`${at}.query-plusspace-decode`, u.queryPlusSpace);
  u.includeAll = s.bool(`${at}.uri-include-all`, u.includeAll);
  u.backslash = s.bool(`${at}.path-convert-backslash-separators`, u.backslash);
  u.lowercase = s.bool(`${at}.path-convert-lowercase`, u.lowercase);
  u.nulEncodedEnds = s.bool(`${at}.path-nul-encoded-terminates`, u.nulEncodedEnds);
  u.nulRawEnds = s.bool(`${at}.path-nul-raw-terminates`, u.nulRawEnds);
  u.compressSeparators = s.bool(`${at}.path-separators-compress`, u.compressSeparators);
  u.decodeSeparators = s.bool(`${at}.path-separators-decode`, u.decodeSeparators);
  u.percentU = s.bool(`${at}.path-u-encoding-decode`, u.percentU);
  u.utf8BestFit = s.bool(`${at}.path-utf8-convert-bestfit`, u.utf8BestFit);
  const byte = s.string(`${at}.path-bestfit-replacement-byte`);
  if (byte !== undefined) u.replacement = byte.length === 1 ? byte.charCodeAt(0) : Number(byte) & 0xff;
  const invalid = s.string(`${at}.path-url-encoding-invalid-handling`);
  if (invalid === undefined) return;
  const kinds = ['preserve_percent', 'remove_percent', 'decode_invalid'];
  if (!kinds.includes(invalid)) {
    throw new PeccaryError(
      'config',
      `${s.origin}: ${at}.path-url-encoding-invalid-handling: one of ${kinds.join(', ')}`,
    );
  }
  u.invalidPercent = kinds.indexOf(invalid);
}

function readAddresses(list: string[], config: HttpConfig, path: string): ServerConfig {
  const out: ServerConfig = { config, v4: [], v6: [] };
  for (const text of list) {
    const [host, prefix] = text.split('/');
    if (host.includes(':')) {
      out.v6.push({ net: wordsOfV6(host, path), bits: prefix === undefined ? 128 : Number(prefix) });
      continue;
    }
    const parts = host.split('.').map(Number);
    if (parts.length !== 4 || parts.some((n) => !Number.isInteger(n) || n < 0 || n > 255)) {
      throw new PeccaryError('config', `${path}.address: "${text}" is no address`);
    }
    const bits = prefix === undefined ? 32 : Number(prefix);
    const mask = bits === 0 ? 0 : -1 << (32 - bits);
    const net = ((parts[0] << 24) | (parts[1] << 16) | (parts[2] << 8) | parts[3]) & mask;
    out.v4.push({ net, mask, bits });
  }
  return out;
}

/** An IPv6 address in text (RFC 4291, section 2.2) as four signed 32-bit words. */
function wordsOfV6(text: string, path: string): number[] {
  const [head, tail] = text.split('::');
  const groups = (part: string | undefined): number[] =>
    part === undefined || part === '' ? [] : part.split(':').map((g) => Number.parseInt(g, 16));
  const left = groups(head);
  const right = groups(tail);
  const fill = tail === undefined ? 0 : 8 - left.length - right.length;
  const all = [...left, ...new Array<number>(Math.max(fill, 0)).fill(0), ...right];
  if (all.length !== 8 || all.some((g) => !(g >= 0 && g <= 0xffff))) {
    throw new PeccaryError('config', `${path}.address: "${text}" is no address`);
  }
  return [0, 2, 4, 6].map((i) => (all[i] << 16) | all[i + 1]);
}

function insideV6(net: number[], bits: number, words: readonly number[]): boolean {
  for (let i = 0, left = bits; i < 4 && left > 0; i++, left -= 32) {
    const mask = left >= 32 ? -1 : -1 << (32 - left);
    if ((words[i] & mask) !== (net[i] & mask)) return false;
  }
  return true;
}

const words: number[] = [0, 0, 0, 0];

/** The set for a server, by longest prefix; address as in Packet.dst0…. */
export function configFor(ipv6: boolean, w0: number, w1: number, w2: number, w3: number): HttpConfig {
  let best = defaults;
  let bestBits = -1;
  words[0] = w0;
  words[1] = w1;
  words[2] = w2;
  words[3] = w3;
  for (const s of servers) {
    if (ipv6) {
      for (const a of s.v6) {
        if (a.bits > bestBits && insideV6(a.net, a.bits, words)) {
          best = s.config;
          bestBits = a.bits;
        }
      }
    } else {
      for (const a of s.v4) {
        if (a.bits > bestBits && (w0 & a.mask) === a.net) {
          best = s.config;
          bestBits = a.bits;
        }
      }
    }
  }
  return best;
}
