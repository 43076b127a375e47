/**
 * Front end for Snort 3's rule dialect (Snort 3 rule writing guide): rewrites a rule's options into Suricata's words, so that
 * everything behind it is the same. What has no counterpart is skipped with the reason.
 */
import type { OptionAst, RuleAst, Word } from './ast.js';
import type { RuleEnvironment } from './environment.js';
import { RuleFault, RuleSkip } from './faults.js';
import { selectHttp, versionPattern } from './snort3-http.js';
import { bytesLeft, countPattern, snortRange } from './snort3-ranges.js';
import { sensitivePattern } from './snort3-sensitive.js';
import { sipMethod, sipStatCode } from './snort3-sip.js';
import { snortBuffers, snortSkipped, snortVariables } from './snort3-words.js';

/** What stands in a header besides names of services that are not inspected. */
const headerProtocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'icmp', 'ip', 'http', 'file']);

const enum Sniff {
  /** Bytes of a file that are looked at to tell its dialect. */
  Len = 1024 * 1024,
}

const marker = /"\s*,\s*(?:nocase|fast_pattern|distance|within|offset|depth)\b|[;(]\s*(?:service|bufferlen)\s*:/;

/** Whether a rule, or the beginning of a file, can only be Snort 3's. */
export function isSnort3(text: string): boolean {
  return marker.test(text.length > Sniff.Len ? text.slice(0, Sniff.Len) : text);
}

/** Suricata's dotted buffers do not exist in Snort: such a rule in a mixed file is Suricata's. */
export function isSuricata(text: string): boolean {
  return /[;(]\s*(?:http|file|tls|dns)\.[a-z]/.test(text);
}

/** The same rule in Suricata's words. Throws RuleSkip for options that are not supported. */
export function translateSnort3(ast: RuleAst, env: RuleEnvironment): RuleAst {
  const proto = ast.proto.text.toLowerCase();
  if (!headerProtocols.has(proto)) throw new RuleSkip(`protocol ${ast.proto.text} is not inspected`);
  const out = new Translator({ ...ast, action: action(ast.action) }, env, proto);
  for (const o of ast.options) out.option(o);
  return out.finish();
}

/** Actions that Suricata calls by another name. */
function action(word: Word): Word {
  const known: Record<string, string> = { block: 'drop', sdrop: 'drop', react: 'reject', rewrite: 'alert' };
  const lower = word.text.toLowerCase();
  if (lower === 'log' || lower === 'file_id') throw new RuleSkip(`rules with the action ${lower} raise no alerts`);
  return { text: known[lower] ?? word.text, at: word.at };
}

class Translator {
  private readonly options: OptionAst[] = [];
  private services: string[] = [];
  /** The buffer selected last: its options, where they stand and whether something was looked for in it. */
  private selected: { options: [name: string, value: string | null][]; from: number; used: boolean } | null = null;
  /** Another buffer was looked at aside: the selected one is to be named again before the next match. */
  private aside = false;
  private usesFile = false;
  private usesHttp = false;

  constructor(
    private readonly ast: RuleAst,
    private readonly env: RuleEnvironment,
    private readonly proto: string,
  ) {
    if (proto === 'file') this.select('file_data', '', 0);
  }

  private put(name: string, value: string | null, at: number): void {
    this.options.push({ name, value, at });
  }

  /** Writes an option that looks at the selected buffer. */
  private match(name: string, value: string | null, at: number): void {
    if (this.aside) {
      for (const [n, v] of this.selected?.options ?? [['pkt_data', null] as [string, null]]) this.put(n, v, at);
      this.aside = false;
    }
    if (this.selected !== null) this.selected.used = true;
    this.put(name, value, at);
  }

  option(o: OptionAst): void {
    const name = o.name.toLowerCase();
    const value = o.value?.trim() ?? '';
    if (snortBuffers.has(name) || name === 'http_param') return this.select(name, value, o.at);
    if (snortSkipped.has(name)) throw new RuleSkip(`${name}: ${snortSkipped.get(name)}`);
    switch (name) {
      case 'rem':
        return;
      case 'enable':
        if (value === 'no') throw new RuleSkip('the rule says enable:no');
        return;
      case 'service':
        this.services = value.split(',').map((s) => s.trim());
        return;
      case 'content':
        return this.content(value, o.at);
      case 'bufferlen':
        return this.bufferLength(value, o.at);
      case 'flowbits':
        return this.flowbits(value, o.at);
      case 'stream_size':
        return this.streamSize(value, o.at);
      case 'tag':
        return this.put('tag', value.replace(/^(\w+)\s*,\s*(packets|bytes|seconds)\s+(\d+)$/, '$1,$3,$2'), o.at);
      case 'regex':
        return this.regex(value, o.at);
      case 'sd_pattern':
        return this.match('pcre', sensitivePattern(value), o.at);
      case 'sip_method':
        return this.ofPayload(name, sipMethod(value), o.at);
      case 'sip_stat_code':
        return this.ofPayload(name, sipStatCode(value), o.at);
      case 'http_version_match':
        return this.lookAside('http.protocol', versionPattern(value), o.at);
      case 'http_num_headers':
        this.env.warn('http_num_headers counts a header that is repeated once', null);
        return this.lookAside(
          'http.header_names',
          countPattern(name, value, '\\r\\n', '[^\\r\\n]+\\r\\n', '\\r\\n$'),
          o.at,
        );
      case 'http_num_cookies':
        return this.lookAside('http.cookie', countPattern(name, value, '', '[^;]+(?:;|$)', '$'), o.at);
      case 'http_max_header_line':
        return this.headerLine(value, o.at);
      default:
        if (matchOptions.has(name)) this.match(o.name, o.value, o.at);
        else this.put(o.name, o.value, o.at);
    }
  }

  /** A sticky buffer; one that the next replaces before anything was looked for in it is left out. */
  private select(name: string, value: string, at: number): void {
    this.dropUnused();
    const chosen = selectHttp(name, value, snortBuffers.get(name) ?? '');
    if (chosen.remark !== null) this.env.warn(chosen.remark, null);
    if (name === 'sip_header') this.env.warn('sip_header is taken as the payload: SIP is not parsed', null);
    if (name === 'js_data') this.env.warn('js_data is taken as file.data: scripts are not normalised', null);
    for (const [n, v] of chosen.before) this.put(n, v, at);
    const options: [string, string | null][] = [[chosen.buffer, null]];
    if (chosen.part !== null) options.push(['pcrexform', `"${chosen.part}"`]);
    this.usesHttp ||= chosen.buffer.startsWith('http.');
    this.usesFile ||= chosen.buffer === 'file.data';
    this.selected = chosen.buffer === 'pkt_data' ? null : { options, from: this.options.length, used: false };
    this.aside = false;
    for (const [n, v] of options) this.put(n, v, at);
  }

  private dropUnused(): void {
    const s = this.selected;
    if (s !== null && !s.used) this.options.splice(s.from, s.options.length);
    this.selected = null;
  }

  /** A test of another buffer, after which the selected one goes on. */
  private lookAside(buffer: string, pcre: string, at: number): void {
    const { selected } = this;
    if (selected !== null && !selected.used) this.options.splice(selected.from, selected.options.length);
    if (selected !== null) selected.used = true;
    this.put(buffer, null, at);
    this.put('pcre', pcre, at);
    this.usesHttp = true;
    this.aside = true;
  }

  /** An option about a protocol in text that is not parsed, as an expression on the payload. */
  private ofPayload(name: string, pcre: string, at: number): void {
    this.env.warn(`${name} is looked for in the payload: SIP is not parsed`, null);
    this.dropUnused();
    this.put('pkt_data', null, at);
    this.put('pcre', pcre, at);
  }

  /** http_max_header_line: whether some line is longer, or none is. */
  private headerLine(value: string, at: number): void {
    const test = snortRange(value, 0xffff - 1);
    if (test === null || !['<', '<=', '>', '>='].includes(test.op))
      throw new RuleSkip(`http_max_header_line:${value} is not supported, only <, <=, > and >=`);
    const least = test.op === '>' || test.op === '<=' ? test.lo + 1 : test.lo;
    this.lookAside('http.header', `${test.op.startsWith('<') ? '!' : ''}"/^[^\\r\\n]{${least}}/m"`, at);
  }

  private regex(value: string, at: number): void {
    const m = /^"(.*)"((?:\s*,\s*\w+)*)\s*$/s.exec(value);
    if (m === null) throw new RuleFault(`regex:${value} is not understood`, 'write regex:"expression",nocase');
    const known: Record<string, string> = { nocase: 'i', dotall: 's', multiline: 'm', relative: 'R', fast_pattern: '' };
    let flags = '';
    for (const word of m[2].split(',').map((w) => w.trim())) {
      if (word === '') continue;
      if (!Object.hasOwn(known, word))
        throw new RuleFault(`regex: unknown option "${word}"`, `options are ${Object.keys(known).join(', ')}`);
      flags += known[word];
    }
    this.match('pcre', `"/${m[1].replace(/(?<!\\)\//g, '\\/')}/${flags}"`, at);
  }

  /** `content:"x",nocase,offset 3` into a content and its modifiers. */
  private content(value: string, at: number): void {
    const m = /^(!?\s*"(?:[^"\\]|\\.)*")\s*(?:,(.*))?$/s.exec(value);
    if (m === null) throw new RuleFault('content is not understood', 'write content:"bytes",nocase,offset N');
    this.match('content', m[1], at);
    let chopOff = 0;
    let chopLen: number | null = null;
    let fast = false;
    for (const part of (m[2] ?? '').split(',')) {
      const [word, number] = part.trim().split(/\s+/);
      if (word === '') continue;
      if (word === 'fast_pattern') fast = true;
      else if (word === 'fast_pattern_offset') chopOff = Number(number);
      else if (word === 'fast_pattern_length') chopLen = Number(number);
      else if (contentModifiers.has(word)) this.put(word, number ?? null, at);
      else
        throw new RuleFault(
          `content: unknown option "${part.trim()}"`,
          'options are nocase, offset, depth, distance, within, fast_pattern',
        );
    }
    if (fast && !m[1].startsWith('!')) this.put('fast_pattern', chopLen === null ? null : `${chopOff},${chopLen}`, at);
  }

  private bufferLength(value: string, at: number): void {
    const relative = /^(.*),\s*relative\s*$/.exec(value);
    if (relative !== null) {
      for (const left of bytesLeft(relative[1])) this.match('isdataat', left, at);
      return;
    }
    const inclusive = /^(\d+)\s*<=>\s*(\d+)$/.exec(value);
    if (this.selected === null) return this.put('dsize', value, at);
    const text = inclusive === null ? value : `${Number(inclusive[1]) - 1}<>${Number(inclusive[2]) + 1}`;
    this.match('bsize', text, at);
  }

  /** `set,a&b` sets both. */
  private flowbits(value: string, at: number): void {
    const comma = value.indexOf(',');
    if (comma < 0) return this.put('flowbits', value, at);
    for (const name of value.slice(comma + 1).split('&'))
      this.put('flowbits', `${value.slice(0, comma).trim()},${name.trim()}`, at);
  }

  /** `RANGE, to_client` to `client,OP,N`. */
  private streamSize(value: string, at: number): void {
    const m = /^(<=|>=|!=|<|>|=|)\s*(\d+)\s*(?:,\s*(to_client|to_server|both|either))?$/.exec(value);
    if (m === null) throw new RuleFault(`stream_size:${value} is not understood`, 'write stream_size:>N,to_client');
    const side =
      { to_client: 'client', to_server: 'server', both: 'both', either: 'either' }[m[3] ?? 'either'] ?? 'either';
    this.put('stream_size', `${side},${m[1] || '='},${m[2]}`, at);
  }

  /** The rule with its header: a service that Peccary parses replaces ports, as it does in Snort. */
  finish(): RuleAst {
    this.dropUnused();
    const { ast, options } = this;
    const isHttp = this.services.includes('http') || this.proto === 'http' || this.proto === 'file' || this.usesHttp;
    if (this.usesFile && !isHttp && this.services.length > 0)
      throw new RuleSkip(`files of ${this.services.join(', ')} are not inspected`);
    const others = this.services.filter((s) => s !== 'http' && s !== 'file');
    if (isHttp && others.length > 0) this.env.warn(`of its services http alone is looked at, not ${others.join(', ')}`);
    const onPackets = options.some((o) => packetKeywords.has(o.name));
    if (onPackets && (this.usesHttp || this.usesFile))
      throw new RuleSkip('header fields of packets and HTTP buffers are not looked at in one rule');
    if (!isHttp || onPackets) return { ...ast, ...this.header(ast.srcPorts, ast.dstPorts), options };
    const any = (w: Word): Word => ({ text: 'any', at: w.at });
    return {
      ...ast,
      ...this.header(any(ast.srcPorts), any(ast.dstPorts)),
      proto: { text: 'http', at: ast.proto.at },
      options,
    };
  }

  private header(srcPorts: Word, dstPorts: Word): Pick<RuleAst, 'src' | 'dst' | 'srcPorts' | 'dstPorts'> {
    const { ast } = this;
    return {
      src: this.withDefaults(ast.src),
      dst: this.withDefaults(ast.dst),
      srcPorts: this.withDefaults(srcPorts),
      dstPorts: this.withDefaults(dstPorts),
    };
  }

  /** Snort's own variables, where the configuration does not define them. */
  private withDefaults(w: Word): Word {
    if (!w.text.includes('$')) return w;
    const text = w.text.replace(/\$(\w+)/g, (whole, name: string) => {
      if (this.env.addressVars.has(name) || this.env.portVars.has(name)) return whole;
      return snortVariables.get(name) ?? whole;
    });
    return { text, at: w.at };
  }
}

const contentModifiers: ReadonlySet<string> = new Set(['nocase', 'offset', 'depth', 'distance', 'within', 'rawbytes']);
/** Options that look for something in the selected buffer and are written as in Suricata. */
const matchOptions: ReadonlySet<string> = new Set([
  'pcre',
  'isdataat',
  'byte_test',
  'byte_jump',
  'byte_extract',
  'byte_math',
  'base64_decode',
]);
/** Keywords that look at packets by themselves: such a rule stays one about packets. */
const packetKeywords: ReadonlySet<string> = new Set([
  'dsize',
  'flags',
  'ttl',
  'tos',
  'id',
  'seq',
  'ack',
  'window',
  'ipopts',
  'ip_proto',
  'fragbits',
  'fragoffset',
  'itype',
  'icode',
  'icmp_id',
  'icmp_seq',
]);
