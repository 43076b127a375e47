/** Feeds fragments to defragmentation in tests. */

import { u8 } from '../../src/core/memory.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { Packet } from '../../src/decode/packet.js';
import { configureDefrag, DefragStatus, insertFragment } from '../../src/defrag/defrag.js';
import { frame, type Ipv4Fields, ipv4, ipv6 } from '../tools/build.js';
import { concat } from '../tools/bytes.js';
import { decode, eventsOf } from '../tools/decode.js';

/** Configures the stage, all hosts of one operating system when `os` is given. */
export function configure(os?: string, defrag: Tree = {}): void {
  const policy: Tree = os === undefined ? {} : { 'host-os-policy': { [os]: ['0.0.0.0/0', '::/0'] } };
  configureDefrag(new Settings({ ...policy, defrag }));
}

export interface Fed {
  status: DefragStatus;
  /** Events of the fragment. */
  events: string[];
  fragment: Packet;
  /** The datagram when it is complete. */
  inner: Packet;
  /** Its bytes behind the IP header, Latin-1. */
  text: string;
}

export function feed(bytes: Uint8Array, tsUs = 0): Fed {
  const fragment = decode(bytes, 1, tsUs);
  const inner = new Packet();
  const status = insertFragment(fragment, inner);
  const off = inner.ipOff + inner.ipHdrLen;
  const whole = status === DefragStatus.Complete;
  const text = whole ? Buffer.from(u8.buffer, off, inner.ipOff + inner.ipLen - off).toString('latin1') : '';
  return { status, events: eventsOf(fragment), fragment, inner, text };
}

/** An IPv4 fragment of protocol 99 with `text` at byte `at`. */
export function v4(at: number, more: boolean, text: string | Uint8Array, fields: Ipv4Fields = {}): Uint8Array {
  const data = typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'latin1')) : text;
  return frame(ipv4({ proto: 99, id: 7, fragOff: at, flags: more ? 1 : 0, ...fields }, data));
}

/** An IPv6 fragment of protocol 99; `before` are extension headers in front of the fragment header. */
export function v6(
  at: number,
  more: boolean,
  data: Uint8Array,
  id = 7,
  next = 99,
  before: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const header = new Uint8Array(8);
  header[0] = next;
  header[2] = at >> 8;
  header[3] = (at & 0xf8) | (more ? 1 : 0);
  header[7] = id;
  return frame(ipv6({ proto: before.length > 0 ? 60 : 44 }, concat(before, header, data)));
}
