import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Settings } from '../../src/core/settings.js';
import { configureFiles, filesOf, setFileOutputs, setRuleFiles } from '../../src/files/files.js';
import { FileState, HashBit, type TrackedFile } from '../../src/files/tracked-file.js';
import { httpParser } from '../../src/http/parser.js';
import { firstTransaction } from '../../src/http/tx-list.js';
import { Dir } from '../../src/protocol/ip.js';
import { configure, feed, release, run } from '../http/driver.js';

const none = { any: false, hashes: 0, magic: false, stores: false };

function files(dir: Dir): readonly TrackedFile[] {
  const tx = firstTransaction(1);
  assert.ok(tx !== null);
  return filesOf(tx as Parameters<typeof filesOf>[0], dir);
}

function states(dir: Dir): [number, FileState][] {
  return files(dir).map((f) => [f.size, f.state]);
}

const get = Buffer.from('GET /dir/x.bin?q HTTP/1.1\r\nHost: a\r\n\r\n');
function response(body: Buffer, length = body.length, more = ''): Buffer {
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${more}Content-Length: ${length}\r\n\r\n`), body]);
}

describe('files: what a transaction carries (Suricata user guide, File Extraction)', () => {
  beforeEach(() => {
    configure();
    configureFiles(new Settings(), '.');
    setFileOutputs(true);
  });
  afterEach(() => {
    release();
    setRuleFiles(none);
    setFileOutputs(false);
  });

  it('follows each upload of a form by itself (RFC 7578, section 4.2)', () => {
    const part = (n: string, data: string): string =>
      `--b\r\nContent-Disposition: form-data; name="x"; filename="${n}"\r\n\r\n${data}\r\n`;
    const body = `${part('a.php', 'one')}--b\r\nContent-Disposition: form-data; name="y"\r\n\r\nfield\r\n${part('b.txt', 'second')}--b--\r\n`;
    const head = `POST /f HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary="b"\r\nContent-Length: ${body.length}\r\n\r\n`;
    const within = body.indexOf('one') + 1;
    feed(Dir.ToServer, Buffer.from(head + body.slice(0, within)));
    assert.deepEqual(states(Dir.ToServer), [[1, FileState.Open]]);
    feed(Dir.ToServer, Buffer.from(body.slice(within)));
    assert.deepEqual(states(Dir.ToServer), [
      [3, FileState.Closed],
      [6, FileState.Closed],
    ]);
  });

  it('hashes a body as it arrives, however it is cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (bytes, step) => {
        setRuleFiles({ ...none, any: true, hashes: HashBit.Md5 | HashBit.Sha1 | HashBit.Sha256 });
        feed(Dir.ToServer, get);
        const all = response(Buffer.from(bytes));
        for (let i = 0; i < all.length; i += step) feed(Dir.ToClient, all.subarray(i, i + step));
        const [f] = files(Dir.ToClient);
        const hash = (name: string): string => createHash(name).update(bytes).digest('hex');
        assert.deepEqual([f.md5, f.sha1, f.sha256], [hash('md5'), hash('sha1'), hash('sha256')]);
        assert.deepEqual([f.size, f.state], [bytes.length, FileState.Closed]);
        release();
      }),
      { numRuns: 50 },
    );
  });

  it('computes no hash that nobody asks for', () => {
    setRuleFiles({ ...none, any: true, hashes: HashBit.Sha1 });
    feed(Dir.ToServer, get);
    feed(Dir.ToClient, response(Buffer.from('abc')));
    const [f] = files(Dir.ToClient);
    assert.deepEqual([f.md5, f.sha1, f.sha256], [null, 'a9993e364706816aba3e25717850c26c9cd0d89d', null]);
  });

  it('is truncated at the body limit, without a hash', () => {
    configure({ 'response-body-limit': 5 });
    setRuleFiles({ ...none, any: true, hashes: HashBit.Md5 });
    feed(Dir.ToServer, get);
    feed(Dir.ToClient, response(Buffer.from('abcdefghi')));
    assert.deepEqual(states(Dir.ToClient), [[5, FileState.Truncated]]);
    assert.equal(files(Dir.ToClient)[0].md5, null);
  });

  it('with a gap is truncated, and the missing bytes count', () => {
    feed(Dir.ToServer, get);
    feed(Dir.ToClient, response(Buffer.from('abc'), 10));
    httpParser.gap(1, Dir.ToClient, 4, 1000);
    feed(Dir.ToClient, Buffer.from('xyz'));
    assert.deepEqual(states(Dir.ToClient), [[10, FileState.Truncated]]);
    assert.equal(files(Dir.ToClient)[0].gaps, true);
  });

  it('knows the range of a partial response (RFC 9110, section 14.4)', () => {
    const partial = (range: string): Buffer =>
      Buffer.from(`HTTP/1.1 206 Partial Content\r\nContent-Range: ${range}\r\nContent-Length: 3\r\n\r\nabc`);
    for (const [range, want] of [
      ['bytes 10-12/100', [10, 12]],
      ['bytes */100', [-1, -1]],
      ['bytes 12-10/100', [-1, -1]],
      ['bytes 99999999999999999999-3/9', [-1, -1]],
    ] as const) {
      feed(Dir.ToServer, get);
      feed(Dir.ToClient, partial(range));
      const [f] = files(Dir.ToClient);
      assert.deepEqual([f.start, f.end], want, range);
      release();
    }
  });

  it('are not followed when neither rules nor outputs ask', () => {
    setFileOutputs(false);
    feed(Dir.ToServer, get);
    feed(Dir.ToClient, response(Buffer.from('abc')));
    assert.deepEqual(states(Dir.ToClient), []);
  });

  it('end with their connection', () => {
    feed(Dir.ToServer, Buffer.from('PUT /p HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc'));
    run([], 0);
    assert.notEqual(files(Dir.ToServer)[0].state, FileState.Open);
  });
});
