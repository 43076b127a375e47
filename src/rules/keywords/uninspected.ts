/**
 * Keywords of protocols that Peccary does not inspect, and those it does not support: a rule with one is skipped
 * with the reason, never refused and never silently dead.
 */
const byProtocol: Record<string, string> = {
  dns: 'dns.query dns_query dns.opcode',
  tls:
    'tls.version tls.subject tls.issuerdn tls_cert_notbefore tls_cert_notafter tls_cert_expired ' +
    'tls_cert_valid tls.fingerprint tls_store tls.store tls.cert_chain_len ssl_version ssl_state tls.sni ' +
    'tls_sni tls.certs tls.cert_issuer tls_cert_issuer tls.cert_subject tls_cert_subject tls.cert_serial ' +
    'tls_cert_serial tls.cert_fingerprint tls_cert_fingerprint tls.random_time tls.random_bytes ' +
    'tls.random ja3.hash ja3_hash ja3.string ja3_string ja3s.hash ja3s.string ja4.hash ja4_hash',
  ssh:
    'ssh.proto ssh_proto ssh.protoversion ssh.software ssh_software ssh.softwareversion ssh.hassh ' +
    'ssh.hassh.server ssh.hassh.string ssh.hassh.server.string',
  smb: 'smb.named_pipe smb_named_pipe smb.share smb_share smb.ntlmssp_user smb.ntlmssp_domain',
  dcerpc: 'dcerpc.iface dce_iface dcerpc.opnum dce_opnum dcerpc.stub_data dce_stub_data',
  nfs: 'nfs_procedure nfs.version',
  ftp: 'ftpbounce ftpdata_command',
  modbus: 'modbus',
  enip: 'cip_service enip_command',
  dnp3: 'dnp3.data dnp3_data dnp3_func dnp3_ind dnp3_obj',
  krb5: 'krb5_err_code krb5_msg_type krb5.cname krb5_cname krb5.sname krb5_sname krb5.ticket_encryption',
  sip: 'sip.method sip.uri sip.protocol sip.stat_code sip.stat_msg sip.request_line sip.response_line',
  rfb: 'rfb.secresult rfb.sectype rfb.name',
  dhcp: 'dhcp.leasetime dhcp.rebinding_time dhcp.renewal_time',
  snmp: 'snmp.usm snmp.version snmp.community snmp.pdu_type',
  mqtt:
    'mqtt.type mqtt.flags mqtt.qos mqtt.protocol_version mqtt.reason_code mqtt.connect.flags ' +
    'mqtt.connect.clientid mqtt.connect.username mqtt.connect.password mqtt.connect.willtopic ' +
    'mqtt.connect.willmessage mqtt.connack.session_present mqtt.publish.topic mqtt.publish.message ' +
    'mqtt.subscribe.topic mqtt.unsubscribe.topic',
  quic: 'quic.version quic.sni quic.ua quic.cyu.hash quic.cyu.string',
  ike:
    'ike.exchtype ike.init_spi ike.resp_spi ike.vendor ike.chosen_sa_attribute ' +
    'ike.key_exchange_payload_length ike.nonce_payload_length ike.nonce_payload ike.key_exchange_payload',
  http2:
    'http2.frametype http2.errorcode http2.priority http2.window http2.size_update http2.settings ' +
    'http2.header_name',
};

/** The same for keywords that Suricata 7.0.10 does not know. */
const laterByProtocol: Record<string, string> = {
  dns:
    'dns.rcode dns.rrtype dns.query.name dns.queries.rrname dns.answer.name dns.answers.rrname ' +
    'dns.authorities.rrname dns.additionals.rrname dns.response.rrname',
  mdns:
    'mdns.queries.rrname mdns.answers.rrname mdns.authorities.rrname mdns.additionals.rrname ' + 'mdns.response.rrname',
  tls: 'tls.alpn tls.subjectaltname',
  smb: 'smb.version',
  ftp: 'ftp.command ftp.command_data ftp.reply ftp.completion_code ftp.received ftp.dynamic_port ftp.mode',
  smtp:
    'smtp.helo smtp.mail_from smtp.rcpt_to email.from email.subject email.to email.cc email.date ' +
    'email.message_id email.x_mailer email.url email.received email.body_md5',
  enip:
    'enip.command enip.status enip.protocol_version enip.cip_attribute enip.cip_class enip.cip_instance ' +
    'enip.cip_status enip.cip_extendedstatus enip.capabilities enip.revision enip.identity_status ' +
    'enip.state enip.device_type enip.product_code enip.vendor_id enip.product_name enip.service_name',
  sip: 'sip.from sip.to sip.via sip.user_agent sip.content_type sip.content_length',
  sdp:
    'sdp.session_name sdp.session_info sdp.origin sdp.uri sdp.email sdp.connection_data sdp.bandwidth ' +
    'sdp.time sdp.timezone sdp.encryption_key sdp.attribute',
  snmp: 'snmp.trap_type',
  mqtt: 'mqtt.connect.protocol_string',
  websocket: 'websocket.payload websocket.flags websocket.mask websocket.opcode',
  ldap:
    'ldap.request.operation ldap.responses.operation ldap.responses.count ldap.request.dn ' +
    'ldap.responses.dn ldap.responses.result_code ldap.responses.message ldap.request.attribute_type ' +
    'ldap.responses.attribute_type',
  pgsql: 'pgsql.query',
};

const unsupported: Record<string, string> = {
  lua: 'Lua scripts are not run',
  luajit: 'Lua scripts are not run',
  luaxform: 'Lua scripts are not run',
  frame: 'frames are not inspected',
  asn1: 'ASN.1 is not inspected',
  template: 'template is an example keyword without use',
  template2: 'template2 is an example keyword without use',
};

/** Of Suricata 8, and not supported. */
const laterUnsupported: Record<string, string> = {
  domain: 'the public suffix list is not read',
  tld: 'the public suffix list is not read',
  absent: 'buffers that are missing are not matched',
  entropy: 'entropy is not computed',
  subslice: 'parts of buffers are not cut out',
  gunzip: 'buffers are not decompressed by rules',
  zlib_deflate: 'buffers are not decompressed by rules',
  'vlan.id': 'VLANs are not compared',
  'vlan.layers': 'VLANs are not compared',
  'tcp.wscale': 'window scale is not compared',
  'igmp.type': 'IGMP is not inspected',
  'igmp.hdr': 'IGMP is not inspected',
};

const reasons = new Map<string, string>();
const later = new Set<string>();

function collect(
  protocols: Record<string, string>,
  others: Record<string, string>,
  remember: (name: string) => void,
): void {
  for (const [proto, names] of Object.entries(protocols)) {
    for (const name of names.split(' ')) {
      reasons.set(name, `${name} belongs to protocol ${proto}, which is not inspected`);
      remember(name);
    }
  }
  for (const [name, reason] of Object.entries(others)) {
    reasons.set(name, `${name}: ${reason}`);
    remember(name);
  }
}
collect(byProtocol, unsupported, () => {});
collect(laterByProtocol, laterUnsupported, (name) => later.add(name));

/** Why a rule with this keyword is skipped, or undefined when the keyword is not one of these. */
export function whySkipped(name: string): string | undefined {
  return reasons.get(name);
}

/** Whether only Suricata 8 knows this keyword. */
export function isLater(name: string): boolean {
  return later.has(name);
}

export function uninspectedNames(): Iterable<string> {
  return reasons.keys();
}
