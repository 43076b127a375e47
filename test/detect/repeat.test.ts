import assert from 'node:assert/strict';
import { Run } from './engine-harness.js';
import { get, http } from './frames.js';

const any = 'any any -> any any';
const chunkedHead = 'HTTP/1.1 200 OK\r\nServer: lamp\r\nTransfer-Encoding: chunked\r\n\r\n';

/** A response whose parts the client acknowledges one by one. */
function inParts(parts: readonly string[]): ReturnType<typeof http> {
  return http([get('/a'), ...parts.flatMap((p, i) => (i === 0 ? [p] : ['', p]))]);
}

describe('Rules that match again in a transaction (as Suricata 7.0.10 does)', () => {
  const header = `alert http ${any} (flow:to_client; http.header; content:"lamp"; sid:1;)`;
  const raw = `alert http ${any} (flow:to_client; http.header.raw; content:"lamp"; sid:2;)`;
  const server = `alert http ${any} (flow:to_client; http.server; content:"lamp"; sid:3;)`;
  const rules = [header, raw, server].join('\n');

  it('header patterns are searched once more when the trailer ends later than the last chunk', () => {
    const frames = inParts([`${chunkedHead}5\r\nhello\r\n0\r\n`, 'X-More: 1\r\n\r\n']);
    assert.deepEqual(new Run(rules).replay(frames).counts(), { 1: 2, 2: 2, 3: 1 });
  });

  it('also when the connection closes within the trailer', () => {
    const frames = inParts([`${chunkedHead}5\r\nhello\r\n0\r\nX-More: 1\r\n`]);
    assert.deepEqual(new Run(rules).replay(frames).counts(), { 1: 2, 2: 2, 3: 1 });
  });

  it('not when they matched before the last chunk, when all came at once, or without a trailer', () => {
    const parts = inParts([`${chunkedHead}5\r\nhello\r\n`, '0\r\n\r\n']);
    assert.deepEqual(new Run(rules).replay(parts).counts(), { 1: 1, 2: 1, 3: 1 });
    const whole = inParts([`${chunkedHead}5\r\nhello\r\n0\r\n\r\n`]);
    assert.deepEqual(new Run(rules).replay(whole).counts(), { 1: 1, 2: 1, 3: 1 });
    const known = 'HTTP/1.1 200 OK\r\nServer: lamp\r\nContent-Length: 10\r\n\r\nhello';
    assert.deepEqual(new Run(rules).replay(inParts([known, 'again'])).counts(), { 1: 1, 2: 1, 3: 1 });
  });
});
