/** The bundled rules with another action, for sensors that are inline. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Example, loadExamples, requestBytes } from '../tools/examples.js';
import type { RawSegment, RawTry } from '../tools/raw-client.js';
import { seeded } from '../tools/seeded.js';

/** Writes all bundled rules to `file`, their action replaced. */
export function rulesWith(action: string, file: string): string {
  const names = readdirSync('signatures').filter((name) => name.endsWith('.rules'));
  const text = names.map((name) => readFileSync(join('signatures', name), 'utf8')).join('\n');
  writeFileSync(file, text.replace(/^alert /gm, `${action} `));
  return file;
}

/** Examples whose rule fires on a single request. */
export function attacks(): Example[] {
  return loadExamples('signatures/examples.yaml').filter(
    ({ fire }) => fire.response === undefined && fire.repeat === undefined,
  );
}

/** A request in one segment a byte, in order. */
export function bytewise(text: string): RawSegment[] {
  return [...text].map((char, at) => ({ at, text: char }));
}

/** As bytewise, some of them twice, each moved by up to twenty places. */
export function shuffled(text: string, seed: number): RawSegment[] {
  const random = seeded(seed);
  const out = bytewise(text).flatMap((s) => (random() < 0.3 ? [s, s] : [s]));
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.max(0, i - Math.floor(random() * 20));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

export type Cut = 'whole' | 'bytes' | 'shuffled';

/** Tries of an example over both families, cut as told. */
export function triesOf(example: Example, cut: Cut): Omit<RawTry, 'port'>[] {
  const text = requestBytes(example.fire);
  const segments = cut === 'whole' ? [{ at: 0, text }] : cut === 'bytes' ? bytewise(text) : shuffled(text, example.sid);
  return ([4, 6] as const).map((ipVersion) => ({ id: `${example.sid} IPv${ipVersion} ${cut}`, ipVersion, segments }));
}
