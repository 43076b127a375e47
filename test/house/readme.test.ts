import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';

const root = packageRoot();
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The commands of the README's console blocks, in order. */
const commands = [...readme.matchAll(/```console\n([\s\S]*?)```/g)].flatMap((block) =>
  block[1].split('\n').flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : [])),
);

describe('README.md', () => {
  let dir = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-readme-'));
    for (const folder of ['pcaps', 'signatures']) symlinkSync(join(root, folder), join(dir, folder));
    writeFileSync(
      join(dir, 'my.rules'),
      'alert http any any -> any any (msg:"traversal"; http.uri.raw; content:"../"; sid:1;)\n' +
        'drop http any any -> any any (msg:"passwd"; http.uri; content:"passwd"; sid:2;)\n',
    );
    writeFileSync(join(dir, 'disable.conf'), '5100001\nre:cross-site\n');
    writeFileSync(join(dir, 'drop.conf'), 'group:sql-injection\n');
    writeFileSync(join(dir, 'modify.conf'), '5100002 "rev:1" "rev:2"\n');
    const event = {
      timestamp: '2026-01-02T03:04:05.000006+0000',
      event_type: 'alert',
      alert: { signature: 'traversal' },
    };
    writeFileSync(join(dir, 'suricata-eve.json'), `${JSON.stringify(event)}\n`);
    writeFileSync(join(dir, 'suricata.yaml'), '%YAML 1.1\n---\nvars:\n  address-groups:\n    HOME_NET: any\n');
  });
  after(() => rmSync(dir, { recursive: true }));

  it('has examples', () => assert.ok(commands.length > 10));

  for (const command of commands) {
    it(`\`${command}\` works as written`, () => {
      const [program, ...args] = command.split(' ');
      assert.equal(program, 'peccary');
      const main = join(root, 'out/src/cli/main.js');
      const done = spawnSync(process.execPath, [main, ...args], { cwd: dir, encoding: 'utf8', maxBuffer: 1 << 28 });
      assert.equal(done.status, 0, done.stderr);
      if (!args.includes('--quiet') || args.includes('-')) assert.notEqual(done.stdout, '');
    });
  }

  it('finds something in each capture it calls an attack', () => {
    const counts = ['attack-sql-injection', 'attack-cross-site-scripting'].map((name) => {
      const main = join(root, 'out/src/cli/main.js');
      const args = [main, 'replay', `pcaps/${name}.pcap`, '--db', 'none', '--json', '-l', dir];
      const done = spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8' });
      return (JSON.parse(done.stdout) as { alerts: number }).alerts;
    });
    assert.ok(
      counts.every((n) => n > 0),
      counts.join(),
    );
  });
});

describe('documents', () => {
  const documents = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.md') && !/^(node_modules|out|dist|build|coverage|\.cache)\//.test(file),
  );

  it('link only to what is there', () => {
    const broken: string[] = [];
    for (const file of documents) {
      for (const [, target] of readFileSync(join(root, file), 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const path = normalize(join(root, dirname(file), target));
        if (!existsSync(path)) broken.push(`${file}: ${target}`);
      }
    }
    assert.deepEqual(broken, []);
  });

  it('stand in every folder of the layout', () => {
    const stages = readdirSync(join(root, 'src')).filter((name) => readdirSync(join(root, 'src', name)).length > 0);
    const folders = [...stages.map((name) => `src/${name}`), 'native', 'signatures', 'pcaps', 'test', 'bench', 'fuzz'];
    const without = folders.filter((folder) => !documents.includes(`${folder}/README.md`));
    assert.deepEqual(without, []);
  });
});

describe('ARCHITECTURE.md', () => {
  it('names only files that are there', () => {
    const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
    const paths = [...text.matchAll(/`((?:src|native)\/[\w./-]+)`/g)].map((match) => match[1]);
    assert.ok(paths.length > 20);
    assert.deepEqual(
      paths.filter((path) => !existsSync(join(root, path))),
      [],
    );
  });
});
