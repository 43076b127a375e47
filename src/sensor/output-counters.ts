/** What the outputs count, under the names it has among the counters of a run. */
import type { OutputLosses } from '../output/outputs.js';

export function outputCounters(losses: OutputLosses): Record<string, number> {
  const { pushedEvents, lostEvents, lostAlerts, spilledBatches, spilledBytes, ...socket } = losses;
  return {
    'output.events': pushedEvents,
    'output.events_lost': lostEvents,
    'output.alerts_lost': lostAlerts,
    'output.batches_spilled': spilledBatches,
    'output.bytes_spilled': spilledBytes,
    'output.socket_lost_away': socket.socketAway,
    'output.socket_lost_slow': socket.socketSlow,
    'output.socket_lost_long': socket.socketLong,
  };
}
