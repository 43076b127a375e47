/**
 * Cases written down as Markdown: a title that names the section of the standard, settings if any, what each side
 * sends, and the log expected. A line of a block ends in CRLF unless it ends in a backslash; \n, \r, \t and \xHH stand
 * for bytes. Every case runs whole, in pieces of every size up to 7 bytes, and expects the same log each time; a title
 * that ends in "(one piece)" says that it depends on what arrives together.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { poolUsed } from '../../src/applayer/pool.js';
import type { Tree } from '../../src/core/settings.js';
import { Dir } from '../../src/protocol/ip.js';
import { type Block, configure, log, release, run } from './driver.js';

interface Case {
  title: string;
  settings: { [key: string]: Tree };
  blocks: Block[];
  log: string;
}

function bytesOf(text: string): Buffer {
  let out = '';
  for (const line of text.split('\n')) {
    const open = line.endsWith('\\');
    const body = open ? line.slice(0, -1) : line;
    out += body.replace(/\\(n|r|t|x[0-9a-f]{2})/g, (_, e: string) =>
      e === 'n' ? '\n' : e === 'r' ? '\r' : e === 't' ? '\t' : String.fromCharCode(Number.parseInt(e.slice(1), 16)),
    );
    if (!open) out += '\r\n';
  }
  return Buffer.from(out, 'latin1');
}

function parse(markdown: string): Case[] {
  const cases: Case[] = [];
  for (const section of markdown.split(/^## /m).slice(1)) {
    const c: Case = { title: section.slice(0, section.indexOf('\n')).trim(), settings: {}, blocks: [], log: '' };
    for (const m of section.matchAll(/^```(\w+)\n([\s\S]*?)\n?```$/gm)) {
      if (m[1] === 'settings') c.settings = JSON.parse(m[2]);
      else if (m[1] === 'log') c.log = m[2];
      else c.blocks.push({ dir: m[1] === 'request' ? Dir.ToServer : Dir.ToClient, bytes: bytesOf(m[2]) });
    }
    cases.push(c);
  }
  return cases;
}

const folder = new URL('../../../test/http/cases/', import.meta.url);
const sizes = [0, 1, 2, 3, 4, 5, 6, 7];

for (const file of readdirSync(folder).filter((f) => f.endsWith('.md'))) {
  describe(`http/cases/${file}`, () => {
    for (const c of parse(readFileSync(new URL(file, folder), 'utf8'))) {
      it(c.title, () => {
        for (const size of c.title.endsWith('(one piece)') ? [0] : sizes) {
          configure(c.settings);
          const before = poolUsed();
          run(c.blocks, size);
          const got = log();
          release();
          assert.equal(got, c.log, `in pieces of ${size}`);
          assert.equal(poolUsed(), before, 'memory given back');
        }
      });
    }
  });
}
