/** Transforms of the sticky buffer before them (user guide, "Transformations"). */
import { RuleFault, RuleSkip } from '../faults.js';
import type { Transform } from '../ir.js';
import { captureGroups } from './capture-groups.js';
import type { Keyword } from './keyword.js';

function plain(name: Transform['name'], description: string): Keyword {
  return {
    name,
    description,
    args: '',
    example: `http.uri; ${name}; content:"${name === 'to_uppercase' ? 'ABC' : 'abc'}";`,
    value: 'none',
    apply(b) {
      b.addTransform({ name, arg: null });
    },
  };
}

const xor: Keyword = {
  name: 'xor',
  description: 'The bytes combined with a repeating key by exclusive or.',
  args: '"HEX"',
  example: 'http.request_body; xor:"0d0ac8ff"; content:"password";',
  value: 'required',
  quotes: 'mandatory',
  apply(b, value) {
    if (value.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(value) || value.length > 510) {
      throw new RuleFault(
        `xor: the key "${value}" is no even number of hexadecimal digits`,
        'write xor:"0a0b"; up to 255 bytes',
      );
    }
    b.addTransform({ name: 'xor', arg: value.toLowerCase() });
  },
};

const pcrexform: Keyword = {
  name: 'pcrexform',
  description: 'What the one capture group of an expression matches.',
  args: '"EXPRESSION"',
  example: 'http.request_line; pcrexform:"[a-zA-Z]+\\s+(.*)\\s+HTTP"; content:"/index.php";',
  value: 'required',
  quotes: 'mandatory',
  apply(b, value) {
    const fault = b.env.checkPattern?.(value, '') ?? null;
    if (fault !== null) throw new RuleFault(`pcrexform does not compile: ${fault}`);
    if (captureGroups(value) !== 1)
      throw new RuleFault('pcrexform needs exactly one capture group', 'put the part to look at in parentheses');
    b.addTransform({ name: 'pcrexform', arg: value });
  },
};

const fromBase64: Keyword = {
  name: 'from_base64',
  since: 8,
  description:
    'Decoded from base64 until the first byte that is not of it; with mode rfc2045 white space is passed over. Mode strict, bytes and offset are not supported.',
  args: '[mode rfc4648|rfc2045]',
  example: 'http.uri; from_base64; content:"abc";',
  value: 'optional',
  apply(b, value) {
    const mode = /^\s*mode\s+(rfc4648|rfc2045)\s*$/.exec(value);
    if (value !== '' && mode === null) {
      if (/^\s*(?:mode\s+strict|(?:bytes|offset)\s+\w+)/.test(value))
        throw new RuleSkip(`from_base64:${value} is not supported`);
      throw new RuleFault(`from_base64:${value} is not understood`, 'write from_base64;');
    }
    b.addTransform({ name: 'from_base64', arg: mode?.[1] ?? null });
  },
};

export const transforms: readonly Keyword[] = [
  plain('strip_whitespace', 'Without white space.'),
  plain('compress_whitespace', 'Runs of white space as one space.'),
  plain('to_lowercase', 'In lower case.'),
  plain('to_uppercase', 'In upper case.'),
  plain('to_md5', 'MD5 of the bytes, 16 bytes.'),
  plain('to_sha1', 'SHA-1 of the bytes, 20 bytes.'),
  plain('to_sha256', 'SHA-256 of the bytes, 32 bytes.'),
  plain('dotprefix', 'With a dot in front.'),
  plain('url_decode', 'With percent signs and plus decoded.'),
  plain('header_lowercase', 'Header names in lower case, values as they are.'),
  plain('strip_pseudo_headers', 'Without header lines that begin with a colon.'),
  xor,
  pcrexform,
  fromBase64,
];
