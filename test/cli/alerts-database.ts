/** A database of alerts made of sample records, and questions to it as a user asks them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventRecord, RuleInfo } from '../../src/output/records.js';
import { openForWriting } from '../../src/output/store/open.js';
import { AlertStore } from '../../src/output/store/store.js';
import * as samples from '../output/samples.js';
import { inProcess } from '../tools/in-process.js';
import type { ProgramResult } from '../tools/peccary.js';

/** Folder and database of the present test. */
export let dir = '';
export let db = '';

const rules: RuleInfo[] = [
  samples.rule(),
  samples.rule({
    sid: 2,
    rev: 1,
    msg: 'SQL injection \x1b[2Jin body',
    priority: 2,
    classText: 'Web, "odd"',
    references: [],
    file: '',
    text: 'alert http …',
  }),
  samples.rule({ gid: 120, sid: 3, msg: 'PORT scan', priority: 3 }),
];

export const minute = 60e6;

/** Stores a run of these records. */
export async function run(records: EventRecord[], input: string, kind: 'replay' | 'live' = 'replay'): Promise<void> {
  const store = new AlertStore(await openForWriting(db), {
    path: db,
    sensor: 's',
    run: { kind, inputs: [input], append: false, version: '0', startedUs: samples.t0 },
    retention: null,
  });
  for (const r of records) store.add(r, (i) => rules[i] ?? null);
  store.close({ packets: 1, bytes: 1, firstUs: 1, lastUs: 1, lostEvents: 0 });
  assert.equal(store.fault, null);
}

export const evil = '/search?q=\x1b]0;owned\x07\u009b31m\u202e<b>,"x"';

/** Two runs: alert 1 of an old one; 2 to 5 of the latest. */
export async function fill(): Promise<void> {
  await run([{ kind: 'origins', names: ['/old.pcap'] }, samples.alert()], '/old.pcap');
  await run(
    [
      { kind: 'origins', names: ['/new.pcap'] },
      samples.alert({ pcapCnt: 10 }),
      samples.alert({
        tsUs: samples.t0 + 10 * minute,
        rule: 1,
        sid: 2,
        rev: 1,
        flowId: 2,
        src: '203.0.113.5',
        srcPort: 999,
        action: 'blocked',
        payload: null,
        http: samples.http({
          hostname: 'shop.example',
          url: evil,
          method: 'POST',
          status: 0,
          userAgent: null,
          requestHead: Buffer.from(`POST ${evil} HTTP/1.1\r\nHost: shop.example\r\nCookie: a=1; b=evil\r\n\r\n`),
          requestBody: Buffer.from("user=x' OR 1=1--&\x1b[31m"),
          responseHead: null,
          responseBody: null,
        }),
        matches: [
          { buffer: 'http.request_body', off: 6, len: 8, bytes: Buffer.from("' OR 1=1") },
          { buffer: 'http.cookie', off: 7, len: 4, bytes: Buffer.from('evil') },
          { buffer: 'http.uri', off: 0, len: 9, bytes: Buffer.from('/decoded\x1b') },
        ],
      }),
      samples.alert({
        tsUs: samples.t0 + 20 * minute,
        rule: 2,
        gid: 120,
        sid: 3,
        flowId: 3,
        src: '2001:0db8:0000:0000:0000:0000:0000:0007',
        dst: '2001:0db8:0000:0000:0000:0000:0000:0001',
        dstPort: 8080,
        http: null,
        txId: -1,
        appProto: '',
        payload: Buffer.from('\x01:probe of text\r\nHELLO\r\n'),
        stream: 0,
        matches: [{ buffer: 'payload', off: 2, len: 5, bytes: Buffer.from('probe') }],
      }),
      samples.alert({ tsUs: samples.t0 + 30 * minute }),
    ],
    '/new.pcap',
  );
}

/** An empty folder before and none after each test of the suite it is called in. */
export function useDatabase(): void {
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-alerts-'));
    db = join(dir, 'peccary.db');
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
}

export function alerts(...args: string[]): Promise<ProgramResult> {
  return inProcess(['alerts', ...args, '--db', db]);
}

export async function ok(...args: string[]): Promise<string> {
  const r = await alerts(...args);
  assert.equal(r.status, 0, r.stderr);
  return r.stdout;
}

/** Ids of the alerts that a list with these filters has, in its order. */
export async function ids(...filters: string[]): Promise<number[]> {
  return JSON.parse(await ok('list', '--format', 'json', ...filters)).map((a: { id: number }) => a.id);
}

export const Steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;
