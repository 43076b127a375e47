/** Records to lines of EVE JSON. */
import { CommunityId } from '../community-id.js';
import type { EventRecord, RuleInfo } from '../records.js';
import { alertEvent, packetEvent } from './alert.js';
import { anomalyEvent } from './anomaly.js';
import type { EveOptions } from './config.js';
import { dropEvent } from './drop.js';
import { fileInfoEvent } from './fileinfo.js';
import { flowEvent } from './flow.js';
import type { EveContext } from './header.js';
import { httpEvent } from './http.js';
import { statsEvent } from './stats.js';

/** Flows whose drop was already told, a direction, with `flows: start`; the oldest are forgotten past this many. */
const DropFlowsMax = 65_536;

export class EveWriter {
  private readonly ctx: EveContext;
  private readonly dropped = new Set<string>();

  constructor(options: EveOptions, live: boolean) {
    this.ctx = {
      options,
      communityId: options.communityIdSeed === null ? null : new CommunityId(options.communityIdSeed),
      origins: [],
      live,
      rule: () => null,
    };
  }

  /** Sets where alerts and drops find their rule, before the records of a batch are written. */
  useRules(rule: (index: number) => RuleInfo | null): void {
    this.ctx.rule = rule;
  }

  /** One line with its newline, or '' when this kind of event is not written. */
  line(r: EventRecord): string {
    const line = this.event(r);
    return line === '' ? '' : this.ctx.options.prefix + line;
  }

  private event(r: EventRecord): string {
    const o = this.ctx.options;
    switch (r.kind) {
      case 'http':
        return o.http === null ? '' : httpEvent(this.ctx, r, o.http);
      case 'alert':
        return o.alert === null ? '' : alertEvent(this.ctx, r, o.alert);
      case 'flow':
        return o.flow ? flowEvent(this.ctx, r) : '';
      case 'anomaly':
        return o.anomaly === null ? '' : anomalyEvent(this.ctx, r, o.anomaly);
      case 'drop':
        if (o.drop === null || (!o.drop.all && this.toldBefore(r.flowId, r.direction))) return '';
        return dropEvent(this.ctx, r, o.drop);
      case 'fileinfo':
        return o.fileinfo ? fileInfoEvent(this.ctx, r) : '';
      case 'packet':
        return o.alert?.taggedPackets ? packetEvent(this.ctx, r) : '';
      case 'origins':
        this.ctx.origins = r.names;
        return '';
      case 'lines':
        return Buffer.from(r.bytes).toString('latin1');
      case 'frames':
        return '';
      case 'stats':
        return o.stats ? statsEvent(r) : '';
    }
  }

  /** `drop.flows: start`: one event a flow and direction; packets without a flow are always told. */
  private toldBefore(flowId: number, direction: string | null): boolean {
    if (flowId === 0) return false;
    const key = `${flowId} ${direction}`;
    if (this.dropped.has(key)) return true;
    if (this.dropped.size >= DropFlowsMax) {
      const oldest = this.dropped.values().next().value;
      if (oldest !== undefined) this.dropped.delete(oldest);
    }
    this.dropped.add(key);
    return false;
  }
}
