import assert from 'node:assert/strict';
import fc from 'fast-check';
import { PcapngWriter, pcapngFile } from '../tools/capture-writer.js';
import { anyPackets, expected, somePackets } from './packets.js';
import { readBytes } from './read-all.js';

const packet = (text: string, tsUs = 0, iface = 0) => ({ bytes: Buffer.from(text), tsUs, iface });

describe('pcapng files (draft-ietf-opsawg-pcapng)', () => {
  for (const bigEndian of [false, true]) {
    it(`section 4.3: Enhanced Packet Blocks, ${bigEndian ? 'big' : 'little'}-endian`, () => {
      fc.assert(
        fc.property(anyPackets, (packets) => {
          const { packets: got, faults } = readBytes(pcapngFile(packets, {}, bigEndian));
          assert.deepEqual(got, expected(packets));
          assert.deepEqual(faults, []);
        }),
        { numRuns: 40 },
      );
    });
  }

  it('section 4.2: every interface has its own link type, resolution and offset', () => {
    const w = new PcapngWriter()
      .interface({ linkType: 1 })
      .interface({ linkType: 113, tsResol: 9 })
      .interface({ linkType: 101, tsResol: 3, tsOffset: 1_000_000 })
      .interface({ linkType: 276, tsResol: 0x80 | 20, tsOffset: -5 })
      .interface({ linkType: 0, tsResol: 0 });
    w.packet(packet('a', 1_700_000_000_000_001, 0));
    w.packet(packet('b', 1_700_000_000_000_001.5, 1));
    w.packet(packet('c', 1_700_000_000_002_000, 2));
    w.packet(packet('d', 1_000_000.5 * 2 ** 20, 3));
    w.packet(packet('e', 1_700_000_000_000_000, 4));
    const got = readBytes(w.done()).packets.map((p) => [p.bytes, p.tsUs, p.linkType]);
    assert.deepEqual(got.slice(0, 3), [
      ['a', 1_700_000_000_000_001, 1],
      ['b', 1_700_000_000_000_001.5, 113],
      ['c', 1_700_000_000_002_000, 101],
    ]);
    assert.deepEqual([got[3][0], got[3][2]], ['d', 276]);
    assert.ok(Math.abs((got[3][1] as number) - 1_000_000.5 * 2 ** 20) <= 1e6 / 2 ** 20);
    assert.deepEqual(got[4], ['e', 1_700_000_000_000_000, 0]);
  });

  it('section 4.1: sections may differ in byte order, and number interfaces anew', () => {
    const file = new PcapngWriter(false)
      .interface({ linkType: 1 })
      .packet(packet('little', 7))
      .section(true)
      .interface({ linkType: 113 })
      .packet(packet('big', 8))
      .section(false)
      .interface({ linkType: 101 })
      .packet(packet('again', 9))
      .done();
    const { packets, faults } = readBytes(file);
    assert.deepEqual(
      packets.map((p) => [p.bytes, p.linkType, p.tsUs]),
      [
        ['little', 1, 7],
        ['big', 113, 8],
        ['again', 101, 9],
      ],
    );
    assert.deepEqual(faults, []);
    const orphan = new PcapngWriter().interface().section().packet(packet('x')).done();
    assert.match(readBytes(orphan).faults[0].message, /interface 0, which is not described/);
  });

  it('section 4.4: Simple Packet Blocks are cut to the snap length and take the time of the packet before', () => {
    const file = new PcapngWriter()
      .interface({ snapLen: 4 })
      .simplePacket({ bytes: Buffer.from('zero'), wireLen: 9 })
      .packet(packet('time', 123))
      .simplePacket({ bytes: Buffer.from('cut.'), wireLen: 60 })
      .simplePacket({ bytes: Buffer.from('hi') })
      .done();
    assert.deepEqual(
      readBytes(file).packets.map((p) => [p.bytes, p.wireLen, p.tsUs]),
      [
        ['zero', 9, 0],
        ['time', 4, 123],
        ['cut.', 60, 123],
        ['hi', 2, 123],
      ],
    );
  });

  it('appendix A: the obsolete Packet Block', () => {
    const packets = somePackets(3).map((p) => ({ ...p, tsUs: Math.floor(p.tsUs ?? 0), iface: 1 }));
    const w = new PcapngWriter().interface({ linkType: 113 }).interface();
    for (const p of packets) w.obsoletePacket(p);
    assert.deepEqual(readBytes(w.done()).packets, expected(packets));
  });

  it('section 3.1: blocks of other types are passed over, however long', () => {
    const file = new PcapngWriter()
      .block(4, Buffer.alloc(8))
      .interface()
      .packet(packet('a'))
      .block(0x0000_0bad, Buffer.alloc(5 << 20, 0x0a))
      .packet(packet('b'))
      .block(5, Buffer.alloc(0))
      .packet(packet('c'))
      .done();
    const { packets, faults } = readBytes(file);
    assert.deepEqual(
      packets.map((p) => p.bytes),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(faults, []);
  });

  it('section 3.1: faults of a block are named with its place', () => {
    const whole = new PcapngWriter().interface().packet(packet('abcd')).packet(packet('efgh')).done();
    const second = whole.length - 36;
    const cases: [(b: Buffer) => void, RegExp][] = [
      [(b) => b.writeUInt32LE(35, second + 4), /length of 35 is impossible/],
      [(b) => b.writeUInt32LE(8, second + 4), /length of 8 is impossible/],
      [(b) => b.writeUInt32LE(40, whole.length - 4), /two lengths of a block differ/],
      [(b) => b.writeUInt32LE(7, second + 8), /interface 7, which is not described/],
      [(b) => b.writeUInt32LE(5, second + 20), /a packet of 5 bytes in a block of 36/],
      [(b) => b.writeUInt32LE(0x7fff_fff0, second + 4), /longer than/],
    ];
    for (const [damage, message] of cases) {
      const file = Buffer.from(whole);
      damage(file);
      const { packets, faults } = readBytes(file);
      assert.deepEqual(
        packets.map((p) => p.bytes),
        ['abcd'],
      );
      assert.equal(faults.length, 1);
      assert.deepEqual([faults[0].packet, faults[0].offset], [1, second]);
      assert.match(faults[0].message, message);
    }
  });

  it('section 4.1: a section header needs its byte-order magic and version 1', () => {
    const noMagic = new PcapngWriter().done();
    noMagic.writeUInt32LE(0, 8);
    assert.match(readBytes(noMagic).faults[0].message, /byte-order magic/);
    const version = new PcapngWriter().done();
    version.writeUInt16LE(2, 12);
    assert.match(readBytes(version).faults[0].message, /version 2/);
  });

  it('refuses more interfaces than it keeps', () => {
    const w = new PcapngWriter();
    for (let i = 0; i < 4097; i++) w.interface();
    assert.match(readBytes(w.done()).faults[0].message, /more than 4096 interfaces/);
  });

  it('records that straddle blocks come out whole', () => {
    const packets = somePackets(9000, 700).map((p) => ({ ...p, tsUs: Math.floor(p.tsUs ?? 0) }));
    assert.deepEqual(readBytes(pcapngFile(packets)).packets, expected(packets));
  });
});
