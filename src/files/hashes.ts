/** Hashes of files, computed while their bytes arrive. */
import { createHash } from 'node:crypto';
import { buf } from '../core/memory.js';
import { fileConfig } from './config.js';
import { FileState, HashBit, type TrackedFile } from './tracked-file.js';

const mem = buf;
const names = ['md5', 'sha1', 'sha256'] as const;

/** HashBit bits that rules ask for. */
let ofRules = 0;

export function setRuleHashes(bits: number): void {
  ofRules = bits;
}

export function openHashes(file: TrackedFile): void {
  const bits = ofRules | fileConfig.hashes;
  if (bits === 0) return;
  for (let i = 0; i < names.length; i++) if (bits & (1 << i)) file.running[i] = createHash(names[i]);
}

export function addToHashes(file: TrackedFile, off: number, len: number): void {
  const { running } = file;
  if (running[0] === null && running[1] === null && running[2] === null) return;
  const bytes = mem.subarray(off, off + len);
  for (let i = 0; i < names.length; i++) running[i]?.update(bytes);
}

/** The file has ended: a truncated one has no hash but the sha256 that names it in the store. */
export function closeHashes(file: TrackedFile): void {
  const whole = file.state === FileState.Closed;
  const { running } = file;
  if (whole) {
    file.md5 = running[0]?.digest('hex') ?? null;
    file.sha1 = running[1]?.digest('hex') ?? null;
  }
  if (whole || fileConfig.hashes & HashBit.Sha256) file.sha256 = running[2]?.digest('hex') ?? null;
  running.fill(null);
}
