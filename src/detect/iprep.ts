/**
 * IP reputation (Suricata manual, "IP Reputation"): scores by address or network and category, from the files that
 * `reputation-categories-file`, `default-reputation-path` and `reputation-files` name.
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Settings } from '../core/settings.js';
import type { Packet } from '../decode/packet.js';
import { HostSide } from '../rules/compile/layout.js';
import { testNumber } from './number-test.js';

const enum ReputationLimit {
  /** Categories are numbered 1 … 59 (Suricata: SREP_MAX_CATS 60). */
  Categories = 60,
  MaxScore = 127,
}

/** Scores by category of one address or network; -1: none. */
type Scores = Int8Array;

const categories = new Map<string, number>();
/** Networks by prefix length (of 128), then by masked address as text. Longest prefix wins. */
const networks = new Map<number, Map<string, Scores>>();
let lengths: number[] = [];
/** Category number of each category of the installed rules; 0: unknown. */
let wanted: number[] = [];

function wordsOf(text: string): number[] | null {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text)) {
    const v4 = text.split('.').reduce((a, x) => (a << 8) | Number(x) | 0, 0);
    return [0, 0, 0xffff, v4];
  }
  const [head, tail] = text.split('::');
  const parts = (s: string | undefined): number[] => (s ? s.split(':').map((w) => Number.parseInt(w, 16)) : []);
  const before = parts(head);
  const after = parts(tail);
  const all =
    tail === undefined
      ? before
      : [...before, ...new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after];
  if (all.length !== 8 || all.some((w) => Number.isNaN(w))) return null;
  return [0, 2, 4, 6].map((i) => (all[i] << 16) | all[i + 1]);
}

function mask(words: readonly number[], bits: number): string {
  return words
    .map((w, i) => {
      const n = Math.max(0, Math.min(32, bits - i * 32));
      return n === 0 ? 0 : (w & (n === 32 ? -1 : ~(0xffffffff >>> n))) | 0;
    })
    .join();
}

function addLine(line: string): boolean {
  const [where, category, score] = line.split(',').map((x) => x.trim());
  const [address, length] = (where ?? '').split('/');
  const words = wordsOf(address);
  const cat = Number(category);
  const n = Number(score);
  if (words === null || !(cat > 0 && cat < ReputationLimit.Categories) || !(n >= 0 && n <= ReputationLimit.MaxScore))
    return false;
  const isV4 = address.includes('.');
  const bits = length === undefined ? 128 : Number(length) + (isV4 ? 96 : 0);
  let byAddress = networks.get(bits);
  if (byAddress === undefined) {
    byAddress = new Map();
    networks.set(bits, byAddress);
  }
  const key = mask(words, bits);
  let scores = byAddress.get(key);
  if (scores === undefined) {
    scores = new Int8Array(ReputationLimit.Categories).fill(-1);
    byAddress.set(key, scores);
  }
  scores[cat] = n;
  return true;
}

function lines(file: string, note: (message: string) => void): string[] {
  try {
    return readFileSync(file, 'latin1')
      .split(/\r?\n/)
      .filter((l) => l !== '' && !l.startsWith('#'));
  } catch (e) {
    note(`${file}: ${(e as Error).message}`);
    return [];
  }
}

/** Reads the reputation files. Faults are noted and do not stop the rest. */
export function configureReputation(settings: Settings, note: (message: string) => void): void {
  categories.clear();
  networks.clear();
  const dir = settings.string('default-reputation-path', '');
  const path = (name: string): string => (isAbsolute(name) ? name : join(dir, name));
  const categoryFile = settings.string('reputation-categories-file');
  const files = settings.list('reputation-files');
  if (categoryFile !== undefined) {
    for (const line of lines(path(categoryFile), note)) {
      const [number, name] = line.split(',').map((x) => x.trim());
      if (name !== undefined) categories.set(name.toLowerCase(), Number(number));
    }
  }
  for (const file of files) {
    for (const line of lines(path(file), note)) if (!addLine(line)) note(`${file}: not a reputation: ${line}`);
  }
  lengths = [...networks.keys()].sort((a, b) => b - a);
}

/** Takes the categories that installed rules name. */
export function bindReputation(names: readonly string[]): void {
  wanted = names.map((n) => categories.get(n.toLowerCase()) ?? 0);
}

/** Score of an address in a category; -1 when it has none. */
function score(category: number, version: number, w0: number, w1: number, w2: number, w3: number): number {
  if (lengths.length === 0 || category === 0) return -1;
  const words = version === 4 ? [0, 0, 0xffff, w0] : [w0, w1, w2, w3];
  for (const bits of lengths) {
    const scores = networks.get(bits)?.get(mask(words, bits));
    if (scores !== undefined) return scores[category];
  }
  return -1;
}

/** Whether the reputation of the side(s) named passes the test. */
export function reputationFits(
  p: Packet,
  side: number,
  category: number,
  test: number,
  lo: number,
  hi: number,
  swapped: boolean,
): boolean {
  if (p.ipVersion === 0) return false;
  const cat = wanted[category];
  const fits = (source: boolean): boolean => {
    const s = source
      ? score(cat, p.ipVersion, p.src0, p.src1, p.src2, p.src3)
      : score(cat, p.ipVersion, p.dst0, p.dst1, p.dst2, p.dst3);
    return s >= 0 && testNumber(s, test, lo, hi);
  };
  switch (side) {
    case HostSide.Src:
      return fits(!swapped);
    case HostSide.Dst:
      return fits(swapped);
    case HostSide.Both:
      return fits(true) && fits(false);
    default:
      return fits(true) || fits(false);
  }
}
