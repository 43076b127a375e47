/** Keywords about files in transactions (user guide, "File Keywords"). */
import { isAbsolute, join } from 'node:path';
import type { RuleBuilder } from '../builder.js';
import { RuleFault } from '../faults.js';
import { readInput } from '../inputs.js';
import type { FileTest } from '../ir.js';
import { parseNumberTest } from '../numbers.js';
import { parseContentBytes } from './content.js';
import type { Keyword } from './keyword.js';

const enum HashListLimit {
  /** Lines of a hash file. */
  Lines = 10_000_000,
}

function addFileTest(b: RuleBuilder, test: FileTest): void {
  b.usesFile = true;
  b.leaveBuffer();
  b.addCondition({ kind: 'file', test });
}

function named(
  name: 'filename' | 'fileext' | 'filemagic',
  quotes: 'optional' | 'mandatory',
  description: string,
  example: string,
): Keyword {
  return {
    name,
    description,
    args: '[!]"text"',
    example,
    value: 'required',
    quotes,
    negatable: true,
    apply(b, value, negated) {
      addFileTest(b, { kind: name, bytes: parseContentBytes(value), negated });
    },
  };
}

function hashList(algorithm: 'md5' | 'sha1' | 'sha256', digits: number): Keyword {
  const name = `file${algorithm}`;
  return {
    name,
    description: `The ${algorithm} of the file is (with ! is not) in a list of hexadecimal hashes, one a line.`,
    args: '[!]FILE',
    example: `${name}:known-bad.txt;`,
    value: 'required',
    apply(b, value) {
      const negated = value.trim().startsWith('!');
      const file = value.trim().replace(/^!\s*/, '');
      const path = isAbsolute(file) ? file : join(b.env.folder, file);
      let text: string;
      try {
        text = readInput(path).toString('latin1');
      } catch (e) {
        throw new RuleFault(
          `${name}: cannot read ${path}: ${(e as NodeJS.ErrnoException).code}`,
          'file names are relative to the rule file',
        );
      }
      const lines = text
        .split('\n', HashListLimit.Lines)
        .map((l) => l.trim())
        .filter((l) => l !== '' && !l.startsWith('#'));
      const hashes = lines.map((l) => l.slice(0, digits).toLowerCase());
      if (!hashes.every((h) => h.length === digits && /^[0-9a-f]+$/.test(h))) {
        throw new RuleFault(
          `${name}: ${path} holds a line that is no ${algorithm}`,
          `write ${digits} hexadecimal digits a line`,
        );
      }
      addFileTest(b, { kind: 'hash', algorithm, file: path, hashes, negated });
    },
  };
}

const filesize: Keyword = {
  name: 'filesize',
  description: 'Bytes of the file.',
  args: 'N|<N|>N|A<>B; N may have a unit: 10MB',
  example: 'filesize:>1000000;',
  value: 'required',
  apply(b, value) {
    const test = parseNumberTest(value, Number.MAX_SAFE_INTEGER);
    if (test === null) throw new RuleFault(`filesize:${value} is not understood`, 'write N, <N, >N or A<>B');
    addFileTest(b, { kind: 'filesize', test });
  },
};

type Filestore = Extract<FileTest, { kind: 'filestore' }>;
const storeDirections: Record<string, Filestore['direction']> = {
  request: 'request',
  to_server: 'request',
  response: 'response',
  to_client: 'response',
  both: 'both',
};
const storeScopes: Record<string, Filestore['scope']> = { tx: 'tx', file: 'file', flow: 'flow', ssn: 'flow' };

const filestore: Keyword = {
  name: 'filestore',
  description: 'Stores the file when the rule matches.',
  args: '[request|response|both[,tx|file|flow]]',
  example: 'file.name; content:".exe"; endswith; filestore;',
  value: 'optional',
  apply(b, value) {
    const [direction, scope] = value.split(',').map((w) => w.trim());
    if (scope !== undefined && !Object.hasOwn(storeScopes, scope))
      b.env.warn(`filestore: unknown scope ${scope}`, 'write tx, file or flow');
    if (direction.startsWith('!') || (direction === '' && scope !== undefined))
      throw new RuleFault(`filestore:${value} is not understood`, 'write filestore:response,file');
    addFileTest(b, {
      kind: 'filestore',
      direction: storeDirections[direction] ?? null,
      scope: storeScopes[scope ?? ''] ?? null,
    });
  },
};

export const fileKeywords: readonly Keyword[] = [
  named('filename', 'optional', 'The file name contains this.', 'filename:"invoice";'),
  named('fileext', 'optional', 'The file name ends in a dot and this.', 'fileext:"exe";'),
  named('filemagic', 'mandatory', 'libmagic says this of the file.', 'filemagic:"executable";'),
  hashList('md5', 32),
  hashList('sha1', 40),
  hashList('sha256', 64),
  filesize,
  filestore,
];
