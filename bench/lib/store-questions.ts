/** Questions that people ask of a store of made alerts (made-alerts.ts), each as one function. */
import { addressRange, addressText } from '../../src/output/address-bytes.js';
import type { Condition } from '../../src/output/store/condition.js';
import type { Database } from '../../src/output/store/open.js';
import { countAlertsOf, selectAlerts } from '../../src/output/store/select.js';
import { type TopField, timelineOf, topOf } from '../../src/output/store/top.js';
import { CommonWord, RareWord } from './made-alerts.js';

export interface Question {
  name: string;
  /** Looks at all alerts. */
  whole: boolean;
  ask(): unknown;
}

/** Rows of a page of the list. */
const Page = 100;

interface Sample {
  time_us: number;
  src: Buffer;
  url: string;
  flow: number;
}

export function questions(db: Database): Question[] {
  const row = db.prepare(
    `SELECT a.*, h.*, s.msg, t.value FROM alert a JOIN signature s ON s.id = a.signature_id LEFT JOIN http h ON h.id = a.http_id
     LEFT JOIN text t ON t.id = a.url_id LEFT JOIN bytes p ON p.id = a.payload_id WHERE a.id = ?`,
  );
  const find = db.prepare(
    `SELECT a.time_us, a.src, t.value AS url, f.flow_id AS flow FROM alert a JOIN text t ON t.id = a.url_id JOIN flow f ON f.id = a.flow_id
     WHERE a.id >= ? AND length(a.src) = 4 LIMIT 1`,
  );
  const last = db.prepare('SELECT max(id) FROM alert').pluck().get() as number;
  const first = db.prepare('SELECT min(time_us) FROM alert').pluck().get() as number;
  const some = find.get(Math.floor(last / 3)) as Sample;
  const span = (find.get(last - 50) as Sample).time_us - first;
  const range = (text: string) => [addressRange(text)].filter((r) => r !== null);
  const src = addressText(some.src);
  const list = (name: string, c: Condition): Question => ({
    name: `list ${name}`,
    whole: false,
    ask: () => {
      let n = 0;
      for (const { id } of selectAlerts(db, c, { newest: true })) {
        row.get(id);
        if (++n === Page) break;
      }
      return n;
    },
  });
  const top = (by: TopField, c: Condition = { and: [] }, of = ''): Question => ({
    name: `top ${by}${of}`,
    whole: of === '',
    ask: () => topOf(db, c, by, 10),
  });
  const hour = { fromUs: first, stepUs: Math.ceil((span + 1) / 720), steps: 720, bySignature: false };
  const spans = (n: number) => [{ lo: n, hi: n }];
  return [
    list('the newest', { and: [] }),
    list('until the third day', { field: 'time', since: null, until: first + span / 10 }),
    list('of a common signature', { field: 'signature', ids: [1] }),
    list('of a rare signature', { field: 'signature', ids: [1990] }),
    list('of a rare source', { field: 'src', ranges: range(src) }),
    list('of a network', { field: 'src', ranges: range(`${src}/20`) }),
    list('of an address never seen', { field: 'ip', ranges: range('203.0.113.7') }),
    list('of a destination', { field: 'dst', ranges: range('198.51.100.249') }),
    list('of a port', { field: 'port', spans: spans(8099) }),
    list('of a status', { field: 'status', spans: spans(418) }),
    list('of a status never seen', { field: 'status', spans: spans(599) }),
    list('of a method', { field: 'method', words: ['PROPFIND'] }),
    list('of a host', { field: 'host', has: 'cart17.ex' }),
    list('of a common part of URLs', { field: 'url', has: CommonWord }),
    list('of one URL', { field: 'url', has: some.url, exact: true }),
    list('of a rare part of URLs', { field: 'url', has: some.url.slice(3, 30) }),
    list('of a user agent', { field: 'user_agent', has: 'agent/2999' }),
    list('blocked', { field: 'blocked', value: 1 }),
    list('of a flow', { field: 'flow', ids: [some.flow] }),
    list('with a rare word', { field: 'text', text: RareWord, prefix: false }),
    list('with a common word', { field: 'text', text: CommonWord, prefix: false }),
    list('with a phrase', { field: 'text', text: `etc/${CommonWord}`, prefix: false }),
    { name: 'show one', whole: false, ask: () => row.get(Math.floor(last / 2)) },
    { name: 'count blocked', whole: false, ask: () => countAlertsOf(db, { field: 'blocked', value: 1 }) },
    {
      name: 'timeline of a signature',
      whole: false,
      ask: () => timelineOf(db, { field: 'signature', ids: [3] }, hour),
    },
    { name: 'timeline', whole: true, ask: () => timelineOf(db, { and: [] }, hour) },
    top('signature'),
    top('src'),
    top('dst'),
    top('host'),
    top('url'),
    top('user_agent'),
    top('src', { field: 'signature', ids: [3] }, ' of a signature'),
  ];
}
