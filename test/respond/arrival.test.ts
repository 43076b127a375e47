import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { pcapFile } from '../tools/capture-writer.js';
import { replayEvents } from '../tools/peccary.js';
import { type TimedFrame, tcpSession } from '../tools/session.js';

const rules = `
alert http any any -> any any (msg:"request"; flow:to_server; http.uri; content:"/attack"; sid:1; rev:1;)
alert http any any -> any any (msg:"response"; flow:to_client; http.stat_code; content:"200"; sid:2; rev:1;)
`;

describe('with a response interface (response.interface)', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-arrival-'));
    writeFileSync(join(dir, 'a.rules'), rules);
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  /** Packet by whose inspection each rule alerted, by sid. */
  const when = (frames: TimedFrame[], ...args: string[]): Record<number, number> => {
    const file = join(dir, 'a.pcap');
    writeFileSync(file, pcapFile(frames));
    const out: Record<number, number> = {};
    for (const { alert, pcap_cnt } of replayEvents(file, '-S', join(dir, 'a.rules'), ...args)) {
      if (alert !== undefined) out[alert.signature_id] = Number(pcap_cnt);
    }
    return out;
  };
  const respond = ['--set', 'response.interface=eth9'];
  const frames = tcpSession({
    exchanges: [
      { from: 'client', data: 'GET /attack HTTP/1.1\r\nHost: www.example.com\r\n\r\n' },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
    ],
  });

  it('requests are inspected when they arrive, responses when they are acknowledged', () => {
    assert.deepEqual(when(frames), { 1: 5, 2: 7 });
    assert.deepEqual(when(frames, ...respond), { 1: 4, 2: 7 });
  });

  it('a request that comes out of order is inspected when it is whole', () => {
    const split = tcpSession({
      mss: 20,
      acks: false,
      exchanges: [
        { from: 'client', data: 'GET /attack HTTP/1.1\r\nHost: www.example.com\r\n\r\n' },
        { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
      ],
    });
    // Handshake, then three segments: the first two change places.
    const [third, fourth] = [split[3], split[4]];
    [split[3], split[4]] = [
      { ...fourth, tsUs: third.tsUs },
      { ...third, tsUs: fourth.tsUs },
    ];
    assert.equal(when(split, ...respond)[1], 5);
  });
});
