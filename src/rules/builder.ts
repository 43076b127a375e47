/**
 * The rule while its options are read: which buffer is current, which content a modifier applies to, which variables
 * are known. Keywords write through it; src/rules/validate.ts judges the whole afterwards.
 */

import { AppProto } from '../protocol/app-proto.js';
import { BufferId } from '../protocol/buffers.js';
import type { RuleAst } from './ast.js';
import type { RuleEnvironment } from './environment.js';
import { RuleFault } from './faults.js';
import type {
  BufferSection,
  Condition,
  ContentMatch,
  Effect,
  HeaderProto,
  Match,
  NumberOrVar,
  PcreMatch,
  Rule,
  Transform,
} from './ir.js';

const enum BuildLimit {
  /** Variables of byte_extract and byte_math in a rule. */
  Variables = 255,
  /** Transforms of one buffer (Suricata: 16). */
  Transforms = 16,
  /** Matches of one rule. */
  Matches = 2048,
}

/** A place in the rule where matches are collected. */
export interface OpenSection extends BufferSection {
  /** The base64_decode whose `inner` this is, else null. */
  inner: boolean;
}

type RelativeKind = Match['kind'];

const anchors: ReadonlySet<RelativeKind> = new Set<RelativeKind>([
  'content',
  'pcre',
  'byte_test',
  'byte_jump',
  'byte_extract',
  'isdataat',
  'byte_math',
]);

export class RuleBuilder {
  readonly sections: OpenSection[] = [];
  readonly conditions: Condition[] = [];
  readonly effects: Effect[] = [];
  /** Section that a sticky buffer keyword selected; null: payload. */
  current: OpenSection | null = null;
  /** Transforms waiting for the first match of their buffer. */
  pending: Transform[] = [];
  /** Every match in the order written, with its section. */
  readonly order: { section: OpenSection; match: Match }[] = [];
  /** The first content with fast_pattern. */
  fastPattern: ContentMatch | null = null;
  /** Which options of single use were seen. */
  readonly seen: string[] = [];
  readonly variables: string[] = [];
  /** Something that is only known of HTTP was used. */
  usesHttp = false;
  /** A file keyword was used: what is tested are files. */
  usesFile = false;
  lastCondition = -1;
  /** What the option before put into the rule; `prefilter` applies to it. */
  lastOption: 'match' | 'condition' | 'effect' | 'flow' | null = null;
  /** Tests that urilen wrote (they are judged by simpler rules than bsize). */
  readonly uriLengths: Match[] = [];
  /** flow keywords that say more than a direction. */
  flowKeywords = 0;

  constructor(
    readonly rule: Rule,
    readonly env: RuleEnvironment,
    readonly dialect: RuleAst['dialect'] = 'suricata',
  ) {}

  get proto(): HeaderProto {
    return this.rule.proto;
  }

  /** Refuses a second use of a keyword that may stand once. */
  once(name: string): void {
    if (this.seen.includes(name)) throw new RuleFault(`${name} is given twice`, `remove one ${name}`);
    this.seen.push(name);
  }

  addCondition(c: Condition): void {
    this.lastCondition = this.conditions.push(c) - 1;
    this.lastOption = 'condition';
  }

  addEffect(e: Effect): void {
    this.effects.push(e);
    this.lastOption = 'effect';
  }

  /** Marks the rule as one about HTTP; refused when the header names another application protocol. */
  requireHttp(): void {
    const app = this.rule.proto.app;
    if (app !== AppProto.Unknown && app !== AppProto.Http1) {
      throw new RuleFault(
        `an HTTP keyword cannot stand in a rule for ${this.rule.proto.name}`,
        'use protocol http or tcp',
      );
    }
    this.usesHttp = true;
  }

  /** Makes `buffer` current (a sticky buffer keyword). */
  selectBuffer(buffer: BufferId, multi: boolean): void {
    this.checkClosed();
    if (buffer === BufferId.Payload) {
      this.current = null;
      return;
    }
    if (this.current?.inner === true)
      throw new RuleFault('the buffer cannot be changed after base64_data', 'put it before base64_decode');
    this.current = null;
    let section = multi
      ? undefined
      : this.sections.find((s) => s.buffer === buffer && s.transforms.length === 0 && !s.inner);
    if (section === undefined) {
      section = { buffer, transforms: [], matches: [], inner: false };
      this.sections.push(section);
    }
    this.current = section;
  }

  /** Adds a direction to those the rule is for; both of them are the same as none. */
  addDirection(direction: 'toserver' | 'toclient'): void {
    const { flow } = this.rule;
    flow.direction = flow.direction === null || flow.direction === direction ? direction : null;
  }

  /** Ends the sticky buffer without further ado: in Suricata, a keyword that tests another buffer by itself does this. */
  leaveBuffer(): void {
    this.checkClosed();
    this.current = null;
  }

  /** A sticky buffer must have got a match, and transforms one to apply to, before the next is selected. */
  private checkClosed(): void {
    if (this.pending.length > 0) throw new RuleFault('no matches follow the transform', 'add a content after it');
    if (this.isUnused()) {
      throw new RuleFault(
        'the sticky buffer before it has no matches',
        'add a content, pcre or bsize, or remove the buffer',
      );
    }
  }

  /** Whether a sticky buffer is set and has no matches (ip.src and ip.dst may stand without). */
  isUnused(): boolean {
    const c = this.current;
    return (
      c !== null && c.matches.length === 0 && !c.inner && c.buffer !== BufferId.IpSrc && c.buffer !== BufferId.IpDst
    );
  }

  /** Sends what follows into the result of a base64_decode. */
  selectInner(matches: Match[]): void {
    this.current = { buffer: BufferId.Base64Data, transforms: [], matches, inner: true };
  }

  addTransform(t: Transform): void {
    if (
      this.current === null ||
      this.current.inner ||
      this.current.transforms.length > 0 ||
      this.current.buffer === BufferId.IpSrc ||
      this.current.buffer === BufferId.IpDst
    ) {
      throw new RuleFault(
        'transforms must directly follow sticky buffers',
        'put the transform after a buffer such as http.uri;',
      );
    }
    if (this.pending.length >= BuildLimit.Transforms)
      throw new RuleFault(`more than ${BuildLimit.Transforms} transforms`);
    this.pending.push(t);
  }

  /** The section where a match that is not relative goes. */
  target(): OpenSection {
    if (this.current === null) return this.payload();
    if (this.pending.length > 0) {
      const { buffer } = this.current;
      if (this.current.matches.length === 0) {
        const known = this.sections.find(
          (s) => s.buffer === buffer && s !== this.current && sameTransforms(s.transforms, this.pending),
        );
        if (known !== undefined && known.matches.length > 0) {
          this.sections.splice(this.sections.indexOf(this.current), 1);
          this.current = known;
        } else this.current.transforms = this.pending;
      } else {
        this.current = { buffer, transforms: this.pending, matches: [], inner: false };
        this.sections.push(this.current);
      }
      this.pending = [];
    }
    return this.current;
  }

  payload(): OpenSection {
    return this.section(BufferId.Payload);
  }

  /** The untransformed section of a buffer, opened when new. */
  section(buffer: BufferId): OpenSection {
    let section = this.sections.find((s) => s.buffer === buffer && s.transforms.length === 0);
    if (section === undefined) {
      section = { buffer, transforms: [], matches: [], inner: false };
      this.sections.push(section);
    }
    return section;
  }

  /** The section where a relative test goes: with no sticky buffer set, that of the last match it can be relative to. */
  relativeTarget(relative: boolean): OpenSection {
    if (this.current !== null || !relative) return this.target();
    for (let i = this.order.length - 1; i >= 0; i--) {
      if (anchors.has(this.order[i].match.kind)) return this.order[i].section;
    }
    return this.payload();
  }

  add(section: OpenSection, match: Match): void {
    if (this.order.length >= BuildLimit.Matches)
      throw new RuleFault(`more than ${BuildLimit.Matches} matches in one rule`);
    section.matches.push(match);
    this.order.push({ section, match });
    this.lastOption = 'match';
  }

  /** The content written last: in the sticky buffer when one is set, else wherever it is. What a modifier applies to. */
  lastContent(modifier: string): ContentMatch {
    const inSection = this.current?.matches ?? null;
    for (let i = this.order.length - 1; i >= 0; i--) {
      const { match, section } = this.order[i];
      if (match.kind === 'content' && (inSection === null || section.matches === inSection)) return match;
    }
    throw new RuleFault(`${modifier} needs a content before it`, `write content:"…"; ${modifier};`);
  }

  /** The last content that is still in the payload, or null. */
  lastPayloadContent(): ContentMatch | null {
    const payload = this.sections.find((s) => s.buffer === BufferId.Payload);
    const last = payload?.matches.findLast((m) => m.kind === 'content');
    return last?.kind === 'content' ? last : null;
  }

  /** Suricata notices a second fast_pattern only when the first is on a payload content. */
  payloadHasFastPattern(): boolean {
    return this.sections.some(
      (s) => s.buffer === BufferId.Payload && s.matches.some((m) => m.kind === 'content' && m.fastPattern),
    );
  }

  /** The content or pcre before `match` in the same section, or null. */
  previousIn(match: Match): ContentMatch | PcreMatch | null {
    const entry = this.order.find((o) => o.match === match);
    if (entry === undefined) return null;
    const { matches } = entry.section;
    for (let i = matches.indexOf(match) - 1; i >= 0; i--) {
      const m = matches[i];
      if (m.kind === 'content' || m.kind === 'pcre') return m;
    }
    return null;
  }

  /** Moves a payload content into a buffer (what http_uri and its kind do). */
  moveContent(match: ContentMatch, to: BufferId): void {
    const entry = this.order.find((o) => o.match === match);
    if (entry === undefined) return;
    const from = entry.section;
    from.matches.splice(from.matches.indexOf(match), 1);
    if (from.matches.length === 0 && from !== this.current) this.sections.splice(this.sections.indexOf(from), 1);
    entry.section = this.section(to);
    entry.section.matches.push(match);
  }

  defineVariable(name: string): void {
    if (this.variables.length >= BuildLimit.Variables)
      throw new RuleFault(`more than ${BuildLimit.Variables} variables in one rule`);
    if (!this.variables.includes(name)) this.variables.push(name);
  }

  /** A number, or a variable that byte_extract or byte_math has set before; null when it is neither. */
  numberOrVar(text: string, keyword: string, number: (t: string) => number | null): NumberOrVar {
    const first = text.charCodeAt(0) | 0x20;
    if (first >= 0x61 && first <= 0x7a) {
      if (this.variables.includes(text)) return { var: text };
      throw new RuleFault(`${keyword}: unknown variable ${text}`, 'define it before with byte_extract or byte_math');
    }
    const n = number(text);
    if (n === null) throw new RuleFault(`invalid value for ${keyword}: ${text}`, null);
    return n;
  }
}

function sameTransforms(a: readonly Transform[], b: readonly Transform[]): boolean {
  return a.length === b.length && a.every((t, i) => t.name === b[i].name && t.arg === b[i].arg);
}
