/**
 * One configuration file as a tree: YAML 1.1 in the form Suricata reads it.
 *
 * - Every scalar stays text (`yes`, `010`, `12:30`): the reader of a key decides what it means. Empty, `~` and
 *   `null` written plainly are null.
 * - `_` in a key counts as `-`, except for the names of variables.
 * - `include:` (one file or a list) in any map puts the keys of those files into that map; `key: !include FILE`
 *   makes a file the value of a key. Names are relative to the including file.
 * - A key that stands twice replaces the earlier one whole; a remark says so.
 *
 * Bounds: MaxIncludeDepth files within files, MaxDepth levels, MaxNodes nodes (aliases expanded), MaxFileLen bytes.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { PeccaryError } from '../core/errors.js';
import type { Tree } from '../core/settings.js';
import { patiently } from '../core/tier-up.js';
import { define, merge, type Reading, type TreeMap } from './config-tree.js';

const MaxIncludeDepth = 8;
const MaxDepth = 64;
const MaxNodes = 50_000;
const MaxFileLen = 16 << 20;
/** Characters of a place, and of a message: they quote names and what is not understood, however long. */
const MaxQuoteLen = 400;

/** One file being read. */
interface Source {
  file: string;
  depth: number;
  lines: LineCounter;
  doc: ReturnType<typeof parseDocument>;
  /** What each alias stands for, once one was met. */
  aliases: Map<Node, Node | undefined> | null;
  reading: Reading;
}

/**
 * Reads `file` and all it includes; places are recorded below `path` ('' for the root).
 * Throws PeccaryError('config') with file, line and column.
 */
export function readYamlFile(file: string, path: string, reading: Reading, depth = 0): TreeMap {
  if (depth > MaxIncludeDepth) throw fault(file, `files include each other more than ${MaxIncludeDepth} deep`);
  const text = readText(file);
  const read = (): TreeMap => readYamlText(text, file, path, reading, depth);
  return depth === 0 ? patiently(read) : read();
}

/** The same for text that `file` holds. */
export function readYamlText(text: string, file: string, path: string, reading: Reading, depth = 0): TreeMap {
  const lines = new LineCounter();
  const doc = parseDocument(text, { version: '1.1', schema: 'failsafe', uniqueKeys: false, lineCounter: lines });
  const error = doc.errors.at(0);
  if (error !== undefined) {
    const at = error.linePos?.[0];
    throw fault(at === undefined ? file : `${file}:${at.line}:${at.col}`, yamlMessage(error.message));
  }
  const source: Source = { file, depth, lines, doc, aliases: null, reading };
  if (doc.contents === null || (isScalar(doc.contents) && isNull(doc.contents))) return {};
  const tree = convert(source, doc.contents, path, 0);
  if (tree === null || typeof tree !== 'object' || Array.isArray(tree)) {
    throw fault(`${file}:1:1`, 'a configuration is a map of keys (key: value)');
  }
  return tree;
}

function readText(file: string): string {
  try {
    const found = statSync(file);
    if (!found.isFile() && !found.isFIFO()) throw fault(file, 'is not a file');
    if (found.size > MaxFileLen) throw fault(file, `a configuration file has at most ${MaxFileLen} bytes`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof PeccaryError) throw error;
    throw fault(file, `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

/** The parser's first line without the place, which is told before it. It recurses: its stack bounds the nesting. */
function yamlMessage(message: string): string {
  if (/call stack/i.test(message)) return 'nested too deeply';
  return message.split('\n')[0].replace(/ at line \d+, column \d+:?$/, '');
}

function shortened(text: string): string {
  return text.length > MaxQuoteLen ? `${text.slice(0, MaxQuoteLen)} …` : text;
}

function fault(place: string, message: string): PeccaryError {
  return new PeccaryError('config', `${shortened(place)}: ${shortened(message)}`);
}

function placeOf(source: Source, node: unknown): string {
  const range = (node as { range?: [number, number, number] | null }).range;
  if (!range) return source.file;
  const { line, col } = source.lines.linePos(range[0]);
  return `${source.file}:${line}:${col}`;
}

/** What the aliases of a document stand for, found in one walk: each the last anchor of its name before it. */
function aliasesOf(doc: Source['doc']): Map<Node, Node | undefined> {
  const anchors = new Map<string, Node>();
  const found = new Map<Node, Node | undefined>();
  visit(doc, {
    Node(_, node) {
      if (isAlias(node)) found.set(node, anchors.get(node.source));
      else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return found;
}

function convert(source: Source, node: unknown, path: string, level: number): Tree {
  if (level > MaxDepth) throw fault(placeOf(source, node), `more than ${MaxDepth} levels`);
  if (++source.reading.nodes > MaxNodes) throw fault(placeOf(source, node), `more than ${MaxNodes} values`);
  if (node === null) return null;
  if (isAlias(node)) {
    source.aliases ??= aliasesOf(source.doc);
    const target = source.aliases.get(node);
    if (target === undefined) throw fault(placeOf(source, node), `unknown alias *${node.source}`);
    return convert(source, target, path, level + 1);
  }
  if (isScalar(node)) {
    if (node.tag === '!include') {
      return readYamlFile(includedFile(source, String(node.value)), path, source.reading, source.depth + 1);
    }
    return isNull(node) ? null : String(node.value);
  }
  if (isSeq(node)) {
    return node.items.map((item, i) => {
      const at = `${path}.${i}`;
      source.reading.places[at] = placeOf(source, item ?? node);
      return convert(source, item, at, level + 1);
    });
  }
  if (isMap(node)) return convertMap(source, node.items, path, level);
  throw fault(placeOf(source, node), 'neither a map, a list nor a value');
}

function convertMap(source: Source, items: unknown[], path: string, level: number): TreeMap {
  const out: TreeMap = {};
  const isVariables = /(^|\.)(address|port)-groups$/.test(path);
  for (const pair of items) {
    if (!isPair(pair) || !isScalar(pair.key)) throw fault(placeOf(source, items[0]), 'a key is a single word');
    const place = placeOf(source, pair.key);
    const written = String(pair.key.value);
    if (written === 'include') {
      const value = convert(source, pair.value, `${path}.include`, level + 1);
      for (const name of Array.isArray(value) ? value : [value]) {
        if (typeof name !== 'string') throw fault(place, 'include: expected the name of a file or a list of them');
        merge(
          out,
          readYamlFile(includedFile(source, name), path, source.reading, source.depth + 1),
          path,
          source.reading,
        );
      }
      continue;
    }
    const key = isVariables ? written : written.replaceAll('_', '-');
    if (key !== written) source.reading.notes.push(`${place}: ${written} is read as ${key}`);
    const at = path === '' ? key : `${path}.${key}`;
    const previous = Object.hasOwn(out, key) ? source.reading.places[at] : undefined;
    if (previous !== undefined) noteRedefined(source.reading, place, at, previous);
    // Only a map or a list has places below it.
    forgetPlaces(source.reading, at, previous !== undefined && typeof out[key] === 'object');
    const value = convert(source, pair.value, at, level + 1);
    source.reading.places[at] = place;
    define(out, key, value);
  }
  return out;
}

function noteRedefined(reading: Reading, place: string, at: string, previous: string): void {
  reading.notes.push(`${place}: ${at} replaces the one of ${previous}`);
}

/** Drops the places below a key that is defined anew. */
function forgetPlaces(reading: Reading, at: string, known: boolean): void {
  if (!known) return;
  for (const path of Object.keys(reading.places)) if (path.startsWith(`${at}.`)) delete reading.places[path];
}

function includedFile(source: Source, name: string): string {
  return resolve(dirname(source.file), name);
}

function isNull(node: { value?: unknown; source?: string; type?: string }): boolean {
  return node.type === 'PLAIN' && /^(~|null|)$/i.test(node.source ?? String(node.value ?? ''));
}
