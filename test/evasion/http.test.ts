/** Every evasion of the tables, replayed by the program itself: the rule on the attack alerts and the anomaly is told. */
import assert from 'node:assert/strict';
import { alertCounts, type EveEvent } from '../tools/peccary.js';
import type { EvasionCase } from './http-case.js';
import { contentRequests } from './http-content-requests.js';
import { contentResponses, lzmaResponses } from './http-content-responses.js';
import { framingRequests } from './http-framing-requests.js';
import { framingResponses } from './http-framing-responses.js';
import { headRequests } from './http-head-requests.js';
import { orderResponses } from './http-order-responses.js';
import { anomaliesOf, eventsOfCases } from './http-sensor.js';

function check(c: EvasionCase, events: EveEvent[]): void {
  const counts = alertCounts(events);
  for (const sid of c.sees) assert.ok(counts[sid] > 0, `no alert of sid ${sid}, but ${JSON.stringify(counts)}`);
  const told = anomaliesOf(events);
  for (const name of c.events) assert.ok(told.includes(name), `no ${name}, but ${told.join(', ')}`);
}

const tables: [string, EvasionCase[], string[]][] = [
  ['requests framed oddly', framingRequests, []],
  ['requests with odd heads', headRequests, []],
  ['answers framed oddly', framingResponses, []],
  ['answers out of order', orderResponses, []],
  ['content of requests', contentRequests, []],
  ['content of answers', contentResponses, []],
  ['LZMA, enabled', lzmaResponses, ['--set', 'app-layer.protocols.http.libhtp.default-config.lzma-enabled=yes']],
];

for (const [title, cases, args] of tables) {
  describe(`HTTP evasions: ${title}`, function () {
    this.timeout(120_000);
    let whole: EveEvent[][];
    let cut: EveEvent[][];
    before(() => {
      whole = eventsOfCases(cases, 1460, ...args);
      cut = eventsOfCases(cases, 61, ...args);
    });
    cases.forEach((c, i) => {
      it(c.name, () => {
        assert.ok(c.sees.length + c.events.length > 0, 'the case expects nothing');
        check(c, whole[i]);
      });
      if (!c.onePiece) it(`${c.name}, in segments of 61 bytes`, () => check(c, cut[i]));
    });
  });
}
