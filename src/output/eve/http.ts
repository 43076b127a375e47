/** EVE's `http` object and event (Suricata user guide 7.0, "Event type: HTTP"). */
import type { HttpEventRecord, HttpRecord } from '../records.js';
import { printable } from '../text.js';
import type { EveOptions } from './config.js';
import { type EveContext, end, header } from './header.js';
import { base64, quote } from './json.js';

/** `{"raw":"bytes 0-9/100","start":0,"end":9,"size":100}`; numbers only where the header can be read (RFC 9110 section 14.4). */
function contentRange(raw: string): string {
  const m = /^\s*bytes\s+(?:(\d{1,15})-(\d{1,15})|\*)\/(?:(\d{1,15})|\*)\s*$/i.exec(raw);
  let s = `{"raw":${quote(raw)}`;
  if (m !== null) {
    if (m[1] !== undefined) s += `,"start":${Number(m[1])},"end":${Number(m[2])}`;
    if (m[3] !== undefined) s += `,"size":${Number(m[3])}`;
  }
  return `${s}}`;
}

/** The object without its closing brace, so that an alert may add bodies. Members are separated by commas. */
function httpOpen(h: HttpRecord, extended: boolean): string {
  let s = '';
  if (h.hostname !== null) s += `,"hostname":${quote(h.hostname)}`;
  if (h.port >= 0) s += `,"http_port":${h.port}`;
  if (h.url !== null) s += `,"url":${quote(h.url)}`;
  if (h.userAgent !== null) s += `,"http_user_agent":${quote(h.userAgent)}`;
  if (h.xff !== null) s += `,"xff":${quote(h.xff)}`;
  if (h.contentType !== null) s += `,"http_content_type":${quote(h.contentType)}`;
  if (h.contentRange !== null) s += `,"content_range":${contentRange(h.contentRange)}`;
  if (extended) {
    if (h.referer !== null) s += `,"http_refer":${quote(h.referer)}`;
    if (h.method !== null) s += `,"http_method":${quote(h.method)}`;
    if (h.protocol !== null) s += `,"protocol":${quote(h.protocol)}`;
    if (h.status > 0) s += `,"status":${h.status}`;
    else if (h.statusString !== null) s += `,"status_string":${quote(h.statusString)}`;
    if (h.redirect !== null) s += `,"redirect":${quote(h.redirect)}`;
    s += `,"length":${h.length}`;
  }
  return `{${s.slice(1)}`;
}

export function httpObject(h: HttpRecord, extended: boolean): string {
  return `${httpOpen(h, extended)}}`;
}

/** The object of an alert: extended, and bodies as configured (http-body, http-body-printable). */
export function httpObjectWithBodies(h: HttpRecord, encoded: boolean, plain: boolean): string {
  let s = httpOpen(h, true);
  const body = (name: string, b: Uint8Array | null) => {
    if (b === null || b.length === 0) return;
    if (plain) s += `,"${name}_printable":${quote(printable(b))}`;
    if (encoded) s += `,"${name}":${base64(b)}`;
  };
  body('http_request_body', h.requestBody);
  body('http_response_body', h.responseBody);
  return `${s}}`;
}

export function httpEvent(ctx: EveContext, r: HttpEventRecord, o: NonNullable<EveOptions['http']>): string {
  const told = o.xff.enabled && r.client !== '';
  const start = header(ctx, told && o.xff.overwrite ? { ...r, src: r.client } : r, 'http');
  const xff = told && !o.xff.overwrite ? `,"xff":${quote(r.client)}` : '';
  return `${start},"tx_id":${r.http.txId},"http":${httpObject(r.http, o.extended)}${xff}${end(ctx, r)}`;
}
