/**
 * What may stand as protocol in a rule header and in app-layer-protocol (Suricata 7.0.10 user guide, "Protocol").
 */
import { AppProto } from '../protocol/app-proto.js';
import { IpProto } from '../protocol/ip.js';
import { didYouMean } from './diagnostics.js';
import { RuleFault, RuleSkip } from './faults.js';
import type { HeaderProto } from './ir.js';

const base = (name: string, ipProtos: number[], more: Partial<HeaderProto> = {}): HeaderProto => ({
  name,
  ipProtos,
  ipVersion: 0,
  only: null,
  pkthdr: false,
  app: AppProto.Unknown,
  ...more,
});

/** Network and transport protocols; any letter case. */
const transports = new Map<string, HeaderProto>(
  [
    base('tcp', [IpProto.Tcp]),
    base('tcp-pkt', [IpProto.Tcp], { only: 'packet' }),
    base('tcp-stream', [IpProto.Tcp], { only: 'stream' }),
    base('udp', [IpProto.Udp]),
    base('icmp', [IpProto.Icmp, IpProto.Icmpv6]),
    base('icmpv4', [IpProto.Icmp]),
    base('icmpv6', [IpProto.Icmpv6]),
    base('sctp', [IpProto.Sctp]),
    base('ip', []),
    base('ipv4', [], { ipVersion: 4 }),
    base('ip4', [], { ipVersion: 4 }),
    base('ipv6', [], { ipVersion: 6 }),
    base('ip6', [], { ipVersion: 6 }),
    base('pkthdr', [], { pkthdr: true }),
  ].map((p) => [p.name, p]),
);

/** Application protocols whose rules are inspected; lower case only, as in Suricata. */
const inspected = new Map<string, HeaderProto>([
  ['http', base('http', [IpProto.Tcp], { app: AppProto.Http1 })],
  ['http1', base('http1', [IpProto.Tcp], { app: AppProto.Http1 })],
]);

/** Application protocols that Suricata 7.0.10 knows, and how Peccary recognises their flows. */
const appProtos = new Map<string, AppProto | null>([
  ['http', AppProto.Http1],
  ['http1', AppProto.Http1],
  ['http2', AppProto.Http2],
  ['tls', AppProto.Tls],
  ['smtp', AppProto.Smtp],
  ['ftp', AppProto.Ftp],
  ['ssh', AppProto.Ssh],
  ['imap', AppProto.Imap],
  ['smb', AppProto.Smb],
  ['dcerpc', AppProto.Dcerpc],
  ['dns', AppProto.Dns],
  ['sip', AppProto.Sip],
  ['failed', AppProto.Failed],
  ['ftp-data', null],
  ['modbus', null],
  ['enip', null],
  ['dnp3', null],
  ['nfs', null],
  ['ntp', null],
  ['tftp', null],
  ['ike', null],
  ['ikev2', null],
  ['krb5', null],
  ['quic', null],
  ['dhcp', null],
  ['snmp', null],
  ['rfb', null],
  ['mqtt', null],
  ['pgsql', null],
  ['telnet', null],
  ['rdp', null],
  ['bittorrent-dht', null],
]);

/** Application protocols that only Suricata 8 knows. */
const laterProtos: ReadonlySet<string> = new Set(['websocket', 'ldap', 'doh2', 'pop3', 'sdp', 'mdns']);

/** What the header's protocol word means. Throws RuleSkip for protocols that are not inspected. */
export function headerProto(word: string, ruleVersion: 7 | 8): HeaderProto {
  const app = inspected.get(word);
  if (app !== undefined) return app;
  const transport = transports.get(word.toLowerCase());
  if (transport !== undefined) return transport;
  if (isForeignProto(word, ruleVersion)) throw new RuleSkip(`protocol ${word} is not inspected`);
  if (laterProtos.has(word)) throw new RuleFault(`protocol ${word} needs a later rule version`, 'use --rule-version 8');
  throw new RuleFault(
    `unknown protocol "${word}"`,
    didYouMean(word, [...transports.keys(), ...inspected.keys(), ...appProtos.keys()]) ??
      'write tcp, udp, icmp, ip or http',
  );
}

function isForeignProto(word: string, ruleVersion: 7 | 8): boolean {
  return word !== 'failed' && (appProtos.has(word) || (ruleVersion === 8 && laterProtos.has(word)));
}

/** The protocol that app-layer-protocol names. */
export function appLayerProto(word: string): AppProto {
  const known = appProtos.get(word);
  if (known === undefined) {
    throw new RuleFault(
      `app-layer-protocol: unknown protocol "${word}"`,
      didYouMean(word, appProtos.keys()) ?? 'write http, tls, smtp … in lower case',
    );
  }
  if (known === null) throw new RuleSkip(`flows of protocol ${word} are not recognised`);
  return known;
}
