import { strict as assert } from 'node:assert';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRefusal, openMagic } from '../../src/addon/magic.js';
import { keywords } from '../../src/rules/keywords/list.js';
import { alertCounts, replayEvents } from '../tools/peccary.js';
import { writeKeywordFiles } from './keyword-traffic.js';

interface Case {
  count: number;
  proto: string;
  options: string;
}

const lines = readFileSync(new URL('../../../test/detect/keyword-rules.txt', import.meta.url), 'utf8').split('\n');
const cases = lines.flatMap((line): Case[] => {
  const m = /^(\d+) (\S+) (.*)$/.exec(line);
  return m === null ? [] : [{ count: Number(m[1]), proto: m[2], options: m[3] }];
});

/** Keywords that show in no alert count: which rule it is. */
const silent: ReadonlySet<string> = new Set(['sid']);

describe('every keyword at work (Suricata user guide, "Rules")', () => {
  it('is in a rule that alerts', () => {
    const used = new Set(
      cases.filter((c) => c.count > 0).flatMap((c) => c.options.match(/[a-z0-9_.-]+(?=[:;])/g) ?? []),
    );
    const missing = keywords.filter((k) => k.since === undefined && !silent.has(k.name) && !used.has(k.name));
    assert.deepEqual(
      missing.map((k) => k.name),
      [],
    );
  });

  it('rules that use it alert as often as in Suricata 7.0.10, and near misses do not', () => {
    const folder = mkdtempSync(join(tmpdir(), 'peccary-keywords-'));
    try {
      writeKeywordFiles(folder);
      const rules = cases.map(
        ({ proto, options }, i) => `alert ${proto} any any -> any any (${options} sid:${i + 1};)\n`,
      );
      writeFileSync(join(folder, 'my.rules'), rules.join('').replaceAll('%D', folder));
      const settings = {
        'packet-alert-max': '255',
        'default-reputation-path': folder,
        'reputation-categories-file': 'categories.txt',
        'reputation-files.0': 'reputation.list',
        'geoip-database': join(folder, 'countries.mmdb'),
      };
      const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
      const got = alertCounts(replayEvents(join(folder, 'in.pcap'), '-S', join(folder, 'my.rules'), ...set));
      const hasMagic = !isRefusal(openMagic(''));
      const wrong = cases.flatMap(({ count, proto, options }, i) => {
        const want = !hasMagic && /file\.?magic/.test(options) ? 0 : count;
        const have = got[i + 1] ?? 0;
        return have === want ? [] : [`${have} instead of ${want}: ${proto} ${options}`];
      });
      assert.deepEqual(wrong, []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('keywords of version 8 work with --rule-version 8', () => {
    const folder = mkdtempSync(join(tmpdir(), 'peccary-keywords-'));
    try {
      writeKeywordFiles(folder);
      const rules = [
        'http any any -> any any (file.data; pcrexform:"token=([^ ]+)"; from_base64; content:"secret word"; sid:1;)',
        'http any any -> any any (file.data; pcrexform:"token=([^ ]+)"; from_base64; content:"c2Vj"; sid:2;)',
        'http any any -> any any (http.uri; to_lowercase; from_base64: mode rfc2045; content:"shop"; sid:3;)',
        'tcp any any -> any any (content:"uploaded"; flow.pkts:toserver,>2; sid:4;)',
        'tcp any any -> any any (content:"uploaded"; flow.pkts_toserver:>100; sid:5;)',
        'tcp any any -> any any (content:"uploaded"; flow.bytes:both,>100; sid:6;)',
        'tcp any any -> any any (content:"uploaded"; flow.bytes_toclient:>100000; sid:7;)',
        'udp any any -> any any (content:"hello"; requires:keyword from_base64; sid:8;)',
        'udp any any -> any any (content:"hello"; requires:keyword no_keyword; sid:9;)',
      ];
      writeFileSync(join(folder, 'my.rules'), rules.map((r) => `alert ${r}\n`).join(''));
      const args = ['-S', join(folder, 'my.rules'), '--rule-version', '8'];
      assert.deepEqual(alertCounts(replayEvents(join(folder, 'in.pcap'), ...args)), { 1: 1, 4: 1, 6: 1, 8: 1 });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
