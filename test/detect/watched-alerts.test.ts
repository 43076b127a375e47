/** Recorder and clock over whole captures: what is alerted on stays the same, and the record agrees with the engine. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Explainer } from '../../src/detect/explain.js';
import { HeaderFault } from '../../src/detect/header.js';
import { Fate, setObserver } from '../../src/detect/recorder.js';
import { setProfiling } from '../../src/detect/rule-clock.js';
import type { Explanation, Trace } from '../../src/detect/trace.js';
import { RuleCol } from '../../src/rules/compile/layout.js';
import { readFrames } from '../tools/frames.js';
import type { TimedFrame } from '../tools/session.js';
import { Run, type Seen } from './engine-harness.js';

const root = new URL('../../../', import.meta.url);
const signatures = readdirSync(new URL('signatures/', root))
  .filter((name) => name.endsWith('.rules'))
  .map((name) => readFileSync(new URL(`signatures/${name}`, root), 'utf8'))
  .join('\n');

/** Rules of every type, with conditions of every kind of state. */
const own = `
alert ip any any -> any any (msg:"ip only"; sid:1;)
alert tcp any any -> any 80 (msg:"packet"; flags:S; sid:2;)
alert tcp any any -> any any (msg:"stream"; flow:to_server,established; content:"GET"; flowbits:set,get; sid:3;)
alert tcp any any -> any any (msg:"both"; content:"GET"; depth:3; sid:4;)
alert http any any -> any any (msg:"bit"; flow:to_client; flowbits:isset,get; http.stat_code; content:"200"; sid:5;)
alert http any any -> any any (msg:"limited"; http.method; content:"GET"; threshold:type limit,track by_src,count 1,seconds 60; sid:6;)
alert http any any -> any any (msg:"two sides"; content:"Host"; http.uri; content:"/"; pcre:"/.{4}/"; sid:7;)
alert http any any -> any any (msg:"files"; flow:to_client; filesize:>10; xbits:set,seen,track ip_src,expire 60; sid:8;)
alert tcp any any <> any 80 (msg:"both ways"; content:"HTTP/1.1"; tcp.hdr; content:"|50|"; sid:9;)
pass http any any -> any any (msg:"pass"; http.uri; content:"union"; nocase; sid:10;)
`;

function explained(rules: string, frames: TimedFrame[]): { seen: Seen[]; explanation: Explanation; run: Run } {
  const run = new Run(rules);
  const all = Array.from({ length: run.rules.count }, (_, n) => n);
  const explainer = new Explainer(run.rules, { rules: all, setters: [] });
  setObserver(explainer);
  try {
    run.replay(frames);
  } finally {
    setObserver(null);
  }
  return { seen: run.seen, explanation: explainer.result(), run };
}

/** The record of one look must be one that the engine can have taken. */
function check(t: Trace, sections: number): void {
  const open = t.header === HeaderFault.None && t.app < 0 && t.condition < 0;
  if (!open || !t.candidate) assert.equal(t.sections.length, 0, `${t.rule}: looked at sections behind a closed gate`);
  else if (sections > 0) assert.ok(t.sections.length > 0, `${t.rule}: ${t.reason}`);
  if (t.fate >= 0) assert.ok(open && t.candidate && t.sections.every((s) => s.matched));
}

describe('Under watch', () => {
  const captures = readdirSync(new URL('pcaps/', root)).filter((name) => name.endsWith('.pcap'));
  for (const capture of captures.slice(0, 8)) {
    for (const [name, rules] of [
      ['bundled rules', signatures],
      ['rules of all types', own],
    ]) {
      it(`${capture} with ${name}: the alerts are the same with a recorder of every rule, and with a clock`, () => {
        const frames = readFrames(new URL(`pcaps/${capture}`, root).pathname);
        const plain = new Run(rules).replay(frames).seen;
        const { seen, explanation, run } = explained(rules, frames);
        assert.deepEqual(seen, plain);
        assert.equal(explanation.fates[Fate.Alert], plain.length);
        const sectionsOf = (rule: number): number => run.rules.table[rule * RuleCol.Stride + RuleCol.SectionCount];
        const looks = [...explanation.fired, ...explanation.reasons.map((r) => r.first)];
        for (const t of looks) check(t, sectionsOf(t.rule));
        setProfiling(true);
        try {
          assert.deepEqual(new Run(rules).replay(frames).seen, plain);
        } finally {
          setProfiling(false);
          new Run(rules);
        }
      }).timeout(20_000);
    }
  }
});
