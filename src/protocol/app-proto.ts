/** Application protocols a flow can be recognised as. Only Http1 is parsed; the rest are counted as uninspected. */
export const enum AppProto {
  /** Not decided yet. */
  Unknown = 0,
  /** Decided: nothing we recognise ("failed" in EVE). */
  Failed = 1,
  Http1 = 2,
  Http2 = 3,
  Tls = 4,
  WebSocket = 5,
  Smtp = 6,
  Ftp = 7,
  Ssh = 8,
  Imap = 9,
  Smb = 10,
  Dcerpc = 11,
  Dns = 12,
  Sip = 13,
  Other = 14,
}

/** EVE's `app_proto` for each AppProto, in order. */
export const appProtoNames: readonly string[] = [
  'unknown',
  'failed',
  'http',
  'http2',
  'tls',
  'websocket',
  'smtp',
  'ftp',
  'ssh',
  'imap',
  'smb',
  'dcerpc',
  'dns',
  'sip',
  'other',
];
