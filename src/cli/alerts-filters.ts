/** The filters that all `alerts` commands share: what may be asked for, how it is written, what it means. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type AddressRange, addressRange } from '../output/address-bytes.js';
import { type Condition, type Span, type TriageState, triageStates } from '../output/query/filter.js';
import { parseWords, TermsMax } from '../output/query/words.js';

export interface FilterFlags {
  since?: string;
  until?: string;
  run?: string;
  state?: TriageState;
  not: Condition[];
  [filter: string]: unknown;
}

interface FilterOption {
  name: string;
  value: string;
  about: string;
  parse(text: string): Condition;
}

function fail(expected: string): never {
  throw new InvalidArgumentError(`Expected ${expected}.`);
}

/** Parts between commas, trimmed; `one` gives null for what it does not understand. */
function listOf<T>(text: string, one: (part: string) => T | null, expected: string): T[] {
  return text.split(',').map((part) => one(part.trim()) ?? fail(`${expected}, several with commas`));
}

function wholeNumberOf(text: string, max: number): number | null {
  const n = /^\d{1,16}$/.test(text) ? Number(text) : -1;
  return n < 0 || n > max ? null : n;
}

function sid(text: string): { gid: number | null; sid: number } | null {
  const m = /^(?:(\d{1,10}):)?(\d{1,10})$/.exec(text);
  return m === null ? null : { gid: m[1] === undefined ? null : Number(m[1]), sid: Number(m[2]) };
}

/** "80", "8000-8100". */
function span(max: number): (text: string) => Span | null {
  return (text) => {
    const [from, to, ...more] = text.split('-');
    const lo = wholeNumberOf(from, max);
    const hi = to === undefined ? lo : wholeNumberOf(to, max);
    return lo === null || hi === null || lo > hi || more.length > 0 ? null : { lo, hi };
  };
}

/** "404", "400-499", "4xx". */
function status(text: string): Span | null {
  const m = /^([1-9])xx$/i.exec(text);
  return m === null ? span(999)(text) : { lo: Number(m[1]) * 100, hi: Number(m[1]) * 100 + 99 };
}

function action(text: string): 0 | 1 | null {
  return /^allowed$/i.test(text) ? 0 : /^blocked$/i.test(text) ? 1 : null;
}

function address(text: string): AddressRange | null {
  return addressRange(text);
}

export function tagText(text: string): string | null {
  const tag = text.trim().toLowerCase();
  return /^[\p{L}\p{N}][\p{L}\p{N}._/-]{0,63}$/u.test(tag) ? tag : null;
}

const addresses = 'an address, a CIDR block or a span, such as 192.0.2.1, 10.0.0.0/8, 2001:db8::/32, 10.0.0.1-10.0.0.9';

const text =
  (on: Extract<Condition, { list: string[] }>['on']) =>
  (value: string): Condition => ({ on, list: [value] });

const spans =
  (on: 'gid' | 'severity' | 'port', max: number, expected: string) =>
  (value: string): Condition => ({ on, list: listOf(value, span(max), expected) });

const within =
  (on: 'src' | 'dst' | 'ip') =>
  (value: string): Condition => ({ on, list: listOf(value, address, addresses) });

function words(value: string): Condition {
  const terms = parseWords(value);
  if (terms === null) fail(`at most ${TermsMax} words and phrases`);
  if (terms.length === 0) fail('words, such as: passwd, "union select", etc*');
  return { on: 'text', list: [terms] };
}

const filters: FilterOption[] = [
  {
    name: 'sid',
    value: 'sid',
    about: 'signatures, SID or GID:SID',
    parse: (v) => ({ on: 'sid', list: listOf(v, sid, 'SID or GID:SID') }),
  },
  { name: 'gid', value: 'gid', about: 'generators', parse: spans('gid', 0xffff_ffff, 'a number') },
  { name: 'signature', value: 'text', about: 'text in the message', parse: text('signature') },
  { name: 'category', value: 'text', about: 'text in class or category', parse: text('category') },
  { name: 'severity', value: 'n', about: 'severity, such as 1-2', parse: spans('severity', 255, 'a number or a span') },
  {
    name: 'action',
    value: 'action',
    about: 'allowed or blocked',
    parse: (v) => ({ on: 'action', list: listOf(v, action, 'allowed or blocked') }),
  },
  { name: 'src', value: 'address', about: 'source, address or CIDR block', parse: within('src') },
  { name: 'dst', value: 'address', about: 'destination', parse: within('dst') },
  { name: 'ip', value: 'address', about: 'source or destination', parse: within('ip') },
  { name: 'port', value: 'port', about: 'port of either side', parse: spans('port', 65_535, 'a port from 0 to 65535') },
  { name: 'host', value: 'text', about: 'text in the HTTP host', parse: text('host') },
  { name: 'url', value: 'text', about: 'text in the URL', parse: text('url') },
  { name: 'user-agent', value: 'text', about: 'text in the user agent', parse: text('user-agent') },
  {
    name: 'method',
    value: 'method',
    about: 'HTTP method',
    parse: (v) => ({ on: 'method', list: listOf(v, (m) => (/^[^\s,]{1,64}$/.test(m) ? m : null), 'an HTTP method') }),
  },
  {
    name: 'status',
    value: 'status',
    about: 'HTTP status, such as 404, 5xx',
    parse: (v) => ({ on: 'status', list: listOf(v, status, 'a status, such as 404, 4xx, 500-503') }),
  },
  { name: 'text', value: 'words', about: 'words in message, URL, host, heads, bodies, payload', parse: words },
  {
    name: 'flow',
    value: 'id',
    about: 'flow_id of EVE',
    parse: (v) => ({ on: 'flow', list: listOf(v, (n) => wholeNumberOf(n, Number.MAX_SAFE_INTEGER), 'a flow_id') }),
  },
  {
    name: 'tag',
    value: 'tag',
    about: 'tags that people gave',
    parse: (v) => ({ on: 'tag', list: listOf(v, tagText, 'a tag (letters, digits, . _ - /)') }),
  },
];

/** Conditions of the same kind are alternatives. */
function merge(earlier: Condition | undefined, c: Condition): Condition {
  return earlier === undefined ? c : ({ ...c, list: [...earlier.list, ...c.list] } as Condition);
}

function excluded(value: string, earlier: Condition[]): Condition[] {
  const at = value.indexOf('=');
  const filter = filters.find((f) => f.name === value.slice(0, at).trim().replace(/^--/, ''));
  if (at < 0 || filter === undefined)
    fail(`FILTER=VALUE, such as src=10.0.0.0/8; filters: ${filters.map((f) => f.name).join(', ')}`);
  const c = filter.parse(value.slice(at + 1));
  const same = earlier.find((e) => e.on === c.on);
  return [...earlier.filter((e) => e !== same), merge(same, c)];
}

/** What help says of all of these options together, in few lines. */
const filterHelp = `
Filters (all must hold; one given twice or with commas: any of its values):
  --since, --until TIME    2h, "yesterday 14:00", 2026-01-31T14:00:05Z (UTC)
  --sid, --gid N, --signature, --category TEXT, --severity 1-2, --action blocked
  --src, --dst, --ip ADDR  192.0.2.1, 10.0.0.0/8, 2001:db8::/32, 10.0.0.1-10.0.0.9
  --port N, --host, --url, --user-agent TEXT, --method GET, --status 5xx, --flow ID
  --text WORDS             in messages, URLs, heads, bodies: '"union select" pass*'
  --not FILTER=VALUE       none of these: --not src=10.0.0.0/8
  --state open|archived|escalated|all, --tag TAG, --run ID|all`;

const timeOptions = [
  new Option('--since <time>', 'not earlier than this (UTC): 2h, "yesterday 14:00", 2026-01-31T14:00'),
  new Option('--until <time>', 'not later than this'),
  new Option('--run <id>', 'this run, or all (default: the latest replay, or all live runs)'),
  new Option('--state <state>', 'what people did about it').choices(triageStates),
  new Option('--not <filter=value>', 'without these').argParser(excluded).default([]),
];

export const filterNames = new Set([...filters.map((f) => `--${f.name}`), ...timeOptions.map((o) => o.long ?? '')]);

/** The table of filters for the documents. */
export const filterWords: readonly Pick<FilterOption, 'name' | 'value' | 'about'>[] = filters;

export function addFilterOptions(command: Command): Command {
  for (const f of filters) {
    const option = new Option(`--${f.name} <${f.value}>`, f.about);
    command.addOption(option.argParser((v, earlier: Condition | undefined) => merge(earlier, f.parse(v))));
  }
  for (const option of timeOptions) command.addOption(option);
  return command.addHelpText('after', filterHelp);
}

/** The conditions that the flags have. */
export function conditionsOf(flags: FilterFlags): Condition[] {
  const attribute = (name: string): string => name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase());
  return filters.map((f) => flags[attribute(f.name)] as Condition | undefined).filter((c) => c !== undefined);
}

/** Whether the flags narrow anything down. */
export function filtersAnything(flags: FilterFlags): boolean {
  const { since, until, not } = flags;
  return conditionsOf(flags).length > 0 || not.length > 0 || since !== undefined || until !== undefined;
}
