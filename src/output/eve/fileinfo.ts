/** EVE's `fileinfo` event and the `files` of an alert (Suricata user guide 7.0, "Event type: Fileinfo"). */

import { Settings } from '../../core/settings.js';
import type { FileInfoRecord, FileRecord } from '../records.js';
import { eveForced } from './config.js';
import { type EveContext, end, header } from './header.js';
import { httpObject } from './http.js';
import { quote } from './json.js';

export function fileObject(f: FileRecord): string {
  let s = `{"filename":${quote(f.filename)}`;
  if (f.sids.length > 0) s += `,"sid":[${f.sids.join(',')}]`;
  if (f.magic !== null) s += `,"magic":${quote(f.magic)}`;
  s += `,"gaps":${f.gaps},"state":"${f.state}"`;
  if (f.md5 !== null) s += `,"md5":"${f.md5}"`;
  if (f.sha1 !== null) s += `,"sha1":"${f.sha1}"`;
  if (f.sha256 !== null) s += `,"sha256":"${f.sha256}"`;
  s += `,"stored":${f.stored}`;
  if (f.stored) s += `,"file_id":${f.fileId}`;
  else if (f.storing) s += ',"storing":true';
  s += `,"size":${f.size}`;
  if (f.start >= 0) s += `,"start":${f.start},"end":${f.end}`;
  return `${s},"tx_id":${f.txId}}`;
}

export function fileInfoEvent(ctx: EveContext, r: FileInfoRecord): string {
  let s = header(ctx, r, 'fileinfo');
  if (r.http !== null) s += `,"http":${httpObject(r.http, true)}`;
  if (r.appProto !== '') s += `,"app_proto":"${r.appProto}"`;
  return `${s},"fileinfo":${fileObject(r.file)}${end(ctx, r)}`;
}

/** For a file beside a stored one: Suricata's form without what EVE's own options add. */
const plain: EveContext = {
  options: eveForced(new Settings(), ''),
  communityId: null,
  origins: [],
  live: false,
  rule: () => null,
};

/** The event as file-store's `write-fileinfo` keeps it. */
export function fileInfoText(r: FileInfoRecord): string {
  return fileInfoEvent(plain, r);
}
