import assert from 'node:assert/strict';
import { buf } from '../../src/core/memory.js';
import { FileInfo, FileState, fileInfo, filesOf } from '../../src/files/files.js';
import { firstTransaction } from '../../src/http/tx-list.js';
import { Dir } from '../../src/protocol/ip.js';
import { configure, feed, release, run } from '../http/driver.js';

const info = new FileInfo();

function name(): string {
  return buf.toString('latin1', info.name.off, info.name.off + info.name.len);
}

function first() {
  const tx = firstTransaction(1);
  assert.ok(tx !== null);
  return tx;
}

describe('files: what a transaction carries (Suricata user guide, File Keywords)', () => {
  beforeEach(() => configure());
  afterEach(release);

  it('the uploads of a form (RFC 7578, section 4.2)', () => {
    const part = (n: string, data: string): string =>
      `--b\r\nContent-Disposition: form-data; name="x"; filename="${n}"\r\n\r\n${data}\r\n`;
    const body = `${part('a.php', 'one')}${part('b.txt', 'second')}--b--\r\n`;
    const head = `POST /f HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary="b"\r\nContent-Length: ${body.length}\r\n\r\n`;
    const within = body.indexOf('one') + 1;
    feed(Dir.ToServer, Buffer.from(head + body.slice(0, within)));
    assert.equal(fileInfo(first(), Dir.ToServer, 0, info), true);
    assert.equal(info.state, FileState.Open);
    feed(Dir.ToServer, Buffer.from(body.slice(within)));
    assert.equal(filesOf(first(), Dir.ToServer), 2);
    fileInfo(first(), Dir.ToServer, 1, info);
    assert.deepEqual([name(), info.size, info.state], ['b.txt', 6, FileState.Closed]);
    assert.equal(fileInfo(first(), Dir.ToServer, 2, info), false);
  });

  it('a response body is named by Content-Disposition, else by the path (RFC 6266)', () => {
    feed(Dir.ToServer, Buffer.from('GET /dir/x.bin?q HTTP/1.1\r\nHost: a\r\n\r\n'));
    feed(Dir.ToClient, Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd'));
    fileInfo(first(), Dir.ToClient, 0, info);
    assert.deepEqual([name(), info.size, info.state], ['/dir/x.bin', 4, FileState.Closed]);
  });

  it('is truncated when the connection ends first, or the limit is reached', () => {
    feed(Dir.ToServer, Buffer.from('PUT /p HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc'));
    run([], 0);
    fileInfo(first(), Dir.ToServer, 0, info);
    assert.deepEqual([info.size, info.state], [3, FileState.Truncated]);
    release();
    configure({ 'response-body-limit': 5 });
    feed(Dir.ToServer, Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    feed(Dir.ToClient, Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdefghi'));
    fileInfo(first(), Dir.ToClient, 0, info);
    assert.deepEqual([info.size, info.state], [5, FileState.Truncated]);
  });
});
