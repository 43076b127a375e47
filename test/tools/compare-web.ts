/**
 * Compares Peccary with Suricata over web traffic with attacks in it: a large capture of a real Apache (large-capture.ts),
 * and between its packets, at the same time, the examples of the bundled rules, each also in evasive encodings, many on one
 * connection, and conversations made from the rules themselves. Alerts are compared by signature, conversation and
 * transaction; raw stream is inspected without a limit. Run it after a build:
 *
 *   node out/test/tools/compare-web.js --rules FILE [--base CAPTURE] [--suricata PROGRAM] [--every N] [--folder DIR]
 *
 * Writes DIR/differences.jsonl and prints a summary. Exit status 0 when there is no difference, 3 when there are some.
 */
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Settings } from '../../src/core/settings.js';
import { BufferId } from '../../src/protocol/buffers.js';
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
import { evasionsOf } from './evasions.js';
import { loadExamples, type Message, requestBytes, responseBytes } from './examples.js';
import { largeCapture } from './large-capture.js';
import { ruleTraffic } from './rule-traffic.js';
import { type Exchange, type TimedFrame, tcpSession } from './session.js';

const { values } = parseArgs({
  options: {
    rules: { type: 'string', multiple: true },
    base: { type: 'string' },
    suricata: { type: 'string', default: 'suricata' },
    every: { type: 'string', default: '4' },
    folder: { type: 'string', default: join(tmpdir(), 'peccary-compare-web') },
  },
});
const folder = values.folder;
const Requests = 12;
const ReadBytes = 8 << 20;

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** What was sent besides the large capture: where it came from and its frames. */
interface Attack {
  label: string;
  frames: TimedFrame[];
}

let conversations = 0;

function attack(label: string, exchanges: Exchange[], mss?: number): Attack {
  const n = conversations++;
  const client = { ip: `172.16.${(n >> 8) & 255}.${n & 255}`, port: 20_000 + (n >> 16) };
  return { label, frames: tcpSession({ client, server: { ip: '10.0.0.80', port: 80 }, exchanges, mss, stepUs: 300 }) };
}

function pair(request: string, m: Message): Exchange[] {
  return [
    { from: 'client', data: latin1(request) },
    { from: 'server', data: latin1(responseBytes(m)) },
  ];
}

function* exampleAttacks(): Generator<Attack> {
  const examples = loadExamples('signatures/examples.yaml');
  for (const { sid, fire, quiet } of examples) {
    yield attack(`example ${sid}`, pair(requestBytes(fire), fire));
    yield attack(`quiet example ${sid}`, pair(requestBytes(quiet), quiet));
    yield attack(`example ${sid} in pieces`, pair(requestBytes(fire), fire), 9 + (sid % 30));
    for (const [name, request] of evasionsOf(fire)) yield attack(`example ${sid}, ${name}`, pair(request, fire));
  }
  for (let at = 0; at < examples.length; at += Requests) {
    const some = examples.slice(at, at + Requests).map((e) => e.fire);
    yield attack(
      'one after the other',
      some.flatMap((m) => pair(requestBytes(m), m)),
    );
    yield attack('pipelined', [
      { from: 'client', data: latin1(some.map(requestBytes).join('')) },
      { from: 'server', data: latin1(some.map(responseBytes).join('')) },
    ]);
  }
}

const set = loadRules({ files: values.rules ?? [], settings: new Settings({}) });
const every = set.rules.filter((_, i) => i % Number(values.every) === 0);

function* allAttacks(): Generator<Attack> {
  yield* exampleAttacks();
  for (const { rule, frames } of ruleTraffic(every)) yield { label: `made for ${rule.sid}`, frames };
}

/** Puts the attacks between the packets of the large capture, evenly in time. */
function merge(base: string, target: string, attacks: Attack[], fromUs: number, toUs: number): void {
  const step = (toUs - fromUs) / attacks.length;
  const frames = attacks
    .flatMap(({ frames: list }, i) => list.map((f) => ({ ...f, tsUs: fromUs + i * step + (f.tsUs - list[0].tsUs) })))
    .sort((a, b) => a.tsUs - b.tsUs);
  const from = openSync(base, 'r');
  const to = openSync(target, 'w');
  writeSync(to, pcapFile([]));
  let next = 0;
  eachPacket(from, (tsUs, record) => {
    const first = next;
    while (next < frames.length && frames[next].tsUs <= tsUs) next++;
    if (next > first) writeSync(to, pcapFile(frames.slice(first, next)).subarray(24));
    writeSync(to, record);
  });
  if (next < frames.length) writeSync(to, pcapFile(frames.slice(next)).subarray(24));
  closeSync(from);
  closeSync(to);
}

/** Calls back for each packet of a little-endian pcap file of microseconds, with its record. */
function eachPacket(fd: number, take: (tsUs: number, record: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  const block = Buffer.alloc(ReadBytes);
  readSync(fd, block, 0, 24, null);
  for (let n = readSync(fd, block); n > 0; n = readSync(fd, block)) {
    const data = Buffer.concat([rest, block.subarray(0, n)]);
    let at = 0;
    while (at + 16 <= data.length) {
      const end = at + 16 + data.readUInt32LE(at + 8);
      if (end > data.length) break;
      take(data.readUInt32LE(at) * 1e6 + data.readUInt32LE(at + 4), data.subarray(at, end));
      at = end;
    }
    rest = Buffer.from(data.subarray(at));
  }
}

const base = values.base ?? (await largeCapture());
const config = writeSettings(folder, new Set(set.rules.flatMap((r) => r.classtype ?? [])), {
  depth: '0',
  external: 'any',
});
const rules = join(folder, 'loaded.rules');
writeFileSync(rules, `${set.rules.map((r) => r.text).join('\n')}\n`);
let [firstUs, lastUs, packets] = [0, 0, 0];
const fd = openSync(base, 'r');
eachPacket(fd, (tsUs) => {
  if (packets++ === 0) firstUs = tsUs;
  lastUs = tsUs;
});
closeSync(fd);
const attacks = [...allAttacks()];
const capture = join(folder, 'web.pcap');
merge(base, capture, attacks, firstUs, lastUs);
console.log(`${packets} packets of ${base}, ${attacks.length} conversations between them, ${set.rules.length} rules`);

/**
 * Rules that look at a transaction. Of an alert on a packet or the raw stream Suricata guesses the transaction: whichever is
 * open just then.
 */
const transactional = new Set(
  set.rules
    .filter((r) => r.sections.some((s) => s.buffer !== BufferId.Payload && s.buffer < BufferId.Ipv4Hdr))
    .map((r) => r.sid),
);
const tally = new Tally();
const count =
  (engine: 0 | 1) =>
  (e: EveAlert): void =>
    tally.add(
      engine,
      `${e.alert.signature_id} ${conversationOf(e)} ${transactional.has(e.alert.signature_id) ? e.tx_id : '-'}`,
    );
const run = { capture, rules, config };
await runSuricata(values.suricata, { ...run, folder: join(folder, 'suricata'), onAlert: count(0) });
await runPeccary({ ...run, folder: join(folder, 'peccary'), onAlert: count(1) });

const known = new Map(attacks.map((a) => [conversationOfFrame(a.frames[0].bytes), a]));
const texts = new Map(set.rules.map((r) => [r.sid, r.text]));
const differences = tally.differences();
const lines = differences.map(([key, suricata, peccary]) => {
  const [sid, conversation, tx] = key.split(' ');
  const a = known.get(conversation);
  const bytes = (a?.frames ?? []).map((f) => Buffer.from(f.bytes.subarray(54)).toString('latin1')).join('');
  const found = { sid: Number(sid), conversation, tx, suricata, peccary, label: a?.label ?? 'the large capture' };
  return `${JSON.stringify({ ...found, rule: texts.get(Number(sid)), bytes: bytes.slice(0, 2000) })}\n`;
});
writeFileSync(join(folder, 'differences.jsonl'), lines.join(''));
console.log(`alerts: ${JSON.stringify(tally.totals())}, ${differences.length} differences`);
process.exitCode = differences.length === 0 ? 0 : 3;
