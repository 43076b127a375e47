/**
 * The requests of the tables and generated variants of them, sent to a real Apache: what it took (as a CGI program got
 * it) is what the sensor must have seen in the recording of the conversation.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { labMissing } from '../tools/lab.js';
import { alertCounts, type EveEvent } from '../tools/peccary.js';
import { Recording, type TakenRequest } from './http-apache.js';
import { Asked, type EvasionCase, FirstPort, Sees, sentBytes } from './http-case.js';
import { contentRequests } from './http-content-requests.js';
import { framingRequests } from './http-framing-requests.js';
import { headRequests } from './http-head-requests.js';
import { anomaliesOf, byConversation, eventsOfCapture } from './http-sensor.js';
import { variant } from './http-variants.js';

/** Rules whose attack Apache took, and how many of its requests held it. */
function attacksTaken(taken: TakenRequest[]): Map<Sees, number> {
  const found = new Map<Sees, number>();
  const add = (sees: Sees, yes: boolean): void => {
    if (yes) found.set(sees, (found.get(sees) ?? 0) + 1);
  };
  for (const t of taken) {
    add(Sees.Uri, `${t.path}?${t.query}`.includes(Asked));
    add(Sees.RequestBody, t.body.includes(Asked));
    add(Sees.RequestHeader, t.fields.includes(Asked));
    add(Sees.Host, t.host.includes('evil.example'));
  }
  return found;
}

/** Anomalies that say in so many words that what the server took was not inspected to its end. */
const Hiding = ['connection_not_followed', 'request_body_limit', 'request_header_repetition'];

/** Every request that Apache took is a transaction, with its method and target; attacks in it alerted. */
function sawAll(taken: TakenRequest[], events: EveEvent[]): void {
  const seen = events
    .filter((e) => e.event_type === 'http' && e.http?.http_method !== undefined)
    .map((e) => `${e.http!.http_method} ${e.http!.url}`);
  for (const t of taken) {
    const url = t.target.replace(/[\x80-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
    const at = seen.indexOf(`${t.method} ${url}`);
    assert.ok(
      at >= 0,
      `Apache took ${t.method} ${t.target.slice(0, 80)}, Peccary saw ${seen.join(', ').slice(0, 200)}`,
    );
    seen.splice(at, 1);
  }
  const counts = alertCounts(events);
  for (const [sid, times] of attacksTaken(taken)) {
    assert.ok((counts[sid] ?? 0) >= times, `sid ${sid}: ${times} attacks taken, alerts ${JSON.stringify(counts)}`);
  }
}

/** Nothing taken: the attack alerts all the same, or an anomaly is told. */
function noticed(events: EveEvent[]): void {
  const attack = events.some((e) => e.alert !== undefined && e.alert.signature_id !== Sees.Stream);
  assert.ok(attack || anomaliesOf(events).length > 0, 'Apache refused it, and Peccary said nothing');
}

describe('what Apache takes is what Peccary sees', function () {
  this.timeout(300_000);
  let recording: Recording;
  before(function () {
    const missing = labMissing();
    if (missing !== '') {
      console.log(`      not run: ${missing}`);
      this.skip();
    }
    recording = new Recording();
  });
  after(() => recording?.close());

  /** Sends all, replays the recording and looks at each conversation; tells of all that fail. `hidden`: anomalies expected. */
  async function compare(names: string[], sent: Buffer[], firstPort: number, hidden: string[][] = []): Promise<void> {
    const file = join(recording.lab.dir, `${firstPort}.pcap`);
    const halves = hidden.length === 0;
    const { taken } = await recording.converse(file, sent, firstPort, halves);
    const by = byConversation(eventsOfCapture(file), sent.length, firstPort);
    assert.ok(
      taken.length * 3 > sent.length,
      `Apache took only ${taken.length} requests of ${sent.length} conversations`,
    );
    const wrong: string[] = [];
    names.forEach((name, i) => {
      const mine = taken.filter((t) => t.port === firstPort + i);
      try {
        // Where the table expects a limit to be met, the anomaly is what there is to see.
        const told = anomaliesOf(by[i]);
        if (Hiding.some((name) => hidden[i]?.includes(name) && told.includes(name))) return;
        // Cut in the middle of a method, a request behind a complete one looks like more of its body.
        if (halves && i % 2 === 1 && told.includes('request_body_unexpected')) return;
        if (mine.length > 0) sawAll(mine, by[i]);
        // Of two halves Apache may refuse the first and never get the second.
        else if (sent[i].includes(Asked) && !(halves && i % 2 === 1)) noticed(by[i]);
      } catch (e) {
        wrong.push(`${name}: ${(e as Error).message}`);
      }
    });
    assert.deepEqual(wrong, []);
  }

  const table = async (cases: EvasionCase[], firstPort: number): Promise<void> =>
    compare(
      cases.map((c) => c.name),
      cases.map(sentBytes),
      firstPort,
      cases.map((c) => c.events),
    );

  it('of requests framed oddly', () => table(framingRequests, FirstPort));

  it('of requests with odd heads', () => table(headRequests, FirstPort + 3000));

  it('of requests with odd content', () => table(contentRequests, FirstPort + 1000));

  it('of generated variants of framing', () => {
    const requests = fc.sample(variant, { numRuns: 300, seed: Number(process.env.PECCARY_SEED ?? 9112) });
    return compare(
      requests.map((r) => JSON.stringify(r.toString('latin1')).slice(0, 400)),
      requests,
      FirstPort + 2000,
    );
  });
});
