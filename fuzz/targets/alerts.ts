/**
 * Questions about alerts: whatever is written after the filters of `peccary alerts`, an answer or a refusal that names what
 * is expected; never a fault of SQL, never an alert that the same question with --not has too.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { addFilterOptions, conditionsOf, type FilterFlags, filterWords } from '../../src/cli/alerts-filters.js';
import { parseWhen } from '../../src/cli/alerts-when.js';
import { PeccaryError } from '../../src/core/errors.js';
import { anyAlert, questionOf } from '../../src/output/query/filter.js';
import { querySql } from '../../src/output/query/sql.js';
import { openForReading, openForWriting } from '../../src/output/store/open.js';
import { selectAlerts } from '../../src/output/store/select.js';
import { AlertStore } from '../../src/output/store/store.js';
import * as samples from '../../test/output/samples.js';
import { lines } from '../shapes.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

/** A database of few alerts, made when the target is loaded. */
async function database() {
  const dir = mkdtempSync(join(tmpdir(), 'peccary-fuzz-alerts-'));
  const path = join(dir, 'peccary.db');
  const run = { kind: 'replay' as const, inputs: ['x'], append: false, version: '0', startedUs: samples.t0 };
  const store = new AlertStore(await openForWriting(path), { path, sensor: 's', run, retention: null });
  const rules = [samples.rule(), samples.rule({ sid: 2, msg: '%_\\ "x"' })];
  for (const [i, src] of ['192.0.2.1', '2001:db8::7', ''].entries())
    store.add(
      samples.alert({ tsUs: samples.t0 + i * 1e6, src, rule: i % 2, sid: rules[i % 2].sid }),
      (n) => rules[n] ?? null,
    );
  store.close(null);
  const db = await openForReading(path);
  // Open files outlive their names.
  rmSync(dir, { recursive: true });
  return db;
}

const db = await database();

function parsed(words: string[]): FilterFlags {
  const command = addFilterOptions(new Command('list')).exitOverride();
  command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  command.parse(words, { from: 'user' });
  return command.opts();
}

/** The words of a line: "name value" is a filter, "sql …" a query of one's own. */
function ask(line: string): void {
  const [, name, value] = /^(\S*) ?(.*)$/s.exec(line) ?? ['', '', ''];
  if (name === 'sql') {
    for (const row of querySql(db, value).rows) promise(Array.isArray(row), 'rows are lists');
    return;
  }
  if (name === 'since') {
    promise(Number.isFinite(parseWhen(value, samples.t0, '--since')), 'a time is a number');
    return;
  }
  const ids = (words: string[]): number[] => {
    const { not, ...flags } = parsed(words);
    const filter = { ...anyAlert, all: conditionsOf({ ...flags, not }), none: not };
    return Array.from(selectAlerts(db, questionOf(db, filter), { newest: true }), (found) => found.id);
  };
  const found = ids([`--${name}`, value]);
  ledTo(`${name} ${found.length}`);
  if (name === 'not') return;
  const others = ids(['--not', `${name}=${value}`]);
  promise(found.length + others.length === 3, 'an alert passes a filter or its opposite');
}

export const target: FuzzTarget = {
  name: 'alerts',
  seeds: () =>
    [
      'sid 1:1000001,2\nsrc 192.0.2.0/24\nip 2001:db8::/32\nport 80-90\nstatus 4xx\n',
      'text "union select" pass* curl\nhost example\nurl %_\nuser-agent curl\nnot src=10.0.0.1-10.0.0.9\n',
      'since yesterday 14:00\nsince 2026-01-02T03:04:05.5+01:00\nsince 2h\nseverity 1-3\naction blocked\ntag a/b\nflow 77001\n',
      "sql SELECT ip(src) FROM alert WHERE id = 1\nsql WITH a AS (SELECT 1) SELECT * FROM a\nsignature '; DROP TABLE alert --\n",
    ].map((text) => Buffer.from(text)),
  shape: lines(),
  words: [
    ...filterWords.map((f) => `${f.name} `),
    'not ',
    'sql SELECT ',
    "' OR 1=1 --",
    '%',
    '_',
    '\\',
    '"',
    '*',
    '::',
    '/129',
    'NEAR(',
    '\0',
  ],
  run(input) {
    for (const line of Buffer.from(input).toString('utf8').split('\n').slice(0, 32)) {
      try {
        ask(line);
      } catch (e) {
        if (!(e instanceof PeccaryError || e instanceof CommanderError)) throw e;
        promise(
          !(e instanceof PeccaryError) || e.kind === 'usage',
          `what cannot be asked is the user's fault: ${e.message}`,
        );
        const own = /^sql( |$)/.test(line) || /SELECT|SQLITE|syntax error/.test(line);
        promise(own || !/SELECT|SQLITE|syntax error/.test(e.message), 'no SQL is told');
        ledTo(e.message.slice(0, 40));
      }
    }
  },
};
