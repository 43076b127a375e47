import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { labMissing } from '../tools/lab.js';
import { largeCapture } from '../tools/large-capture.js';
import { replayEvents } from '../tools/peccary.js';

/** Field values of the packets a display filter selects; several messages in one packet give several values. */
function tshark(file: string, filter: string, fields: string[]): string[][] {
  const args = [
    '-r',
    file,
    '-Y',
    filter,
    '-T',
    'fields',
    '-E',
    'separator=/t',
    '-E',
    'aggregator=|',
    ...fields.flatMap((f) => ['-e', f]),
  ];
  const r = spawnSync('tshark', args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  assert.equal(r.status, 0, r.stderr);
  return r.stdout
    .split('\n')
    .filter(Boolean)
    .flatMap((line) => {
      const columns = line.split('\t').map((c) => c.split('|'));
      return columns[0].map((_, i) => columns.map((c) => c[i]));
    });
}

const tally = (rows: string[]): Map<string, number> => {
  const m = new Map<string, number>();
  for (const r of rows) m.set(r, (m.get(r) ?? 0) + 1);
  return m;
};

describe('20,000 kept-alive requests on a hundred connections', function () {
  this.timeout(300_000);

  it('are reported exactly as tshark reports them, past the stream depth too', async function () {
    const missing =
      labMissing() || (spawnSync('which', ['tshark']).status === 0 ? '' : 'needs the Debian package tshark');
    if (missing !== '') {
      console.log(`      not run: ${missing}`);
      this.skip();
    }
    const file = await largeCapture();
    const events = replayEvents(file).filter((e) => e.event_type === 'http');
    const requests = tshark(file, 'http.request', ['http.request.method', 'http.host', 'http.request.uri']).map((r) =>
      r.join(' '),
    );
    const responses = tshark(file, 'http.response', ['http.response.code']).map((r) => r[0]);
    assert.equal(requests.length, 20_000);
    assert.deepEqual(
      tally(events.map((e) => `${e.http!.http_method} ${e.http!.hostname} ${e.http!.url}`)),
      tally(requests),
    );
    assert.deepEqual(tally(events.map((e) => String(e.http!.status))), tally(responses));
  });
});
