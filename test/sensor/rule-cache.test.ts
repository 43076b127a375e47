import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { closeHandle } from '../../src/addon/handles.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { RuleTable } from '../../src/output/rule-table.js';
import { type PreparedRules, prepareRules } from '../../src/sensor/prepared-rules.js';
import { decodeRules } from '../../src/sensor/rule-cache-file.js';
import { ruleCacheKey } from '../../src/sensor/rule-cache-key.js';
import { readRunRules } from '../../src/sensor/rule-files.js';
import { pcapFile } from '../tools/capture-writer.js';
import { tcpSession } from '../tools/session.js';

const run = promisify(execFile);
const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** A capture of one request and its answer. */
function capture(path: string, body: string): Buffer {
  const exchanges = [
    { from: 'client' as const, data: Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`) },
    { from: 'server' as const, data: Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`) },
  ];
  return pcapFile(tcpSession({ exchanges }));
}

/** A set large enough to be kept: most rules differ in one content, some are refused, skipped or remarked on. */
function ruleText(rules: number): string {
  const lines: string[] = [
    'alert http any any -> any any (msg:"the path"; http.uri; content:"/cached/path"; sid:1;)',
    'alert tcp any any <> $HOME_NET any (msg:"both ways"; content:"cached-both"; reference:url,a.example/x; metadata:a b, c d; sid:2; rev:3;)',
    'alert tcp any any -> any any (msg:"refused"; contnet:"x"; sid:3;)',
    'alert tls any any -> any any (msg:"skipped"; tls.sni; content:"x"; sid:4;)',
    'alert tcp any any -> any any (msg:"never"; flowbits:isset,nobody; content:"abc"; sid:5;)',
    'alert ip [10.0.0.0/8,!10.1.0.0/16,2001:db8::/32] any -> any any (msg:"addresses"; flowbits:set,one; threshold:type limit, track by_src, count 1, seconds 60; sid:6;)',
    'alert http any any -> any any (msg:"body"; file_data; to_lowercase; content:"secret"; flowbits:isset,one; sid:7;)',
  ];
  const filler = 'a text that makes the rule longer, as the messages of rules are '.repeat(3);
  for (let i = 0; i < rules; i++) {
    lines.push(
      `alert http any any -> any ${80 + (i % 5)} (msg:"${filler}${i}"; http.uri; content:"/n${i}/"; content:"${i % 7}x"; distance:0; classtype:web-application-attack; sid:${1000 + i};)`,
    );
  }
  return `${lines.join('\n')}\n`;
}

describe('compiled rules kept between starts', () => {
  let dir: string;
  let rules: string;
  let cache: string;
  const text = ruleText(2000);

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-rule-cache-'));
    rules = join(dir, 'large.rules');
  });
  beforeEach(() => {
    writeFileSync(rules, text);
    cache = mkdtempSync(join(dir, 'cache-'));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  const config = (more: Record<string, Tree> = {}): Record<string, Tree> => ({
    'rule-cache': { directory: cache },
    vars: { 'address-groups': { HOME_NET: '10.0.0.0/8' } },
    ...more,
  });
  /** One start; what it would keep is kept. */
  const start = (settings = new Settings(config()), ruleVersion: 7 | 8 = 7): PreparedRules & { hit: boolean } => {
    const got = prepareRules({ settings, only: [rules], extra: [], ruleVersion }, { cache: true, source: false });
    got.keep();
    for (const handle of got.databases) closeHandle(handle);
    return { ...got, hit: got.source === null };
  };
  const files = (): string[] => readdirSync(cache).map((name) => join(cache, name));
  const plain = ({ rules: tables, packed, report }: PreparedRules): unknown => ({
    tables,
    report,
    packed: Array.from({ length: tables.count }, (_, n) => new RuleTable(packed).get(n)),
  });

  it('a set from the cache equals the set as compiled: tables, rules for the writer, every note', () => {
    const cold = start();
    const warm = start();
    assert.deepEqual([cold.hit, warm.hit], [false, true]);
    assert.deepEqual(plain(warm), plain(cold));
    const { failed, skipped, warnings } = warm.report;
    assert.deepEqual([failed[0].sid, skipped[0].sid], [3, 4]);
    assert.ok(warnings.length > 0);
    assert.equal(warm.databases.length, cold.databases.length);
    assert.deepEqual([cold.notes, warm.notes], [[], []]);
  });

  it('the configuration counts as read either way', () => {
    const read = (): string[] => {
      const settings = new Settings(config());
      start(settings);
      return settings.known().sort();
    };
    const cold = read();
    assert.ok(cold.includes('threshold-file'));
    assert.deepEqual(read(), cold);
  });

  it('folder and files belong to the user alone', () => {
    rmSync(cache, { recursive: true });
    start();
    assert.equal(statSync(cache).mode & 0o777, 0o700);
    assert.equal(statSync(files()[0]).mode & 0o777, 0o600);
  });

  it('alerts and summary are the same with and without', async () => {
    const input = join(dir, 'in.pcap');
    writeFileSync(input, capture('/cached/path/n5/5x', 'a SECRET cached-both'));
    const replay = async (...more: string[]): Promise<{ summary: unknown; alerts: string }> => {
      const log = mkdtempSync(join(dir, 'log-'));
      const set = ['--set', `rule-cache.directory=${cache}`];
      const args = ['replay', input, '-S', rules, '-k', 'none', '-l', log, '--db', 'none', '--json', ...set, ...more];
      const { stdout } = await run(process.execPath, [Main, ...args, '--eve', join(log, 'eve.json')]);
      const eve = readFileSync(join(log, 'eve.json'), 'utf8').split('\n');
      const { elapsedMs: _, ...summary } = JSON.parse(stdout);
      const alerts = eve.filter((line) => line.includes('"event_type":"alert"')).join('\n');
      // Flow ids are seeded anew in every run.
      return { summary, alerts: alerts.replace(/"flow_id":\d+/g, '') };
    };
    const never = await replay('--no-rule-cache');
    assert.equal(files().length, 0);
    const cold = await replay();
    assert.equal(files().length, 1);
    const warm = await replay();
    assert.match(warm.alerts, /"signature_id":1\b/);
    assert.match(warm.alerts, /"signature_id":1005\b/);
    assert.deepEqual(cold, never);
    assert.deepEqual(warm, cold);
  });

  it('a change of rules, variable, threshold file, data file or rule version is compiled anew', () => {
    const thresholds = join(dir, 'threshold.config');
    const hashes = join(dir, 'hashes.txt');
    writeFileSync(thresholds, '');
    writeFileSync(hashes, `${'0'.repeat(32)}\n`);
    writeFileSync(rules, `${text}alert http any any -> any any (filemd5:hashes.txt; sid:900;)\n`);
    const settings = (): Settings => new Settings(config({ 'threshold-file': thresholds }));
    assert.equal(start(settings()).hit, false);
    assert.equal(start(settings()).hit, true);
    writeFileSync(thresholds, 'suppress gen_id 1, sig_id 1\n');
    const suppressed = start(settings());
    assert.equal(suppressed.hit, false);
    assert.equal(suppressed.rules.suppress.length, 1);
    assert.equal(start(settings()).hit, true);
    writeFileSync(hashes, `${'1'.repeat(32)}\n`);
    assert.equal(start(settings()).hit, false, 'hashes');
    assert.equal(start(settings()).hit, true);
    rmSync(hashes);
    const without = start(settings());
    assert.equal(without.hit, false, 'hashes gone');
    assert.ok(without.report.failed.some((note) => note.sid === 900));
    writeFileSync(rules, text);
    assert.equal(start(settings()).hit, false, 'rules');
    const other = new Settings(
      config({ 'threshold-file': thresholds, vars: { 'address-groups': { HOME_NET: '192.168.0.0/16' } } }),
    );
    assert.equal(start(other).hit, false, 'variable');
    assert.equal(start(settings(), 8).hit, false, 'version');
    assert.equal(start(settings()).hit, true, 'the first is still there');
  });

  it('the key changes with the addon that is loaded', () => {
    const request = { settings: new Settings(config()), only: [rules], extra: [], ruleVersion: 7 as const };
    const key = (): string => ruleCacheKey(request, readRunRules(request));
    const own = key();
    assert.match(own, /^[0-9a-f]{64}$/);
    assert.equal(key(), own);
    const before = process.env.PECCARY_ADDON;
    const other = join(dir, 'other.node');
    writeFileSync(other, 'x');
    process.env.PECCARY_ADDON = other;
    try {
      assert.notEqual(key(), own);
    } finally {
      if (before === undefined) delete process.env.PECCARY_ADDON;
      else process.env.PECCARY_ADDON = before;
    }
  });

  describe('a file that cannot be trusted is compiled anew, with a remark', () => {
    const refuses = (why: RegExp): void => {
      const got = start();
      assert.equal(got.hit, false);
      assert.equal(got.notes.length, 1);
      assert.match(got.notes[0], why);
      const next = start();
      assert.deepEqual([next.hit, next.notes], [true, []]);
    };

    it('any flipped byte', () => {
      start();
      const [file] = files();
      const good = readFileSync(file);
      const memory = new SharedArrayBuffer(good.length);
      const bytes = Buffer.from(memory);
      good.copy(bytes);
      assert.equal(typeof decodeRules(memory), 'object');
      const step = Math.floor(good.length / 200) | 1;
      for (let at = 0; at < good.length; at += step) {
        bytes[at] ^= 1 << (at & 7);
        assert.equal(typeof decodeRules(memory), 'string', `byte ${at}`);
        bytes[at] = good[at];
      }
      for (const at of [0, 20, 50, good.length >> 1, good.length - 1]) {
        bytes[at] ^= 0x10;
        writeFileSync(file, bytes);
        bytes[at] = good[at];
        refuses(/damaged|not a file/);
      }
    }).timeout(120_000);

    it('cut short anywhere', () => {
      start();
      const [file] = files();
      const { size } = statSync(file);
      for (const length of [0, 1, 16, 48, 63, 64, 1000, size >> 1, size - 1]) {
        truncateSync(file, length);
        refuses(/damaged|not a file/);
      }
    }).timeout(60_000);

    it('of another set', () => {
      start();
      const [mine] = files();
      writeFileSync(rules, `${text}# more\n`);
      start();
      const [other] = files().filter((file) => file !== mine);
      writeFileSync(other, readFileSync(mine));
      refuses(/other rules/);
    });

    it('of another program', () => {
      start();
      writeFileSync(files()[0], 'GIF89a'.repeat(100));
      refuses(/not a file of this version/);
    });

    it('open to others', () => {
      start();
      chmodSync(files()[0], 0o666);
      const got = start();
      assert.match(got.notes[0], /others may write/);
      assert.equal(start().hit, true);
    });
  });

  it('a folder open to others is neither read nor written', () => {
    start();
    chmodSync(cache, 0o777);
    const [before] = files();
    const { mtimeMs } = statSync(before);
    const got = start();
    assert.equal(got.hit, false);
    assert.match(got.notes.join(), /others may write/);
    assert.equal(statSync(before).mtimeMs, mtimeMs);
  });

  it('a link in place of the folder is not followed', () => {
    const link = join(dir, 'link');
    rmSync(link, { force: true });
    symlinkSync(cache, link);
    const settings = new Settings({ 'rule-cache': { directory: link } });
    const got = start(settings);
    assert.equal(got.hit, false);
    assert.equal(files().length, 0);
  });

  it('a folder that cannot be made is told once and is no fault', () => {
    const settings = new Settings({ 'rule-cache': { directory: join(rules, 'below-a-file') } });
    const got = start(settings);
    assert.equal(got.report.loaded > 2000, true);
    assert.equal(got.notes.length, 1);
    assert.match(got.notes[0], /rule cache/);
  });

  it('starts at the same time do not disturb each other', async () => {
    const input = join(dir, 'in.pcap');
    writeFileSync(input, capture('/cached/path', ''));
    const one = async (): Promise<number> => {
      const log = mkdtempSync(join(dir, 'log-'));
      const set = ['--set', `rule-cache.directory=${cache}`];
      const args = ['replay', input, '-S', rules, '-k', 'none', '-l', log, '--db', 'none', '--json', ...set];
      const { stdout } = await run(process.execPath, [Main, ...args]);
      const { alerts, notes } = JSON.parse(stdout);
      assert.deepEqual(notes, []);
      return alerts;
    };
    assert.deepEqual(await Promise.all([one(), one(), one(), one()]), [2, 2, 2, 2]);
    assert.equal(files().length, 1);
  }).timeout(60_000);

  it('the files that were not used for longest go first when the folder is full', () => {
    start();
    const { size } = statSync(files()[0]);
    const [first] = files();
    utimesSync(first, 1, 1);
    const limited = (): Settings =>
      new Settings({ ...config(), 'rule-cache': { directory: cache, 'max-size': String(Math.floor(size * 2.5)) } });
    writeFileSync(rules, `${text}# second\n`);
    start(limited());
    assert.equal(files().length, 2);
    writeFileSync(rules, `${text}# third\n`);
    start(limited());
    assert.equal(files().length, 2);
    assert.ok(!files().includes(first));
    const small = new Settings({ ...config(), 'rule-cache': { directory: cache, 'max-size': '1kb' } });
    writeFileSync(rules, `${text}# fourth\n`);
    start(small);
    assert.equal(files().length, 2, 'what does not fit is not kept');
  });

  it('leftovers of a process that died are removed', () => {
    const left = join(cache, `${'0'.repeat(64)}.compiled.123-abc`);
    writeFileSync(left, 'x');
    utimesSync(left, 1, 1);
    start();
    assert.ok(!files().includes(left));
  });

  it('small sets and a cache that is switched off leave nothing behind', () => {
    writeFileSync(rules, ruleText(10));
    start();
    writeFileSync(rules, text);
    start(new Settings(config({ 'rule-cache': { directory: cache, enabled: 'no' } })));
    assert.equal(files().length, 0);
  });
});
