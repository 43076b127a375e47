/** Finds requests of clients behind a trusted proxy that are banned (inline): each request is looked at once, with its head. */
import { column } from '../core/columns.js';
import { counter, counts } from '../core/counters.js';
import type { Settings } from '../core/settings.js';
import { FlowLimit, flows } from '../flow/columns.js';
import type { HttpTransaction } from '../http/tx.js';
import { firstTransaction } from '../http/tx-list.js';
import { realClient } from '../output/encode-client.js';
import { type ClientSource, xffOptions } from '../output/proxies.js';
import { TxProgress } from '../protocol/buffers.js';
import type { ClientTable } from '../respond/client-table.js';

const cRefused = counter('ban.requests_dropped');

/** Number of the first transaction of a flow not looked at yet, valid for the flow of that serial number. */
const nextTx = column.i32(FlowLimit.Max + 1);
const serials = column.f64(FlowLimit.Max + 1);

export class BannedClients {
  private readonly source: ClientSource;

  constructor(
    settings: Settings,
    private readonly table: ClientTable,
  ) {
    this.source = xffOptions(settings, 'outputs.eve-log').source;
  }

  /** Whether a request that this flow carries is of a banned client. */
  refuses(flow: number): boolean {
    if (this.table.size === 0) return false;
    if (serials[flow] !== flows.serial[flow]) {
      serials[flow] = flows.serial[flow];
      nextTx[flow] = 0;
    }
    for (let tx = firstTransaction(flow); tx !== null; tx = tx.next) {
      if (tx.id < nextTx[flow] || tx.requestProgress <= TxProgress.Headers) continue;
      nextTx[flow] = tx.id + 1;
      if (!this.isBanned(flow, tx)) continue;
      counts[cRefused]++;
      return true;
    }
    return false;
  }

  private isBanned(flow: number, tx: HttpTransaction): boolean {
    const client = realClient(flow, tx, this.source);
    return client !== '' && this.table.has(client);
  }
}
