/** Several outputs of one kind (Suricata user guide 7.0, "Eve JSON Output", "Multiple Logger Instances"). */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Settings, type Tree } from '../../src/core/settings.js';
import { outputConfig } from '../../src/output/config.js';
import { openOutputs } from '../../src/output/outputs.js';
import { OutputPort } from '../../src/output/port.js';
import type { EventRecord } from '../../src/output/records.js';
import * as samples from './samples.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'peccary-several-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const configOf = (outputs: Tree[]) =>
  outputConfig(new Settings({ outputs }), { eve: null, logDir: dir, inline: false, live: false });

async function write(outputs: Tree[], records: EventRecord[]): Promise<void> {
  const run = { kind: 'replay' as const, inputs: ['a.pcap'], append: false, version: '0', startedUs: samples.t0 };
  const open = openOutputs({ ...configOf(outputs), db: null, workers: 1, live: false, run });
  await open.ready();
  const port = new OutputPort(open.portMemory(0));
  port.useRules(open.setRules([samples.loadedRule()]));
  for (const r of records) port.push(r);
  port.close();
  assert.deepEqual((await open.close(null)).faults, []);
}

const text = (name: string): string => readFileSync(join(dir, name), 'utf8');
const kinds = (name: string): string[] =>
  text(name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).event_type);

describe('several outputs of one kind', () => {
  const eve = (filename: string, types: Tree, more: { [key: string]: Tree } = {}): Tree => ({
    'eve-log': { enabled: 'yes', filename, types, ...more },
  });

  it('are each written with their own types and options', async () => {
    await write(
      [
        { 'eve-log': { enabled: 'no', filename: 'off.json', types: ['alert'] } },
        eve('alerts.json', [{ alert: { payload: 'yes' } }], { 'community-id': 'yes' }),
        { fast: { enabled: 'yes', filename: 'one.log' } },
        eve('rest.json', ['http', 'flow']),
        eve('all.json', ['http', { alert: { packet: 'yes', metadata: 'no' } }, 'flow']),
        { fast: { enabled: 'yes', filename: 'two.log' } },
      ],
      [samples.alert({ payload: Buffer.from('abc') }), samples.httpEvent(), samples.flowEvent()],
    );
    assert.deepEqual(kinds('alerts.json'), ['alert']);
    assert.deepEqual(kinds('rest.json'), ['http', 'flow']);
    assert.deepEqual(kinds('all.json'), ['alert', 'http', 'flow']);
    const [first, second] = ['alerts.json', 'all.json'].map((name) => JSON.parse(text(name).split('\n')[0]));
    assert.deepEqual([first.payload, first.packet, 'community_id' in first], ['YWJj', undefined, true]);
    assert.deepEqual([second.payload, typeof second.packet, 'community_id' in second], [undefined, 'string', false]);
    assert.deepEqual(['flow' in first, 'flow' in second], [true, false]);
    assert.match(text('one.log'), /\[1:1000001:3\]/);
    assert.equal(text('one.log'), text('two.log'));
    assert.throws(() => text('off.json'), /ENOENT/);
  });

  it('share finished lines of http events when each has nothing but these', () => {
    const wide = [{ http: { extended: 'yes' } }];
    const wants = (...outputs: Tree[]): boolean => {
      const config = configOf(outputs);
      const run = { kind: 'replay' as const, inputs: [], append: false, version: '0', startedUs: 0 };
      const open = openOutputs({ ...config, db: null, workers: 1, live: false, run });
      void open.close(null);
      return open.wants.httpLines;
    };
    assert.equal(wants(eve('a', wide), eve('b', ['alert']), eve('c', wide)), true);
    assert.equal(wants(eve('a', wide), eve('b', ['http'])), false);
    assert.equal(wants(eve('a', wide), eve('b', wide, { 'community-id': 'yes' })), false);
    assert.equal(wants(eve('a', wide, { prefix: '@cee: ' })), false);
  });

  it('get finished lines where they have http events', async () => {
    const line = Buffer.from('{"event_type":"http"}\n{"event_type":"http"}\n');
    await write(
      [
        eve('a.json', [{ http: { extended: 'yes' } }]),
        eve('b.json', ['flow']),
        eve('c.json', [{ http: { extended: 'yes' } }]),
      ],
      [{ kind: 'lines', count: 2, bytes: line }, samples.flowEvent()],
    );
    assert.deepEqual(['a.json', 'b.json', 'c.json'].map(kinds), [['http', 'http'], ['flow'], ['http', 'http']]);
  });

  it('have a prefix before each line where one is configured', async () => {
    await write([eve('a.json', ['flow'], { prefix: '@cee: ' }), eve('b.json', ['flow'])], [samples.flowEvent()]);
    assert.equal(text('a.json'), `@cee: ${text('b.json')}`);
  });

  it('rotate each by its own size and time, and are all opened anew at HUP', async () => {
    const config = configOf([
      eve('small.json', ['flow'], { 'rotate-size': '4kb', 'rotate-keep': 2 }),
      eve('whole.json', ['flow']),
      eve('timed-%s.json', ['flow'], { 'rotate-interval': '1s' }),
      { fast: { enabled: 'yes', filename: 'small.log', 'rotate-size': '1kb', 'rotate-keep': 3 } },
      { fast: { enabled: 'yes', filename: 'timed-%s.log', 'rotate-interval': '1s' } },
    ]);
    const run = { kind: 'live' as const, inputs: ['eth0'], append: false, version: '0', startedUs: samples.t0 };
    const open = openOutputs({ ...config, db: null, workers: 1, live: true, run });
    await open.ready();
    const port = new OutputPort(open.portMemory(0));
    port.useRules(open.setRules([samples.loadedRule()]));
    const push = (): void => {
      for (let i = 0; i < 10; i++) {
        port.push(samples.alert());
        port.push(samples.flowEvent());
      }
      port.flush();
    };
    const names = (pattern: RegExp): string[] => readdirSync(dir).filter((name) => pattern.test(name));
    const timed = (): boolean => names(/^timed-\d+\.json$/).length > 2 && names(/^timed-\d+\.log$/).length > 2;
    const all = (): string[] => names(/^(small|whole)\./).sort();
    const rotated = [
      'small.json',
      'small.json.1',
      'small.json.2',
      'small.log',
      'small.log.1',
      'small.log.2',
      'small.log.3',
    ];
    let pushed = 0;
    for (const end = Date.now() + 30_000; !timed() || all().length < 8; await sleep(50)) {
      assert.ok(Date.now() < end, `${readdirSync(dir)}`);
      push();
      pushed += 10;
    }
    assert.deepEqual(all(), [...rotated, 'whole.json']);
    for (const name of names(/^small\.json\.\d$/)) {
      const { size } = statSync(join(dir, name));
      assert.ok(size >= 4096, `${name} ${size}`);
      kinds(name);
    }
    for (const name of all()) renameSync(join(dir, name), join(dir, `old-${name}`));
    assert.deepEqual(await open.reopen(), []);
    push();
    port.close();
    assert.deepEqual((await open.close(null)).faults, []);
    assert.ok(
      ['small.json', 'small.log', 'whole.json'].every((name) => all().includes(name)),
      `${all()}`,
    );
    assert.equal(kinds('old-whole.json').length + kinds('whole.json').length, pushed + 10);
    const inAll = (list: string[]): number => list.reduce((n, name) => n + text(name).split('\n').length - 1, 0);
    assert.equal(inAll(names(/^timed-\d+\.json$/)), pushed + 10);
    assert.equal(inAll(names(/^timed-\d+\.log$/)), pushed + 10);
  }).timeout(60_000);

  it('are refused when two would write one file, or look for the client in two places', () => {
    assert.throws(() => configOf([eve('a', ['flow']), eve('a', ['http'])]), /two outputs write to .*a$/);
    assert.throws(() => configOf([eve('a', ['flow']), { fast: { enabled: 'yes', filename: 'a' } }]), /two outputs/);
    const xff = (header: string): Tree => [{ alert: { xff: { enabled: 'yes', header } } }];
    assert.throws(() => configOf([eve('a', xff('X-Real')), eve('b', xff('Forwarded'))]), /xff of alerts must have one/);
    assert.equal(configOf([eve('a', xff('X-Real')), eve('b', xff('x-real'))]).eve.length, 2);
  });

  it('name their unknown values by their place', () => {
    assert.throws(() => configOf([eve('a', []), eve('b', [], { filemode: '999' })]), /outputs\.1\.eve-log\.filemode/);
  });
});
