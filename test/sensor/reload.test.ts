import assert from 'node:assert/strict';
import { bindAlerts } from '../../src/alert/verdict.js';
import { Settings } from '../../src/core/settings.js';
import { installRules } from '../../src/detect/engine.js';
import { compileRules } from '../../src/rules/compile/compile.js';
import { parseRuleText } from '../../src/rules/load.js';
import { renumbering } from '../../src/sensor/renumber.js';
import { PipelineRun } from '../tools/pipeline-run.js';
import { tcpSession } from '../tools/session.js';

const uri = (sid: number, text: string): string =>
  `alert http any any -> any any (msg:"${sid}"; flow:to_server; http.uri; content:"${text}"; sid:${sid};)\n`;

const compiled = (text: string) => compileRules(parseRuleText(text, new Settings()), new Settings());

/** Frames of a request whose body comes in four pieces. */
const frames = tcpSession({
  exchanges: [
    { from: 'client', data: 'POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n' },
    { from: 'client', data: 'abc' },
    { from: 'client', data: 'def' },
    { from: 'client', data: 'ghi' },
    { from: 'client', data: 'jkl' },
    { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
  ],
});
/** Handshake, head and first piece with their acknowledgements. */
const Head = 3 + 2 + 2;

/** Alerts by signature when rules `before` inspect the beginning of the request and `since` the rest. */
function alertsOf(before: string, since: string): Record<number, number> {
  const alerts: Record<number, number> = {};
  const run = new PipelineRun(before, {}, false, true);
  run.onRecord = (r) => {
    if (r.kind === 'alert') alerts[r.sid] = (alerts[r.sid] ?? 0) + 1;
  };
  run.feed(frames.slice(0, Head));
  const next = compiled(since);
  installRules(next, undefined, renumbering(compiled(before), next));
  bindAlerts(next);
  run.reporter.useRules(next);
  run.feed(frames.slice(Head)).finish();
  return alerts;
}

describe('other rules in the middle of a request', () => {
  it('what has alerted on it does not alert again, wherever it stands among the new rules', () => {
    assert.deepEqual(alertsOf(uri(1, '/one'), uri(1, '/one')), { 1: 1 });
    assert.deepEqual(alertsOf(uri(1, '/one'), uri(5, '/none') + uri(4, '/no') + uri(1, '/one')), { 1: 1 });
    assert.deepEqual(alertsOf(uri(2, '/two') + uri(1, '/one'), uri(1, '/one')), { 1: 1 });
  });

  it('a new rule sees the request from its beginning', () => {
    assert.deepEqual(alertsOf(uri(1, '/one'), uri(1, '/one') + uri(2, '/on')), { 1: 1, 2: 1 });
    assert.deepEqual(alertsOf(uri(1, '/nothing'), uri(2, '/one')), { 2: 1 });
  });

  it('a rule that is there no more does not alert', () => {
    const body = 'alert http any any -> any any (msg:"b"; http.request_body; content:"jkl"; sid:3;)\n';
    assert.deepEqual(alertsOf(body, uri(2, '/one')), { 2: 1 });
    assert.deepEqual(alertsOf(uri(2, '/one'), body), { 2: 1, 3: 1 });
  });

  it('a rule with <> counts twice and is found again twice', () => {
    const both = 'alert tcp any any <> any 80 (msg:"x"; content:"a"; sid:7;)\n';
    const numbers = renumbering(compiled(both + uri(1, '/a')), compiled(uri(1, '/a') + both));
    assert.equal(numbers.length, 3);
    assert.equal(new Set(numbers).size, 3);
    assert.ok(numbers.every((n) => n >= 0));
  });
});
