/** A stored alert as the EVE event that a sensor would write of it. */
import { Settings } from '../core/settings.js';
import { type EveOptions, eveForced } from '../output/eve/config.js';
import { EveWriter } from '../output/eve/writer.js';
import type { StoredAlert } from '../output/query/alert.js';

/** EVE with all that the store has: payload, packet, bodies, rule text and references, community id. */
function everything(): EveOptions {
  const metadata = { rule: { raw: true, reference: true } };
  const alert = {
    payload: true,
    'payload-printable': true,
    packet: true,
    'http-body': true,
    'http-body-printable': true,
    verdict: true,
    // The store has cut the payload already.
    'payload-buffer-size': '1gb',
    metadata,
  };
  const settings = { outputs: [{ 'eve-log': { 'community-id': true, 'pcap-file': true, types: [{ alert }] } }] };
  return eveForced(new Settings(settings), '-');
}

/** Gives the EVE line of a stored alert, with its newline. */
export function eveLines(): (a: StoredAlert) => string {
  const writer = new EveWriter(everything(), false);
  return (a) => {
    writer.line({ kind: 'origins', names: a.origin === null ? [] : [a.origin] });
    writer.useRules(() => a.rule);
    return writer.line({ ...a.record, origin: 0 });
  };
}
