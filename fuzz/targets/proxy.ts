/**
 * What a connection speaks, and PROXY headers in front of it: the answer does not depend on how the bytes were cut,
 * and nothing that was held meanwhile outlives the connection. An input is both directions in turn, client first,
 * changing at each TurnByte.
 */
import { appLayerEvents, configureAppLayer, proxyHeader, releaseAppLayer } from '../../src/applayer/applayer.js';
import { heldLen } from '../../src/applayer/hold.js';
import { poolUsed } from '../../src/applayer/pool.js';
import { Settings } from '../../src/core/settings.js';
import { flows } from '../../src/flow/columns.js';
import { configureHttp } from '../../src/http/parser.js';
import { appProtoNames } from '../../src/protocol/app-proto.js';
import { Dir } from '../../src/protocol/ip.js';
import { converse, TurnByte, turn } from '../conversation.js';
import { lines } from '../shapes.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

const Flow = 1;
const signature = '\r\n\r\n\x00\r\nQUIT\n';

configureAppLayer(new Settings());
configureHttp(new Settings());

/** The PROXY header that was found, as text, when the input comes in pieces of at most `most` bytes. */
function connection(input: Uint8Array, most: number): string {
  converse(Flow, input, most);
  const header = proxyHeader(Flow);
  if (header !== null) {
    promise(header.len > 0 && header.srcPort <= 0xffff && header.dstPort <= 0xffff, 'ports of a PROXY header');
  }
  for (const list of [flows.appProto, flows.appProtoTs, flows.appProtoTc]) ledTo(appProtoNames[list[Flow]] ?? 'none');
  ledTo(`events ${appLayerEvents(Flow).toString(2).replaceAll('1', 'x').replaceAll('0', '.')}`);
  const found = JSON.stringify(header);
  releaseAppLayer(Flow);
  const held = heldLen(Flow, Dir.ToServer) + heldLen(Flow, Dir.ToClient);
  promise(held === 0 && poolUsed() === 0 && proxyHeader(Flow) === null, 'nothing outlives its connection');
  return found;
}

export const target: FuzzTarget = {
  name: 'proxy',
  seeds: () =>
    [
      `PROXY TCP4 192.0.2.1 192.0.2.2 1024 80\r\nGET / HTTP/1.1\r\n\r\n${turn}HTTP/1.1 200 OK\r\n\r\n`,
      `PROXY TCP6 2001:db8::1 2001:db8::2 1024 80\r\nPOST / HTTP/1.1\r\n\r\n`,
      `PROXY UNKNOWN\r\nGET / HTTP/1.0\r\n\r\n${turn}HTTP/1.0 200 OK\r\n\r\nx`,
      `${signature}\x21\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x04\x00\x00\x50GET / HTTP/1.1\r\n\r\n`,
      `${signature}\x20\x00\x00\x00GET / HTTP/1.1\r\n\r\n`,
      `${signature}\x21\x21\x00\x24${'\x20'.repeat(32)}\x04\x00\x00\x50PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
      `\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00${turn}\x16\x03\x03\x00\x05`,
      `SSH-2.0-x\r\n${turn}SSH-2.0-y\r\n`,
      `${turn}220 mail ESMTP\r\n${turn}EHLO x\r\n`,
    ].map((text) => Buffer.from(text, 'latin1')),
  words: [turn, 'PROXY ', 'TCP4 ', 'TCP6 ', 'UNKNOWN', signature, '\r\n', ' 65536', 'GET /', 'HTTP/1.', '\x21\x11'],
  shape: lines(TurnByte),
  run(input) {
    const whole = connection(input, input.length + 1);
    for (const most of [1, 7, 61]) promise(connection(input, most) === whole, 'a PROXY header does not depend on cuts');
  },
};
