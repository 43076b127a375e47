import assert from 'node:assert/strict';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { tcpFrame } from '../tools/build.js';
import type { TimedFrame } from '../tools/session.js';
import { Run } from './engine-harness.js';

const client = '192.168.1.10';
const server = '10.0.0.80';
const request = 'GET /etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n';
/** Kind 34, eight bytes of cookie, two bytes of padding (RFC 7413 section 4.1.1). */
const cookie = Uint8Array.from([34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1]);

/** A request in the SYN, acknowledged by the SYN/ACK; `acks`: the client finishes the handshake. */
function session(acks: boolean): TimedFrame[] {
  const up = { src: client, dst: server, srcPort: 40_000, dstPort: 80 };
  const down = { src: server, dst: client, srcPort: 80, dstPort: 40_000 };
  const after = 1001 + request.length;
  const frames = [
    tcpFrame({ ...up, seq: 1000, flags: TcpFlag.Syn, options: cookie }, request),
    tcpFrame({ ...down, seq: 9000, ack: after, flags: TcpFlag.Syn | TcpFlag.Ack }),
  ];
  if (acks) frames.push(tcpFrame({ ...up, seq: after, ack: 9001, flags: TcpFlag.Ack }));
  return frames.map((bytes, i) => ({ tsUs: 1e15 + i * 1000, bytes }));
}

describe('A request in the SYN (RFC 7413)', () => {
  const rules = `
alert http any any -> any any (flow:established,to_server; http.uri; content:"/etc/passwd"; sid:1;)
alert http any any -> any any (flow:to_server; http.method; content:"GET"; sid:2;)`;

  it('waits for the session to be established, as rules ask for', () => {
    assert.deepEqual(new Run(rules).replay(session(true)).counts(), { 1: 1, 2: 1 });
  });

  it('is inspected at the end of a flow that never was', () => {
    assert.equal(new Run(rules).replay(session(false)).counts()[2], 1);
  });
});
