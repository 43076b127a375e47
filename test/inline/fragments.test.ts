import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressBytes, checksumFold, concat, sumBytes } from '../tools/bytes.js';
import { pcapFile } from '../tools/capture-writer.js';
import { fragmentPacket } from '../tools/fragment.js';
import { replayEvents } from '../tools/peccary.js';

const LinkTypeRaw = 101;

/** A UDP datagram without a checksum (IPv4), or with one (IPv6). */
function udp(family: 4 | 6, text: string): Uint8Array {
  const ends = family === 4 ? ['10.0.0.1', '10.0.0.2'] : ['fd00::1', 'fd00::2'];
  const addresses = concat(addressBytes(ends[0]), addressBytes(ends[1]));
  const segment = new Uint8Array(8 + text.length);
  const d = new DataView(segment.buffer);
  d.setUint16(0, 5000);
  d.setUint16(2, 7777);
  d.setUint16(4, segment.length);
  segment.set(Buffer.from(text, 'latin1'), 8);
  if (family === 6) {
    d.setUint16(6, checksumFold(sumBytes(concat(addresses, Uint8Array.of(0, 17, 0, segment.length), segment))));
    const head = Uint8Array.of(0x60, 0, 0, 0, 0, segment.length, 17, 64);
    return concat(head, addresses, segment);
  }
  const head = concat(Uint8Array.of(0x45, 0, 0, 20 + segment.length, 0, 7, 0, 0, 64, 17, 0, 0), addresses);
  new DataView(head.buffer).setUint16(10, checksumFold(sumBytes(head)));
  return concat(head, segment);
}

describe('fragments, inline', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'peccary-fragments-'));
    writeFileSync(join(dir, 'u.rules'), 'drop udp any any -> any 7777 (msg:"u"; content:"attack to be"; sid:1;)\n');
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  for (const family of [4, 6] as const) {
    it(`IPv${family}: the fragment that completes a dropped datagram does not pass when it is sent again`, () => {
      const bad = fragmentPacket(udp(family, 'an attack to be cut in pieces'), 16, 77);
      const good = fragmentPacket(udp(family, 'nothing that is looked for..'), 16, 78);
      assert.ok(bad.length >= 2 && good.length >= 2);
      // All of the first; its last and its first again; all of the other.
      const sent = [...bad, bad.at(-1)!, bad[0], ...good];
      const file = join(dir, `${family}.pcap`);
      writeFileSync(
        file,
        pcapFile(
          sent.map((bytes, i) => ({ tsUs: 1.7e15 + i * 1000, bytes })),
          { linkType: LinkTypeRaw },
        ),
      );
      const events = replayEvents(file, '-S', join(dir, 'u.rules'), '--simulate-ips');
      const frames = events.filter(({ event_type }) => event_type === 'drop').map(({ pcap_cnt }) => pcap_cnt);
      const last = bad.length;
      assert.deepEqual([...new Set(frames)], [last, last + 1, last + 2]);
    });
  }
});
