import assert from 'node:assert/strict';
import { get, http, ok } from '../detect/frames.js';
import { PipelineRun } from '../tools/pipeline-run.js';
import { tcpSession } from '../tools/session.js';

const any = 'any any -> any any';
const rules = [
  `alert http ${any} (flow:to_client; http.stat_code; content:"200"; sid:1;)`,
  `alert http ${any} (flow:to_server; http.uri; content:"/late"; sid:2;)`,
].join('\n');
const midstream = { stream: { midstream: 'yes' } };

function alerts(frames: ReturnType<typeof http>): number {
  return new PipelineRun(rules, midstream).feed(frames).finish().records.alert ?? 0;
}

describe('Sessions picked up in their middle (Suricata manual, "stream.midstream")', () => {
  const response = { from: 'server', data: ok('hello') } as const;

  it('one that begins with a response has client and server turned round', () => {
    assert.equal(alerts(tcpSession({ handshake: false, exchanges: [response] })), 1);
    assert.equal(alerts(tcpSession({ handshake: false, exchanges: [response], acks: false, close: 'none' })), 1);
  });

  it('and goes on with the requests that follow', () => {
    const exchanges = [response, { from: 'client', data: get('/late') } as const, response];
    assert.equal(alerts(tcpSession({ handshake: false, exchanges })), 3);
  });

  it('one that begins with a request is as it seems', () => {
    assert.equal(alerts(http([get('/late'), ok('x')], { handshake: false })), 2);
  });
});
