/** The commands of the control socket, with the answers and the words of Suricata 7. */
import { PeccaryError } from '../core/errors.js';
import { packageVersion } from '../core/package-root.js';
import type { ReloadReport, RunningSensor } from '../sensor/running.js';
import { banCommands } from './ban-commands.js';
import { counterTree } from './counter-tree.js';
import { type Arguments, done, type Reply, type Request, refused } from './messages.js';
import { refusedRuleTexts } from './refused-rules.js';
import { uptimeSince } from './uptime.js';

type Handler = (args: Arguments) => Reply | Promise<Reply>;

const DatasetTypes = ['string', 'md5', 'sha256', 'ipv4', 'ip'];

/** Runs commands on one sensor. */
export class Commander {
  private readonly table: ReadonlyMap<string, Handler>;
  private readonly upSeconds: () => number;
  private reloading = false;

  /** `note` is told what goes wrong after the client had its answer. */
  constructor(
    private readonly sensor: RunningSensor,
    private readonly note: (message: string) => void,
  ) {
    this.upSeconds = uptimeSince(sensor.startedMs);
    this.table = new Map(Object.entries(this.commands()));
  }

  /** Answers a request; never rejects. */
  async run({ command, arguments: args }: Request): Promise<Reply> {
    const handler = this.table.get(command);
    if (handler === undefined) return refused('Unknown command');
    try {
      return await handler(args);
    } catch (error) {
      if (error instanceof PeccaryError) return refused(error.message);
      this.note(`control socket: ${command}: a defect: ${error instanceof Error ? error.stack : String(error)}`);
      return refused(`${command}: a defect in Peccary itself, see its log`);
    }
  }

  private commands(): Record<string, Handler> {
    const { sensor } = this;
    const list = (): Reply => done({ count: this.table.size, commands: [...this.table.keys()] });
    const reload = (): Promise<Reply> => this.reload(true);
    return {
      shutdown: () => ({ ok: true, message: 'Closing Peccary', after: () => this.shutDown() }),
      'command-list': list,
      help: list,
      version: () => done(`Peccary ${packageVersion()}`),
      uptime: () => done(this.uptime()),
      'running-mode': () => done(sensor.runningMode),
      'capture-mode': () => done(sensor.captureMode),
      'conf-get': (args) => this.setting(args),
      'dump-counters': () => done({ uptime: this.uptime(), ...counterTree(sensor.counters()) }),
      health: () => this.health(),
      ...banCommands(sensor),
      'reload-rules': reload,
      'ruleset-reload-rules': reload,
      'ruleset-reload-nonblocking': () => this.reload(false),
      'ruleset-reload-time': () => done([{ id: 0, last_reload: timestamp(sensor.ruleset().atMs) }]),
      'ruleset-stats': () => done([rulesetStats(sensor.ruleset())]),
      'ruleset-failed-rules': async () => done(await refusedRuleTexts(sensor.refusedRules())),
      'reopen-log-files': () => sensor.reopenLogs().then(() => done('done')),
      'dataset-add': (args) => this.changeDataset('add', args),
      'dataset-remove': (args) => this.changeDataset('remove', args),
      'iface-stat': (args) => this.interfaceStat(args),
      'iface-list': () => {
        const names = sensor.interfaces().map(({ name }) => name);
        return done({ count: names.length, ifaces: names });
      },
      // Suricata tells here of flows that the network card or XDP passes by the engine. There is no such thing here.
      'iface-bypassed-stat': () => refused('No interface using bypass'),
    };
  }

  private uptime(): number {
    return Math.floor(this.upSeconds());
  }

  private setting(args: Arguments): Reply {
    const { variable } = args;
    if (typeof variable !== 'string') return refused('variable is not a string');
    const value = this.sensor.setting(variable);
    return value === undefined ? refused('Unable to get value') : done(value);
  }

  /** A command of Peccary's own. */
  private health(): Reply {
    const report = this.sensor.health();
    if (report === null) return refused('The first interval is not over yet');
    const { atMs, seconds, measures, unknown, findings } = report;
    return done({ at: timestamp(atMs), interval: seconds, measures, unknown, findings });
  }

  private interfaceStat(args: Arguments): Reply {
    const { iface } = args;
    if (typeof iface !== 'string') return refused('Iface is not a string');
    const stat = this.sensor.interfaces().find(({ name }) => name === iface);
    if (stat === undefined) return refused('Iface does not exist');
    return done({
      pkts: stat.packets,
      'invalid-checksums': stat.invalidChecksums,
      drop: stat.kernelDrops,
      bypassed: 0,
      // What Suricata does not tell.
      bytes: stat.bytes,
      'iface-drop': stat.interfaceDrops,
      up: stat.up,
    });
  }

  private async changeDataset(action: 'add' | 'remove', args: Arguments): Promise<Reply> {
    const { setname, settype, datavalue } = args;
    if (typeof setname !== 'string') return refused('setname is not a string');
    if (typeof settype !== 'string') return refused('settype is not a string');
    if (typeof datavalue !== 'string') return refused('datavalue is not string');
    if (!DatasetTypes.includes(settype)) return refused('unknown settype');
    const fault = await this.sensor.changeDataset(action, setname, settype, datavalue);
    return fault === null ? done(action === 'add' ? 'data added' : 'data removed') : refused(fault);
  }

  /** Unlike Suricata's, the answer says when the rules could not be loaded; those before are in force then. */
  private async reload(wait: boolean): Promise<Reply> {
    if (this.reloading) return refused('Reload already in progress');
    this.reloading = true;
    const ended = this.sensor.reloadRules().finally(() => {
      this.reloading = false;
    });
    if (wait) {
      const { fault } = await ended;
      return fault === null ? done('done') : refused(fault);
    }
    ended.then(
      ({ fault }) => fault !== null && this.note(`reload: ${fault}`),
      (error) => this.note(`reload: ${String(error)}`),
    );
    return done('done');
  }

  private shutDown(): void {
    this.sensor.shutdown().catch((error) => this.note(`shutdown: ${String(error)}`));
  }
}

function rulesetStats({ loaded, failed, skipped }: ReloadReport): object {
  return { id: 0, rules_loaded: loaded, rules_failed: failed, rules_skipped: skipped };
}

/** As in events: microseconds, and the zone without a colon. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000+0000');
}
