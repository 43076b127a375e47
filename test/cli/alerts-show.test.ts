import assert from 'node:assert/strict';
import { fill, ok, useDatabase } from './alerts-database.js';

describe('peccary alerts show', () => {
  useDatabase();
  beforeEach(fill);

  it('shows the request as it was sent with the matching bytes marked', async () => {
    const text = await ok('show', '2');
    assert.match(
      text,
      /^Alert 2 {2}2026-01-02 03:04:05\.123456 UTC\n {2}WEB traversal in path\n {2}sid 1000001 rev 3, severity 1, Web Application Attack, allowed\n/,
    );
    assert.match(
      text,
      /\n {2}192\.0\.2\.1:40000 → 198\.51\.100\.7:80 {2}TCP\/http, to the server\n {2}packet 10 of \/new\.pcap\n/,
    );
    assert.match(
      text,
      /\nRequest\n {2}GET \/a»\/\.\.\/«etc\/passwd\?x="1" HTTP\/1\.1\n {2}Host: www\.example\.org\n {2}User-Agent: curl\/8\.0\n\nResponse\n {2}HTTP\/1\.1 404 Not Found\n/,
    );
    assert.match(text, /\n {2}<html>\\x01é<\/html>\n/);
    assert.match(text, /\nRule\n {2}web\.rules:7\n {2}alert http any any/);
    assert.match(text, /\nReferences\n {2}https:\/\/nvd\.nist\.gov\/vuln\/detail\/CVE-2021-41773\n/);
  });

  it('marks in body and header, and tells what matched only after decoding', async () => {
    const text = await ok('show', '3');
    assert.match(text, /\n {2}user=x»' OR 1=1«--&\\x1b\[31m\n/);
    assert.match(text, /\n {2}Cookie: a=1; b=»evil«\n/);
    assert.match(text, /\nMatched elsewhere\n {2}http\.uri at 0: »\/decoded\\x1b«\n/);
    assert.match(text, /severity 2, Web, "odd", blocked\n/);
  });

  it('shows the payload where there is no transaction', async () => {
    assert.match(await ok('show', '1'), /\nRequest\n/);
    assert.match(await ok('show', '4'), /\nPayload\n {2}\\x01:»probe« of text\n {2}HELLO\n/);
    assert.match(await ok('show', '4'), /\n {2}\[2001:db8::7\]:40000 → \[2001:db8::1\]:8080 {2}TCP/);
  });

  it('dumps payload and packet with --hex', async () => {
    const text = await ok('show', '4', '--hex');
    assert.match(
      text,
      /\nPayload \(24 B\)\n {2}00000000 {2}01 3a »70 72 6f 62 65« 20 {2}6f 66 20 74 65 78 74 0d {2}\|\.:»probe« of text\.\|\n/,
    );
    assert.match(text, /\nPacket \(4 B, link type 1\)\n {2}00000000 {2}01 02 03 04 {39}\|\.\.\.\.\|\n/);
  });

  it("gives JSON with the alert's id, the EVE event, heads and matches", async () => {
    const a = JSON.parse(await ok('show', '2', '--format', 'json'));
    assert.deepEqual(
      [a.id, a.run, a.event_type, a.alert.signature_id, a.pcap_filename],
      [2, 2, 'alert', 1000001, '/new.pcap'],
    );
    assert.match(Buffer.from(a.request_head, 'base64').toString(), /^GET \/a/);
    assert.deepEqual(a.matches, [
      { buffer: 'http.uri', offset: 2, length: 4, bytes: Buffer.from('/../').toString('base64') },
    ]);
    assert.equal(a.rule_file, 'web.rules');
  });
});
