/** Snort 3's words and what they are taken as (Snort 3 rule writing guide, "Payload options"). */

/** Sticky buffers, by the Suricata buffer that holds the same bytes. */
export const snortBuffers: ReadonlyMap<string, string> = new Map([
  ['pkt_data', 'pkt_data'],
  ['raw_data', 'pkt_data'],
  ['file_data', 'file.data'],
  ['js_data', 'file.data'],
  ['http_uri', 'http.uri'],
  ['http_raw_uri', 'http.uri.raw'],
  ['http_header', 'http.header'],
  ['http_raw_header', 'http.header.raw'],
  ['http_method', 'http.method'],
  ['http_cookie', 'http.cookie'],
  ['http_raw_cookie', 'http.cookie'],
  ['http_client_body', 'http.request_body'],
  ['http_raw_body', 'http.request_body'],
  ['http_stat_code', 'http.stat_code'],
  ['http_stat_msg', 'http.stat_msg'],
  ['http_raw_request', 'http.request_line'],
  ['http_raw_status', 'http.response_line'],
  ['http_version', 'http.protocol'],
]);

/** `http_header: field NAME` where a buffer holds that header alone. */
export const fieldBuffers: ReadonlyMap<string, string> = new Map([
  ['user-agent', 'http.user_agent'],
  ['referer', 'http.referer'],
  ['host', 'http.host.raw'],
  ['accept', 'http.accept'],
  ['accept-language', 'http.accept_lang'],
  ['accept-encoding', 'http.accept_enc'],
  ['content-type', 'http.content_type'],
  ['content-length', 'http.content_len'],
  ['connection', 'http.connection'],
  ['location', 'http.location'],
  ['server', 'http.server'],
]);

const none = (what: string): string => `${what} is not inspected`;

/** Options without a counterpart, with the reason. */
export const snortSkipped: ReadonlyMap<string, string> = new Map([
  ['so', 'shared-object rules are not run'],
  ['soid', 'shared-object rules are not run'],
  ['ber_data', none('BER')], ['ber_skip', none('BER')],
  ['sip_method', none('SIP')], ['sip_header', none('SIP')], ['sip_body', none('SIP')], ['sip_stat_code', none('SIP')],
  ['ssl_state', none('TLS')], ['ssl_version', none('TLS')],
  ['dce_iface', none('DCERPC')], ['dce_opnum', none('DCERPC')], ['dce_stub_data', none('DCERPC')],
  ['vba_data', none('VBA')],
  ['http_param', 'parameters are not separated'], ['http_true_ip', 'proxy headers are not evaluated'],
  ['http_trailer', 'trailers have no buffer'], ['http_raw_trailer', 'trailers have no buffer'],
  ['http_version_match', 'versions are not compared'], ['http_num_headers', 'headers are not counted'],
  ['http_header_test', 'header values are not compared'], ['http_max_header_line', 'header lines are not measured'],
  ['sd_pattern', 'sensitive data is not searched'],
  ['md5', 'hashes of payload are not computed'], ['sha256', 'hashes of payload are not computed'], ['sha512', 'hashes of payload are not computed'],
  ['file_type', 'file types are not named'], ['file_meta', 'file types are not named'],
  ['cvs', none('CVS')], ['rpc', none('RPC')], ['asn1', none('ASN.1')],
  ['gtp_info', none('GTP')], ['gtp_type', none('GTP')], ['gtp_version', none('GTP')],
  ['modbus_data', none('Modbus')], ['modbus_func', none('Modbus')], ['modbus_unit', none('Modbus')],
  ['dnp3_data', none('DNP3')], ['dnp3_func', none('DNP3')], ['dnp3_ind', none('DNP3')], ['dnp3_obj', none('DNP3')],
  ['cip_attribute', none('CIP')], ['cip_class', none('CIP')], ['cip_service', none('CIP')], ['enip_command', none('ENIP')],
  ['s7commplus_content', none('S7')], ['s7commplus_func', none('S7')], ['iec104_apci_type', none('IEC 104')], ['mms_data', none('MMS')],
  ['stream_reassemble', 'reassembly cannot be switched by rules'], ['wscale', 'window scale is not compared'],
  ['replace', 'bytes are not replaced'], ['vlan', 'VLANs are not compared'],
]);

/** Snort's default variables that suricata.yaml does not have. */
export const snortVariables: ReadonlyMap<string, string> = new Map([
  ['SIP_SERVERS', '$HOME_NET'],
  ['SSH_SERVERS', '$HOME_NET'],
  ['FTP_SERVERS', '$HOME_NET'],
  ['SNMP_SERVERS', '$HOME_NET'],
  ['SIP_PORTS', '[5060,5061,5600]'],
  ['MAIL_PORTS', '[25,110,143]'],
  ['FTP_PORTS', '[21,2100,3535]'],
  ['ORACLE_PORTS', '[1024:]'],
]);
