import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReplaySummary } from '../../src/sensor/options.js';
import { pcapFile } from '../tools/capture-writer.js';
import { peccary } from '../tools/peccary.js';
import { type Exchange, tcpSession } from '../tools/session.js';

describe('peccary replay', () => {
  let dir = '';
  let capture = '';
  let rules = '';
  const at = (name: string): string => join(dir, name);
  const replay = (...args: string[]) => peccary(['replay', capture, '-S', rules, '-l', dir, ...args]);

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-replay-'));
    const exchanges: Exchange[] = [
      { from: 'client', data: 'GET /secret HTTP/1.1\r\nHost: a\r\n\r\n' },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
    ];
    capture = at('one.pcap');
    writeFileSync(capture, pcapFile(tcpSession({ exchanges })));
    rules = at('my.rules');
    writeFileSync(rules, 'alert http any any -> any any (msg:"secret"; http.uri; content:"/secret"; sid:7; rev:2;)\n');
  });
  after(() => rmSync(dir, { recursive: true }));

  it('prints a summary with what was found and where to look, and stores it', () => {
    const { status, stdout } = replay();
    assert.equal(status, 0);
    assert.match(stdout, /^.*one\.pcap: [\d,]+ packets, /);
    assert.match(stdout, /^1 flow, 1 HTTP transaction, 1 rule loaded, 0 rules refused$/m);
    assert.match(stdout, /^ +1 +3 +1:7:2 +secret$/m);
    assert.match(stdout, new RegExp(`peccary alerts list -l ${dir}`));
    assert.ok(existsSync(at('peccary.db')));
  });

  it('prints the same as JSON for programs', () => {
    const { status, stdout, stderr } = replay('--db', 'none', '--json');
    assert.equal(status, 0);
    assert.equal(stderr, '');
    const summary = JSON.parse(stdout) as ReplaySummary;
    assert.equal(summary.alerts, 1);
    assert.equal(summary.db, null);
    assert.deepEqual(summary.bySignature[0], { gid: 1, sid: 7, rev: 2, msg: 'secret', priority: 3, count: 1 });
    assert.equal(summary.counters['decoder.pkts'], summary.packets);
  });

  it('is silent with --quiet, and writes nothing but events with --eve -', () => {
    assert.deepEqual(replay('--db', 'none', '--quiet'), { status: 0, stdout: '', stderr: '' });
    const { stdout, stderr } = replay('--db', 'none', '--eve', '-');
    const types = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event_type: string }).event_type);
    assert.ok(types.includes('alert') && types.includes('http') && types.includes('flow'));
    assert.match(stderr, /1 alert/);
  });

  it('shows no progress and no colours where standard error is no terminal', () => {
    const { stdout, stderr } = replay('--db', 'none');
    assert.ok(![stdout, stderr].some((text) => text.includes('\x1b') || text.includes('\r')));
  });

  it('reads a capture from standard input', () => {
    const { status, stdout } = peccary(
      ['replay', '-', '-S', rules, '-l', dir, '--db', 'none', '--json'],
      readFileSync(capture),
    );
    assert.equal(status, 0);
    assert.equal((JSON.parse(stdout) as ReplaySummary).alerts, 1);
  });

  it('names the damage of a capture and keeps what was found before it', () => {
    const damaged = at('damaged.pcap');
    const whole = readFileSync(capture);
    writeFileSync(damaged, whole.subarray(0, whole.length - 5));
    const done = peccary(['replay', damaged, '-S', rules, '-l', dir, '--db', 'none', '--quiet', '--eve', '-']);
    assert.equal(done.status, 0);
    assert.match(done.stderr, /^.*damaged\.pcap: after packet \d+, at byte \d+: ./);
    assert.match(done.stdout, /"signature_id":7/);
  });

  it('exits 1 when a file is no capture', () => {
    const { status, stderr } = peccary(['replay', rules, '-S', rules, '-l', dir, '--db', 'none']);
    assert.equal(status, 1);
    assert.match(stderr, /my\.rules/);
  });

  it('names refused rules and goes on, or stops with --strict', () => {
    const mixed = at('mixed.rules');
    writeFileSync(mixed, `${readFileSync(rules, 'utf8')}alert tcp any any -> any any (msg:"x"; contnet:"a"; sid:8;)\n`);
    const run = (...args: string[]) => peccary(['replay', capture, '-S', mixed, '-l', dir, '--db', 'none', ...args]);
    const lenient = run();
    assert.equal(lenient.status, 0);
    assert.match(lenient.stderr, /mixed\.rules:2:\d+: .*contnet.*\(sid 8\)\n {4}did you mean content\?/);
    assert.match(lenient.stdout, /1 alert/);
    const strict = run('--strict');
    assert.equal(strict.status, 2);
    assert.match(strict.stderr, /mixed\.rules:2/);
  });

  it('names keys that it does not have once, with a suggestion, and the place of unusable values', () => {
    const config = at('my.yaml');
    writeFileSync(config, '%YAML 1.1\n---\nstream:\n  memcpa: 64mb\nnetmap:\n  - interface: eth2\n');
    const { status, stderr } = replay('--db', 'none', '-c', config);
    assert.equal(status, 0);
    assert.match(stderr, /keys that Peccary does not have: stream\.memcpa \(did you mean stream\.memcap\?\), netmap$/m);
    writeFileSync(config, '%YAML 1.1\n---\nstream:\n  memcap: plenty\n');
    const unusable = replay('--db', 'none', '-c', config);
    assert.equal(unusable.status, 2);
    assert.match(unusable.stderr, /my\.yaml:4:3: stream\.memcap: expected a size such as 64mb, found "plenty"/);
  });

  it('filters packets with --bpf and refuses a filter that is none', () => {
    const none = replay('--db', 'none', '--json', '--bpf', 'udp');
    assert.equal((JSON.parse(none.stdout) as ReplaySummary).packets, 0);
    const wrong = replay('--db', 'none', '--bpf', 'port and');
    assert.equal(wrong.status, 2, wrong.stderr);
  });
});
