/**
 * The alert database. `PRAGMA user_version` is the number of migrations applied; a file of an older version is brought
 * up to date when it is opened for writing, one of a newer version is refused.
 *
 * Written for ten million alerts: an alert row holds integers, two short address blobs and a small JSON rest; text that
 * repeats (hosts, URLs, user agents) is in `text` once, bytes (payloads, packets, heads, bodies) in `bytes` once a run.
 * Times are microseconds since 1970. Addresses are 4 or 16 bytes in network order, so that a CIDR block is a range of
 * an index. Dedup goes by 52 bits of SHA-1 (an exact JavaScript integer) and then by comparing.
 */

/** PRAGMA application_id of our files: "PECC". */
export const ApplicationId = 0x50454343;

const first = `
CREATE TABLE sensor (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again, so that a script that names a run is not misled
  sensor_id INTEGER NOT NULL REFERENCES sensor (id),
  kind TEXT NOT NULL,              -- replay, live
  name TEXT NOT NULL,              -- the inputs as given, one a line: what a later replay of the same is known by
  version TEXT NOT NULL,           -- of Peccary
  started_us INTEGER NOT NULL,     -- clock time
  ended_us INTEGER,                -- NULL: running, or killed
  first_us INTEGER,                -- capture time of the first and last packet
  last_us INTEGER,
  packets INTEGER,
  bytes INTEGER,
  lost_events INTEGER NOT NULL DEFAULT 0,
  origins TEXT NOT NULL DEFAULT '[]' -- JSON list of capture files or interfaces, by alert.origin
) STRICT;
CREATE INDEX run_name ON run (name);

CREATE TABLE signature (
  id INTEGER PRIMARY KEY,
  gid INTEGER NOT NULL,
  sid INTEGER NOT NULL,
  rev INTEGER NOT NULL,
  msg TEXT NOT NULL,
  action TEXT NOT NULL,
  severity INTEGER NOT NULL,
  classtype TEXT,
  category TEXT NOT NULL,
  refs TEXT NOT NULL,              -- JSON [{type, value}]
  metadata TEXT NOT NULL,          -- JSON [[key, value]]
  target TEXT,
  file TEXT NOT NULL,
  line INTEGER NOT NULL,
  rule TEXT NOT NULL
) STRICT;
CREATE INDEX signature_sid ON signature (sid, gid, rev);

CREATE TABLE text (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,
  value TEXT NOT NULL
) STRICT;
CREATE INDEX text_hash ON text (hash);

CREATE TABLE bytes (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL,
  hash INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;
CREATE INDEX bytes_hash ON bytes (run_id, hash);

CREATE TABLE flow (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL,
  flow_id INTEGER NOT NULL,        -- EVE's
  proto TEXT NOT NULL,
  src BLOB NOT NULL,               -- client
  dst BLOB NOT NULL,
  src_port INTEGER NOT NULL,
  dst_port INTEGER NOT NULL,
  start_us INTEGER NOT NULL,
  last_us INTEGER NOT NULL,
  pkts_toserver INTEGER NOT NULL,
  pkts_toclient INTEGER NOT NULL,
  bytes_toserver INTEGER NOT NULL,
  bytes_toclient INTEGER NOT NULL,
  app_proto TEXT NOT NULL,
  state TEXT,                      -- NULL until the flow has ended
  reason TEXT
) STRICT;
CREATE UNIQUE INDEX flow_key ON flow (run_id, flow_id);

CREATE TABLE http (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL,
  flow_id INTEGER NOT NULL REFERENCES flow (id),
  tx_id INTEGER NOT NULL,
  method TEXT,
  host_id INTEGER REFERENCES text (id),
  port INTEGER NOT NULL,
  url_id INTEGER REFERENCES text (id),
  protocol TEXT,
  status INTEGER NOT NULL,
  status_string TEXT,
  user_agent_id INTEGER REFERENCES text (id),
  referer_id INTEGER REFERENCES text (id),
  content_type TEXT,
  redirect TEXT,
  xff TEXT,
  content_range TEXT,
  length INTEGER NOT NULL,
  request_head_id INTEGER REFERENCES bytes (id),
  response_head_id INTEGER REFERENCES bytes (id),
  request_body_id INTEGER REFERENCES bytes (id),
  response_body_id INTEGER REFERENCES bytes (id)
) STRICT;
CREATE UNIQUE INDEX http_key ON http (flow_id, tx_id);
CREATE INDEX http_run ON http (run_id);

CREATE TABLE alert (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run (id),
  time_us INTEGER NOT NULL,
  signature_id INTEGER NOT NULL REFERENCES signature (id),
  src BLOB NOT NULL,               -- of the packet; empty without an IP header
  dst BLOB NOT NULL,
  src_port INTEGER NOT NULL,       -- -1: the protocol has none
  dst_port INTEGER NOT NULL,
  proto TEXT NOT NULL,
  blocked INTEGER NOT NULL,        -- 0, 1
  pcap_cnt INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  flow_id INTEGER REFERENCES flow (id),
  http_id INTEGER REFERENCES http (id),
  host_id INTEGER REFERENCES text (id),
  url_id INTEGER REFERENCES text (id),
  payload_id INTEGER REFERENCES bytes (id),
  packet_id INTEGER REFERENCES bytes (id),
  rest TEXT NOT NULL               -- JSON: fields of the event that no query asks for, and the matched ranges
) STRICT;
CREATE INDEX alert_run ON alert (run_id, time_us);
CREATE INDEX alert_time ON alert (time_us);
CREATE INDEX alert_signature ON alert (signature_id, time_us);
CREATE INDEX alert_src ON alert (src, time_us);
CREATE INDEX alert_dst ON alert (dst, time_us);
CREATE INDEX alert_host ON alert (host_id, time_us);
CREATE INDEX alert_url ON alert (url_id, time_us);
`;

/**
 * The real client, as a proxy tells it; and an index for each reference that is asked when alerts are removed
 * (retention.ts): who else uses this row?
 */
const second = `
ALTER TABLE alert ADD COLUMN client BLOB; -- NULL: no proxy named one
CREATE INDEX alert_client ON alert (client, time_us) WHERE client IS NOT NULL;
CREATE INDEX alert_transaction ON alert (flow_id, http_id);
CREATE INDEX alert_payload ON alert (payload_id) WHERE payload_id IS NOT NULL;
CREATE INDEX alert_packet ON alert (packet_id) WHERE packet_id IS NOT NULL;
CREATE INDEX http_host ON http (host_id) WHERE host_id IS NOT NULL;
CREATE INDEX http_url ON http (url_id) WHERE url_id IS NOT NULL;
CREATE INDEX http_user_agent ON http (user_agent_id) WHERE user_agent_id IS NOT NULL;
CREATE INDEX http_referer ON http (referer_id) WHERE referer_id IS NOT NULL;
CREATE INDEX http_request_head ON http (request_head_id) WHERE request_head_id IS NOT NULL;
CREATE INDEX http_response_head ON http (response_head_id) WHERE response_head_id IS NOT NULL;
CREATE INDEX http_request_body ON http (request_body_id) WHERE request_body_id IS NOT NULL;
CREATE INDEX http_response_body ON http (response_body_id) WHERE response_body_id IS NOT NULL;
`;

/** What people did with alerts; rows only for those that somebody touched. They go with their alerts. */
const third = `
CREATE TABLE triage (
  alert_id INTEGER PRIMARY KEY REFERENCES alert (id),
  archived INTEGER NOT NULL DEFAULT 0,   -- 0, 1
  escalated INTEGER NOT NULL DEFAULT 0   -- 0, 1
) STRICT;
CREATE INDEX triage_escalated ON triage (alert_id) WHERE escalated = 1;

CREATE TABLE alert_tag (
  alert_id INTEGER NOT NULL REFERENCES alert (id),
  tag TEXT NOT NULL,               -- lower case
  PRIMARY KEY (alert_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_tag_tag ON alert_tag (tag, alert_id);

CREATE TABLE alert_note (
  id INTEGER PRIMARY KEY,
  alert_id INTEGER NOT NULL REFERENCES alert (id),
  time_us INTEGER NOT NULL,        -- clock time
  who TEXT NOT NULL,
  action TEXT NOT NULL,            -- comment, archived, unarchived, escalated, deescalated, tagged, untagged, suppressed, threshold
  text TEXT NOT NULL
) STRICT;
CREATE INDEX alert_note_alert ON alert_note (alert_id, id);
`;

const httpText = ['host_id', 'url_id', 'user_agent_id', 'referer_id'];
const httpBytes = ['request_head_id', 'response_head_id', 'request_body_id', 'response_body_id'];

/** Who uses rows of `text` and `bytes`: transactions, and alerts for what their transaction does not have (http-table.ts). */
export const usesOf = {
  text: [
    ...httpText.map((c) => `SELECT ${c} AS id FROM http`),
    'SELECT host_id FROM alert WHERE http_id IS NULL',
    'SELECT url_id FROM alert WHERE http_id IS NULL',
  ],
  bytes: [
    ...httpBytes.map((c) => `SELECT ${c} AS id FROM http`),
    'SELECT packet_id FROM alert',
    `SELECT payload_id FROM alert a LEFT JOIN http h ON h.id = a.http_id
     WHERE NOT coalesce(a.payload_id IN (${httpBytes.map((c) => `h.${c}`).join(', ')}), 0)`,
  ],
};

/** SQL that counts all users anew and removes what has none. */
export const countUses = (['text', 'bytes'] as const)
  .map(
    (t) => `DELETE FROM ${t}_use;
INSERT INTO ${t}_use (id, n) SELECT id, count(*) - 1 FROM (${usesOf[t].join(' UNION ALL ')}) WHERE id IS NOT NULL GROUP BY id;
DELETE FROM ${t} WHERE id NOT IN (SELECT id FROM ${t}_use);
DELETE FROM ${t}_use WHERE n = 0;`,
  )
  .join('\n');

/**
 * Filters and counts are answered from columns (blocks.ts, select.ts), so that an alert costs few index entries; who else
 * uses text and bytes is counted (uses.ts) instead of looked up.
 */
const fourth = `
DROP INDEX alert_signature; DROP INDEX alert_src; DROP INDEX alert_dst; DROP INDEX alert_host; DROP INDEX alert_url;
DROP INDEX alert_client; DROP INDEX alert_payload; DROP INDEX alert_packet;
DROP INDEX http_run; DROP INDEX http_host; DROP INDEX http_url; DROP INDEX http_user_agent; DROP INDEX http_referer;
DROP INDEX http_request_head; DROP INDEX http_response_head; DROP INDEX http_request_body; DROP INDEX http_response_body;
DROP INDEX flow_key;
CREATE UNIQUE INDEX flow_number ON flow (flow_id, run_id);

CREATE TABLE bytes_new (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL,
  hash INTEGER,                    -- NULL: nothing is looked for among these
  data BLOB NOT NULL,
  kind INTEGER NOT NULL            -- 0: full text is searched in it, 1: a packet
) STRICT;
INSERT INTO bytes_new SELECT id, run_id, NULL, data, id IN (SELECT packet_id FROM alert) FROM bytes;
DROP TABLE bytes;
ALTER TABLE bytes_new RENAME TO bytes;
CREATE INDEX bytes_hash ON bytes (hash, run_id) WHERE hash IS NOT NULL;

-- Users of a row beyond one; no row: one.
CREATE TABLE text_use (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;
CREATE TABLE bytes_use (id INTEGER PRIMARY KEY, n INTEGER NOT NULL) STRICT;
${countUses}

-- 32,768 alerts with consecutive ids, of which there are columns.
CREATE TABLE block (
  id INTEGER PRIMARY KEY,          -- alert.id / 32768
  first_us INTEGER NOT NULL,       -- least and greatest time
  last_us INTEGER NOT NULL,
  alerts INTEGER NOT NULL,         -- when the columns were made
  removed INTEGER NOT NULL DEFAULT 0 -- since then
) STRICT;
CREATE TABLE block_column (
  id INTEGER PRIMARY KEY,          -- block * 32 + field
  lo INTEGER NOT NULL,             -- least and greatest value, where values are numbers
  hi INTEGER NOT NULL,
  data BLOB NOT NULL
) STRICT;
-- Alerts that changed after the columns of their block were made.
CREATE TABLE late (alert_id INTEGER PRIMARY KEY) STRICT;

-- Words of text.value and bytes.data (words.ts), by their ids; rows with ids up to words_done.done are in there.
CREATE VIRTUAL TABLE text_words USING fts5 (words, content = '', contentless_delete = 1, detail = none, tokenize = ascii);
CREATE VIRTUAL TABLE bytes_words USING fts5 (words, content = '', contentless_delete = 1, detail = none, tokenize = ascii);
CREATE TABLE words_done (name TEXT PRIMARY KEY, done INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO words_done VALUES ('text', 0), ('bytes', 0);
`;

/** Events of EVE files that were imported, as they are written there. */
const fifth = `
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run (id),
  time_us INTEGER NOT NULL,
  type TEXT NOT NULL,              -- event_type
  flow_id INTEGER,                 -- EVE's
  alert_id INTEGER REFERENCES alert (id),
  json TEXT NOT NULL
) STRICT;
CREATE INDEX event_run ON event (run_id, time_us);
CREATE INDEX event_flow ON event (flow_id) WHERE flow_id IS NOT NULL;
CREATE INDEX event_alert ON event (alert_id) WHERE alert_id IS NOT NULL;
`;

/** Tables whose rows belong to one alert each, by alert_id. */
export const triageTables: readonly string[] = ['triage', 'alert_tag', 'alert_note', 'event'];

/** Migration i brings a database from version i to i + 1. Never edited once released. */
export const migrations: readonly string[] = [first, second, third, fourth, fifth];
