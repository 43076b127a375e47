/** What the outputs count, under the names it has among the counters of a run. */
import type { OutputLosses } from '../output/outputs.js';

export function outputCounters(losses: OutputLosses): Record<string, number> {
  const { pushedEvents, lostEvents, lostAlerts, spilledBatches, spilledBytes, ...more } = losses;
  return {
    'output.events': pushedEvents,
    'output.events_lost': lostEvents,
    'output.alerts_lost': lostAlerts,
    'output.batches_spilled': spilledBatches,
    'output.bytes_spilled': spilledBytes,
    'output.socket_lost_away': more.socketAway,
    'output.socket_lost_slow': more.socketSlow,
    'output.socket_lost_long': more.socketLong,
    'pcap_log.packets': more.capturedPackets,
    'pcap_log.lost': more.captureLost,
    'pcap_log.files_removed': more.captureRemoved,
  };
}
