/** No limit is silent: each counter of the program is one of a limit that something tells of, or known to be none. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.js';
import { applayerEventId } from '../../src/protocol/applayer-events.js';
import { decoderEventNames } from '../../src/protocol/decoder-events.js';
import { httpEventId } from '../../src/protocol/http-events.js';
import { streamEventId } from '../../src/protocol/stream-events.js';
import { isToldByHealth, limits } from '../../src/sensor/limits.js';

const src = join(packageRoot(), 'src');
const sources = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => [name, readFileSync(join(src, name), 'utf8')] as const);

/** Names of counters, with "*" for what is put in when the program runs. */
const registered = new Set(
  sources.flatMap(([name, text]) => {
    if (name === 'core/counters.ts') return [];
    const calls = [...text.matchAll(/\bcounter\(\s*(['`])(.+?)\1/g)].map(([, , counter]) => counter);
    const own = [...text.matchAll(/^\s*'((?:output|sensor)\.[a-z_]+)': /gm)].map(([, counter]) => counter);
    return [...calls, ...own].map((counter) => counter.replaceAll(/\$\{[^}]*\}/g, '*'));
  }),
);

/** What counts the loss that the shares of the health log are made of (src/sensor/health-measures.ts). */
const measured = new Set(
  [...readFileSync(join(src, 'sensor/health-measures.ts'), 'utf8').matchAll(/d\('([a-z_.]+)'\)/g)].map(([, n]) => n),
);

/**
 * Counters of what there was, how much of it there is now, and what is wrong with it: nothing is lost for want of room
 * when they rise. A counter of a limit belongs into src/sensor/limits.ts instead, with a case in test/hostile.
 */
const ordinary: Record<string, readonly string[]> = {
  'traffic as it was': [
    'app_layer.flow.*',
    'app_layer.tx.http',
    'applayer.proxy_headers',
    'applayer.uninspected_bytes',
    'capture.crossed',
    'capture.crossed_in',
    'defrag.ipv4.fragments',
    'defrag.ipv4.reassembled',
    'defrag.ipv6.fragments',
    'defrag.ipv6.reassembled',
    'defrag.tracker_timeout',
    'flow.icmpv4',
    'flow.icmpv6',
    'flow.mgr.flows_timeout',
    'flow.tcp',
    'flow.tcp_reuse',
    'flow.total',
    'flow.udp',
    'nfq.own_packets',
    'nfq.super_frames',
    'tcp.ack_unseen_data',
    'tcp.midstream_pickups',
    'tcp.no_flow',
    'tcp.overlap',
    'tcp.overlap_diff_data',
    'tcp.pseudo',
    'tcp.rst',
    'tcp.sessions',
    'tcp.syn',
    'tcp.synack',
    'tcp.urg',
  ],
  'what there is now': [
    'detect.host_table_entries',
    'file_store.open_files',
    'flow.active',
    'flow.memuse',
    'http.decoders_open',
    'http.memuse',
    'http.tx_open',
    'tcp.active_sessions',
    'tcp.memuse',
    'tcp.reassembly_memuse',
  ],
  'work done and what came of it': [
    'detect.alert',
    'detect.alerts_suppressed',
    'detect.mpm_bytes',
    'detect.mpm_scans',
    'http.decoder_bytes',
    'ips.*',
    'output.alerts_lost',
    'output.bytes_spilled',
    'output.events',
    'ban.requests_dropped',
    'respond.block_pages_sent',
    'respond.connections',
    'respond.resets_sent',
    'respond.unreachable_sent',
  ],
  'damage, of traffic or of what rules ask for': [
    'app_layer.error.http.gap',
    'app_layer.error.http.parser',
    'decoder.invalid',
    'detect.geoip_errors',
    'detect.pcre_refused',
    'file.magic_unavailable',
    'file_store.fs_errors',
    'http.swf_damaged',
    'nfq.verdicts_refused',
    'respond.answers_failed',
    'respond.no_neighbour',
    'tcp.checksum_auto_off',
  ],
  'a limit that another counter tells of too': [
    'detect.latency.packet_timeouts',
    'detect.latency.rule_timeouts',
    'detect.latency.skipped',
    'flow.emerg_mode_entered',
    'flow.emerg_mode_over',
    'flow.get_used_failed',
    'flow.wrk.flows_evicted',
    'tcp.insert_data_normal_fail',
    'tcp.insert_data_overlap_fail',
  ],
  // nfq.cut_frames is in the share of packets that were cut as well.
  'what the configuration has chosen not to look at': [
    'flow.bypassed_by_volume',
    'flow_bypassed.local_bytes',
    'flow_bypassed.local_pkts',
    'nfq.cut_frames',
  ],
  'told in health.json when it happens': ['sensor.worker_restarts', 'sensor.worker_stalls', 'sensor.flows_lost'],
  'told in the log when it happens': ['capture.interface_down'],
};

/** Counters of decoding are packets by protocol and events by name, but for those of limits. */
const isOfDecoding = (name: string): boolean => name.startsWith('decoder.');

describe('Limits (docs/limits.md)', () => {
  const ofLimits = new Set(limits.map(({ counter }) => counter));
  const known = new Set(Object.values(ordinary).flat());

  it('a counter is in src/sensor/limits.ts, in the shares of the health log, or known to be of no limit', () => {
    const isKnown = (name: string): boolean =>
      ofLimits.has(name) ||
      measured.has(name) ||
      known.has(name) ||
      (isOfDecoding(name) && !/limit|full|max_|lost|drop/.test(name.replace('decoder.max_pkt_size', ''))) ||
      (name.startsWith('ips.') && known.has('ips.*'));
    assert.deepEqual([...registered].filter((name) => !isKnown(name)).sort(), []);
  });

  it('and in one of them only', () => {
    const twice = [...ofLimits].filter((name) => known.has(name) || measured.has(name));
    assert.deepEqual([...twice, ...[...known].filter((name) => measured.has(name))], []);
    assert.equal(ofLimits.size, limits.length);
  });

  it('what is listed is counted', () => {
    const exists = (name: string): boolean =>
      name === 'decoder.too_many_layers' || name === 'ips.*' || registered.has(name);
    assert.deepEqual(
      [...ofLimits, ...known].filter((name) => !exists(name)),
      [],
    );
  });

  it('the events that tell of limits exist', () => {
    for (const { counter, events = [] } of limits) {
      for (const event of events) {
        const [layer, name] = [event.split('.')[0], event.slice(event.indexOf('.') + 1)];
        if (layer === 'decoder') assert.ok(decoderEventNames.includes(name), event);
        else if (layer === 'stream') assert.ok(streamEventId(name) >= 0, event);
        else assert.ok(httpEventId(event) >= 0 || applayerEventId(event) >= 0, `${counter}: ${event}`);
      }
    }
  });

  it('what the health log tells has a remedy: a key to raise, or words', () => {
    for (const limit of limits.filter(isToldByHealth)) {
      assert.ok(limit.keys.length > 0 || limit.remedy !== undefined, limit.counter);
    }
  });

  it('their keys are in docs/configuration.md', () => {
    const documented = readFileSync(join(packageRoot(), 'docs/configuration.md'), 'utf8');
    for (const key of limits.flatMap(({ keys }) => keys)) assert.ok(documented.includes(`\n| ${key} |`), key);
  });
});
