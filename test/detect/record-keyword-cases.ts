/**
 * Records what Peccary makes of the conversations of keyword-cases.ts, for keyword-cases.test.ts, and shows where Suricata,
 * when it is installed, sees something else. Run it after a build: node out/test/detect/record-keyword-cases.js
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPeccary, runSuricata } from '../tools/engine-alerts.js';
import { prepare, recorded, results } from './keyword-cases.js';

const folder = mkdtempSync(join(tmpdir(), 'peccary-cases-'));
try {
  const prepared = prepare(folder);
  const ours = await results(prepared, runPeccary, join(folder, 'peccary'));
  writeFileSync(recorded, `${ours.join('\n')}\n`);
  console.log(`${prepared.cases.length} conversations of ${ours.length} rules recorded`);
  const theirs = await results(prepared, (run) => runSuricata('suricata', run), join(folder, 'suricata'));
  for (const [i, line] of ours.entries())
    if (line !== theirs[i]) console.log(`here:     ${line}\nSuricata: ${theirs[i]}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
