import assert from 'node:assert/strict';
import {
  appLayerEnd,
  appLayerEvents,
  configureAppLayer,
  consumePiece,
  proxyHeader,
  releaseAppLayer,
} from '../../src/applayer/applayer.js';
import { poolUsed } from '../../src/applayer/pool.js';
import { buf } from '../../src/core/memory.js';
import { Settings } from '../../src/core/settings.js';
import { flows } from '../../src/flow/columns.js';
import { configureHttp } from '../../src/http/parser.js';
import { firstTransaction } from '../../src/http/tx-list.js';
import { appProtoNames } from '../../src/protocol/app-proto.js';
import { applayerEventNames } from '../../src/protocol/applayer-events.js';
import { HttpEvent } from '../../src/protocol/http-events.js';
import { Dir } from '../../src/protocol/ip.js';

const Flow = 7;
const At = 0x1_0000;

function send(dir: Dir, text: string, size = text.length): void {
  for (let i = 0; i < text.length; i += size) {
    const n = buf.write(text.slice(i, i + size), At, 'latin1');
    consumePiece(Flow, dir, { off: At, len: n, gap: 0, eof: false }, 1);
  }
}

function protocols(): string[] {
  return [flows.appProto[Flow], flows.appProtoTs[Flow], flows.appProtoTc[Flow]].map((p) => appProtoNames[p]);
}

function events(): string[] {
  return applayerEventNames.filter((_, i) => (appLayerEvents(Flow) >> i) & 1);
}

function count(): number {
  let n = 0;
  for (let tx = firstTransaction(Flow); tx !== null; tx = tx.next) n++;
  return n;
}

describe('applayer: recognition by content', () => {
  let used = 0;
  before(() => {
    configureAppLayer(new Settings());
    configureHttp(new Settings());
    flows.srvPort[Flow] = 8000;
    used = poolUsed();
  });
  afterEach(() => {
    releaseAppLayer(Flow);
    flows.appProto[Flow] = flows.appProtoTs[Flow] = flows.appProtoTc[Flow] = 0;
    assert.equal(poolUsed(), used, 'memory given back');
  });

  for (const size of [1000, 1, 3]) {
    it(`HTTP in both directions, pieces of ${size}`, () => {
      send(Dir.ToServer, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', size);
      send(Dir.ToClient, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', size);
      assert.deepEqual(protocols(), ['http', 'http', 'http']);
      assert.deepEqual(events(), []);
      assert.equal(count(), 1);
      assert.equal(firstTransaction(Flow)?.status, 200);
    });
  }

  it('a method that is not known is HTTP when the answer is (applayer_detect_protocol_only_one_direction)', () => {
    send(Dir.ToServer, 'FROB /x HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(count(), 0);
    send(Dir.ToClient, 'HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n');
    assert.deepEqual(protocols(), ['http', 'failed', 'http']);
    assert.deepEqual(events(), ['applayer_detect_protocol_only_one_direction']);
    assert.equal(count(), 1);
    assert.equal(firstTransaction(Flow)?.status, 405);
  });

  it('an answer that is not known is parsed as what the request is', () => {
    send(Dir.ToServer, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    send(Dir.ToClient, '<html>');
    assert.deepEqual(protocols(), ['http', 'http', 'failed']);
    assert.deepEqual(events(), ['applayer_detect_protocol_only_one_direction']);
  });

  it('two protocols at once (applayer_mismatch_protocol_both_directions)', () => {
    send(Dir.ToServer, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    send(Dir.ToClient, 'SSH-2.0-x\r\n');
    assert.deepEqual(protocols(), ['http', 'http', 'ssh']);
    assert.deepEqual(events(), ['applayer_mismatch_protocol_both_directions']);
  });

  for (const [name, text] of [
    ['tls', '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03'],
    ['http2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['ssh', 'SSH-2.0-OpenSSH\r\n'],
    ['smb', '\x00\x00\x00\x54\xffSMBr'],
    ['smtp', 'EHLO a\r\n'],
  ]) {
    it(`${name} is recognised and left alone`, () => {
      send(Dir.ToServer, text, 2);
      assert.equal(protocols()[0], name);
      assert.equal(count(), 0);
    });
  }

  it('neither direction known: failed', () => {
    send(Dir.ToServer, '\x01\x02\x03\x04');
    send(Dir.ToClient, '\x01\x02\x03\x04');
    assert.deepEqual(protocols(), ['failed', 'failed', 'failed']);
  });

  for (const size of [1000, 1, 5]) {
    it(`PROXY version 1 in front of the request, pieces of ${size} (PROXY protocol, section 2.1)`, () => {
      send(Dir.ToServer, 'PROXY TCP4 192.0.2.1 192.0.2.2 5555 443\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n', size);
      assert.deepEqual(protocols().slice(0, 2), ['http', 'http']);
      assert.equal(proxyHeader(Flow)?.src, '192.0.2.1');
      assert.equal(proxyHeader(Flow)?.srcPort, 5555);
      assert.equal(count(), 1);
    });

    it(`PROXY version 2 in front of the request, pieces of ${size} (PROXY protocol, section 2.2)`, () => {
      const header = '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\xc6\x33\x64\x08\x10\x92\x01\xbb';
      send(Dir.ToServer, `${header}GET /a HTTP/1.1\r\nHost: a\r\n\r\n`, size);
      assert.equal(proxyHeader(Flow)?.src, '198.51.100.7');
      assert.equal(proxyHeader(Flow)?.dstPort, 443);
      assert.equal(firstTransaction(Flow)?.uriLen, 2);
    });
  }

  it('after a granted CONNECT the tunnel is recognised anew', () => {
    send(Dir.ToServer, 'CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n');
    send(Dir.ToClient, 'HTTP/1.1 200 OK\r\n\r\n');
    send(Dir.ToServer, '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03');
    assert.deepEqual(protocols().slice(0, 2), ['tls', 'tls']);
    assert.equal(count(), 1);
  });

  for (const size of [1000, 1]) {
    it(`after an accepted STARTTLS the connection is recognised anew, pieces of ${size} (RFC 3207, section 4)`, () => {
      send(Dir.ToClient, '220 mail ESMTP\r\n', size);
      send(Dir.ToServer, 'EHLO me\r\n', size);
      send(Dir.ToClient, '250-mail\r\n250 STARTTLS\r\n', size);
      send(Dir.ToServer, 'StartTLS\r\n', size);
      assert.equal(protocols()[0], 'smtp');
      send(Dir.ToClient, '220 go ahead\r\n', size);
      send(Dir.ToServer, '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03');
      assert.deepEqual(protocols().slice(0, 2), ['tls', 'tls']);
      assert.deepEqual(events(), ['applayer_detect_protocol_only_one_direction']);
    });
  }

  it('HTTP behind STARTTLS is parsed, with events (applayer_no_tls_after_starttls)', () => {
    send(Dir.ToServer, 'EHLO me\r\nSTARTTLS\r\n');
    send(Dir.ToClient, '250 mail\r\n220 go ahead\r\n');
    send(Dir.ToServer, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual(protocols().slice(0, 2), ['http', 'http']);
    assert.equal(count(), 1);
    const told = ['applayer_no_tls_after_starttls', 'applayer_unexpected_protocol'];
    assert.deepEqual(events().slice(-2), told);
  });

  it('a refused STARTTLS, and one within other words, change nothing', () => {
    send(Dir.ToServer, 'EHLO me\r\nSTARTTLS now\r\nSTARTTLS\r\n');
    send(Dir.ToClient, '250 mail\r\n220 no command\r\n454 not now\r\n220 late\r\n');
    send(Dir.ToServer, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(protocols()[0], 'smtp');
    assert.equal(count(), 0);
  });

  it('a second change of protocol before the first is through fails (failed_protocol_change)', () => {
    send(Dir.ToServer, 'EHLO me\r\nSTARTTLS\r\n');
    send(Dir.ToClient, '250 mail\r\n220 go ahead\r\n');
    send(Dir.ToClient, 'HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n');
    const tx = firstTransaction(Flow);
    assert.ok(tx !== null && [...tx.events.slice(0, tx.eventCount)].includes(HttpEvent.FailedProtocolChange));
    assert.equal(protocols()[0], 'http');
  });

  it('a gap in a body is passed and noted', () => {
    send(Dir.ToServer, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    send(Dir.ToClient, 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab');
    consumePiece(Flow, Dir.ToClient, { off: 0, len: 0, gap: 6, eof: false }, 1);
    send(Dir.ToClient, 'ij');
    const tx = firstTransaction(Flow);
    assert.equal(tx?.responseProgress, 5);
    assert.equal(tx?.res.body.gap, 1);
    appLayerEnd(Flow, Dir.ToServer);
    appLayerEnd(Flow, Dir.ToClient);
  });
});
