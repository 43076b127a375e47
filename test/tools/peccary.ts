/** Runs the program itself, as a user would, for tests of the whole. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface ProgramResult {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `peccary ARGS`; nothing on standard input unless given. */
export function peccary(args: string[], input?: Buffer | string): ProgramResult {
  const r = spawnSync(process.execPath, [Main, ...args], { input: input ?? '', encoding: 'utf8', maxBuffer: 1 << 30 });
  return { status: r.status, stdout: r.stdout, stderr: r.stderr };
}

export interface EveEvent {
  event_type: string;
  src_ip?: string;
  dest_ip?: string;
  pcap_cnt?: number;
  tx_id?: number;
  alert?: { gid: number; signature_id: number; action: string };
  http?: Record<string, string | number>;
  [key: string]: unknown;
}

/** Replays a capture and returns its EVE events. Throws with the program's own words when it does not end with 0. */
export function replayEvents(capture: string, ...args: string[]): EveEvent[] {
  const logDir = mkdtempSync(join(tmpdir(), 'peccary-test-'));
  try {
    const r = peccary([
      'replay',
      capture,
      '-k',
      'none',
      '-l',
      logDir,
      '--db',
      'none',
      '--eve',
      '-',
      '--quiet',
      ...args,
    ]);
    if (r.status !== 0) throw new Error(`replay of ${capture} ended with ${r.status}: ${r.stderr}`);
    return r.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as EveEvent);
  } finally {
    rmSync(logDir, { recursive: true, force: true });
  }
}

/** How often each signature alerted. */
export function alertCounts(events: EveEvent[]): Record<string, number> {
  const out: Record<string, number> = {};
  for (const { alert } of events) if (alert !== undefined) out[alert.signature_id] = (out[alert.signature_id] ?? 0) + 1;
  return out;
}
