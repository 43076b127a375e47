/**
 * Runs frames through the sensor's own pipeline in this thread, as the thread of a replay does, and counts what would
 * be reported instead of handing it over. One at a time: the stages are those of the process.
 */
import { readFileSync } from 'node:fs';
import { bindAlerts } from '../../src/alert/verdict.js';
import { poolUsed } from '../../src/applayer/pool.js';
import { Batch, BatchLimit, SourceStatus } from '../../src/capture/batch.js';
import { openSource } from '../../src/capture/source.js';
import { Region, u8 } from '../../src/core/memory.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { fragmentsHeld, trackerCount } from '../../src/defrag/trackers.js';
import { installRules } from '../../src/detect/engine.js';
import { storedCells } from '../../src/detect/stored-state.js';
import { bitsInUse } from '../../src/flow/bits.js';
import { flowCount } from '../../src/flow/table.js';
import { openConns } from '../../src/http/conn.js';
import { openTransactions } from '../../src/http/tx.js';
import type { OutputPort } from '../../src/output/port.js';
import type { EventRecord } from '../../src/output/records.js';
import type { Wants } from '../../src/output/wants.js';
import { LinkType } from '../../src/protocol/link-type.js';
import { type CompiledRules, compileRules } from '../../src/rules/compile/compile.js';
import { parseRuleText } from '../../src/rules/load.js';
import { Pipeline } from '../../src/sensor/pipeline.js';
import { Reporter } from '../../src/sensor/reporter.js';
import { configureStages } from '../../src/sensor/stages.js';
import { pagesInUse } from '../../src/stream/pages.js';
import type { TimedFrame } from './session.js';

const wants: Wants = {
  live: false,
  alert: true,
  http: true,
  httpOfAlerts: false,
  httpLines: false,
  flow: true,
  flowOfAlerts: false,
  anomalyDecode: true,
  anomalyStream: true,
  anomalyApplayer: true,
  anomalyPacket: false,
  drop: true,
  fileinfo: true,
  filesOfAlerts: false,
  stats: false,
  tagged: true,
  payloadLen: 4096,
  packet: true,
  bodies: true,
  matches: true,
  alertClient: null,
  packets: null,
  httpClient: null,
};

const compiled = new Map<string, CompiledRules>();

function rulesOf(text: string, settings: Settings, anew: boolean): CompiledRules {
  if (anew) return compileRules(parseRuleText(text, settings), settings);
  let rules = compiled.get(text);
  if (rules === undefined) {
    rules = compileRules(parseRuleText(text, settings), settings);
    compiled.set(text, rules);
  }
  return rules;
}

/** Everything in `signatures/` as one text. */
export function bundledRules(names: readonly string[]): string {
  return names.map((name) => readFileSync(new URL(`../../../signatures/${name}`, import.meta.url), 'utf8')).join('\n');
}

export class PipelineRun {
  /** Records by kind. */
  readonly records: Record<string, number> = {};
  /** Gets each record as it would be handed over. */
  onRecord: ((r: EventRecord) => void) | null = null;
  readonly reporter: Reporter;
  private readonly rules: CompiledRules;
  private readonly pipeline: Pipeline;
  private readonly batch = new Batch();
  private at: number = Region.ArenaOff;

  /** `anew`: the compiled rules are not kept for a next run with the same text. */
  constructor(rulesText: string, tree: Tree = {}, inline = false, anew = false) {
    const settings = new Settings(tree);
    configureStages(settings, 'none', inline, '/nonexistent');
    const rules = rulesOf(rulesText, settings, anew);
    this.rules = rules;
    installRules(rules);
    bindAlerts(rules);
    const port = {
      wants,
      push: (r: EventRecord) => {
        this.records[r.kind] = (this.records[r.kind] ?? 0) + 1;
        this.onRecord?.(r);
      },
    };
    this.reporter = new Reporter(port as unknown as OutputPort, rules);
    this.pipeline = new Pipeline(this.reporter, inline);
    this.batch.firstNo = 1;
  }

  /** Frames in batches of at most `most` packets. */
  feed(frames: Iterable<TimedFrame>, most: number = BatchLimit.Packets, linkType: number = LinkType.Ethernet): this {
    for (const f of frames) {
      if (this.batch.count === most || this.at + f.bytes.length > Region.ArenaEnd) this.flush();
      const i = this.batch.count++;
      u8.set(f.bytes, this.at);
      this.batch.off[i] = this.at;
      this.batch.capLen[i] = f.bytes.length;
      this.batch.wireLen[i] = f.wireLen ?? f.bytes.length;
      this.batch.tsUs[i] = f.tsUs;
      this.batch.linkType[i] = linkType;
      this.at += f.bytes.length;
    }
    this.flush();
    return this;
  }

  private flush(): void {
    const { batch } = this;
    if (batch.count > 0) this.pipeline.processBatch(batch);
    batch.firstNo += batch.count;
    batch.count = 0;
    this.at = Region.ArenaOff;
  }

  /** Every packet of capture files. */
  files(paths: string[]): this {
    const source = openSource(paths);
    while (source.next(this.batch) === SourceStatus.Packets) this.pipeline.processBatch(this.batch);
    source.close();
    return this;
  }

  /** Packets so far. */
  get packets(): number {
    return this.pipeline.packets;
  }

  /** Alerts of a rule. */
  alerts(sid: number): number {
    return this.reporter.byRule[this.rules.rules.findIndex((rule) => rule.sid === sid)];
  }

  /** Ends all flows. */
  finish(): this {
    this.pipeline.finish();
    return this;
  }
}

/** What the pools of all stages hold now, by pool; all 0 when no flow is left and no fragment waits. */
export function poolsInUse(): Record<string, number> {
  return {
    flows: flowCount(),
    segmentPages: pagesInUse(),
    httpBytes: poolUsed(),
    transactions: openTransactions(),
    connections: openConns(),
    trackers: trackerCount(),
    fragments: fragmentsHeld(),
    flowBits: bitsInUse(),
    storedCells: storedCells(),
  };
}
