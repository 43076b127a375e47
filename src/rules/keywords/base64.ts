/** base64_decode and base64_data (user guide, "Base64 keywords"). */
import { RuleFault } from '../faults.js';
import type { Base64DecodeMatch } from '../ir.js';
import { parseDecimal } from '../numbers.js';
import type { Keyword } from './keyword.js';

const enum Base64Limit {
  Bytes = 0xffff,
  Offset = 0xffff_ffff,
}

export const base64Decode: Keyword = {
  name: 'base64_decode',
  description: 'Decodes base64 in the current buffer; base64_data looks at the result.',
  args: '[bytes N][, offset N][, relative]',
  example: 'http.request_body; base64_decode:bytes 12, offset 4; base64_data; content:"cmd";',
  value: 'optional',
  apply(b, value) {
    const match: Base64DecodeMatch = { kind: 'base64_decode', bytes: 0, offset: 0, relative: false, inner: [] };
    for (const part of value.trim() === '' ? [] : value.split(',')) {
      const m = /^\s*(?:(relative)|(bytes|offset)\s+(\S+))\s*$/.exec(part);
      if (m === null)
        throw new RuleFault(`base64_decode:${value} is not understood`, 'write bytes N, offset N, relative');
      if (m[1] !== undefined) {
        match.relative = true;
        continue;
      }
      const n = parseDecimal(m[3], m[2] === 'bytes' ? Base64Limit.Bytes : Base64Limit.Offset);
      if (n === null) throw new RuleFault(`base64_decode: invalid ${m[2]} ${m[3]}`, 'write a number');
      if (m[2] === 'bytes') match.bytes = n;
      else match.offset = n;
    }
    b.add(b.relativeTarget(match.relative), match);
  },
};

export const base64Data: Keyword = {
  name: 'base64_data',
  description: 'What follows looks at the bytes that base64_decode gave, until pkt_data.',
  args: '',
  buffer: 'base64_data',
  example: 'base64_decode; base64_data; content:"cmd";',
  value: 'none',
  apply(b) {
    if (b.current?.inner === true && b.current.matches.length === 0)
      throw new RuleFault('base64_data is given twice', 'remove one');
    const inSection = b.current?.matches ?? null;
    for (let i = b.order.length - 1; i >= 0; i--) {
      const { match, section } = b.order[i];
      if (match.kind === 'base64_decode' && (inSection === null || section.matches === inSection))
        return b.selectInner(match.inner);
    }
    throw new RuleFault('base64_data needs a base64_decode before it', 'write base64_decode; base64_data;');
  },
};
