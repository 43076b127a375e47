/**
 * What the keyword reference says of a keyword beside its own file: where it differs from Suricata 7.0.10, and what users
 * trip over. A keyword that is not here works as there.
 */

/** By keyword: how it differs. Every name is one of list.ts (tested). */
export const differences: Readonly<Record<string, string>> = {
  ban: 'Suricata has no such keyword and refuses the rule. Nothing is banned unless `bans.enabled`.',
  bypass: 'The flow is passed over from the packet after the match on; nothing is handed to a network card.',
  dsize:
    'Does not match an ICMP error whose embedded IP header is not one; `dsize:0` matches every packet without payload, also one that comes while stream data waits.',
  fast_pattern:
    'A part of no bytes (`fast_pattern:2,0`) counts as the whole content, where Suricata searches for nothing and the rule never matches. A pcre that cannot match without certain bytes is searched by these when the rule has no content of use.',
  'file.magic': 'Asked of the first 4 KiB of a file (or all of a shorter one), so that it does not depend on packets.',
  filemagic: 'Asked of the first 4 KiB of a file (or all of a shorter one), so that it does not depend on packets.',
  filemd5: 'Ranges of a file that come in several responses are not put together: each is a file of its own.',
  filesha1: 'As filemd5: partial responses are files of their own.',
  filesha256: 'As filemd5: partial responses are files of their own.',
  flow: '`only_stream` in a rule on HTTP buffers asks that the packet belongs to a stream; Suricata asks for a match in the raw stream besides, so that such a rule never matches there.',
  flowbits:
    'Two rules on the raw stream, one of each direction, that need each other, do not both match when the packet that closes the connection makes both directions inspectable.',
  geoip: 'Without a database in `geoip-database` the rule is refused.',
  'http.request_body': 'Inspected as it arrives, in windows; brotli is decoded as well.',
  'http.response_body': 'Inspected as it arrives, in windows; brotli is decoded as well.',
  'file.data': 'Inspected as it arrives, in windows; brotli is decoded as well.',
  'http.header':
    'Rules by a fast pattern in headers are searched once more with the trailer, after a body that came in one piece; Suricata repeats itself more often. Folded lines are joined wherever the fold was cut.',
  http_header: 'As http.header.',
  iprep: 'A category that the reputation files do not have refuses the rule.',
  nfq_set_mark: 'Loaded with a remark; no mark is set.',
  replace: 'Bytes within a tunnel or a datagram made of fragments are not replaced.',
  requires:
    'The version is 7.0.10 (8.0.0 with `--rule-version 8`). A rule whose requirements are not met is skipped, with the reason.',
  threshold: 'Entries of all thresholds share one table of 131,072; when it is full an older entry nearby gives way.',
};

/** By keyword: what `rules check` remarks, or what its users take it for. */
export const advice: Readonly<Record<string, string>> = {
  'http.uri':
    'Decoded once and normalised: a content with `%20` finds only what was encoded twice. Use `http.uri.raw` for the bytes as sent.',
  'http.uri.raw': 'As sent, without the method and the protocol; never a line feed.',
  'http.host': 'In lower case and without the port: contents in lower case, no `nocase`.',
  'http.header':
    'One space after each colon, a line end after each header, and no Cookie (requests) or Set-Cookie (responses).',
  'http.header_names': 'Names alone: `|0d 0a|Host|0d 0a|Accept|0d 0a 0d 0a|`. A content with a colon can never match.',
  'http.request_line': 'Without the line end.',
  'http.response_line': 'Without the line end.',
  'http.method': 'The method alone, without white space.',
  'http.user_agent': 'The value alone, without `User-Agent: `.',
  'http.cookie': 'The value of Cookie in requests, of Set-Cookie in responses, without the name.',
  bsize: 'On bodies it counts from the beginning of the body to the end of what is looked at.',
  within: 'Counted from where `distance` begins.',
  depth: 'Counted from `offset`, from the beginning without one.',
  isdataat: '`isdataat:!1,relative` after a content says what `endswith` says.',
  flowbits: '`rules check` names bits that are tested and never set; `rules show` names the rules on the other side.',
  fast_pattern: '`rules show` tells what is searched for, and beside how many patterns.',
  pcre: 'Give the rule a content beside it; `rules check` names expressions that are tried on everything or begin with `.*`.',
  dsize: 'Of packets, not of streams: a rule with it looks at packets alone.',
  urilen: 'Of the normalised URI unless `raw` is given.',
  noalert: 'The rule still sets flowbits and drops.',
  to_md5: '16 bytes, not hexadecimal text.',
  to_sha1: '20 bytes, not hexadecimal text.',
  to_sha256: '32 bytes, not hexadecimal text.',
  threshold:
    'One of threshold and detection_filter a rule; event_filter, rate_filter and suppress stand in threshold.config.',
  metadata: 'Written into alerts; `rules check`, enable.conf and disable.conf can select by it.',
};
