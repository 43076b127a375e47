/** The record of an alert: what the queue has of it, the packet, its flow and transaction, and the bytes that matched. */
import { AlertFlag, type AlertRow, alertQueue } from '../alert/queue.js';
import { outcome, Verdict } from '../alert/verdict.js';
import { type Packet, packetOriginNames } from '../decode/packet.js';
import { MatchedCol } from '../detect/matched.js';
import { chunkLen, chunkOff, rangeRows } from '../detect/matches.js';
import { flows } from '../flow/columns.js';
import type { HttpTransaction } from '../http/tx.js';
import { firstTransaction } from '../http/tx-list.js';
import { AppProto } from '../protocol/app-proto.js';
import { type BufferId, buffers } from '../protocol/buffers.js';
import { Dir, IpProto } from '../protocol/ip.js';
import { RuleAction } from '../rules/compile/layout.js';
import type { Rule } from '../rules/ir.js';
import { flowBase, flowRecord, packetBase, packetDstText, packetSrcText } from './encode-base.js';
import { realClient } from './encode-client.js';
import { fileRecords } from './encode-file.js';
import { appProtosOf } from './encode-flow.js';
import { httpRecord, markAlerted } from './encode-http.js';
import { memoryCopy } from './memory-text.js';
import { protoName } from './proto-names.js';
import { type AlertRecord, MatchKeep, type MatchRange, type TunnelRecord } from './records.js';
import type { Wants } from './wants.js';

const rangeTable = rangeRows;

function matches(row: AlertRow): MatchRange[] {
  const out: MatchRange[] = [];
  const n = Math.min(row.rangeCount, MatchKeep.Ranges);
  for (let i = 0; i < n; i++) {
    const at = (row.firstRange + i) * MatchedCol.Stride;
    const len = rangeTable[at + MatchedCol.Len];
    const buffer = buffers.get(rangeTable[at + MatchedCol.Buffer] as BufferId)?.name ?? 'payload';
    const bytes = memoryCopy(rangeTable[at + MatchedCol.Mem], Math.min(len, MatchKeep.Bytes));
    out.push({ buffer, off: rangeTable[at + MatchedCol.Off], len, bytes });
  }
  return out;
}

/**
 * The transaction that a packet or stream alert most likely belongs to: the only open one of its flow, when bytes were
 * inspected (decoder events say nothing of transactions).
 */
function guessed(p: Packet, row: AlertRow): HttpTransaction | null {
  if (p.flow === 0 || flows.appProto[p.flow] !== AppProto.Http1) return null;
  if ((row.flags & AlertFlag.Stream) === 0 && p.payloadLen === 0) return null;
  const first = firstTransaction(p.flow);
  return first !== null && first.next === null ? first : null;
}

/** Heads and bodies of what was inspected of a transaction, one after the other. */
function messageBytes(r: Pick<AlertRecord, 'http'>, dir: Dir, limit: number): Uint8Array | null {
  if (r.http === null) return null;
  const { requestHead, requestBody, responseHead, responseBody } = r.http;
  const parts = (dir === Dir.ToServer ? [requestHead, requestBody] : [responseHead, responseBody]).filter(
    (b) => b !== null,
  );
  return parts.length === 0 ? null : Buffer.concat(parts).subarray(0, limit);
}

/**
 * Bytes inspected: of a stream alert the chunk of raw stream, of a transaction's the message as far as it is kept (or
 * the chunk), of a packet's its payload.
 */
function payload(p: Packet, row: AlertRow, r: Pick<AlertRecord, 'http' | 'stream'>, limit: number): Uint8Array | null {
  if (limit === 0) return null;
  if (r.stream === 1) {
    if (chunkLen[row.dir] > 0) return memoryCopy(chunkOff[row.dir], Math.min(chunkLen[row.dir], limit));
    const message = messageBytes(r, row.dir, limit);
    if (message !== null) return message;
  }
  const own = p.flow === 0 || row.dir === p.dir;
  return own && p.payloadLen > 0 ? memoryCopy(p.payloadOff, Math.min(p.payloadLen, limit)) : null;
}

function tunnelRecord(p: Packet, outer: Packet | null): TunnelRecord | null {
  if (outer === null || outer.ipVersion === 0) return null;
  return {
    src: packetSrcText(outer),
    dst: packetDstText(outer),
    proto: protoName(outer.ipProto),
    depth: p.level,
    pcapCnt: outer.no,
    pktSrc: packetOriginNames[outer.source],
  };
}

/** Whom a reject answers: the sender of the packet, its receiver, or both. */
export function rejectTarget(p: Packet, action: number): AlertRecord['reject'] {
  const sender = p.flow === 0 || p.dir === Dir.ToServer ? 'to_client' : 'to_server';
  switch (action) {
    case RuleAction.RejectSrc:
      return sender;
    case RuleAction.RejectDst:
      return sender === 'to_client' ? 'to_server' : 'to_client';
    case RuleAction.RejectBoth:
      return 'both';
    default:
      return null;
  }
}

/**
 * The record of one row of the alert queue, built while the packet and everything it borrowed is still there.
 * `outer`: the packet that carried a tunnelled one, else null. `verdict`: what became of the packet.
 */
export function alertRecord(
  p: Packet,
  outer: Packet | null,
  row: AlertRow,
  rule: Pick<Rule, 'gid' | 'sid' | 'rev'>,
  verdict: Verdict,
  wants: Wants,
): AlertRecord {
  const inTx = row.tx as HttpTransaction | null;
  const tx = inTx ?? guessed(p, row);
  if (tx !== null) markAlerted(tx);
  const wantBytes = wants.bodies || wants.payloadLen > 0;
  const http = tx === null ? null : httpRecord(tx, wantBytes);
  const stream: 0 | 1 = p.ipProto === IpProto.Tcp && (row.flags & (AlertFlag.Stream | AlertFlag.Tx)) !== 0 ? 1 : 0;
  return {
    kind: 'alert',
    ...packetBase(p),
    ...(p.flow !== 0 && row.dir !== p.dir ? sides(p, row.dir) : null),
    ...(p.flow === 0 ? noProtos : appProtosOf(p.flow)),
    rule: row.rule,
    gid: rule.gid,
    sid: rule.sid,
    rev: rule.rev,
    action: (row.flags & AlertFlag.Blocked) !== 0 ? 'blocked' : 'allowed',
    verdict: anyBlocked() ? 'drop' : verdict === Verdict.Pass ? 'pass' : 'alert',
    reject: rejectTarget(p, outcome.reject),
    direction: p.flow === 0 ? null : row.dir === Dir.ToServer ? 'to_server' : 'to_client',
    txId: tx === null ? -1 : tx.id,
    txGuessed: tx !== null && inTx === null,
    http,
    client: wants.alertClient === null ? '' : realClient(p.flow, tx, wants.alertClient),
    files: inTx === null ? [] : fileRecords(inTx, row.dir),
    tunnel: p.level === 0 ? null : tunnelRecord(p, outer),
    flow: p.flow === 0 ? null : flowRecord(p.flow),
    payload: payload(p, row, { http, stream }, wants.payloadLen),
    stream,
    packet: wants.packet && p.frameLen > 0 ? memoryCopy(p.frameOff, p.frameLen) : null,
    linkType: p.linkType,
    matches: wants.matches ? matches(row) : [],
  };
}

/** What became of the packet: dropped when any of its alerts blocked it. */
function anyBlocked(): boolean {
  for (let i = 0; i < alertQueue.count; i++) if ((alertQueue.rows[i].flags & AlertFlag.Blocked) !== 0) return true;
  return false;
}

const noProtos = { appProto: '', appProtoTs: '', appProtoTc: '' };

/** Addresses and ports of a direction that is not the packet's: data of the other side, acknowledged by it. */
function sides(p: Packet, dir: number): Pick<AlertRecord, 'src' | 'dst' | 'srcPort' | 'dstPort'> {
  const { src, dst, srcPort, dstPort } = flowBase(p.flow, dir, p);
  return { src, dst, srcPort, dstPort };
}
