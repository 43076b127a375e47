import assert from 'node:assert/strict';
import { AppLayerEvent, applayerEventId, applayerEventNames } from '../../src/protocol/applayer-events.js';
import { buffers } from '../../src/protocol/buffers.js';
import { decoderEventId, decoderEventNames } from '../../src/protocol/decoder-events.js';
import { EventRange } from '../../src/protocol/events.js';
import { HttpEvent, httpEventId, httpEventNames } from '../../src/protocol/http-events.js';
import { StreamEvent, streamEventId, streamEventNames } from '../../src/protocol/stream-events.js';

describe('event numbers and names (Suricata manual: decode-event, stream-event, app-layer-event)', () => {
  const layers: [string, readonly string[], (name: string) => number | undefined, number, number][] = [
    ['decoder', decoderEventNames, decoderEventId, EventRange.Decoder, EventRange.Stream],
    ['stream', streamEventNames, streamEventId, EventRange.Stream, EventRange.Http],
    ['http', httpEventNames, httpEventId, EventRange.Http, EventRange.AppLayer],
    ['applayer', applayerEventNames, applayerEventId, EventRange.AppLayer, EventRange.End],
  ];

  for (const [layer, names, idOf, from, to] of layers) {
    it(`${layer}: every name once, each with an id of its own within the range of the layer`, () => {
      assert.equal(new Set(names).size, names.length);
      const ids = names.map((name) => idOf(name));
      assert.deepEqual(
        ids,
        names.map((_, i) => from + i),
      );
      assert.ok(from + names.length <= to);
      assert.ok([undefined, -1].includes(idOf('no_such_event')));
    });
  }

  it('names stand in the order of the numbers', () => {
    assert.equal(streamEventId('3whs_ack_in_wrong_dir'), StreamEvent.Hs3AckInWrongDir);
    assert.equal(httpEventId('failed_protocol_change'), HttpEvent.FailedProtocolChange);
    assert.equal(applayerEventId('applayer_unexpected_protocol'), AppLayerEvent.UnexpectedProtocol);
  });
});

describe('inspection buffers (Suricata manual: rules, sticky buffers)', () => {
  it('have each a name of its own', () => {
    const names = [...buffers.values()].map((buffer) => buffer.name);
    assert.equal(new Set(names).size, names.length);
  });
});
