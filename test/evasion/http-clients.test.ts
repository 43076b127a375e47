/**
 * The answers of the tables and generated ones, given to real clients over loopback: what they decode is what the
 * sensor must have inspected in a capture of the same bytes, or an anomaly says why not.
 */
import assert from 'node:assert/strict';
import type { Server } from 'node:net';
import fc from 'fast-check';
import type { EveEvent } from '../tools/peccary.js';
import { type EvasionCase, Leaked, response, Sees } from './http-case.js';
import { answering, curlBodies, hasCurl, nodeBodies } from './http-clients.js';
import { contentResponses } from './http-content-responses.js';
import { framingResponses } from './http-framing-responses.js';
import { orderResponses } from './http-order-responses.js';
import { anomaliesOf, eventsOfCases } from './http-sensor.js';
import { answerVariant } from './http-variants.js';

const clients: Record<string, (port: number, count: number) => Promise<Buffer[]>> = { node: nodeBodies };
if (hasCurl) clients.curl = curlBodies;

/** What each client shows of the answers, by client. */
async function bodiesOf(count: number, port: number): Promise<Record<string, string>[]> {
  const out: Record<string, string>[] = Array.from({ length: count }, () => ({}));
  for (const name of Object.keys(clients)) {
    const bodies = await clients[name](port, count);
    for (let n = 0; n < count; n++) out[n][name] = bodies[n].toString('latin1');
  }
  return out;
}

/** The body that the alert carries: what was inspected, as far as events hold it. */
function inspected(events: EveEvent[]): string | null {
  const alert = events.find((e) => e.alert?.signature_id === Sees.ResponseBody);
  if (alert === undefined) return null;
  return Buffer.from(String(alert.http?.http_response_body ?? ''), 'base64').toString('latin1');
}

/** What a client got of the attack and the sensor did not, without a word; '' when there is nothing. */
function hiddenFrom(bodies: Record<string, string>, events: EveEvent[]): string {
  const got = inspected(events);
  for (const [name, body] of Object.entries(bodies)) {
    if (!body.includes(Leaked)) continue;
    if (got === null && anomaliesOf(events).length === 0) return `${name} got ${JSON.stringify(body.slice(0, 80))}`;
  }
  return '';
}

describe('what clients decode is what Peccary inspects', function () {
  this.timeout(120_000);
  let server: Server | null = null;
  afterEach(() => server?.close());

  async function compare(cases: EvasionCase[]): Promise<{ bodies: Record<string, string>[]; events: EveEvent[][] }> {
    const opened = await answering(cases.map((c) => c.exchanges[1].data as Buffer));
    server = opened.server;
    const bodies = await bodiesOf(cases.length, opened.port);
    const events = eventsOfCases(cases, 1460);
    const wrong = cases.map((c, i) => [c.name, hiddenFrom(bodies[i], events[i])]).filter(([, why]) => why !== '');
    assert.deepEqual(wrong, []);
    return { bodies, events };
  }

  it('in the answers of the tables', async () => {
    const cases = [...framingResponses, ...orderResponses, ...contentResponses].filter(
      (c) => c.exchanges.length === 2 && c.exchanges[1].from === 'server',
    );
    const { bodies } = await compare(cases);
    const shown = bodies.filter((b) => Object.values(b).some((text) => text.includes(Leaked))).length;
    assert.ok(shown * 2 > cases.length, `clients show the attack in only ${shown} of ${cases.length} answers`);
  });

  it('byte by byte where an answer is coded and whole', async () => {
    const whole =
      /gzip \(9110|x-gzip|in capitals|deflate \(1950|called|twice$|an extra field \(|a file name$|a comment/;
    const cases = contentResponses.filter((c) => whole.test(c.name) && c.sees.includes(Sees.ResponseBody));
    assert.ok(cases.length >= 10);
    const { bodies, events } = await compare(cases);
    cases.forEach((c, i) => {
      const bodyOf = Object.values(bodies[i]).find((text) => text.includes(Leaked));
      if (bodyOf !== undefined) assert.equal(inspected(events[i]), bodyOf, c.name);
    });
  });

  it('in generated answers', async () => {
    const answers = fc.sample(answerVariant, { numRuns: 300, seed: Number(process.env.PECCARY_SEED ?? 1952) });
    const cases = answers.map((data) => response(JSON.stringify(data.toString('latin1')).slice(0, 400), data, []));
    const { bodies, events } = await compare(cases);
    const both = cases.filter(
      (_, i) => inspected(events[i]) !== null && Object.values(bodies[i]).some((b) => b.includes(Leaked)),
    );
    assert.ok(both.length * 3 > cases.length, `client and sensor saw the attack in only ${both.length} answers`);
  });
});
