// The configuration reference: every stage is configured with settings that write down what they are asked for.

import { liveChecksums, liveInterfaces, liveThreads } from '../out/src/capture/live-config.js';
import { nfqueueConfig } from '../out/src/capture/nfqueue-config.js';
import { controlConfig } from '../out/src/control/control.js';
import { Settings } from '../out/src/core/settings.js';
import { outputConfig } from '../out/src/output/config.js';
import { banConfig } from '../out/src/respond/ban-config.js';
import { blockPage } from '../out/src/respond/block-page.js';
import { responseConfig } from '../out/src/respond/response-config.js';
import { stallSeconds } from '../out/src/sensor/heartbeat.js';
import { configureStages } from '../out/src/sensor/stages.js';

/** A configuration in which every part that is read only when it is there is there. */
const everything = {
  'af-packet': [{ interface: 'a' }],
  pcap: [{ interface: 'b' }],
  bans: { enabled: 'yes' },
  response: { interface: 'c' },
  outputs: [
    {
      'eve-log': {
        enabled: 'yes',
        types: ['alert', 'anomaly', 'http', 'drop', 'flow', 'stats'].map((type) => ({ [type]: { enabled: 'yes' } })),
      },
    },
    { 'eve-log': { enabled: 'yes', filetype: 'syslog', types: [] } },
    { fast: { enabled: 'yes' } },
    { 'file-store': { enabled: 'yes' } },
    { 'pcap-log': { enabled: 'yes' } },
    { metrics: { enabled: 'yes' } },
  ],
};

class Recorder extends Settings {
  asked = new Map();

  note(path, kind, fallback, range = '') {
    const key = path
      .replace(/^(af-packet|pcap)\.\d+\./, '$1.N.')
      .replace(/^outputs\.(\d+)\./, 'outputs.')
      .replace(/\.types\.\d+\./, '.types.');
    if (!this.asked.has(key)) this.asked.set(key, { kind, fallback, range });
  }

  string(path, fallback) {
    this.note(path, 'text', fallback);
    return super.string(path, fallback);
  }

  bool(path, fallback) {
    this.note(path, 'yes or no', fallback ? 'yes' : 'no');
    return super.bool(path, fallback);
  }

  int(path, fallback, min = 0, max = Number.MAX_SAFE_INTEGER) {
    this.note(path, 'integer', fallback, `${min} to ${max}`);
    return super.int(path, fallback, min, max);
  }

  size(path, fallback, min = 0, max = Number.MAX_SAFE_INTEGER) {
    this.note(path, 'size', bytes(fallback), `${bytes(min)} to ${bytes(max)}`);
    return super.size(path, fallback, min, max);
  }

  list(path, fallback = []) {
    this.note(path, 'list', fallback.join(', '));
    return super.list(path, fallback);
  }
}

/** 67108864 → "64mb", as suricata.yaml writes it. */
function bytes(n) {
  for (const [unit, size] of [
    ['gb', 2 ** 30],
    ['mb', 2 ** 20],
    ['kb', 2 ** 10],
  ]) {
    if (n >= size && n % size === 0) return `${n / size}${unit}`;
  }
  return String(n);
}

const open = (range) =>
  range.replace(/^0 to (9007199254740991|.*tb)$/, '').replace(/ to 9007199254740991$/, ' or more');

/** Keys with names of the user's own, and those that are read outside the stages: by the command line and the rule loader. */
const elsewhere = [
  ['include', 'file or list of files', '', ''],
  ['host-os-policy.POLICY', 'addresses', 'windows for all', ''],
  ['app-layer.protocols.http.libhtp.server-config', 'list: address and the keys of default-config', '', ''],
  ['default-log-dir', 'text', '.', ''],
  ['outputs.forwarded.trusted-proxies', 'list of addresses', 'anybody', ''],
  ['run-as.user', 'user that a sensor goes on as once root started it', 'whoever started it', ''],
  ['run-as.group', 'group', 'that of the user', ''],
  ['pcap-file.checksum-checks', 'yes, no or auto', 'auto', ''],
  ['vars.address-groups.NAME', 'addresses', "Suricata's", ''],
  ['vars.port-groups.NAME', 'ports', "Suricata's", ''],
  ['bans.rules', 'list: name, signatures, ban', 'failed logins and scanners', ''],
  ['default-rule-path', 'text', '/var/lib/suricata/rules', ''],
  ['rule-files', 'list', 'the bundled rules', ''],
  ['classification-file', 'text', 'the bundled one', ''],
  ['reference-config-file', 'text', 'the bundled one', ''],
  ['threshold-file', 'text', '', ''],
  ['rule-management.disable-conf', 'list of files', '', ''],
  ['rule-management.drop-conf', 'list of files', '', ''],
  ['rule-management.enable-conf', 'list of files', '', ''],
  ['rule-management.modify-conf', 'list of files', '', ''],
  ['action-order', 'list', 'pass, drop, reject, alert', ''],
  ['rule-cache.enabled', 'yes or no', 'yes', ''],
  ['rule-cache.directory', 'text', '$XDG_CACHE_HOME/peccary, else ~/.cache/peccary', ''],
  ['rule-cache.max-size', 'size', '512mb', ''],
];

/** Key, kind of value, default and range of all keys, in order. */
export function configurationKeys() {
  const recorder = new Recorder(everything, 'everything');
  configureStages(recorder, 'none', true, '.');
  outputConfig(recorder, { eve: null, logDir: '.', inline: true, live: false });
  for (const { name } of liveInterfaces(recorder, [], null)) {
    liveChecksums(recorder, name);
    liveThreads(recorder, [name]);
  }
  controlConfig(recorder, '.');
  banConfig(recorder, '.');
  responseConfig(recorder);
  nfqueueConfig(recorder, [0]);
  blockPage(recorder);
  stallSeconds(recorder);
  const rows = [...recorder.asked].map(([key, { kind, fallback, range }]) => [key, kind, fallback ?? '', open(range)]);
  const known = new Set(rows.map(([key]) => key));
  rows.push(...elsewhere.filter(([key]) => !known.has(key)));
  return rows.sort(([a], [b]) => (a < b ? -1 : 1));
}

export function configurationReference() {
  const rows = configurationKeys();
  return `<!-- Made by \`npm run docs\` from what the program asks the configuration for. -->

# Configuration keys

These keys of suricata.yaml are read, with Suricata's meaning and defaults; all others are named once.
Sizes take the units b, kb, mb and gb (powers of 1024). \`--set KEY=VALUE\` sets one key; elements of lists are numbered
(\`rule-files.0\`), entries of \`outputs\` also go by their name (\`outputs.fast.enabled\`).

| key | value | default | range |
| --- | --- | --- | --- |
${rows.map((row) => `| ${row.map((text) => String(text).replaceAll('|', '\\|')).join(' | ')} |`).join('\n')}

## Log files and the database

Besides Suricata's keys, \`outputs\` has these of Peccary's own.

- \`rotate-size\` of \`eve-log\` and \`fast\`: past it the file is renamed to NAME.1, the one before to NAME.2 and so on, and
  \`rotate-keep\` of them stay. \`rotate-interval\` opens the file anew, as in Suricata, under the name that \`filename\` gives
  at that time (\`eve-%Y-%m-%d.json\`); without a time in the name the file stays the same.
- \`filetype: syslog\`: \`path\` names the daemon's datagram socket (\`/dev/log\`), \`identity\` (\`peccary\`), \`facility\`
  (\`local0\`) and \`level\` (\`info\`) are Suricata's. Each line is a message, after \`prefix\`. Several \`eve-log\` and
  \`fast\` are each read; entries after the first go by number with \`--set\` (\`outputs.3.eve-log.enabled\`).
- \`database.max-age\` and \`database.max-size\`: how long the database of a running sensor keeps alerts (\`30d\`; \`no\` or
  \`0\`: no limit). The oldest are removed in small steps; \`peccary alerts prune\` does the same at once. Replays remove
  nothing by themselves.
- \`pcap-log\`: \`before\` and \`after\` are the window around an alert (\`conditional: alerts\`), \`flow-limit\` the bytes kept of
  one flow, \`buffer-size\` the memory of recent packets of each worker, \`max-size\` the bytes of all files together. A file
  is \`filename\`.SECONDS, with an index FILE.idx.
- \`forwarded.trusted-proxies\`: addresses and CIDR blocks of the proxies that are believed when they name the real client
  (X-Forwarded-For or the header in \`eve-log.xff.header\`, Forwarded, PROXY headers). The client is then the last address
  that is none of them. The database always has it; EVE with \`xff.enabled\`.
- \`queue.size\` and \`spill\`: what waits for the writer in memory and on disk. \`spill.when-full\`: \`wait\` or \`lose\` (the
  default of a running sensor).

## Bans and resets

\`bans\` and \`response\` are Peccary's own. Times take the units s, m, h, d and w.

- \`bans.rules\`: a list of entries with a \`name\`, the \`signatures\` whose matches count together (SID, GID:SID or
  \`classtype:NAME\`) and \`ban: after N in TIME for TIME by src|dst\`. \`src\` is who opened the connection, whichever
  direction the rule looks at; \`dst\` is the other end. A rule may say the same of itself with the keyword \`ban\`. Matches
  count whatever a threshold or \`noalert\` makes of the alert, but not those that \`detection_filter\` lets go by or that
  are suppressed.
- \`bans.allow\`: addresses, CIDR blocks and ranges that are never banned, as are the host's own addresses, its gateways and
  \`outputs.forwarded.trusted-proxies\`.
- \`bans.repeat\`: each further ban of an address lasts \`factor\` times as long, at most \`longest\`, until it was left alone
  for \`memory\`. \`bans.duration\` is for bans by hand.
- \`bans.max\` addresses are banned at once and \`bans.per-second\` begin in a second; offences of \`bans.tracked\` addresses are
  counted at a time. \`bans.table\` is the nftables table; two sensors on one host need two.
- \`nfq.fail-open\` is for the whole sensor, not for a full queue alone: see the README. \`nfq.queue-length\` (packets that may
  wait in the kernel), \`nfq.buffer-size\` (the socket's), \`nfq.stall-limit\` (milliseconds without a verdict after which the
  watchdog ends the sensor) and \`nfq.own-mark\` are Peccary's own; \`nfq.batchcount\` is how many packets are read and answered
  together.
- \`inline.block-page\`: \`enabled\`, and \`file\` with the page of 14,000 bytes at most.
- \`response.interface\` (\`--respond\`): where a sensor beside the wire sends resets for \`reject\` rules. \`mode: frame\`: to the
  hardware addresses in the captured frame, or to \`destination-mac\` (a router); \`route\`: as packets that the kernel routes,
  for a sensor on the server itself. \`guesses\`: numbers tried for each end, a segment apart. \`per-connection\`: further
  packets of the connection that are answered. \`per-second\`: packets sent in all.
`;
}
