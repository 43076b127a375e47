/** A sensor that says what it is told to say and remembers what it was asked: for tests of the socket alone. */
import type { RuleNote } from '../../src/rules/ir.js';
import type { HealthReport } from '../../src/sensor/health.js';
import type { InterfaceStat, ReloadReport, RunningSensor } from '../../src/sensor/running.js';

export class SensorDouble implements RunningSensor {
  readonly startedMs = Date.now() - 61_500;
  readonly runningMode = 'workers';
  readonly captureMode = 'AF_PACKET_DEV';
  /** What it was asked, in order. */
  readonly asked: string[] = [];
  report: ReloadReport = { fault: null, loaded: 12, failed: 2, skipped: 1, tookMs: 5 };
  refused: RuleNote[] = [];
  healthReport: HealthReport | null = null;
  bans: RunningSensor['bans'] = null;
  /** What the next reloads wait for. */
  gate: Promise<void> = Promise.resolve();
  counterValues: Record<string, number> = {
    'decoder.pkts': 1_234_567,
    'decoder.bytes': 2 ** 40,
    'capture.kernel_drops': 3,
    'flow.total': 4,
    'tcp.sessions': 0,
    'detect.alert': 5,
  };

  interfaces(): InterfaceStat[] {
    const none = { packets: 0, bytes: 0, kernelDrops: 0, interfaceDrops: 0, invalidChecksums: 0 };
    return [
      { name: 'eth0', packets: 10, bytes: 20_000, kernelDrops: 3, interfaceDrops: 4, invalidChecksums: 5, up: true },
      { ...none, name: 'span "1"\\', up: false },
    ];
  }

  counters(): Record<string, number> {
    return this.counterValues;
  }

  health(): HealthReport | null {
    return this.healthReport;
  }

  async reloadRules(): Promise<ReloadReport> {
    this.asked.push('reload');
    await this.gate;
    return this.report;
  }

  ruleset(): ReloadReport & { atMs: number } {
    return { ...this.report, atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678) };
  }

  refusedRules(): readonly RuleNote[] {
    return this.refused;
  }

  async reopenLogs(): Promise<void> {
    this.asked.push('reopen');
  }

  setting(path: string): string | undefined {
    if (path === 'breaks') throw new TypeError('a defect');
    return path === 'sensor-name' ? 'büro' : undefined;
  }

  async changeDataset(action: 'add' | 'remove', name: string, type: string, value: string): Promise<string | null> {
    this.asked.push(`${action} ${name} ${type} ${value}`);
    return name === 'absent' ? 'set not found or wrong type' : null;
  }

  async shutdown(): Promise<void> {
    this.asked.push('shutdown');
  }
}
