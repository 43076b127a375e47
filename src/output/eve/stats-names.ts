/**
 * Counters that a stats event may hold: those that Suricata 7.0.10 writes and its published schema knows. A counter of
 * any other name is Peccary's own and has no place in EVE.
 */

/** Names under each prefix. */
const groups: readonly [prefix: string, names: string][] = [
  ['capture', 'kernel_packets kernel_drops kernel_ifdrops'],
  [
    'decoder',
    'pkts bytes invalid ipv4 ipv6 ethernet arp unknown_ethertype chdlc raw null sll tcp udp sctp esp icmpv4 ' +
      'icmpv6 ppp pppoe geneve gre vlan vlan_qinq vlan_qinqinq vxlan vntag ieee8021ah teredo ipv4_in_ipv6 ' +
      'ipv6_in_ipv6 mpls avg_pkt_size max_pkt_size max_mac_addrs_src max_mac_addrs_dst erspan nsh ' +
      'too_many_layers',
  ],
  ['decoder.event.afpacket', 'trunc_pkt'],
  [
    'decoder.event.ipv4',
    'pkt_too_small hlen_too_small iplen_smaller_than_hlen trunc_pkt opt_invalid opt_invalid_len opt_malformed ' +
      'opt_pad_required opt_eol_required opt_duplicate opt_unknown wrong_ip_version icmpv6 frag_pkt_too_large ' +
      'frag_overlap frag_ignored',
  ],
  ['decoder.event.icmpv4', 'pkt_too_small unknown_type unknown_code ipv4_trunc_pkt ipv4_unknown_ver'],
  [
    'decoder.event.icmpv6',
    'unknown_type unknown_code pkt_too_small ipv6_unknown_version ipv6_trunc_pkt mld_message_with_invalid_hl ' +
      'unassigned_type experimentation_type',
  ],
  [
    'decoder.event.ipv6',
    'pkt_too_small trunc_pkt trunc_exthdr exthdr_dupl_fh exthdr_useless_fh exthdr_dupl_rh exthdr_dupl_hh ' +
      'exthdr_dupl_dh exthdr_dupl_ah exthdr_dupl_eh exthdr_invalid_optlen wrong_ip_version ' +
      'exthdr_ah_res_not_null hopopts_unknown_opt hopopts_only_padding dstopts_unknown_opt dstopts_only_padding ' +
      'rh_type_0 zero_len_padn fh_non_zero_reserved_field data_after_none_header unknown_next_header icmpv4 ' +
      'frag_pkt_too_large frag_overlap frag_invalid_length frag_ignored ipv4_in_ipv6_too_small ' +
      'ipv4_in_ipv6_wrong_version ipv6_in_ipv6_too_small ipv6_in_ipv6_wrong_version',
  ],
  ['decoder.event.tcp', 'pkt_too_small hlen_too_small invalid_optlen opt_invalid_len opt_duplicate'],
  ['decoder.event.udp', 'pkt_too_small hlen_too_small hlen_invalid len_invalid'],
  ['decoder.event.sll', 'pkt_too_small'],
  ['decoder.event.ethernet', 'pkt_too_small'],
  ['decoder.event.ppp', 'pkt_too_small vju_pkt_too_small ip4_pkt_too_small ip6_pkt_too_small wrong_type unsup_proto'],
  ['decoder.event.pppoe', 'pkt_too_small wrong_code malformed_tags'],
  [
    'decoder.event.gre',
    'pkt_too_small wrong_version version0_recur version0_flags version0_hdr_too_big version0_malformed_sre_hdr ' +
      'version1_chksum version1_route version1_ssr version1_recur version1_flags version1_no_key ' +
      'version1_wrong_protocol version1_malformed_sre_hdr version1_hdr_too_big',
  ],
  ['decoder.event.vlan', 'header_too_small unknown_type too_many_layers'],
  ['decoder.event.ieee8021ah', 'header_too_small'],
  ['decoder.event.vntag', 'header_too_small unknown_type'],
  ['decoder.event.ipraw', 'invalid_ip_version'],
  ['decoder.event.ltnull', 'pkt_too_small unsupported_type'],
  ['decoder.event.sctp', 'pkt_too_small'],
  ['decoder.event.esp', 'pkt_too_small'],
  [
    'decoder.event.mpls',
    'header_too_small pkt_too_small bad_label_router_alert bad_label_implicit_null bad_label_reserved ' +
      'unknown_payload_type',
  ],
  ['decoder.event.vxlan', 'unknown_payload_type'],
  ['decoder.event.geneve', 'unknown_payload_type'],
  ['decoder.event.erspan', 'header_too_small unsupported_version too_many_vlan_layers'],
  ['decoder.event.dce', 'pkt_too_small'],
  ['decoder.event.chdlc', 'pkt_too_small'],
  [
    'decoder.event.nsh',
    'header_too_small unsupported_version bad_header_length reserved_type unsupported_type unknown_payload',
  ],
  [
    'tcp',
    'syn synack rst urg active_sessions sessions ssn_memcap_drop ssn_from_cache ssn_from_pool pseudo ' +
      'invalid_checksum midstream_pickups pkt_on_wrong_thread ack_unseen_data segment_memcap_drop ' +
      'segment_from_cache segment_from_pool stream_depth_reached reassembly_gap overlap overlap_diff_data ' +
      'insert_data_normal_fail insert_data_overlap_fail urgent_oob_data memuse reassembly_memuse',
  ],
  [
    'flow',
    'memcap total active tcp udp icmpv4 icmpv6 tcp_reuse get_used get_used_eval get_used_eval_reject ' +
      'get_used_eval_busy get_used_failed spare emerg_mode_entered emerg_mode_over memuse',
  ],
  [
    'flow.wrk',
    'spare_sync_avg spare_sync spare_sync_incomplete spare_sync_empty flows_evicted_needs_work ' +
      'flows_evicted_pkt_inject flows_evicted flows_injected flows_injected_max',
  ],
  ['flow.end.state', 'new established closed local_bypassed capture_bypassed'],
  [
    'flow.end.tcp_state',
    'none syn_sent syn_recv established fin_wait1 fin_wait2 time_wait last_ack close_wait closing closed',
  ],
  ['flow.end', 'tcp_liberal'],
  [
    'flow.mgr',
    'full_hash_pass rows_per_sec rows_maxlen flows_checked flows_notimeout flows_timeout flows_evicted ' +
      'flows_evicted_needs_work',
  ],
  ['flow.recycler', 'recycled queue_avg queue_max'],
  ['defrag.ipv4', 'fragments reassembled'],
  ['defrag.ipv6', 'fragments reassembled'],
  ['flow_bypassed', 'local_pkts local_bytes local_capture_pkts local_capture_bytes closed pkts bytes'],
  ['detect', 'engines alert alert_queue_overflow alerts_suppressed'],
  ['app_layer.flow', 'http smtp tls ssh imap smb dcerpc_tcp dns_tcp http2 failed_tcp failed_udp'],
  ['app_layer.tx', 'http smtp tls ssh imap smb dcerpc_tcp dns_tcp http2'],
  ['app_layer.error.http', 'gap alloc parser internal'],
  ['app_layer.error.smtp', 'gap alloc parser internal'],
  ['app_layer.error.tls', 'gap alloc parser internal'],
  ['app_layer.error.ssh', 'gap alloc parser internal'],
  ['app_layer.error.imap', 'gap alloc parser internal'],
  ['app_layer.error.smb', 'gap alloc parser internal'],
  ['app_layer.error.dcerpc_tcp', 'gap alloc parser internal'],
  ['app_layer.error.dns_tcp', 'gap alloc parser internal'],
  ['app_layer.error.http2', 'gap alloc parser internal'],
  ['app_layer.error.failed_tcp', 'gap'],
  ['app_layer', 'expectations'],
  ['http', 'memuse memcap'],
  ['file_store', 'open_files'],
  ['ips', 'accepted blocked rejected replaced'],
  [
    'ips.drop_reason',
    'decode_error defrag_error defrag_memcap flow_memcap flow_drop applayer_error applayer_memcap rules ' +
      'threshold_detection_filter stream_error stream_memcap stream_midstream stream_reassembly stream_urgent ' +
      'nfq_error tunnel_packet_drop',
  ],
];

/** Full dotted names. */
export const statsNames: ReadonlySet<string> = new Set(
  groups.flatMap(([prefix, names]) => names.split(' ').map((n) => `${prefix}.${n}`)),
);
