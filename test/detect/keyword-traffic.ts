/**
 * One small capture in which every keyword has something to find: an HTTP session with an upload and a download, and single
 * packets of UDP, TCP, ICMP and ICMPv6 with unusual headers.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TcpFlag } from '../../src/protocol/tcp.js';
import { frame, icmpv4, icmpv6, ip, ipv4, ipv6, tcp, tcpFrame, udp, udpFrame } from '../tools/build.js';
import { pcapFile } from '../tools/capture-writer.js';
import { mmdbFile } from '../tools/mmdb.js';
import { DefaultStartUs, type TimedFrame, tcpSession } from '../tools/session.js';

const upload = 'MZ uploaded bytes of a program';
const download = 'Hello   Wide World; token=c2VjcmV0IHdvcmQ=; end';

const body = [
  '--sep',
  'Content-Disposition: form-data; name="f"; filename="Report.EXE"',
  'Content-Type: application/octet-stream',
  '',
  upload,
  '--sep--',
  '',
].join('\r\n');

const request = [
  'POST /Shop/index.php?id=42%27&q=AbC HTTP/1.1',
  'Host: Shop.example',
  'User-Agent: Probe/1.0',
  'Accept: text/html',
  'Accept-Language: de',
  'Accept-Encoding: gzip',
  'Referer: http://ref.example/',
  'Cookie: sid=secret1',
  'Connection: keep-alive',
  'Content-Type: multipart/form-data; boundary=sep',
  `Content-Length: ${body.length}`,
  '',
  body,
].join('\r\n');

const response = [
  'HTTP/1.1 302 Moved Away',
  'Server: nginx',
  'Location: /next',
  'Content-Type: text/plain',
  'Set-Cookie: t=1',
  `Content-Length: ${download.length}`,
  '',
  download,
].join('\r\n');

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const v6 = { src: '2001:db8::1', dst: '2001:db8::2' };

function singles(): Uint8Array[] {
  const call = bytes('00000001 00000000 00000002 000186a0 00000002 00000003 0000 0000');
  return [
    udpFrame({ srcPort: 2000, dstPort: 9999 }, 'user=eve len=0005|hello|'),
    udpFrame({ srcPort: 2000, dstPort: 9999 }, bytes('deadbeef 0004 61626364 65666768')),
    udpFrame({ srcPort: 2001, dstPort: 111 }, call),
    udpFrame({ srcPort: 2002, dstPort: 7000, ip: { ttl: 3, tos: 8, id: 31337 } }, 'odd header'),
    udpFrame({ srcPort: 2003, dstPort: 7001, ip: { options: bytes('07 07 04 00000000 00') } }, 'route'),
    udpFrame({ srcPort: 2004, dstPort: 7002, src: '10.9.9.9', dst: '10.9.9.9' }, 'same'),
    udpFrame({ srcPort: 2005, dstPort: 7003, checksum: 0x1234 }, 'bad sum'),
    udpFrame({ srcPort: 2006, dstPort: 7004, src: v6.src, dst: v6.dst }, 'good six'),
    udpFrame({ srcPort: 2006, dstPort: 7005, src: v6.src, dst: v6.dst, checksum: 0x1234 }, 'bad six'),
    frame(
      ipv4({ src: '10.1.1.1', dst: '10.1.1.2', proto: 17, checksum: 0x1234 }, udp('10.1.1.1', '10.1.1.2', {}, 'x')),
    ),
    frame(ipv4({ src: '10.1.1.1', dst: '10.1.1.3', proto: 17, flags: 1 }, new Uint8Array(64).fill(0x41))),
    frame(ipv4({ src: '10.1.1.1', dst: '10.1.1.4', proto: 17, fragOff: 800 }, new Uint8Array(8))),
    frame(ipv4({ src: '10.1.1.1', dst: '10.1.1.5', proto: 47, flags: 2 }, new Uint8Array(8))),
    tcpFrame({
      srcPort: 5000,
      dstPort: 6000,
      seq: 7,
      ack: 9,
      window: 55_808,
      flags: TcpFlag.Syn,
      options: bytes('02040190'),
    }),
    tcpFrame({ srcPort: 5001, dstPort: 6001, flags: TcpFlag.Fin | TcpFlag.Psh | TcpFlag.Urg }),
    tcpFrame({ srcPort: 5002, dstPort: 6002, flags: TcpFlag.Syn, checksum: 0x1234 }),
    frame(ip(v6.src, v6.dst, 6, tcp(v6.src, v6.dst, { srcPort: 5003, dstPort: 6003, flags: TcpFlag.Syn }))),
    frame(
      ip(v6.src, v6.dst, 6, tcp(v6.src, v6.dst, { srcPort: 5004, dstPort: 6004, flags: TcpFlag.Syn, checksum: 1 })),
    ),
    frame(ipv4({ proto: 1, src: '10.2.2.2', dst: '10.2.2.3' }, icmpv4(8, 0, bytes('004d 0003 70696e67')))),
    frame(ipv4({ proto: 1, src: '10.2.2.2', dst: '10.2.2.4' }, bytes('0300 1234 00000000 45000000'))),
    frame(ipv6({ proto: 58, ...v6 }, icmpv6(v6.src, v6.dst, 2, 0, bytes('000003e8 6000000000000640')))),
    frame(ipv6({ proto: 58, ...v6 }, bytes('8000 1234 00010001 70696e67'))),
  ];
}

/** The capture's packets. */
export function keywordFrames(): TimedFrame[] {
  const session = tcpSession({
    exchanges: [
      { from: 'client', data: request },
      { from: 'server', data: response },
    ],
    client: { ip: '192.0.2.10', port: 40_000 },
    server: { ip: '198.51.100.80', port: 80 },
  });
  const odd = tcpSession({
    exchanges: [
      { from: 'client', data: 'GET /odd HTTP/1.1\r\n\r\n' },
      { from: 'server', data: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' },
    ],
    client: { ip: '192.0.2.11', port: 40_001 },
    server: { ip: '198.51.100.80', port: 80 },
    startUs: DefaultStartUs + 500_000,
  });
  const later = DefaultStartUs + 1e6;
  return [...session, ...odd, ...singles().map((b, i) => ({ tsUs: later + i * 1000, bytes: b }))];
}

const hash = (name: string): string => createHash(name).update(upload).digest('hex');
const base64 = (s: string): string => Buffer.from(s, 'latin1').toString('base64');

/** Writes the capture (`in.pcap`) and the files that the rules name into `folder`. */
export function writeKeywordFiles(folder: string): void {
  const put = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
  put('in.pcap', pcapFile(keywordFrames()));
  for (const name of ['md5', 'sha1', 'sha256']) put(`known.${name}`, `${hash(name)}\n`);
  put('hosts.lst', `${base64('shop.example')}\n`);
  put('agents.md5', `${createHash('md5').update('Probe/1.0').digest('hex')}\n`);
  put('agents.sha256', `${createHash('sha256').update('Probe/1.0').digest('hex')}\n`);
  put('addresses.lst', '192.0.2.10\n');
  put('mixed.lst', '192.0.2.10\n2001:db8::1\n');
  put('hosts.rep', `${base64('shop.example')},60\n`);
  put('categories.txt', '1,CnC,command and control\n');
  put('reputation.list', '192.0.2.10,1,50\n');
  put(
    'countries.mmdb',
    mmdbFile([
      ['192.0.2.0/24', 'DE'],
      ['198.51.100.0/24', 'FR'],
    ]),
  );
}
