/** `peccary alerts top`. */
import { addressText, shortAddressText } from '../output/address-bytes.js';
import { timestamp } from '../output/eve/json.js';
import { type TopBy, type TopRow, topAlerts } from '../output/store/query.js';
import { type DatabaseFlags, type FilterFlags, filterOf, withDatabase } from './alerts-options.js';
import { Printer } from './alerts-print.js';
import { severityStyle, shortTime, sidText } from './alerts-row.js';
import { type Column, type Format, outputWidth, render } from './format.js';
import { painter } from './text.js';

export interface TopFlags extends DatabaseFlags, FilterFlags {
  by: TopBy;
  limit: number;
  format: Format;
}

const titles: Record<TopBy, string> = {
  signature: 'signature',
  src: 'source',
  client: 'client',
  dst: 'destination',
  host: 'host',
  url: 'url',
};

function columnsOf(by: TopBy): Column<TopRow>[] {
  const value: Column<TopRow> = {
    title: titles[by],
    text: (r) => (typeof r.value === 'string' ? r.value : shortAddressText(r.value)),
    elastic: true,
  };
  const count: Column<TopRow> = { title: 'alerts', text: (r) => String(r.count), right: true };
  const times: Column<TopRow>[] = [
    { title: 'first', text: (r) => shortTime(r.firstUs) },
    { title: 'last', text: (r) => shortTime(r.lastUs) },
  ];
  if (by !== 'signature') return [count, value, ...times];
  return [
    count,
    { title: 'sev', text: (r) => String(r.severity), right: true, style: (r) => severityStyle(r.severity ?? 3) },
    { title: 'sid', text: (r) => sidText(r.gid ?? 1, r.sid ?? 0), right: true },
    value,
    ...times,
  ];
}

/** What JSON has of a row. */
function objectOf(by: TopBy): (r: TopRow) => object {
  const keys: Record<TopBy, string> = {
    signature: 'signature',
    src: 'src_ip',
    client: 'client_ip',
    dst: 'dest_ip',
    host: 'hostname',
    url: 'url',
  };
  return (r) => ({
    count: r.count,
    ...(by === 'signature' ? { gid: r.gid, signature_id: r.sid, severity: r.severity } : {}),
    [keys[by]]: typeof r.value === 'string' ? r.value : addressText(r.value),
    first: timestamp(r.firstUs),
    last: timestamp(r.lastUs),
  });
}

export async function top(flags: TopFlags): Promise<void> {
  const limit = flags.limit === 0 ? -1 : flags.limit;
  const rows = await withDatabase(flags, (db) => topAlerts(db, filterOf(db, flags), flags.by, limit));
  const printer = new Printer();
  if (rows.length === 0 && flags.format === 'table') await printer.print('No alerts.\n');
  else {
    const paint = painter(process.stdout, flags.color);
    await printer.print(
      render(rows, columnsOf(flags.by), objectOf(flags.by), flags.format, outputWidth(process.stdout), paint),
    );
  }
  await printer.flush();
}
