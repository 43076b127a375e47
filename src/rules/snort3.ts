/**
 * Front end for Snort 3's rule dialect (Snort 3 rule writing guide): rewrites a rule's options into Suricata's words, so that
 * everything behind it is the same. What has no counterpart is skipped with the reason.
 */
import type { OptionAst, RuleAst, Word } from './ast.js';
import type { RuleEnvironment } from './environment.js';
import { RuleFault, RuleSkip } from './faults.js';
import { fieldBuffers, snortBuffers, snortSkipped, snortVariables } from './snort3-words.js';

/** What stands in a header besides names of services that are not inspected. */
const headerProtocols: ReadonlySet<string> = new Set(['tcp', 'udp', 'icmp', 'ip', 'http']);

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
  if (proto === 'file') throw new RuleSkip('files are inspected in HTTP only: write alert http');
  if (!headerProtocols.has(proto)) throw new RuleSkip(`protocol ${ast.proto.text} is not inspected`);
  const out = new Translator(ast, env);
  for (const o of ast.options) out.option(o);
  return out.finish();
}

class Translator {
  private readonly options: OptionAst[] = [];
  private services: string[] = [];
  /** Whether a buffer other than the payload is selected. */
  private sticky = false;
  private usesFile = false;
  private usesHttp = false;

  constructor(
    private readonly ast: RuleAst,
    private readonly env: RuleEnvironment,
  ) {}

  private put(name: string, value: string | null, at: number): void {
    this.options.push({ name, value, at });
  }

  option(o: OptionAst): void {
    const name = o.name.toLowerCase();
    const value = o.value?.trim() ?? '';
    const buffer = snortBuffers.get(name);
    if (buffer !== undefined) this.select(buffer, name, value, o.at);
    else if (snortSkipped.has(name)) throw new RuleSkip(`${name}: ${snortSkipped.get(name)}`);
    else if (name === 'service') this.services = value.split(',').map((s) => s.trim());
    else if (name === 'rem') return;
    else if (name === 'content') this.content(value, o.at);
    else if (name === 'bufferlen') this.bufferLength(value, o.at);
    else if (name === 'flowbits') this.flowbits(value, o.at);
    else if (name === 'stream_size') this.streamSize(value, o.at);
    else if (name === 'tag')
      this.put('tag', value.replace(/^(\w+)\s*,\s*(packets|bytes|seconds)\s+(\d+)$/, '$1,$3,$2'), o.at);
    else if (name === 'regex')
      this.put(
        'pcre',
        value.replace(
          /^"(.*)"(\s*,\s*(?:nocase|fast_pattern))*\s*$/,
          (_, e: string) => `"/${e.replace(/\//g, '\\/')}/${/,\s*nocase/.test(value) ? 'i' : ''}"`,
        ),
        o.at,
      );
    else this.put(o.name, o.value === null ? null : value, o.at);
  }

  /** A sticky buffer; http_header takes `field NAME`, http_uri parts of the target. */
  private select(buffer: string, name: string, value: string, at: number): void {
    let selected = buffer;
    const field = /^(?:.*,)?\s*field\s+([\w-]+)/.exec(value)?.[1]?.toLowerCase();
    if (field !== undefined && name === 'http_header') selected = fieldBuffers.get(field) ?? buffer;
    else if (value !== '') this.env.warn(`${name}:${value} is taken as all of ${buffer}`, null);
    if (name === 'js_data') this.env.warn('js_data is taken as file.data: scripts are not normalised', null);
    this.sticky = selected !== 'pkt_data';
    this.usesHttp ||= selected.startsWith('http.');
    this.usesFile ||= selected === 'file.data';
    if (this.options.at(-1)?.value === null && snortBufferNames.has(this.options.at(-1)?.name ?? ''))
      this.options.pop();
    this.put(selected, null, at);
  }

  /** `content:"x",nocase,offset 3` into a content and its modifiers. */
  private content(value: string, at: number): void {
    const m = /^(!?\s*"(?:[^"\\]|\\.)*")\s*(?:,(.*))?$/s.exec(value);
    if (m === null) throw new RuleFault('content is not understood', 'write content:"bytes",nocase,offset N');
    this.put('content', m[1], at);
    let chopOff = 0;
    let chopLen: number | null = null;
    let fast = false;
    for (const part of (m[2] ?? '').split(',')) {
      const [word, number] = part.trim().split(/\s+/);
      if (word === '') continue;
      if (word === 'fast_pattern') fast = true;
      else if (word === 'fast_pattern_offset') chopOff = Number(number);
      else if (word === 'fast_pattern_length') chopLen = Number(number);
      else if (['nocase', 'offset', 'depth', 'distance', 'within', 'rawbytes', 'width', 'endian'].includes(word))
        this.put(word, number ?? null, at);
      else
        throw new RuleFault(
          `content: unknown option "${part.trim()}"`,
          'options are nocase, offset, depth, distance, within, fast_pattern',
        );
    }
    if (fast && !m[1].startsWith('!')) this.put('fast_pattern', chopLen === null ? null : `${chopOff},${chopLen}`, at);
  }

  private bufferLength(value: string, at: number): void {
    if (/relative/.test(value)) throw new RuleSkip('bufferlen relative to a position is not supported');
    const inclusive = /^(\d+)\s*<=>\s*(\d+)$/.exec(value);
    const text = inclusive === null ? value : `${Number(inclusive[1]) - 1}<>${Number(inclusive[2]) + 1}`;
    this.put(this.sticky ? 'bsize' : 'dsize', text, at);
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
    const { ast } = this;
    const isHttp = this.services.includes('http') || ast.proto.text === 'http' || this.usesHttp;
    if (this.usesFile && !isHttp && this.services.length > 0)
      throw new RuleSkip(`files of ${this.services.join(', ')} are not inspected`);
    if (!isHttp) return { ...ast, ...this.header(ast.srcPorts, ast.dstPorts), options: this.options };
    const any = (w: Word): Word => ({ text: 'any', at: w.at });
    const options = this.options.some((o) => packetKeywords.has(o.name)) ? null : this.options;
    if (options === null) return { ...ast, ...this.header(ast.srcPorts, ast.dstPorts), options: this.options };
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

const snortBufferNames: ReadonlySet<string> = new Set([...snortBuffers.values(), ...fieldBuffers.values()]);
/** Keywords that look at packets by themselves: such a rule stays one about packets. */
const packetKeywords: ReadonlySet<string> = new Set([
  'dsize',
  'flags',
  'ttl',
  'id',
  'seq',
  'ack',
  'window',
  'fragbits',
  'fragoffset',
  'itype',
  'icode',
]);
