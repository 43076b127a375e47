import assert from 'node:assert/strict';
import { flows } from '../../src/flow/columns.js';
import { Dir } from '../../src/protocol/ip.js';
import { isMidstream, StreamStatus, streamSize, tcpStateName } from '../../src/stream/stream.js';
import { ACK, FIN, RST, SYN, Wire } from './harness.js';

describe('TCP session states (RFC 9293 section 3.3.2)', () => {
  it('three-way handshake, data, close by the client (sections 3.5, 3.6)', () => {
    const w = new Wire();
    const states: string[] = [];
    const step = (toServer: boolean, seq: number, ack: number, flags: number): void => {
      assert.deepEqual(w.send(toServer, { seq, ack, flags }), []);
      states.push(tcpStateName(w.flow));
    };
    step(true, 100, 0, SYN);
    step(false, 500, 101, SYN | ACK);
    step(true, 101, 501, ACK);
    step(true, 101, 501, FIN | ACK);
    step(false, 501, 102, FIN | ACK);
    step(true, 102, 502, ACK);
    assert.deepEqual(states, ['syn_sent', 'syn_recv', 'established', 'close_wait', 'last_ack', 'closed']);
  });

  it('close by the server goes through FIN_WAIT', () => {
    const w = new Wire();
    w.open();
    w.send(false, { seq: 501, ack: 101, flags: FIN | ACK });
    assert.equal(tcpStateName(w.flow), 'fin_wait1');
    w.send(true, { seq: 101, ack: 502 });
    assert.equal(tcpStateName(w.flow), 'fin_wait2');
    w.send(true, { seq: 101, ack: 502, flags: FIN | ACK });
    assert.equal(tcpStateName(w.flow), 'time_wait');
  });

  it('split handshake: SYN answered by a SYN, ended by a SYN/ACK of the client', () => {
    const w = new Wire();
    assert.deepEqual(w.send(true, { seq: 100, flags: SYN }), []);
    assert.deepEqual(w.send(false, { seq: 500, flags: SYN }), []);
    assert.deepEqual(w.send(true, { seq: 100, ack: 501, flags: SYN | ACK }), []);
    assert.deepEqual(w.send(false, { seq: 501, ack: 101 }), []);
    assert.equal(tcpStateName(w.flow), 'established');
  });

  it('refuses a SYN/ACK with the wrong acknowledgement (section 3.10.7.3)', () => {
    const w = new Wire();
    w.send(true, { seq: 100, flags: SYN });
    assert.deepEqual(w.send(false, { seq: 500, ack: 77, flags: SYN | ACK }), ['3whs_synack_with_wrong_ack']);
    assert.equal(tcpStateName(w.flow), 'syn_sent');
  });

  it('of several SYN/ACKs the one the client answers counts', () => {
    const w = new Wire();
    w.send(true, { seq: 100, flags: SYN });
    w.send(false, { seq: 500, ack: 101, flags: SYN | ACK });
    assert.deepEqual(w.send(false, { seq: 900, ack: 101, flags: SYN | ACK }), []);
    w.send(true, { seq: 101, ack: 901 });
    assert.equal(tcpStateName(w.flow), 'established');
    w.send(false, { seq: 901, ack: 101, data: 'hello' });
    w.send(true, { seq: 101, ack: 906 });
    assert.equal(w.got[Dir.ToClient].text, 'hello');
  });

  it('queues at most max-synack-queued of them', () => {
    const w = new Wire({ stream: { 'max-synack-queued': 2 } });
    w.send(true, { seq: 100, flags: SYN });
    w.send(false, { seq: 500, ack: 101, flags: SYN | ACK });
    const more = [600, 700, 800].map((seq) => w.send(false, { seq, ack: 101, flags: SYN | ACK }));
    assert.deepEqual(more, [[], [], ['3whs_synack_flood']]);
  });

  it('refuses a reset with the wrong number, as Windows does (section 3.5.3, RFC 5961)', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 5000, ack: 501, flags: RST | ACK });
    assert.equal(tcpStateName(w.flow), 'established');
    assert.ok(w.status & StreamStatus.Invalid);
    w.send(true, { seq: 101, ack: 501, flags: RST | ACK });
    assert.equal(tcpStateName(w.flow), 'closed');
  });

  it('a packet after the sender had reset: the reset is suspect, and the session goes on', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 101, ack: 501, flags: RST | ACK });
    assert.deepEqual(w.send(true, { seq: 101, ack: 501, data: 'still here' }), ['suspected_rst_inject']);
    w.send(false, { seq: 501, ack: 111 });
    assert.equal(w.got[Dir.ToServer].text, 'still here');
  });

  it('what nobody acknowledged before both sides closed is not inspected (section 3.6)', () => {
    const w = new Wire();
    w.open();
    w.send(false, { seq: 501, ack: 101, data: 'lost', flags: FIN | ACK });
    w.send(true, { seq: 101, ack: 501, flags: FIN | ACK });
    w.send(false, { seq: 506, ack: 102 });
    assert.equal(tcpStateName(w.flow), 'closed');
    w.end();
    assert.equal(w.got[Dir.ToClient].text, '');
    assert.equal(w.got[Dir.ToClient].eof, 1);
  });

  it('refuses data beyond the window and invalid acknowledgements (section 3.10.7.4)', () => {
    const w = new Wire();
    w.open();
    assert.deepEqual(w.send(true, { seq: 101 + 70_000, ack: 501, data: 'x' }), ['est_packet_out_of_window']);
    assert.deepEqual(w.send(true, { seq: 101, ack: 501 + 70_000, data: 'x' }), ['pkt_invalid_ack', 'est_invalid_ack']);
  });

  it('window scaling widens the window (RFC 7323 section 2)', () => {
    const w = new Wire();
    w.open(100, 500, 4);
    w.send(false, { seq: 501, ack: 101, window: 60_000 });
    assert.deepEqual(w.send(true, { seq: 101 + 100_000, ack: 501, data: 'x' }), []);
  });

  it('refuses old timestamps (PAWS, RFC 7323 section 5)', () => {
    const w = new Wire();
    w.send(true, { seq: 100, flags: SYN, ts: [1000, 0] });
    w.send(false, { seq: 500, ack: 101, flags: SYN | ACK, ts: [7000, 1000] });
    w.send(true, { seq: 101, ack: 501, ts: [1001, 7000] });
    const events = w.send(true, { seq: 101, ack: 501, ts: [900, 7000], data: 'old' });
    assert.deepEqual(events, ['pkt_invalid_timestamp']);
  });

  it('keep-alives change nothing (section 3.8.4)', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 101, ack: 501, data: 'a' });
    w.send(false, { seq: 501, ack: 102 });
    assert.deepEqual(w.send(true, { seq: 101, ack: 501 }), []);
    assert.deepEqual(w.send(false, { seq: 501, ack: 102 }), []);
    assert.equal(streamSize(w.flow, Dir.ToServer), 2);
  });

  it('a SYN on a closed session opens a new flow (section 3.6.1)', () => {
    const w = new Wire();
    w.open();
    w.send(true, { seq: 101, ack: 501, flags: RST | ACK });
    const before = flows.serial[w.flow];
    w.send(true, { seq: 9000, flags: SYN });
    assert.notEqual(flows.serial[w.flow], before);
    assert.equal(tcpStateName(w.flow), 'syn_sent');
  });
});

describe('sessions without their beginning (Suricata manual, "Stream-engine": midstream, async-oneside)', () => {
  it('are not picked up by default', () => {
    const w = new Wire();
    w.send(true, { seq: 100, ack: 500, data: 'GET' });
    assert.equal(tcpStateName(w.flow), 'none');
  });

  it('midstream: data picks the session up', () => {
    const w = new Wire({ stream: { midstream: true } });
    w.send(true, { seq: 100, ack: 500, data: 'GET' });
    assert.ok(isMidstream(w.flow));
    w.send(false, { seq: 500, ack: 103 });
    assert.equal(w.got[Dir.ToServer].text, 'GET');
  });

  it('midstream: a SYN/ACK turns the flow round', () => {
    const w = new Wire({ stream: { midstream: true } });
    w.send(false, { seq: 500, ack: 101, flags: SYN | ACK });
    assert.equal(w.p.dir, Dir.ToClient);
    assert.equal(flows.srvPort[w.flow], 80);
    w.send(true, { seq: 101, ack: 501, data: 'GET' });
    w.send(false, { seq: 501, ack: 104 });
    assert.equal(w.got[Dir.ToServer].text, 'GET');
  });

  it('async-oneside: what one side sends acknowledges itself', () => {
    const w = new Wire({ stream: { 'async-oneside': true } });
    w.send(true, { seq: 100, flags: SYN });
    w.send(true, { seq: 101, ack: 501 });
    w.send(true, { seq: 101, ack: 501, data: 'GET ' });
    w.send(true, { seq: 105, ack: 501, data: '/' });
    assert.equal(w.got[Dir.ToServer].text, 'GET /');
  });

  it('inline, the midstream policy drops the flow unless told otherwise (manual, "Exception Policies")', () => {
    const w = new Wire({}, true);
    w.send(true, { seq: 100, ack: 500, data: 'GET' });
    assert.equal(w.status, StreamStatus.Drop | StreamStatus.ReasonMidstream);
    const calm = new Wire({ 'exception-policy': 'ignore' }, true);
    calm.send(true, { seq: 100, ack: 500, data: 'GET' });
    assert.equal(calm.status, StreamStatus.Ok);
  });
});
