/** What the sensor tells Prometheus. The one file that needs prom-client; loaded only when metrics are on. */
import { Counter, Gauge, Registry } from 'prom-client';
import { packageVersion } from '../core/package-root.js';
import type { InterfaceStat, RunningSensor } from '../sensor/running.js';
import { uptimeSince } from './uptime.js';

export interface MetricsPage {
  contentType: string;
  text(): Promise<string>;
}

/** Metrics that are one of the counters. */
const ofCounters: [name: string, help: string, counter: string][] = [
  ['peccary_packets_total', 'Packets decoded.', 'decoder.pkts'],
  ['peccary_bytes_total', 'Bytes of those packets.', 'decoder.bytes'],
  ['peccary_kernel_drops_total', 'Packets that the kernel dropped before the sensor had them.', 'capture.kernel_drops'],
  ['peccary_flows_total', 'Flows begun.', 'flow.total'],
  ['peccary_http_transactions_total', 'HTTP requests with their responses.', 'app_layer.tx.http'],
  ['peccary_alerts_total', 'Alerts.', 'detect.alert'],
  ['peccary_events_lost_total', 'Events that no output got.', 'output.events_lost'],
];

/** What a way of capturing may not count: then there is no such metric, which is not the same as 0. */
const unknown = {
  counter: 'capture.kernel_drops',
  isFor: (sensor: RunningSensor): boolean => sensor.interfaces().some(({ kernelDrops }) => kernelDrops === null),
};

/** Metrics of each interface. */
const ofInterfaces: [name: string, help: string, value: (stat: InterfaceStat) => number | null][] = [
  ['peccary_interface_packets_total', 'Packets received.', (s) => s.packets],
  ['peccary_interface_bytes_total', 'Bytes received.', (s) => s.bytes],
  ['peccary_interface_kernel_drops_total', 'Packets dropped because the ring was full.', (s) => s.kernelDrops],
  ['peccary_interface_drops_total', 'Packets dropped by the interface itself.', (s) => s.interfaceDrops],
  ['peccary_interface_invalid_checksums_total', 'Packets with a wrong checksum.', (s) => s.invalidChecksums],
];

export function metricsPage(sensor: RunningSensor): MetricsPage {
  const registry = new Registry();
  const registers = [registry];
  let counters: Record<string, number> = {};
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  for (const [name, help, key] of ofCounters) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        if (key === unknown.counter && unknown.isFor(sensor)) this.remove();
        else this.inc(counters[key] ?? 0);
      },
    });
  }
  addInterfaces(sensor, registry);
  addHealth(sensor, registry);
  new Gauge({
    name: 'peccary_counter',
    help: 'Every counter by the name it has in stats events.',
    labelNames: ['name'],
    registers,
    collect() {
      for (const [name, value] of Object.entries(counters)) this.set({ name }, value);
    },
  });
  new Gauge({
    name: 'peccary_rules',
    help: 'Rules of the last load by what became of them.',
    labelNames: ['state'],
    registers,
    collect() {
      const { loaded, failed, skipped } = sensor.ruleset();
      for (const [state, n] of Object.entries({ loaded, failed, skipped })) this.set({ state }, n);
    },
  });
  gauge('peccary_rules_loaded_timestamp_seconds', 'When rules were last loaded.', () => sensor.ruleset().atMs / 1000);
  gauge('peccary_uptime_seconds', 'Since the sensor started.', uptimeSince(sensor.startedMs));
  gauge('process_start_time_seconds', 'When the sensor started.', () => sensor.startedMs / 1000);
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  new Gauge({ name: 'peccary_info', help: 'The version.', labelNames: ['version'], registers }).set(
    { version: packageVersion() },
    1,
  );
  return {
    contentType: registry.contentType,
    text: () => {
      counters = sensor.counters();
      return registry.metrics();
    },
  };
}

/** Absent until the first interval of health is over. */
function addHealth(sensor: RunningSensor, registry: Registry): void {
  const labelNames = ['kind'];
  const registers = [registry];
  new Gauge({
    name: 'peccary_health_share',
    help: 'Share of the last interval, 0 to 1, that was lost or cannot be inspected.',
    labelNames,
    registers,
    collect() {
      for (const { kind, rate } of sensor.health()?.measures ?? []) this.set({ kind }, rate);
    },
  });
  new Gauge({
    name: 'peccary_health_trouble',
    help: '1 from when that share passed its threshold until it is over; limit: while limits are met.',
    labelNames,
    registers,
    collect() {
      const { measures = [], findings = [] } = sensor.health() ?? {};
      if (measures.length === 0) return;
      const kinds = [...measures.map(({ kind }) => kind), 'limit'];
      for (const kind of kinds) this.set({ kind }, findings.some((f) => f.kind === kind) ? 1 : 0);
    },
  });
}

function addInterfaces(sensor: RunningSensor, registry: Registry): void {
  const labelNames = ['interface'];
  for (const [name, help, value] of ofInterfaces) {
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        for (const stat of sensor.interfaces()) {
          const n = value(stat);
          if (n !== null) this.inc({ interface: stat.name }, n);
        }
      },
    });
  }
  new Gauge({
    name: 'peccary_interface_up',
    help: '1 while the interface is there.',
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, up } of sensor.interfaces()) this.set({ interface: name }, up ? 1 : 0);
    },
  });
}
