/** Limits of detection and alerts, and the traffic that meets them. */
import { Host, posted, request, syns, upTo } from '../tools/hostile.js';
import { type LimitCase, libhtp } from './limit-case.js';

const text = 'some text that is repeated, '.repeat(2000);
const get = () => request('GET / HTTP/1.1\r\n\r\n');
const many = (n: number, options: string): string =>
  upTo(n)
    .map((i) => `alert http any any -> any any (${options} sid:${i + 1};)`)
    .join('\n');
const word = (i: number): string => `w${String(i).padStart(3, '0')}`;

/** Data sets live as long as the process. */
let dataSets = 0;

export const detectCases: LimitCase[] = [
  {
    name: 'steps of a rule',
    counter: 'detect.inspection_limit',
    key: 'detect.inspection-recursion-limit',
    value: 10,
    frames: () => request(posted('ab'.repeat(12))),
    rules:
      'alert http any any -> any any (http.request_body; content:"a"; content:"b"; distance:0; content:!"b"; distance:0; content:"c"; within:5; sid:1;)',
  },
  {
    name: 'work of a regular expression',
    counter: 'detect.pcre_limit',
    key: 'pcre.match-limit',
    value: 10,
    frames: () => request(posted(`x${'y'.repeat(8)}!`)),
    rules: 'alert http any any -> any any (http.request_body; content:"x"; pcre:"/(y+)+[ab]/"; sid:1;)',
  },
  {
    name: 'windows of a body',
    counter: 'detect.tx_windows_limit',
    key: 'detect.max-body-windows',
    value: 2,
    also: { [`${libhtp}.request-body-minimal-inspect-size`]: 100, [`${libhtp}.request-body-inspect-window`]: 100 },
    frames: () => request(posted(text)),
    rules: 'alert http any any -> any any (http.request_body; content:"never there"; sid:1;)',
  },
  {
    name: 'chunks of the raw stream',
    counter: 'detect.stream_chunks_limit',
    key: 'detect.max-stream-chunks',
    value: 1,
    frames: () => request(posted(text)),
    rules: 'alert tcp any any -> any any (content:"never there"; sid:1;)',
  },
  {
    name: 'instances of a buffer',
    counter: 'detect.instances_limit',
    key: 'detect.max-buffer-instances',
    value: 2,
    frames: () => request('GET / HTTP/1.1\r\nA: a\r\nB: b\r\nC: c\r\nD: d\r\n\r\n'),
    rules: 'alert http any any -> any any (http.request_header; content:"never there"; sid:1;)',
  },
  {
    name: 'patterns found in a buffer',
    counter: 'detect.mpm_results_full',
    key: 'detect.max-patterns-found',
    value: 64,
    frames: () => request(`GET /${upTo(100).map(word).join('-')} HTTP/1.1\r\n${Host}\r\n`),
    rules: upTo(100)
      .map((i) => `alert http any any -> any any (http.uri; content:"${word(i)}"; noalert; sid:${i + 1};)`)
      .join('\n'),
  },
  {
    name: 'bytes that transforms make',
    counter: 'detect.scratch_full',
    key: 'detect.scratch-size',
    value: 8,
    frames: () => request(posted('A longer body')),
    rules: 'alert http any any -> any any (http.request_body; to_lowercase; content:"body"; sid:1;)',
  },
  {
    name: 'rules stored of a transaction',
    counter: 'detect.state_limit',
    key: 'detect.stored-rules.max-per-transaction',
    value: 2,
    frames: () => request(posted('body')),
    rules: many(5, 'http.uri; content:"/"; http.request_body; content:"body";'),
  },
  {
    name: 'rules stored of all transactions',
    counter: 'detect.state_limit',
    key: 'detect.stored-rules.max',
    value: 2,
    frames: () => request(posted('body')),
    rules: many(5, 'http.uri; content:"/"; http.request_body; content:"body";'),
  },
  {
    name: 'variables of a packet',
    counter: 'detect.pktvar_limit',
    key: 'detect.max-packet-vars',
    value: 1,
    frames: get,
    rules: 'alert http any any -> any any (http.method; pcre:"/(?P<pkt_a>G)(?P<pkt_b>E)/"; sid:1;)',
  },
  {
    name: 'thresholds',
    counter: 'detect.host_table_evicted',
    key: 'host.memcap',
    value: '4kb',
    also: { 'ippair.memcap': '4kb' },
    frames: () => syns(100),
    rules: 'alert tcp any any -> any any (flags:S; threshold:type both, track by_src, count 2, seconds 60; sid:1;)',
  },
  {
    name: 'bits of hosts',
    counter: 'detect.host_table_evicted',
    key: 'ippair.memcap',
    value: '4kb',
    also: { 'host.memcap': '4kb' },
    frames: () => syns(100),
    rules: 'alert tcp any any -> any any (flags:S; xbits:set,seen,track ip_src,expire 60; sid:1;)',
  },
  {
    name: 'values of a data set',
    counter: 'detect.dataset_memcap',
    key: 'datasets.defaults.memcap',
    value: 10,
    frames: get,
    rules: () => `alert http any any -> any any (http.uri; dataset:set,limits${++dataSets},type string; sid:1;)`,
  },
  {
    name: 'time for a rule',
    counter: 'detect.latency.suspensions',
    key: 'detect.latency.rule-max-us',
    value: 1,
    frames: () => request(posted(text)),
    rules: 'alert http any any -> any any (http.request_body; pcre:"/(e|r|t)+[^ ]{3,}x/"; sid:1;)',
  },
  {
    name: 'offences of a packet',
    counter: 'ban.offences_lost',
    also: { 'bans.enabled': 'yes' },
    frames: get,
    rules: many(70, 'http.uri; content:"/"; ban:after 5 in 10m for 1h by src;'),
  },
  {
    name: 'rules that match a packet',
    counter: 'detect.match_limit',
    key: 'detect.max-matches',
    value: 3,
    frames: get,
    rules: many(9, 'http.uri; content:"/";'),
  },
  {
    name: 'alerts of a packet',
    counter: 'detect.alert_queue_overflow',
    key: 'packet-alert-max',
    value: 3,
    frames: get,
    rules: many(9, 'http.uri; content:"/";'),
  },
];
