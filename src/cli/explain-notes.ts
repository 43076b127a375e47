/** What of a whole run kept traffic from rules: limits that were met and damage, with what to do about it. */
import { HeaderFault } from '../detect/header.js';
import type { Rule } from '../rules/ir.js';
import type { Explained } from '../sensor/explained.js';

const notes: [counter: string, text: (n: number) => string][] = [
  [
    'tcp.invalid_checksum',
    (n) => `${n} TCP packets have a wrong checksum and are left out of their streams: -k none takes them`,
  ],
  ['tcp.reassembly_gap', (n) => `${n} gaps in streams: the capture lacks bytes that the other side acknowledged`],
  [
    'tcp.stream_depth_reached',
    (n) => `${n} streams went past stream.reassembly.depth: content is not looked for in the raw stream beyond it`,
  ],
  [
    'http.body_limit',
    (n) => `${n} bodies went past request-body-limit or response-body-limit: what follows in them is not inspected`,
  ],
  ['http.memcap', (n) => `memory for HTTP ran out ${n} times (app-layer.protocols.http.memcap)`],
  ['tcp.ssn_memcap_drop', (n) => `${n} sessions were not followed: stream.memcap`],
  ['tcp.segment_memcap_drop', (n) => `${n} segments were not kept: stream.reassembly.memcap`],
  [
    'detect.inspection_limit',
    (n) => `${n} times a rule took more steps on a buffer than detect.inspection-recursion-limit lets it`,
  ],
  ['detect.latency.skipped', (n) => `${n} checks of rules that detect.latency had suspended were left out`],
];

/** The variables of a header that did not fit, with the key that sets them. */
function variableNotes(rule: Rule, header: HeaderFault): string[] {
  const of = (text: string, group: string): string[] =>
    [...text.matchAll(/\$(\w+)/g)].map((m) => `$${m[1]} is set with vars.${group}.${m[1]}; --set changes it`);
  if (header === HeaderFault.Source) return of(rule.src.text, 'address-groups');
  if (header === HeaderFault.Destination) return of(rule.dst.text, 'address-groups');
  if (header === HeaderFault.SourcePort) return of(rule.srcPorts.text, 'port-groups');
  return header === HeaderFault.DestinationPort ? of(rule.dstPorts.text, 'port-groups') : [];
}

/** Notes on the run and on the look that got furthest. */
export function runNotes(counters: Record<string, number>, { rule, explanation: { nearest } }: Explained): string[] {
  const out = notes.flatMap(([name, text]) => ((counters[name] ?? 0) > 0 ? [text(counters[name])] : []));
  if (nearest?.header === HeaderFault.NotEstablished && (counters['tcp.midstream_pickups'] ?? 0) === 0) {
    out.push('sessions whose beginning is not in the capture are left out: --set stream.midstream=yes takes them');
  }
  if (nearest !== null) out.push(...variableNotes(rule, nearest.header));
  return out;
}
