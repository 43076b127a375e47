/**
 * Every limit that traffic can meet: what it bounds, the keys that set it, what happens at it, and who tells. A limit is
 * told of by EVE anomalies where the event schema has a place for it, else by the health log (health.ts), from its
 * counter. docs/limits.md is made of this table; a test holds that no counter of a limit is missing from it.
 */

export interface Limit {
  /** Name in stats. */
  counter: string;
  /** Stage and what is bounded. */
  what: string;
  /** Keys of the configuration that set it. */
  keys: readonly string[];
  /** What happens at it; follows "the limit was met 3 times:". */
  effect: string;
  /** EVE's anomaly.event values, one of which tells of it each time. */
  events?: readonly string[];
  /** The health log tells of it though there are events: they do not tell every time. */
  alsoHealth?: true;
  /** Only of a running sensor: in a replay it is the ordinary way. */
  liveOnly?: true;
  /** What helps, when that is not to raise the keys. */
  remedy?: string;
}

const http = 'app-layer.protocols.http';
const libhtp = `${http}.libhtp.default-config`;
const depth = `${libhtp}.response-body-decompress-layer-limit`;

/** In the order of the path of a packet. */
export const limits: readonly Limit[] = [
  {
    counter: 'capture.crossing_drops',
    what: 'live: packets on their way to the worker that has their flow',
    keys: [],
    effect: 'the packet is not inspected',
    remedy:
      'that worker is behind: drop the dearest rules (peccary rules profile names them) or leave traffic out (--bpf)',
  },
  {
    counter: 'capture.crossing_unordered',
    what: 'live: time that a worker waits for packets that another one has for it',
    keys: [],
    effect: 'packets of a flow may be inspected in another order than they came in',
    remedy: 'a worker stands still: see the log, and give the sensor as many processors as it has workers',
  },
  {
    counter: 'capture.cap_ring_full',
    what: 'live: packets that --capture cap has read and the worker has not',
    keys: [],
    effect: 'the packet is not inspected',
    remedy:
      'leave out --capture, drop the dearest rules (peccary rules profile names them) or leave traffic out (--bpf)',
  },
  {
    counter: 'capture.cap_reopened',
    what: 'live: time that --capture cap reads packets without a break',
    keys: [],
    effect: "the interface is opened anew, what the kernel's ring has is not inspected",
    remedy: 'leave out --capture: libpcap reads more packets a second',
  },
  {
    counter: 'decoder.too_many_layers',
    what: 'decode: headers of a packet, packets within a packet',
    keys: ['decoder.max-layers', 'decoder.max-nesting'],
    effect: 'what lies deeper is not opened',
    events: ['decoder.too_many_layers'],
  },
  {
    counter: 'decoder.events_limit',
    what: 'decode: events of a packet',
    keys: [],
    effect: 'further events of the packet are not raised',
    remedy: 'look at the packets: fifteen anomalies in one are no accident',
  },
  {
    counter: 'defrag.tracker_evicted',
    what: 'defrag: memory, datagrams, fragments',
    keys: ['defrag.memcap', 'defrag.trackers', 'defrag.max-frags'],
    effect: 'the datagram that waited longest is given up',
  },
  {
    counter: 'defrag.max_frag_hits',
    what: 'defrag: fragments for which no other datagram gives way',
    keys: ['defrag.max-frags', 'defrag.memcap', 'defrag.trackers'],
    effect: 'the fragment meets defrag.memcap-policy',
    events: ['decoder.ipv4.frag_ignored', 'decoder.ipv6.frag_ignored'],
    alsoHealth: true,
  },
  {
    counter: 'flow.get_used',
    what: 'flow: memory of flows',
    keys: ['flow.memcap'],
    effect: 'the oldest flow ends and is inspected to its end',
  },
  {
    counter: 'flow.memcap',
    what: 'flow: memory of flows, when none may end',
    keys: ['flow.memcap'],
    effect: 'the packet meets flow.memcap-policy',
  },
  {
    counter: 'flow.var_limit',
    what: 'flow: bits and variables of a flow, memory of all',
    keys: ['flow.max-vars', 'flow.vars-memcap'],
    effect: 'further ones are not set',
  },
  {
    counter: 'tcp.ssn_memcap_drop',
    what: 'stream: memory of sessions',
    keys: ['stream.memcap'],
    effect: 'the packet meets stream.memcap-policy',
  },
  {
    counter: 'tcp.syn_queue_limit',
    what: 'stream: different SYNs and SYN/ACKs of a handshake',
    keys: ['stream.max-syn-queued', 'stream.max-synack-queued'],
    effect: 'further ones are not remembered, the last SYN answered still counts',
    events: ['stream.3whs_syn_flood', 'stream.3whs_synack_flood'],
  },
  {
    counter: 'tcp.segment_memcap_drop',
    what: 'stream: bytes of segments that wait',
    keys: ['stream.reassembly.memcap'],
    effect: 'the segment is not kept',
    events: ['stream.reassembly_insert_memcap'],
    alsoHealth: true,
  },
  {
    counter: 'tcp.stream_depth_reached',
    what: 'stream: bytes of a direction inspected as raw stream',
    keys: ['stream.reassembly.depth'],
    effect: 'rules on the raw stream stop, HTTP goes on',
    events: ['stream.reassembly_depth_reached'],
  },
  {
    counter: 'tcp.urgent_oob_limit',
    what: 'stream: urgent bytes left out of the line that wait (1,024)',
    keys: ['stream.reassembly.urgent.oob-limit-policy'],
    effect: 'the segment meets the policy: it is dropped (inline), left out or data like any other',
    events: ['stream.reassembly_urgent_oob_limit_reached'],
  },
  {
    counter: 'applayer.hold_limit',
    what: 'application layer: bytes of a direction until its protocol is recognised',
    keys: ['app-layer.hold-limit'],
    effect: 'what is recognised by then must do',
    events: ['APPLAYER_PROTO_DETECTION_SKIPPED', 'APPLAYER_DETECT_PROTOCOL_ONLY_ONE_DIRECTION'],
  },
  {
    counter: 'applayer.proxy_headers_not_kept',
    what: 'application layer: PROXY headers remembered',
    keys: ['app-layer.max-proxy-headers'],
    effect: 'the client that the header names is not told',
  },
  {
    counter: 'http.memcap',
    what: 'HTTP: memory of transactions (2 KiB each), heads and bodies',
    keys: [`${http}.memcap`],
    effect: 'bodies are followed, not kept; connections whose heads find no room are given up',
  },
  {
    counter: 'http.body_no_memory',
    what: 'HTTP: memory for a body',
    keys: [`${http}.memcap`],
    effect: 'the rest of the body is framed, not inspected',
    events: ['REQUEST_BODY_LIMIT', 'RESPONSE_BODY_LIMIT'],
    alsoHealth: true,
  },
  {
    counter: 'http.tx_limit',
    what: 'HTTP: open transactions of all connections',
    keys: [`${http}.max-open-transactions`],
    effect: 'the connection is given up and meets app-layer.error-policy',
  },
  {
    counter: 'http.max_tx',
    what: 'HTTP: open transactions of a connection',
    keys: [`${libhtp}.max-tx`],
    effect: 'the connection is given up and meets app-layer.error-policy',
    events: ['CONNECTION_NOT_FOLLOWED'],
  },
  {
    counter: 'http.line_limit',
    what: 'HTTP: bytes of a line of the head or the framing',
    keys: [`${libhtp}.meta-field-limit`],
    effect: 'the connection is given up and meets app-layer.error-policy',
    events: ['REQUEST_FIELD_TOO_LONG', 'RESPONSE_FIELD_TOO_LONG'],
  },
  {
    counter: 'http.headers_limit',
    what: 'HTTP: header lines of a message',
    keys: [`${libhtp}.headers-limit`],
    effect: 'the connection is given up and meets app-layer.error-policy',
    events: ['REQUEST_TOO_MANY_HEADERS', 'RESPONSE_TOO_MANY_HEADERS'],
  },
  {
    counter: 'http.header_repetitions_limit',
    what: 'HTTP: lines of one name in a message',
    keys: [`${libhtp}.header-repetitions-limit`],
    effect: 'further ones are not joined to the header',
    events: ['REQUEST_HEADER_REPETITION', 'RESPONSE_HEADER_REPETITION'],
  },
  {
    counter: 'http.head_limit',
    what: 'HTTP: bytes of a head',
    keys: [`${http}.head-limit`],
    effect: 'the connection is given up and meets app-layer.error-policy',
    events: ['CONNECTION_NOT_FOLLOWED'],
  },
  {
    counter: 'http.warnings_limit',
    what: 'HTTP: warnings of a connection (512, as in libhtp)',
    keys: [],
    effect: 'further ones are not raised',
    events: ['TOO_MANY_WARNINGS'],
  },
  {
    counter: 'http.body_limit',
    what: 'HTTP: bytes of a body',
    keys: [`${libhtp}.request-body-limit`, `${libhtp}.response-body-limit`],
    effect: 'the rest is framed, not inspected',
    events: ['REQUEST_BODY_LIMIT', 'RESPONSE_BODY_LIMIT'],
  },
  {
    counter: 'http.encoding_layers_limit',
    what: 'HTTP: content codings of a message',
    keys: [depth],
    effect: 'the inner ones are not undone',
    events: ['TOO_MANY_ENCODING_LAYERS'],
  },
  {
    counter: 'http.compression_bombs',
    what: 'HTTP: decoded bytes (2,048 to 1 past the first key), work of decoding (320 bytes a microsecond)',
    keys: [`${libhtp}.compression-bomb-limit`, `${libhtp}.decompression-time-limit`],
    effect: 'the rest of the body stays as sent',
    events: ['COMPRESSION_BOMB'],
  },
  {
    counter: 'http.decoder_memory_limit',
    what: 'HTTP: memory of a decoder: how far LZMA looks back (brotli: 40 MiB)',
    keys: [`${libhtp}.lzma-memlimit`],
    effect: 'the rest of the body stays as sent',
    events: ['LZMA_MEMLIMIT_REACHED'],
  },
  {
    counter: 'http.multipart_files_limit',
    what: 'HTTP: uploads of a form',
    keys: [`${libhtp}.multipart-files-limit`],
    effect: 'further ones are part of the body alone, no files',
    events: ['MULTIPART_FILE_NOT_FOLLOWED'],
  },
  {
    counter: 'http.multipart_head_limit',
    what: 'HTTP: bytes of the header of a part of a form (4,096)',
    keys: [],
    effect: 'the part begins there, with the name found so far',
    events: ['MULTIPART_INVALID_HEADER'],
  },
  {
    counter: 'http.file_name_limit',
    what: 'HTTP: bytes of the file name of an upload (1,024)',
    keys: [],
    effect: 'the name is cut',
    events: ['FILE_NAME_TOO_LONG'],
  },
  {
    counter: 'file.tx_limit',
    what: 'files: of one side of a transaction',
    keys: ['files.max-per-transaction'],
    effect: 'further ones are not followed',
  },
  {
    counter: 'file.open_limit',
    what: 'files: of all open transactions',
    keys: ['files.max-open'],
    effect: 'further ones are not followed',
  },
  {
    counter: 'file_store.held_limit',
    what: 'files: bytes kept of one, of all, in case a rule stores it later',
    keys: ['files.held-limit', 'files.held-memcap'],
    effect: 'the file is not stored',
  },
  {
    counter: 'file_store.open_files_max_hit',
    what: 'files: descriptors kept open by the store',
    keys: ['outputs.file-store.max-open-files'],
    effect: 'further files are opened anew for each write',
  },
  {
    counter: 'detect.inspection_limit',
    what: 'detect: steps of a rule on one buffer',
    keys: ['detect.inspection-recursion-limit'],
    effect: 'the rule does not match there',
  },
  {
    counter: 'detect.pcre_limit',
    what: 'detect: work of a regular expression on one buffer',
    keys: ['pcre.match-limit', 'pcre.match-limit-recursion'],
    effect: 'the expression does not match there',
  },
  {
    counter: 'detect.tx_windows_limit',
    what: 'detect: windows of bodies inspected with one packet',
    keys: ['detect.max-body-windows'],
    effect: 'the others wait for the next packet',
  },
  {
    counter: 'detect.stream_chunks_limit',
    what: 'detect: chunks of the raw stream inspected with one packet',
    keys: ['detect.max-stream-chunks'],
    effect: 'the others wait for the next packet',
  },
  {
    counter: 'detect.instances_limit',
    what: 'detect: instances of a buffer (files, lines of a header)',
    keys: ['detect.max-buffer-instances'],
    effect: 'further ones are not inspected',
  },
  {
    counter: 'detect.mpm_results_full',
    what: 'detect: patterns found in one buffer',
    keys: ['detect.max-patterns-found'],
    effect: 'all rules with a pattern for the buffer are verified',
  },
  {
    counter: 'detect.scratch_full',
    what: 'detect: bytes that transforms and base64_decode make of the buffers of one packet',
    keys: ['detect.scratch-size'],
    effect: 'rules that need more do not match',
  },
  {
    counter: 'detect.state_limit',
    what: 'detect: rules stored of a transaction and direction, of all transactions',
    keys: ['detect.stored-rules.max-per-transaction', 'detect.stored-rules.max'],
    effect: 'further ones start anew with each packet',
  },
  {
    counter: 'detect.pktvar_limit',
    what: 'detect: variables of a packet (of 65,535 bytes at most)',
    keys: ['detect.max-packet-vars'],
    effect: 'further ones are not set',
  },
  {
    counter: 'detect.host_table_evicted',
    what: 'detect: thresholds, tags, xbits and hostbits (512 bytes each)',
    keys: ['host.memcap', 'ippair.memcap'],
    effect: 'an older entry gives way and counts from 0 when it comes back',
  },
  {
    counter: 'detect.dataset_memcap',
    what: 'detect: bytes of a data set whose rule has no memcap',
    keys: ['datasets.defaults.memcap'],
    effect: 'further values are not added',
    remedy: 'raise datasets.defaults.memcap or the memcap in the rule',
  },
  {
    counter: 'detect.dataset_unshared',
    what: 'detect: changes of data sets that another worker has not carried out yet (4 MiB)',
    keys: [],
    effect: 'other workers do not know of further ones',
    remedy: 'a worker stands still: see the log, and give the sensor as many processors as it has workers',
  },
  {
    counter: 'detect.latency.suspensions',
    what: 'detect: time for a packet, for a rule',
    keys: ['detect.latency.packet-max-us', 'detect.latency.rule-max-us'],
    effect: 'the rule that took most of it is suspended for a while',
    remedy: 'mend the rule (peccary rules profile names it) or raise detect.latency',
  },
  {
    counter: 'detect.match_limit',
    what: 'alert: rules that match a packet',
    keys: ['detect.max-matches'],
    effect: 'further matches are dropped',
  },
  {
    counter: 'detect.alert_queue_overflow',
    what: 'alert: alerts of a packet',
    keys: ['packet-alert-max'],
    effect: 'further alerts are dropped, those of rules that drop are the last to go',
  },
  {
    counter: 'respond.answers_limited',
    what: 'respond: packets that answer reject rules in a second (inline 20,000, else response.per-second)',
    keys: [],
    effect: 'further ones are not sent',
    remedy: 'let a drop rule or a ban stop who floods the network',
  },
  {
    counter: 'ban.offences_lost',
    what: 'bans: offences of a packet (64), of a batch of packets (1,024)',
    keys: [],
    effect: 'further ones are not counted against anyone',
    remedy: 'let fewer rules ban for the same packets',
  },
  {
    counter: 'pcap_log.window_cut',
    what: 'capture files: bytes of packets kept in case an alert follows',
    keys: ['outputs.pcap-log.buffer-size'],
    effect: 'the oldest packets before an alert are not written',
  },
  {
    counter: 'pcap_log.flow_limit',
    what: 'capture files: bytes of one flow',
    keys: ['outputs.pcap-log.flow-limit'],
    effect: 'further packets of the flow are not written',
  },
  {
    counter: 'output.batches_spilled',
    what: 'output: bytes of events that wait for the writer',
    keys: ['outputs.queue.size'],
    effect: 'events wait in the spill file on disk',
    liveOnly: true,
    remedy: 'the outputs are slower than the events: write fewer kinds of them, or to a faster disk',
  },
  {
    counter: 'output.events_lost',
    what: 'output: bytes of events that wait on disk',
    keys: ['outputs.spill.size'],
    effect: 'events are lost',
    remedy: 'raise outputs.spill.size, write fewer kinds of events, or write to a faster disk',
  },
  {
    counter: 'output.socket_lost_away',
    what: 'output: lines for the reader of a socket, who is not there (8 MiB)',
    keys: [],
    effect: 'further lines are lost',
    remedy: 'see to the reader of the socket',
  },
  {
    counter: 'output.socket_lost_slow',
    what: 'output: lines that wait for the reader of a socket (8 MiB)',
    keys: [],
    effect: 'further lines are lost',
    remedy: 'see to the reader of the socket, or write fewer kinds of events',
  },
  {
    counter: 'output.socket_lost_long',
    what: 'output: bytes of a line in a datagram',
    keys: [],
    effect: 'the line is lost',
    remedy: 'use a stream socket, or leave bodies and packets out of the events',
  },
];

/** Whether the health log tells of it. */
export function isToldByHealth({ events, alsoHealth }: Limit): boolean {
  return events === undefined || alsoHealth === true;
}
