import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Settings } from '../../src/core/settings.js';
import { parseRuleText } from '../../src/rules/load.js';
import { pcapFile } from '../tools/capture-writer.js';
import { alertCounts, replayEvents } from '../tools/peccary.js';
import { get, http, ok } from './frames.js';

const base64 = (s: string): string => Buffer.from(s, 'latin1').toString('base64');

describe('files of data sets (Suricata user guide, "Datasets")', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'peccary-datasets-'));
    writeFileSync(join(folder, 'in.pcap'), pcapFile(http([get('/one'), ok('a'), get('/two'), ok('b')])));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function run(rules: string[], ...args: string[]): Record<string, number> {
    const text = rules.map((r, i) => `alert ${r.replace(' ', ' any any -> any any (')} sid:${i + 1};)\n`).join('');
    writeFileSync(join(folder, 'my.rules'), text);
    return alertCounts(
      replayEvents(
        join(folder, 'in.pcap'),
        '-S',
        join(folder, 'my.rules'),
        '--set',
        `default-data-dir=${folder}`,
        ...args,
      ),
    );
  }
  const lines = (name: string): string[] => readFileSync(join(folder, name), 'utf8').trim().split('\n').sort();

  it('load reads beside the rule file; save writes when the run ends; state does both from run to run', () => {
    writeFileSync(join(folder, 'known.lst'), `${base64('/one')}\n`);
    const rules = [
      'http http.uri; dataset:isset,known,type string,load known.lst;',
      'http http.uri; dataset:set,seen,type string,save out/seen.lst;',
      'http http.uri; dataset:set,state,type string,state state.lst;',
      'ip ip.src; dataset:set,hosts,type ip,save hosts.lst;',
      'http http.uri; to_md5; dataset:set,digests,type md5,save digests.lst;',
    ];
    assert.deepEqual(run(rules), { 1: 1, 2: 2, 3: 2, 4: 2, 5: 2 });
    const both = [base64('/one'), base64('/two')].sort();
    assert.deepEqual([lines('out/seen.lst'), lines('state.lst')], [both, both]);
    assert.deepEqual(lines('hosts.lst'), ['10.0.0.80', '192.168.1.10']);
    assert.ok(lines('digests.lst').every((l) => /^[0-9a-f]{32}$/.test(l)));
    assert.deepEqual(run(rules), { 1: 1, 2: 2, 4: 2, 5: 2 });
  });

  it('a set defined in the configuration has its file and type from there', () => {
    writeFileSync(join(folder, 'known.lst'), `${base64('/two')}\n`);
    const set = ['--set', 'datasets.known.type=string', '--set', 'datasets.known.load=known.lst'];
    assert.deepEqual(run(['http http.uri; dataset:isset,known;'], ...set), { 1: 1 });
  });

  it('a set holds no more than its memcap', () => {
    assert.deepEqual(run(['http http.uri; dataset:set,seen,type string,memcap 60;']), { 1: 1 });
  });

  it('a list that is not there, and a file outside the data directory, are refused', () => {
    const reason = (options: string): string =>
      parseRuleText(`alert http any any -> any any (http.uri; dataset:${options}; sid:1;)`, new Settings({})).failed[0]
        ?.reason;
    assert.equal(reason('isset,a,type string,load none.lst'), 'dataset: there is no file none.lst');
    assert.match(reason('set,a,type string,save /etc/a.lst'), /below the data directory/);
    assert.match(reason('set,a,type string,state ../a.lst'), /below the data directory/);
  });
});
