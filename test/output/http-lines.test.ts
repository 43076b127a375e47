import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { Settings } from '../../src/core/settings.js';
import { Packet } from '../../src/decode/packet.js';
import { flows } from '../../src/flow/columns.js';
import type { HttpTransaction } from '../../src/http/tx.js';
import { firstTransaction } from '../../src/http/tx-list.js';
import { httpEventRecord } from '../../src/output/encode-http.js';
import { eveForced } from '../../src/output/eve/config.js';
import { EveWriter } from '../../src/output/eve/writer.js';
import { Bell, Count } from '../../src/output/handover.js';
import { HttpLines } from '../../src/output/http-lines.js';
import { OutputPort } from '../../src/output/port.js';
import { xffOptions } from '../../src/output/proxies.js';
import { ringMemory } from '../../src/output/ring.js';
import { spillShare } from '../../src/output/spill.js';
import { wantsOf } from '../../src/output/wants.js';
import { Dir, IpProto } from '../../src/protocol/ip.js';
import { configure, release, run } from '../http/driver.js';

const Flow = 1;
const client = xffOptions(new Settings(), 'outputs.eve-log').source;

function packet(no: number, tsUs: number): Packet {
  const p = new Packet();
  p.no = no;
  p.tsUs = tsUs;
  return p;
}

/** One exchange on flow 1; what is the same for lines and records. */
function exchange(request: string, response: string, check: (tx: HttpTransaction) => void): void {
  configure();
  flows.ipProto[Flow] = IpProto.Tcp;
  flows.serial[Flow] = 77;
  flows.bits[Flow] = flows.vlan0[Flow] = flows.vlan1[Flow] = flows.vlan2[Flow] = 0;
  flows.cli0[Flow] = 0xc0000201;
  flows.srv0[Flow] = 0xc6336407;
  flows.cliPort[Flow] = 40_000;
  run(
    [
      { dir: Dir.ToServer, bytes: Buffer.from(request, 'latin1') },
      { dir: Dir.ToClient, bytes: Buffer.from(response, 'latin1') },
    ],
    0,
  );
  const tx = firstTransaction(Flow) as HttpTransaction | null;
  if (tx !== null) check(tx);
  release();
}

/** The line that goes by way of a record. */
function slow(p: Packet, tx: HttpTransaction): string {
  return new EveWriter(eveForced(new Settings({}), '-'), false).line(httpEventRecord(p, tx, false));
}

function fast(p: Packet, tx: HttpTransaction): string | null {
  const lines = new HttpLines();
  if (!lines.add(p, tx)) return null;
  assert.equal(lines.count, 1);
  return Buffer.from(lines.take()).toString('latin1');
}

describe("http events as finished lines (EVE's http object, Suricata user guide 7.0)", () => {
  it('are what records give', () => {
    const request =
      'GET /a/b?c=d HTTP/1.1\r\nHost: www.example.org:8080\r\nUser-Agent: curl\r\nUser-Agent: two\r\n' +
      'Referer: http://x/\r\nX-Forwarded-For: 192.0.2.9\r\n\r\n';
    const response =
      'HTTP/1.1 302 Found\r\nContent-Type: text/html; charset=utf-8\r\nLocation: /new\r\nContent-Length: 5\r\n\r\nhello';
    exchange(request, response, (tx) => {
      const p = packet(123_456_789, 1_700_000_000_000_042);
      const line = fast(p, tx);
      assert.equal(line, slow(p, tx));
      assert.equal(JSON.parse(line ?? '').http.http_user_agent, 'curl, two');
      const end = packet(0, 1_700_000_000_999_999);
      assert.equal(fast(end, tx), slow(end, tx));
    });
  });

  it('come one after the other, and begin anew once taken', () => {
    exchange('GET / HTTP/1.0\r\n\r\n', 'HTTP/1.0 200 OK\r\n\r\n', (tx) => {
      const lines = new HttpLines();
      const [a, b] = [packet(1, 1e15), packet(2, 1e15 + 7)];
      assert.ok(lines.add(a, tx) && lines.add(b, tx));
      assert.equal(Buffer.from(lines.take()).toString('latin1'), slow(a, tx) + slow(b, tx));
      assert.equal(lines.length, 0);
      assert.ok(lines.add(b, tx));
      assert.equal(Buffer.from(lines.take()).toString('latin1'), slow(b, tx));
    });
  });

  it('are refused where text needs escaping or the event has other members', () => {
    const ok = 'HTTP/1.1 200 OK\r\n\r\n';
    for (const [request, response] of [
      ['GET /" HTTP/1.1\r\nHost: a\r\n\r\n', ok],
      ['GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \xe9\r\n\r\n', ok],
      ['GET / HTTP/1.1\r\nHost: a\r\nReferer: a\\b\r\n\r\n', ok],
      ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 206 Part\r\nContent-Range: bytes 0-1/2\r\n\r\n'],
      ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 abc OK\r\n\r\n'],
    ]) {
      exchange(request, response, (tx) => assert.equal(fast(packet(1, 1e15), tx), null, request));
    }
  });

  it('name the interface of a sensor, and have the time that its records have', () => {
    const writer = new EveWriter(eveForced(new Settings({}), '-'), true);
    writer.line({ kind: 'origins', names: ['eth0', 'a"b'] });
    const lines = new HttpLines();
    lines.useInterfaces(['eth0', 'a"b']);
    for (const [origin, shiftUs] of [
      [0, 0],
      [1, -3_600_000_000],
      [2, 1_500_000],
    ]) {
      exchange('GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', (tx) => {
        const p = packet(0, 1_700_000_000_123_456);
        p.origin = origin;
        assert.equal(lines.add(p, tx, shiftUs), true);
        const record = httpEventRecord(p, tx, false);
        record.tsUs += shiftUs;
        assert.equal(Buffer.from(lines.take()).toString('utf8'), writer.line(record));
      });
    }
  });

  it('are counted, handed over or lost as records are', () => {
    const counts = new SharedArrayBuffer(Count.Cells * 8);
    const cells = new BigInt64Array(counts);
    const wants = wantsOf([eveForced(new Settings({}), '-')], false, false, true, client);
    assert.equal(wants.httpLines, true);
    const memory = {
      ring: ringMemory(65_536),
      spill: spillShare(tmpdir(), `peccary-lines-${process.pid}`, 0),
      bell: new SharedArrayBuffer(Bell.Cells * 4),
      counts,
      wait: false,
      ordered: false,
      wants,
    };
    const port = new OutputPort(memory);
    port.useOrigins(['eth0']);
    exchange('GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', (tx) => {
      const p = packet(0, 1.7e15);
      for (let i = 0; i < 1000; i++) {
        assert.equal(port.pushLine(p, tx), true);
        if (i % 2 === 0) port.push(httpEventRecord(p, tx, false));
      }
    });
    port.close();
    const pushed = Number(cells[Count.Pushed]);
    const lost = Number(cells[Count.LostEvents]);
    assert.deepEqual([pushed, cells[Count.LostAlerts]], [1500, 0n]);
    // Batches of 256 events go or are lost as a whole; the last one has the rest.
    const kept = pushed - lost;
    assert.ok(kept > 0 && lost > 0 && (kept % 256 === 0 || lost % 256 === 0), `${lost}`);
  });

  it('are, where they are given, what records give for any text', () => {
    const text = fc.string({
      unit: fc.integer({ min: 1, max: 255 }).map((c) => String.fromCharCode(c)),
      maxLength: 12,
    });
    let given = 0;
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{0,12}$/), text, text, fc.nat(1e9), (uri, agent, type, no) => {
        const request = `GET /${uri} HTTP/1.1\r\nHost: h\r\nUser-Agent: ${agent}\r\n\r\n`;
        exchange(request, `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n\r\nx`, (tx) => {
          const p = packet(no, 1.7e15 + no);
          const line = fast(p, tx);
          if (line === null) return;
          given++;
          assert.equal(line, slow(p, tx));
        });
      }),
      { numRuns: 300 },
    );
    assert.ok(given > 0);
  });
});
