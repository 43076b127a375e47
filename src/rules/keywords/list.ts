/** Every keyword. A new one is one new file here beside it and one line in this list. */
import * as actions from './actions.js';
import { ban } from './ban.js';
import * as base64 from './base64.js';
import * as byteOps from './byte-ops.js';
import { content, uricontent } from './content.js';
import * as modifiers from './content-modifiers.js';
import { bsize, isdataat } from './data-position.js';
import * as events from './events.js';
import { fileKeywords } from './files.js';
import { flow } from './flow.js';
import * as flowState from './flow-state.js';
import { geoip } from './geoip.js';
import * as flags from './header-flags.js';
import { headerNumbers } from './header-numbers.js';
import { httpModifiers } from './http-modifiers.js';
import type { Keyword } from './keyword.js';
import { rememberKeyword } from './known.js';
import * as meta from './meta.js';
import { l3Proto, rpc } from './packet-tests.js';
import { pcre } from './pcre.js';
import { reputationKeywords } from './reputation.js';
import { stickyBuffers } from './sticky-buffers.js';
import { flowAge, flowVolumes, streamSize, urilen } from './streams.js';
import { detectionFilter, threshold } from './thresholds.js';
import { transforms } from './transforms.js';
import { isLater, uninspectedNames } from './uninspected.js';
import { flowvar, pktvar } from './variables.js';

export const keywords: readonly Keyword[] = [
  meta.sid,
  meta.rev,
  meta.gid,
  meta.msg,
  meta.classtype,
  meta.priority,
  meta.reference,
  meta.metadata,
  meta.target,
  meta.noalert,
  meta.alert,
  content,
  uricontent,
  modifiers.offset,
  modifiers.depth,
  modifiers.startswith,
  modifiers.endswith,
  modifiers.distance,
  modifiers.within,
  modifiers.nocase,
  modifiers.rawbytes,
  modifiers.replace,
  modifiers.fastPattern,
  pcre,
  isdataat,
  bsize,
  byteOps.byteTest,
  byteOps.byteJump,
  byteOps.byteExtract,
  byteOps.byteMath,
  base64.base64Decode,
  base64.base64Data,
  ...stickyBuffers,
  ...httpModifiers,
  ...transforms,
  flow,
  flowState.flowbits,
  flowState.flowint,
  flowState.xbits,
  flowState.hostbits,
  flowAge,
  ...flowVolumes,
  streamSize,
  urilen,
  threshold,
  detectionFilter,
  ban,
  ...headerNumbers,
  flags.tcpFlags,
  flags.fragbits,
  flags.ipopts,
  flags.sameip,
  flags.ipProto,
  ...flags.checksums,
  events.decodeEvent,
  events.streamEvent,
  events.engineEvent,
  events.appLayerEvent,
  events.appLayerProtocol,
  actions.tag,
  actions.bypass,
  actions.prefilter,
  actions.config,
  actions.requires,
  actions.nfqSetMark,
  flowvar,
  pktvar,
  l3Proto,
  rpc,
  geoip,
  ...fileKeywords,
  ...reputationKeywords,
];

const byName = new Map<string, Keyword>();
for (const k of keywords) {
  for (const name of [k.name, ...(k.aliases ?? [])]) {
    byName.set(name, k);
    rememberKeyword(name, k.since);
  }
}
for (const name of uninspectedNames()) rememberKeyword(name, isLater(name) ? 8 : 7);

/** The keyword called `name` in any letter case. */
export function findKeyword(name: string): Keyword | undefined {
  return byName.get(name) ?? byName.get(name.toLowerCase());
}

/** All names that a rule may use, for suggestions. */
export function keywordNames(): Iterable<string> {
  return byName.keys();
}
