/** Cases through the program itself: one replay of all, its events by case. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcapFile } from '../tools/capture-writer.js';
import { type EveEvent, replayEvents } from '../tools/peccary.js';
import { attackRules, type EvasionCase, FirstPort, framesOf } from './http-case.js';

/** The events of conversation n: those with the client's port `firstPort` + n. */
export function byConversation(events: EveEvent[], count: number, firstPort: number): EveEvent[][] {
  const by: EveEvent[][] = Array.from({ length: count }, () => []);
  for (const e of events) {
    const port = Number(e.dest_port === 80 ? e.src_port : e.dest_port);
    by[port - firstPort]?.push(e);
  }
  return by;
}

/** Alerts carry the bodies that were inspected. */
const Config = `%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      types:
        - alert:
            http-body: yes
        - http
        - anomaly
        - files:
            force-hash: [sha256]
`;

/** The events of a capture file under the rules on attacks. */
export function eventsOfCapture(file: string, ...args: string[]): EveEvent[] {
  const dir = mkdtempSync(join(tmpdir(), 'peccary-evasion-'));
  try {
    writeFileSync(join(dir, 'a.rules'), attackRules);
    writeFileSync(join(dir, 'a.yaml'), Config);
    return replayEvents(file, '-c', join(dir, 'a.yaml'), '-S', join(dir, 'a.rules'), ...args);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The events of each case, its segments cut at `mss` bytes. */
export function eventsOfCases(cases: readonly EvasionCase[], mss: number, ...args: string[]): EveEvent[][] {
  const dir = mkdtempSync(join(tmpdir(), 'peccary-evasion-'));
  try {
    const file = join(dir, 'a.pcap');
    writeFileSync(file, pcapFile(framesOf(cases, mss)));
    return byConversation(eventsOfCapture(file, ...args), cases.length, FirstPort);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Names of the anomalies among events, in lower case. */
export function anomaliesOf(events: EveEvent[]): string[] {
  return events
    .filter((e) => e.event_type === 'anomaly')
    .map((e) => (e.anomaly as { event: string }).event.toLowerCase());
}
