/**
 * Compares Peccary with Suricata over traffic made from rules: each rule's own conversation, other deliveries of it, and
 * near misses (rule-variants.ts). Run it after a build:
 *
 *   node out/test/tools/compare-rules.js --rules FILE [--rules FILE] [--suricata PROGRAM] [--slice CONVERSATIONS]
 *        [--only SID,SID] [--every N] [--folder DIR] [--engine peccary]
 *
 * Writes DIR/differences.jsonl (a line for each difference, with the rule and the bytes), DIR/silent.txt (rules that fired
 * on none of their conversations) and prints a summary. The capture is made in slices, one at a time on disk. Exit status
 * 0 when there is no difference, 3 when there are some.
 */
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Settings } from '../../src/core/settings.js';
import type { Rule } from '../../src/rules/ir.js';
import { loadRules } from '../../src/rules/load.js';
import { pcapFile } from './capture-writer.js';
import {
  conversationOf,
  conversationOfFrame,
  type EveAlert,
  runPeccary,
  runSuricata,
  Tally,
  writeSettings,
} from './engine-alerts.js';
import { type RuleCase, ruleCases } from './rule-traffic.js';

const { values } = parseArgs({
  options: {
    rules: { type: 'string', multiple: true },
    suricata: { type: 'string', default: 'suricata' },
    slice: { type: 'string', default: '60000' },
    only: { type: 'string' },
    every: { type: 'string', default: '1' },
    folder: { type: 'string', default: join(tmpdir(), 'peccary-compare') },
    engine: { type: 'string' },
  },
});
const folder = values.folder;

/** Bytes of payload that a difference shows. */
const ShownBytes = 1500;

function payloadsOf(c: RuleCase): string {
  let out = '';
  for (const { bytes: f } of c.frames) {
    const at = 14 + (f[14] & 15) * 4;
    const data = f.subarray(f[23] === 6 ? at + (f[at + 12] >> 4) * 4 : at + 8);
    if (data.length > 0) out += `${out === '' ? '' : ' | '}${JSON.stringify(Buffer.from(data).toString('latin1'))}`;
  }
  return out.slice(0, ShownBytes);
}

const set = loadRules({ files: values.rules ?? [], settings: new Settings({}) });
const bySid = new Map<number, Rule>(set.rules.map((r) => [r.sid, r]));
const only = values.only?.split(',').map(Number);
const chosen = set.rules.filter((r, i) => (only === undefined ? i % Number(values.every) === 0 : only.includes(r.sid)));
const config = writeSettings(folder, new Set(set.rules.flatMap((r) => r.classtype ?? [])));
const rules = join(folder, 'loaded.rules');
writeFileSync(rules, `${set.rules.map((r) => r.text).join('\n')}\n`);
console.log(`${set.rules.length} rules loaded, ${set.failed.length} refused, ${set.skipped.length} skipped`);

/** What one slice remembers of its conversations. */
interface Known {
  index: number;
  sid: number;
  label: string;
}
const capture = join(folder, 'slice.pcap');
const findings = openSync(join(folder, 'differences.jsonl'), 'w');
const fired: [Set<number>, Set<number>] = [new Set(), new Set()];
const totals = { suricata: 0, peccary: 0, same: 0, differences: 0 };

async function compareSlice(known: Map<string, Known>): Promise<Map<number, [Known, number, number, number][]>> {
  const tally = new Tally();
  const count =
    (engine: 0 | 1) =>
    (e: EveAlert): void => {
      const conversation = conversationOf(e);
      tally.add(engine, `${e.alert.signature_id} ${conversation}`);
      if (known.get(conversation)?.sid === e.alert.signature_id) fired[engine].add(e.alert.signature_id);
    };
  const run = { capture, rules, config };
  if (values.engine !== 'peccary')
    await runSuricata(values.suricata, { ...run, folder: join(folder, 'suricata'), onAlert: count(0) });
  await runPeccary({ ...run, folder: join(folder, 'peccary'), onAlert: count(1) });
  const t = tally.totals();
  totals.suricata += t.suricata;
  totals.peccary += t.peccary;
  totals.same += t.same;
  const out = new Map<number, [Known, number, number, number][]>();
  for (const [key, s, p] of values.engine === 'peccary' ? [] : tally.differences()) {
    const [sid, conversation] = key.split(' ');
    const from = known.get(conversation);
    if (from === undefined) throw new Error(`an alert of ${sid} on ${conversation}, which was not sent`);
    const list = out.get(from.index) ?? [];
    list.push([from, Number(sid), s, p]);
    out.set(from.index, list);
  }
  return out;
}

/** The conversations of a slice are made again, to show those that differ. */
function tell(
  cases: Iterator<RuleCase>,
  count: number,
  different: Map<number, [Known, number, number, number][]>,
): void {
  for (let i = 0; i < count; i++) {
    const c = cases.next().value as RuleCase;
    for (const [from, sid, suricata, peccary] of different.get(c.index) ?? []) {
      totals.differences++;
      const rule = bySid.get(sid)?.text;
      const bytes = payloadsOf(c);
      writeSync(
        findings,
        `${JSON.stringify({ sid, suricata, peccary, madeFor: from.sid, label: from.label, index: c.index, rule, bytes })}\n`,
      );
    }
  }
}

const again = ruleCases(chosen);
let known = new Map<string, Known>();
let fd = -1;
let cases = 0;

async function endSlice(): Promise<void> {
  closeSync(fd);
  fd = -1;
  tell(again, known.size, await compareSlice(known));
  rmSync(capture);
  known = new Map();
  console.log(`${cases} conversations: ${JSON.stringify(totals)}`);
}

for (const c of ruleCases(chosen)) {
  if (fd < 0) {
    fd = openSync(capture, 'w');
    writeSync(fd, pcapFile([]));
  }
  writeSync(fd, pcapFile(c.frames).subarray(24));
  const conversation = conversationOfFrame(c.frames[0].bytes);
  if (known.has(conversation)) throw new Error(`two conversations ${conversation} in one slice: ${c.rule.sid}`);
  known.set(conversation, { index: c.index, sid: c.rule.sid, label: c.label });
  cases++;
  if (known.size >= Number(values.slice)) await endSlice();
}
if (fd >= 0) await endSlice();
closeSync(findings);
const silent = chosen.filter((r) => !r.noalert && !fired[0].has(r.sid) && !fired[1].has(r.sid));
writeFileSync(join(folder, 'silent.txt'), silent.map((r) => `${r.text}\n`).join(''));
console.log(
  `${chosen.length} rules, ${cases} conversations; rules that fired on their own: ` +
    `${fired[0].size} in Suricata, ${fired[1].size} in Peccary; ${silent.length} in none`,
);
console.log(`alerts: ${totals.suricata} in Suricata, ${totals.peccary} in Peccary, ${totals.same} the same`);
process.exitCode = totals.differences === 0 ? 0 : 3;
