import assert from 'node:assert/strict';
import { u8 } from '../../src/core/memory.js';
import { Settings } from '../../src/core/settings.js';
import { checksumsOk } from '../../src/decode/checksum.js';
import { decodeFrame } from '../../src/decode/decode.js';
import { Packet } from '../../src/decode/packet.js';
import { openTunnel } from '../../src/decode/tunnel.js';
import { configureDefrag, DefragStatus, insertFragment } from '../../src/defrag/defrag.js';
import { place } from './arena.js';
import { type MutateOptions, mutate } from './mutate.js';
import { randomFill } from './seeded.js';
import { type TimedFrame, tcpSession } from './session.js';
import { wrapperNames } from './wrap.js';

const request = randomFill(700, 1);
const response = randomFill(3000, 2);
const session = (client: string, server: string): TimedFrame[] =>
  tcpSession({
    client: { ip: client },
    server: { ip: server, isn: 0xffff_fc00 },
    exchanges: [
      { from: 'client', data: request },
      { from: 'server', data: response },
    ],
  });
const four = session('192.168.1.10', '10.0.0.80');
const six = session('2001:db8::10', '2001:db8::80');

/** Data of both sides by sequence number, as found by decoding, defragmenting and opening tunnels. */
function streams(frames: TimedFrame[]): { fromClient: Buffer; fromServer: Buffer; segments: number; acks: number } {
  configureDefrag(new Settings());
  const sides = [Buffer.alloc(request.length), Buffer.alloc(response.length)];
  const found = { segments: 0, acks: 0 };
  const stack = Array.from({ length: 8 }, () => new Packet());
  const visit = (p: Packet, depth: number): void => {
    const inner = stack[depth + 1];
    if (insertFragment(p, inner) === DefragStatus.Complete) visit(inner, depth + 1);
    else if (openTunnel(p, inner)) visit(inner, depth + 1);
    if (p.ipProto !== 6 || p.l4Off === 0) return;
    assert.ok(checksumsOk(p), 'a checksum is wrong');
    const server = p.srcPort === 80;
    const start = (p.seq - ((server ? 0xffff_fc00 : 1000) + 1)) | 0;
    sides[server ? 1 : 0].set(u8.subarray(p.payloadOff, p.payloadOff + p.payloadLen), p.payloadLen > 0 ? start : 0);
    if (p.payloadLen > 0) found.segments++;
    else found.acks++;
  };
  for (const f of frames) {
    stack[0].tsUs = f.tsUs;
    decodeFrame(stack[0], place(f.bytes), f.bytes.length, f.bytes.length, 1);
    visit(stack[0], 0);
  }
  return { fromClient: sides[0], fromServer: sides[1], ...found };
}

function same(frames: TimedFrame[], options: MutateOptions): ReturnType<typeof streams> {
  const got = streams(mutate(frames, options));
  assert.ok(got.fromClient.equals(request), 'the request differs');
  assert.ok(got.fromServer.equals(response), 'the response differs');
  return got;
}

describe('the capture rewriter (RFC 9293, RFC 791 section 3.2, RFC 8200 section 4.5)', () => {
  for (const [family, frames] of [
    ['IPv4', four],
    ['IPv6', six],
  ] as const) {
    it(`${family}: splits to single bytes`, () => {
      assert.equal(same(frames, { split: 1 }).segments, request.length + response.length);
    });

    it(`${family}: acknowledges each segment once`, () => {
      const plain = same(frames, { split: 100 });
      const more = same(frames, { split: 100, acknowledge: true });
      assert.equal(more.acks, plain.acks + more.segments);
    });

    it(`${family}: reorders and repeats within a burst`, () => {
      const got = same(frames, { split: 50, reorder: 8, duplicate: 0.5, acknowledge: true, seed: 9 });
      assert.ok(got.segments > (request.length + response.length) / 50);
    });

    for (const fragmentOrder of ['forward', 'reverse', 'random'] as const) {
      it(`${family}: fragments, ${fragmentOrder}`, () => {
        same(frames, { fragment: 24, fragmentOrder });
      });
    }

    for (const name of wrapperNames) {
      it(`${family}: in ${name}, also fragmented`, () => {
        same(frames, { wrap: [name] });
        same(frames, { wrap: [name], fragment: 200, fragmentOrder: 'random' });
      });
    }

    it(`${family}: tunnels in tunnels`, () => {
      same(frames, { wrap: ['gre', 'vxlan', 'qinq'] });
    });
  }

  it('gives the same capture for the same seed', () => {
    const options: MutateOptions = { split: 10, reorder: 5, duplicate: 0.2, seed: 4 };
    assert.deepEqual(mutate(four, options), mutate(four, options));
    assert.notDeepEqual(mutate(four, options), mutate(four, { ...options, seed: 5 }));
  });
});
