/** Events of decoder, stream engine and application layer (user guide, "Decode event", "app-layer-event"). */

import { AppProto } from '../../protocol/app-proto.js';
import { applayerEventId } from '../../protocol/applayer-events.js';
import { decoderEventId } from '../../protocol/decoder-events.js';
import { httpEventId } from '../../protocol/http-events.js';
import { streamEventId } from '../../protocol/stream-events.js';
import type { RuleBuilder } from '../builder.js';
import { RuleFault, RuleSkip } from '../faults.js';
import { appLayerProto } from '../protocols.js';
import type { Keyword } from './keyword.js';

function addEvent(b: RuleBuilder, id: number | undefined, keyword: string, value: string): void {
  if (id === undefined || id < 0)
    throw new RuleFault(`${keyword}: unknown event "${value}"`, 'the keyword reference lists the names');
  b.addCondition({ kind: 'event', event: id });
}

export const decodeEvent: Keyword = {
  name: 'decode-event',
  description: 'A header of the packet was damaged or unusual in this way.',
  args: 'EVENT',
  example: 'decode-event:ipv4.trunc_pkt;',
  value: 'required',
  apply: (b, value) => addEvent(b, decoderEventId(value.trim().toLowerCase()), 'decode-event', value),
};

export const streamEvent: Keyword = {
  name: 'stream-event',
  description: 'The TCP stream engine found this.',
  args: 'EVENT',
  example: 'stream-event:3whs_synack_flood;',
  value: 'required',
  apply(b, value) {
    const name = value.trim().toLowerCase();
    addEvent(b, name.startsWith('stream.') ? -1 : streamEventId(name), 'stream-event', value);
  },
};

export const engineEvent: Keyword = {
  name: 'engine-event',
  description: 'decode-event or stream-event with the layer before the name.',
  args: 'decoder.EVENT|stream.EVENT',
  example: 'engine-event:stream.3whs_synack_flood;',
  value: 'required',
  apply(b, value) {
    const name = value.trim().toLowerCase();
    if (name.startsWith('stream.')) addEvent(b, streamEventId(name.slice(7)), 'engine-event', value);
    else addEvent(b, name.startsWith('decoder.') ? decoderEventId(name.slice(8)) : -1, 'engine-event', value);
  },
};

export const appLayerEvent: Keyword = {
  name: 'app-layer-event',
  description: 'The application layer found this: http.EVENT, or applayer_EVENT for the recognition of protocols.',
  args: 'PROTOCOL.EVENT|applayer_EVENT',
  example: 'app-layer-event:http.unable_to_match_response_to_request;',
  value: 'required',
  apply(b, value) {
    const v = value.trim();
    const dot = v.indexOf('.');
    if (dot < 0) return addEvent(b, applayerEventId(v), 'app-layer-event', value);
    const proto = v.slice(0, dot);
    if (proto !== 'http' && proto !== 'http1') {
      appLayerProto(proto);
      throw new RuleSkip(`events of protocol ${proto} are not raised, it is not inspected`);
    }
    b.requireHttp();
    b.leaveBuffer();
    const id = httpEventId(v.slice(dot + 1));
    if (id < 0) throw new RuleSkip(`there is no HTTP event "${v.slice(dot + 1)}"`);
    b.addCondition({ kind: 'event', event: id });
  },
};

export const appLayerProtocol: Keyword = {
  name: 'app-layer-protocol',
  description: 'The application protocol that the flow was recognised as; `failed` when none was.',
  args: '[!]PROTOCOL|failed',
  example: 'app-layer-protocol:!http;',
  value: 'required',
  quotes: 'optional',
  negatable: true,
  apply(b, value, negated) {
    if (b.proto.app !== AppProto.Unknown || b.usesHttp) {
      throw new RuleFault(
        'app-layer-protocol cannot be used in a rule that names an application protocol already',
        'use protocol tcp without HTTP keywords',
      );
    }
    const app = appLayerProto(value.trim());
    for (const c of b.conditions) {
      if (c.kind !== 'app_protocol') continue;
      if (!c.negated || !negated)
        throw new RuleFault('app-layer-protocol: a positive match stands alone', 'keep one app-layer-protocol');
    }
    b.addCondition({ kind: 'app_protocol', app, negated, side: 'either' });
  },
};
