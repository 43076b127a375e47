/** pcre: Perl-compatible expressions (user guide, "Payload Keywords / pcre"). */
import { BufferId } from '../../protocol/buffers.js';
import type { RuleBuilder } from '../builder.js';
import { RuleFault } from '../faults.js';
import type { PcreMatch } from '../ir.js';
import { captureGroups } from './capture-groups.js';
import type { Keyword } from './keyword.js';

/** Flags that name the buffer to look in. */
const bufferFlags: ReadonlyMap<string, BufferId> = new Map([
  ['U', BufferId.HttpUri],
  ['I', BufferId.HttpUriRaw],
  ['P', BufferId.HttpRequestBody],
  ['Q', BufferId.FileData],
  ['H', BufferId.HttpHeader],
  ['D', BufferId.HttpHeaderRaw],
  ['M', BufferId.HttpMethod],
  ['C', BufferId.HttpCookie],
  ['S', BufferId.HttpStatCode],
  ['Y', BufferId.HttpStatMsg],
  ['V', BufferId.HttpUserAgent],
  ['W', BufferId.HttpHost],
  ['Z', BufferId.HttpHostRaw],
]);

const plainFlags = 'ismxAEGO';

interface Written {
  expr: string;
  flags: string;
  captures: string[];
}

/** Splits `/expression/flags, flow:name, …`: the expression runs to the last slash that no lone backslash precedes. */
function splitPcre(value: string): Written {
  let from = value.indexOf('/');
  while (from > 0 && value[from - 1] === '\\') from = value.indexOf('/', from + 1);
  let to = value.lastIndexOf('/');
  while (to > from && value[to - 1] === '\\' && value[to - 2] !== '\\') to = value.lastIndexOf('/', to - 1);
  if (from < 0 || to <= from) throw new RuleFault(`"${value}" is no expression`, 'write pcre:"/expression/flags";');
  const tail = value.slice(to + 1);
  const names = /^([^,]*)((?:,\s*(?:flow|pkt):[^,\s]+\s*)*)$/.exec(tail);
  if (names === null)
    throw new RuleFault(`cannot read what follows the expression: "${tail}"`, 'flags, then , flow:NAME or , pkt:NAME');
  return {
    expr: value.slice(from + 1, to),
    flags: names[1].trim(),
    captures: names[2]
      .split(',')
      .map((s) => s.trim())
      .filter((s) => s !== ''),
  };
}

function readFlags(flags: string): { plain: string; relative: boolean; raw: boolean; buffer: BufferId | null } {
  let plain = '';
  let relative = false;
  let raw = false;
  let buffer: BufferId | null = null;
  for (const f of flags) {
    const named = bufferFlags.get(f);
    if (named !== undefined) {
      if (raw) throw new RuleFault(`pcre flag ${f} cannot be combined with B`, 'remove one of them');
      if (buffer !== null && buffer !== named)
        throw new RuleFault('pcre: only one flag may name a buffer', `keep one of ${flags}`);
      buffer = named;
    } else if (f === 'R') relative = true;
    else if (f === 'B') {
      if (buffer !== null)
        throw new RuleFault('pcre flag B cannot be combined with a buffer flag', 'remove one of them');
      raw = true;
    } else if (plainFlags.includes(f)) {
      if (!plain.includes(f)) plain += f;
    } else
      throw new RuleFault(
        `unknown pcre flag "${f}"`,
        `flags are ${plainFlags}RB and ${[...bufferFlags.keys()].join('')}`,
      );
  }
  return { plain, relative, raw, buffer };
}

/** Capture groups: listed after the flags, or named (?P<flow_name>…) in the expression. */
function readCaptures(written: Written): PcreMatch['captures'] {
  const out: PcreMatch['captures'] = written.captures.map((c) => {
    const colon = c.indexOf(':');
    return { scope: c.slice(0, colon) as 'pkt' | 'flow', name: c.slice(colon + 1) };
  });
  if (out.length > 1 && out.length > captureGroups(written.expr))
    throw new RuleFault('pcre names more captures than the expression has groups', 'remove a name or add a group');
  if (out.length === 0) {
    for (const m of written.expr.matchAll(/\(\?P?<(flow|pkt)_([A-Za-z0-9_]+)>/g))
      out.push({ scope: m[1] as 'pkt' | 'flow', name: m[2] });
  }
  return out;
}

function hasUpperCase(expr: string): boolean {
  for (let i = 0; i < expr.length; i++) {
    const c = expr.charCodeAt(i);
    if (c === 0x5c) i++;
    else if (c >= 0x41 && c <= 0x5a) return true;
  }
  return false;
}

function apply(b: RuleBuilder, value: string, negated: boolean): void {
  const written = splitPcre(value);
  const { plain, relative, buffer } = readFlags(written.flags);
  if (buffer === BufferId.HttpHost) {
    if (plain.includes('i')) b.env.warn('pcre flag i does nothing with W: the host is in lower case', 'remove the i');
    else if (hasUpperCase(written.expr))
      throw new RuleFault(
        'pcre with flag W has an upper-case letter, but the host is in lower case',
        'write it in lower case',
      );
  }
  if (b.current !== null && buffer !== null && (b.current.inner || b.current.buffer !== buffer)) {
    throw new RuleFault(
      'pcre names another buffer than the sticky buffer before it',
      'write pkt_data; before it, or remove the flag',
    );
  }
  if (buffer !== null) b.requireHttp();
  const match: PcreMatch = {
    kind: 'pcre',
    expr: written.expr,
    flags: plain,
    negated,
    relative,
    captures: readCaptures(written),
  };
  const fault = b.env.checkPattern?.(match.expr, match.flags) ?? null;
  if (fault !== null) throw new RuleFault(`pcre does not compile: ${fault}`, null);
  if (match.captures.length > 0) b.rule.captures = true;
  const section = b.current !== null ? b.target() : buffer === null ? b.payload() : b.section(buffer);
  b.add(section, match);
  if (relative && b.current === null && b.previousIn(match) === null) {
    throw new RuleFault(
      'pcre with flag R needs a content or pcre before it in the same buffer',
      'remove R, or put a content before it',
    );
  }
}

export const pcre: Keyword = {
  name: 'pcre',
  description:
    'Expression that must (with ! must not) match in the current buffer. Flags: i s m x A E G as in PCRE, R relative, O no match limit; U I P Q H D M C S Y V W Z name an HTTP buffer.',
  args: '[!]"/expression/flags[, flow:NAME][, pkt:NAME]"',
  example: 'http.uri; pcre:"/\\.php\\?id=\\d+$/i";',
  value: 'required',
  quotes: 'optional',
  negatable: true,
  apply,
};
