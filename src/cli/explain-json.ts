/** The answer of `rules explain` for programs. */
import { Fate, Look } from '../detect/recorder.js';
import type { Trace } from '../detect/trace.js';
import { addressText, wordBytes } from '../output/address-bytes.js';
import { timestamp } from '../output/eve/json.js';
import { ruleTypeNames } from '../rules/compile/layout.js';
import type { Explained } from '../sensor/explained.js';
import { bufferName, protocolName, reasonText, type Step, stepsOf } from './explain-steps.js';

const fateNames: Record<Fate, string> = {
  [Fate.Alert]: 'alert',
  [Fate.Suppressed]: 'suppressed',
  [Fate.Threshold]: 'threshold',
  [Fate.Silent]: 'silent',
  [Fate.AlertMax]: 'packet_alert_max',
  [Fate.Passed]: 'passed',
};
const lookNames: Record<Look, string> = {
  [Look.IpOnly]: 'ip_only',
  [Look.Packet]: 'packet',
  [Look.Stream]: 'stream',
  [Look.Transaction]: 'transaction',
};

const address = (words: readonly number[], version: number): string =>
  version === 0 ? '' : addressText(wordBytes(words, version));

/** Names: held (null: not got to), step, asks, found, the piece of the buffer (text as latin-1), steps within. */
function stepObject(s: Step): object {
  const shown =
    s.shown === null
      ? {}
      : {
          buffer: {
            name: bufferName(s.shown.excerpt.buffer),
            length: s.shown.excerpt.len,
            base: s.shown.excerpt.base,
            from: s.shown.excerpt.from,
            text: s.shown.excerpt.text,
            ...(s.shown.to >= s.shown.from ? { marked: [s.shown.from, s.shown.to] } : {}),
          },
        };
  return {
    step: s.name,
    held: s.held,
    ...(s.asks === '' ? {} : { asks: s.asks }),
    ...(s.found === '' ? {} : { found: s.found }),
    ...shown,
    ...(s.within.length === 0 ? {} : { steps: s.within.map(stepObject) }),
  };
}

function lookObject(e: Explained, t: Trace): object {
  return {
    packet: t.packet,
    timestamp: timestamp(t.tsUs),
    look: lookNames[t.look],
    proto: protocolName(t.ipProto),
    src_ip: address(t.src, t.ipVersion),
    src_port: t.srcPort,
    dest_ip: address(t.dst, t.ipVersion),
    dest_port: t.dstPort,
    direction: t.hasFlow ? (t.dir === 0 ? 'to_server' : 'to_client') : null,
    tx_id: t.tx < 0 ? null : t.tx,
    steps: stepsOf(e, t, address).map(stepObject),
  };
}

function outcomeOf({ explanation: { fired, fates, nearest } }: Explained): string {
  if (fired.length > 0) return 'fired';
  if (fates.some((n) => n > 0)) return 'hidden';
  return nearest === null ? 'never_looked_at' : 'no_match';
}

export function explainObject(e: Explained): object {
  const { gid, sid, rev, msg, file, line } = e.rule;
  const { looks, fates, fired, nearest, reasons, setters, type } = e.explanation;
  return {
    rule: { gid, sid, rev, msg, file, line, type: ruleTypeNames[type] },
    outcome: outcomeOf(e),
    looks,
    matches: Object.fromEntries(fates.map((n, fate) => [fateNames[fate as Fate], n])),
    fired: fired.map((t) => lookObject(e, t)),
    nearest: nearest === null ? null : lookObject(e, nearest),
    reasons: reasons.map(({ reason, count, first }) => ({
      reason,
      text: reasonText(e, first, address),
      count,
      first_packet: first.packet,
    })),
    setters: setters.map(({ rule, ...s }) => ({ ...s, gid: e.named[rule].gid, sid: e.named[rule].sid })),
  };
}
