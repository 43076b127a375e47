/** What of a whole run kept traffic from rules: limits that were met and damage, with what to do about it. */

const notes: [counter: string, text: (n: number) => string][] = [
  [
    'tcp.invalid_checksum',
    (n) => `${n} TCP packets have a wrong checksum and are left out of their streams: -k none takes them`,
  ],
  [
    'tcp.no_flow',
    (n) =>
      `${n} TCP packets belong to sessions whose beginning is not in the capture: --set stream.midstream=yes takes them`,
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

export function runNotes(counters: Record<string, number>): string[] {
  return notes.flatMap(([name, text]) => ((counters[name] ?? 0) > 0 ? [text(counters[name])] : []));
}
