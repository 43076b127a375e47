import assert from 'node:assert/strict';
import fc from 'fast-check';
import { handshakeFault, parseRequest, type Request, replyLine } from '../../src/control/messages.js';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

describe('messages of the control socket (Suricata manual, "Protocol")', () => {
  it('accepts version 0.2 and says what is wrong with other greetings', () => {
    assert.equal(handshakeFault(bytes('{"version":"0.2"}')), null);
    assert.equal(handshakeFault(bytes(' {"version": "0.2", "more": [1]}')), null);
    for (const other of ['{"version":"0.1"}', '{"version":0.2}', '{}']) {
      assert.match(handshakeFault(bytes(other)) ?? '', /Only version 0\.2/, other);
    }
    for (const broken of ['', 'x', '[]', '"0.2"', 'null', '{"version"}']) {
      assert.match(handshakeFault(bytes(broken)) ?? '', /Expected \{"version": "0\.2"\}/, broken);
    }
  });

  it('takes a command with its arguments; arguments that are no object are none', () => {
    const plain = (r: Request | string): unknown => JSON.parse(JSON.stringify(r));
    assert.deepEqual(plain(parseRequest(bytes('{"command":"x","arguments":{"a":"b"}}'))), {
      command: 'x',
      arguments: { a: 'b' },
    });
    for (const none of ['', ',"arguments":5', ',"arguments":null', ',"arguments":["a"]']) {
      assert.deepEqual(plain(parseRequest(bytes(`{"command":"x"${none}}`))), { command: 'x', arguments: {} });
    }
  });

  it('has nothing in arguments but what was sent', () => {
    const { arguments: args } = parseRequest(
      bytes('{"command":"x","arguments":{"__proto__":{"iface":"y"}}}'),
    ) as Request;
    assert.equal(args.iface, undefined);
    assert.equal(args.toString, undefined);
  });

  it('says what is wrong with what is not a command', () => {
    for (const broken of [
      'x',
      '[]',
      'null',
      '5',
      '"version"',
      '{"command":"a"}{"command":"b"}',
      '{',
      `${'['.repeat(30_000)}`,
    ]) {
      assert.equal(parseRequest(bytes(broken)), 'Command is not a JSON object', broken.slice(0, 20));
    }
    assert.equal(parseRequest(Buffer.from('{"command":"\xff"}', 'latin1')), 'Command is not a JSON object');
    for (const broken of ['{}', '{"command":5}', '{"command":null}', '{"command":["version"]}']) {
      assert.equal(parseRequest(bytes(broken)), 'command is not a string', broken);
    }
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(bytes)), (b) => {
        const request = parseRequest(b);
        assert.ok(typeof request === 'string' || typeof request.command === 'string');
        const fault = handshakeFault(b);
        assert.ok(fault === null || fault.length > 0);
      }),
    );
  });

  it('writes any answer as one line of ASCII, from which it can be read again', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.jsonValue(), (ok, message) => {
        const line = replyLine({ ok, message });
        assert.match(line, /^[\x20-\x7e]+\n$/);
        assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify({ message, return: ok ? 'OK' : 'NOK' })));
      }),
    );
  });

  it('refuses to write an answer of more than 4 MiB', () => {
    const line = replyLine({ ok: true, message: 'x'.repeat(4 * 1024 * 1024) });
    assert.ok(line.length < 200);
    assert.equal(JSON.parse(line).return, 'NOK');
  });
});
