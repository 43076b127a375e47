/**
 * Snort 3's HTTP options (Snort 3 rule writing guide, "HTTP Specific Options"): which buffer they select, and what cuts the
 * wanted part out of it. A part is the one capture group of a pcrexform, which is empty where the part is missing.
 */
import { RuleFault, RuleSkip } from './faults.js';
import { fieldBuffers } from './snort3-words.js';

/** Options to write instead of the selector, and a remark. */
interface Selected {
  /** Tests that stand on their own, as name and value, before the buffer. */
  before: [name: string, value: string | null][];
  buffer: string;
  /** Expression of a pcrexform on it, or null. */
  part: string | null;
  remark: string | null;
}

const scheme = '[A-Za-z][A-Za-z0-9+.\\-]*';
/** Parts of a target, as sent: only an absolute one has scheme, host and port. */
const uriParts: ReadonlyMap<string, string> = new Map([
  ['scheme', `^(${scheme}(?=:\\/\\/)|)`],
  ['host', `^(?:${scheme}:\\/\\/)?((?<=:\\/\\/)[^:\\/?#]*|)`],
  ['port', `^(?:${scheme}:\\/\\/[^:\\/?#]*:)?((?<=:)\\d*|)`],
  ['path', `^(?:${scheme}:\\/\\/[^\\/?#]*)?([^?#]*)`],
  ['query', '^[^?#]*\\??([^#]*)'],
  ['fragment', '(?s)^[^#]*#?(.*)'],
]);
/** Parts that only the target as sent has. */
const rawParts: ReadonlySet<string> = new Set(['scheme', 'host', 'port']);
/** Say when a rule is evaluated, which follows from its buffers here. */
const timing = /^with_(?:header|body|trailer)$/;

const plain = (buffer: string, part: string | null = null, remark: string | null = null): Selected => ({
  before: [],
  buffer,
  part,
  remark,
});

/** Text in an expression, byte for byte. */
function quoted(text: string): string {
  return text.replace(/[^A-Za-z0-9_]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** What `name:value` selects; `buffer` is the whole that the option stands for. */
export function selectHttp(name: string, value: string, buffer: string): Selected {
  if (name === 'http_param') return parameter(value);
  const words = value
    .split(',')
    .map((w) => w.trim())
    .filter((w) => w !== '' && !timing.test(w));
  if (words.length === 0) return plain(buffer);
  if (words.includes('request')) throw new RuleSkip(`${name}: a request is not looked at together with its response`);
  const [word] = words;
  const field = /^field\s+(\S+)$/.exec(word)?.[1];
  if (words.length === 1 && (name === 'http_uri' || name === 'http_raw_uri')) {
    const part = uriParts.get(word);
    if (part !== undefined) return plain(rawParts.has(word) ? 'http.uri.raw' : buffer, part);
  }
  if (words.length === 1 && field !== undefined && (name === 'http_header' || name === 'http_raw_header'))
    return oneField(field, buffer);
  throw new RuleFault(
    `${name}:${value} is not understood`,
    'parts are scheme, host, port, path, query, fragment; field NAME',
  );
}

function oneField(field: string, buffer: string): Selected {
  const lower = field.toLowerCase();
  if (lower === 'cookie' || lower === 'set-cookie') return plain('http.cookie');
  const own = buffer === 'http.header' ? fieldBuffers.get(lower) : undefined;
  return own !== undefined ? plain(own) : plain(buffer, `(?im)(?:^${quoted(lower)}:[ \\t]*|\\z)([^\\r\\n]*)`);
}

function parameter(value: string): Selected {
  const m = /^"([^"]+)"\s*(,\s*nocase)?$/.exec(value);
  if (m === null) throw new RuleFault(`http_param:${value} is not understood`, 'write http_param:"NAME",nocase');
  const name = quoted(m[1]);
  const flag = m[2] === undefined ? '' : 'i';
  return {
    before: [
      ['http.uri', null],
      ['pcre', `"/[?&]${name}=/${flag}"`],
    ],
    buffer: 'http.uri',
    part: `${flag === '' ? '' : '(?i)'}(?:[?&]${name}=|\\z)([^&#]*)`,
    remark: 'http_param is looked for in the query only, not in request bodies',
  };
}

/** Versions of HTTP as http_version_match lists them, as an expression over http.protocol. */
export function versionPattern(value: string): string {
  const alternatives = value
    .replace(/^"|"$/g, '')
    .trim()
    .split(/\s+/)
    .map((v) => {
      if (/^\d\.\d$/.test(v)) return `HTTP\\/${v.replace('.', '\\.')}`;
      if (v === 'malformed') return '(?!HTTP\\/\\d\\.\\d$).*';
      if (v === 'other') return 'HTTP\\/(?!(?:0\\.9|1\\.[01]|2\\.0)$)\\d\\.\\d';
      throw new RuleFault(
        `http_version_match: unknown version "${v}"`,
        'versions are 0.9, 1.0, 1.1, 2.0, other, malformed',
      );
    });
  return `"/^(?:${alternatives.join('|')})$/s"`;
}
