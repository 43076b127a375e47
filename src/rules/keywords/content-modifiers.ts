/** Modifiers of the content before them (user guide, "Payload Keywords"). */
import { BufferId } from '../../protocol/buffers.js';
import type { RuleBuilder } from '../builder.js';
import { RuleFault } from '../faults.js';
import type { ContentMatch, NumberOrVar } from '../ir.js';
import { parseInteger, parseUnsigned } from '../numbers.js';
import { parseContentBytes } from './content.js';
import type { Keyword } from './keyword.js';

const enum ContentLimit {
  /** Largest offset and depth. */
  Position = 0xffff,
  /** Largest distance and within, either way. */
  Relative = 1024 * 1024,
}

const isRelative = (c: ContentMatch): boolean => c.distance !== null || c.within !== null;
const isAbsolute = (c: ContentMatch): boolean => c.offset !== null || c.depth !== null;
const mixed = 'use offset, depth and startswith, or distance and within, but not both for one content';

function checkPlacable(c: ContentMatch, name: string): void {
  if (c.negated && c.fastPattern)
    throw new RuleFault(`${name} cannot be combined with a negated fast_pattern content`, 'remove fast_pattern');
  if (c.fastPatternOnly)
    throw new RuleFault(`${name} cannot be combined with fast_pattern:only`, 'write fast_pattern; instead');
}

/** The content that an absolute modifier applies to, after the checks they share. */
function absolute(b: RuleBuilder, name: 'offset' | 'depth' | 'startswith'): ContentMatch {
  const c = b.lastContent(name);
  const taken = name === 'offset' ? c.offset !== null : c.depth !== null || (name === 'startswith' && c.startsWith);
  if (taken) throw new RuleFault(`${name} is given twice for one content`, `remove one ${name}`);
  if (isRelative(c)) throw new RuleFault(`${name} cannot be combined with distance or within`, mixed);
  checkPlacable(c, name);
  return c;
}

export const offset: Keyword = {
  name: 'offset',
  description: 'The content before it must not begin before this byte of the buffer.',
  args: 'BYTES|VARIABLE',
  example: 'content:"abc"; offset:4;',
  value: 'required',
  apply(b, value) {
    const c = absolute(b, 'offset');
    if (c.startsWith) throw new RuleFault('offset cannot be combined with startswith', 'remove one of them');
    c.offset = b.numberOrVar(value, 'offset', (t) => parseUnsigned(t, ContentLimit.Position));
  },
};

export const depth: Keyword = {
  name: 'depth',
  description:
    'The content before it must end within this many bytes, counted from its offset (from the start without one).',
  args: 'BYTES|VARIABLE',
  example: 'content:"GET"; depth:3;',
  value: 'required',
  apply(b, value) {
    const c = absolute(b, 'depth');
    if (c.startsWith) throw new RuleFault('depth cannot be combined with startswith', 'remove one of them');
    const n = b.numberOrVar(value, 'depth', (t) => parseUnsigned(t, ContentLimit.Position));
    if (typeof n === 'number' && n < c.bytes.length) {
      throw new RuleFault(
        `depth ${n} is smaller than the content's ${c.bytes.length} bytes`,
        `write depth:${c.bytes.length}; or more`,
      );
    }
    c.depth = n;
  },
};

export const startswith: Keyword = {
  name: 'startswith',
  description: 'The content before it must be at the start of the buffer.',
  args: '',
  example: 'http.uri; content:"/admin"; startswith;',
  value: 'none',
  apply(b) {
    const c = absolute(b, 'startswith');
    if (c.offset !== null) throw new RuleFault('startswith cannot be combined with offset', 'remove one of them');
    c.startsWith = true;
  },
};

export const endswith: Keyword = {
  name: 'endswith',
  description: 'The content before it must be at the end of the buffer.',
  args: '',
  example: 'http.uri; content:".php"; endswith;',
  value: 'none',
  apply(b) {
    b.lastContent('endswith').endsWith = true;
  },
};

/** The content that distance or within applies to, after the checks they share. */
function relative(b: RuleBuilder, name: 'distance' | 'within'): ContentMatch {
  const c = b.lastContent(name);
  if (c[name] !== null) throw new RuleFault(`${name} is given twice for one content`, `remove one ${name}`);
  if (isAbsolute(c) || c.startsWith)
    throw new RuleFault(`${name} cannot be combined with offset, depth or startswith`, mixed);
  checkPlacable(c, name);
  return c;
}

function checkPrevious(b: RuleBuilder, c: ContentMatch, name: string): void {
  const before = b.previousIn(c);
  if (before !== null && before.kind === 'content' && before.fastPatternOnly) {
    throw new RuleFault(
      `${name} cannot be relative to a content with fast_pattern:only`,
      'write fast_pattern; for that content',
    );
  }
}

function relativeNumber(b: RuleBuilder, value: string, name: string): NumberOrVar {
  return b.numberOrVar(value, name, (t) => {
    const n = parseInteger(t);
    return n === null || Math.abs(n) > ContentLimit.Relative ? null : n;
  });
}

export const distance: Keyword = {
  name: 'distance',
  description:
    'The content before it must begin at least this many bytes after the previous match (negative: before its end).',
  args: 'BYTES|VARIABLE',
  example: 'content:"a"; content:"b"; distance:1;',
  value: 'required',
  apply(b, value) {
    const c = relative(b, 'distance');
    c.distance = relativeNumber(b, value, 'distance');
    checkPrevious(b, c, 'distance');
  },
};

export const within: Keyword = {
  name: 'within',
  description: 'The content before it must end within this many bytes after the previous match (plus distance).',
  args: 'BYTES|VARIABLE',
  example: 'content:"a"; content:"bc"; within:10;',
  value: 'required',
  apply(b, value) {
    const c = relative(b, 'within');
    const n = relativeNumber(b, value, 'within');
    if (typeof n === 'number' && n < c.bytes.length) {
      throw new RuleFault(
        `within ${n} is smaller than the content's ${c.bytes.length} bytes`,
        `write within:${c.bytes.length}; or more`,
      );
    }
    c.within = n;
    checkPrevious(b, c, 'within');
  },
};

export const nocase: Keyword = {
  name: 'nocase',
  description: 'Letter case does not count for the content before it.',
  args: '',
  example: 'content:"select"; nocase;',
  value: 'none',
  apply(b) {
    const c = b.lastContent('nocase');
    if (c.nocase) throw new RuleFault('nocase is given twice for one content', 'remove one nocase');
    c.nocase = true;
  },
};

export const rawbytes: Keyword = {
  name: 'rawbytes',
  description: 'Accepted for Snort compatibility: the payload is always looked at as it came.',
  args: '',
  example: 'content:"|ff|"; rawbytes;',
  value: 'none',
  apply(b) {
    if (b.current !== null) throw new RuleFault('rawbytes cannot be combined with a sticky buffer', 'remove rawbytes');
    const c = b.lastPayloadContent();
    if (c === null) throw new RuleFault('rawbytes needs a payload content before it', 'remove rawbytes');
    if (c.rawBytes) throw new RuleFault('rawbytes is given twice for one content', 'remove one rawbytes');
    c.rawBytes = true;
  },
};

export const replace: Keyword = {
  name: 'replace',
  description:
    'Overwrites the matched bytes of the packet with as many others, inline; elsewhere the rule works without it. The rule looks at packets, not at the stream.',
  args: '"bytes"',
  example: 'content:"abc"; replace:"xyz";',
  value: 'required',
  quotes: 'mandatory',
  negatable: true,
  apply(b, value) {
    const bytes = parseContentBytes(value);
    const c = b.lastContent('replace');
    if (b.order[b.order.length - 1].section.buffer !== BufferId.Payload) {
      b.env.warn('replace works on the packet payload only and is ignored', 'remove replace');
    } else if (bytes.length !== c.bytes.length) {
      b.env.warn(
        `replace has ${bytes.length} bytes for a content of ${c.bytes.length} and is ignored`,
        'write as many bytes as the content has',
      );
    } else {
      c.replace = bytes;
    }
  },
};

export const fastPattern: Keyword = {
  name: 'fast_pattern',
  description: 'The content before it is the one searched for first; with OFFSET,LENGTH only that part of it.',
  args: '[only|OFFSET,LENGTH]',
  example: 'content:"longer and rarer"; fast_pattern;',
  value: 'optional',
  apply(b, value) {
    const c = b.lastContent('fast_pattern');
    const placed = isAbsolute(c) || isRelative(c) || c.startsWith;
    if (c.negated && placed)
      throw new RuleFault(
        'fast_pattern cannot be used with a negated content that has a position',
        'remove fast_pattern',
      );
    const v = value.trim();
    const chop = /^(\d+)\s*,\s*(\d+)$/.exec(v);
    if (v !== '' && !v.startsWith('only') && chop === null)
      throw new RuleFault(
        `fast_pattern:${value} is not understood`,
        'write fast_pattern; fast_pattern:only; or fast_pattern:OFFSET,LENGTH;',
      );
    if (v === '' && c.fastPattern)
      throw new RuleFault('fast_pattern is given twice for one content', 'remove one fast_pattern');
    if (v === '' && b.payloadHasFastPattern())
      throw new RuleFault('fast_pattern can be used on only one content in a rule', 'keep it for the rarest content');
    if (v.startsWith('only')) {
      if (c.negated || placed)
        throw new RuleFault(
          'fast_pattern:only cannot be used with a negated content or one with a position',
          'write fast_pattern;',
        );
      c.fastPatternOnly = true;
    } else if (chop !== null) {
      const off = Number(chop[1]);
      const len = Number(chop[2]);
      if (off + len > c.bytes.length)
        throw new RuleFault(`fast_pattern:${off},${len} ends after the content's ${c.bytes.length} bytes`);
      c.fastPatternChop = [off, len];
    }
    c.fastPattern = true;
    b.fastPattern ??= c;
  },
};
