/**
 * Runs Peccary and Suricata over one capture with the same rules and settings, and counts their alerts, so that two
 * multisets can be compared. For the tools that compare; tests of the project need no Suricata.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface EveAlert {
  src_ip: string;
  src_port?: number;
  dest_ip: string;
  dest_port?: number;
  proto: string;
  tx_id?: number;
  pcap_cnt?: number;
  alert: { gid: number; signature_id: number };
}

export interface Comparison {
  /** stream.reassembly.depth. */
  depth?: string;
  /** EXTERNAL_NET. */
  external?: string;
  /** Further lines of configuration. */
  more?: string;
}

/**
 * Settings of both engines. Limits that only memory asks for are high, alerts of a packet are not cut off, and what
 * Suricata draws by lot (sizes of stream chunks and body windows) is fixed.
 */
export const comparisonYaml = (
  folder: string,
  { depth = '1mb', external = '!$HOME_NET' }: Comparison,
): string => `%YAML 1.1
---
vars:
  address-groups:
    HOME_NET: "[192.168.0.0/16,10.0.0.0/8,172.16.0.0/12]"
    EXTERNAL_NET: "${external}"
${['HTTP', 'SMTP', 'SQL', 'DNS', 'TELNET', 'DC', 'SSH', 'FTP', 'SIP', 'SNMP']
  .map((n) => `    ${n}_SERVERS: "$HOME_NET"\n`)
  .join('')}    AIM_SERVERS: "$EXTERNAL_NET"
    DNP3_SERVER: "$HOME_NET"
    DNP3_CLIENT: "$HOME_NET"
    MODBUS_CLIENT: "$HOME_NET"
    MODBUS_SERVER: "$HOME_NET"
    ENIP_CLIENT: "$HOME_NET"
    ENIP_SERVER: "$HOME_NET"
  port-groups:
    HTTP_PORTS: "80"
    SHELLCODE_PORTS: "!80"
    ORACLE_PORTS: 1521
    SSH_PORTS: 22
    DNP3_PORTS: 20000
    MODBUS_PORTS: 502
    FILE_DATA_PORTS: "[$HTTP_PORTS,110,143]"
    FTP_PORTS: 21
    SIP_PORTS: "[5060,5061]"
    GENEVE_PORTS: 6081
    VXLAN_PORTS: 4789
    TEREDO_PORTS: 3544
default-log-dir: ${folder}
classification-file: ${folder}/classification.config
reference-config-file: ${folder}/reference.config
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      types:
        - alert:
            metadata: no
packet-alert-max: 255
app-layer:
  protocols:
    http:
      enabled: yes
      libhtp:
        default-config:
          personality: IDS
          request-body-limit: 100kb
          response-body-limit: 100kb
          request-body-minimal-inspect-size: 32kb
          request-body-inspect-window: 4kb
          response-body-minimal-inspect-size: 40kb
          response-body-inspect-window: 16kb
          response-body-decompress-layer-limit: 2
          http-body-inline: auto
          randomize-inspection-sizes: no
          double-decode-path: no
          double-decode-query: no
stream:
  memcap: 1gb
  checksum-validation: no
  inline: no
  reassembly:
    memcap: 2gb
    depth: ${depth}
    toserver-chunk-size: 2560
    toclient-chunk-size: 2560
    randomize-chunk-size: no
flow:
  memcap: 2gb
host:
  memcap: 1gb
defrag:
  memcap: 256mb
runmode: single
`;

export interface EngineRun {
  capture: string;
  rules: string;
  config: string;
  /** Folder of its own for logs. */
  folder: string;
  onAlert: (alert: EveAlert) => void;
}

/** Both engines are asked for alerts only; calls back for each. Throws when one of them fails. */
export async function runSuricata(program: string, run: EngineRun): Promise<void> {
  fresh(run.folder);
  const args = ['-c', run.config, '-S', run.rules, '-r', run.capture, '-l', run.folder, '-k', 'none'];
  spawn(program, [...args, '--runmode', 'single', '--pidfile', join(run.folder, 'pid')], run.folder);
  await readAlerts(run);
}

export async function runPeccary(run: EngineRun): Promise<void> {
  fresh(run.folder);
  const args = [Main, 'replay', run.capture, '-c', run.config, '-S', run.rules, '-l', run.folder, '-k', 'none'];
  spawn(process.execPath, [...args, '--db', 'none', '--quiet'], run.folder);
  await readAlerts(run);
}

function fresh(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

function spawn(program: string, args: string[], folder: string): void {
  const words = openSync(join(folder, 'output.txt'), 'w');
  const done = spawnSync(program, args, { stdio: ['ignore', words, words] });
  if (done.status !== 0) throw new Error(`${program} ended with ${done.status}: see ${folder}/output.txt`);
}

async function readAlerts(run: EngineRun): Promise<void> {
  const lines = createInterface({ input: createReadStream(join(run.folder, 'eve.json'), 'latin1') });
  for await (const line of lines) if (line.includes('"event_type":"alert"')) run.onAlert(JSON.parse(line) as EveAlert);
}

/** The conversation of an alert, the same for both directions. */
export function conversationOf(e: EveAlert): string {
  const ports = e.proto === 'TCP' || e.proto === 'UDP';
  const ends = [`${e.src_ip}:${ports ? e.src_port : 0}`, `${e.dest_ip}:${ports ? e.dest_port : 0}`];
  return ends.sort().join('-');
}

/** Ethernet and IPv4 as the tools make them: the same as conversationOf says of the frame's alerts. */
export function conversationOfFrame(f: Uint8Array): string {
  const proto = f[23];
  const at = 14 + (f[14] & 15) * 4;
  const port = (o: number): number => (proto === 6 || proto === 17 ? (f[o] << 8) | f[o + 1] : 0);
  const ends = [`${f.slice(26, 30).join('.')}:${port(at)}`, `${f.slice(30, 34).join('.')}:${port(at + 2)}`];
  return ends.sort().join('-');
}

/** How often each key came, of both engines. */
export class Tally {
  readonly counts = new Map<string, [suricata: number, peccary: number]>();

  add(engine: 0 | 1, key: string): void {
    const c = this.counts.get(key) ?? [0, 0];
    c[engine]++;
    this.counts.set(key, c);
  }

  /** Keys whose counts differ. */
  differences(): [key: string, suricata: number, peccary: number][] {
    return [...this.counts].filter(([, [s, p]]) => s !== p).map(([k, [s, p]]) => [k, s, p]);
  }

  /** Alerts of each engine and how many of them both have. */
  totals(): { suricata: number; peccary: number; same: number } {
    let [suricata, peccary, same] = [0, 0, 0];
    for (const [s, p] of this.counts.values()) {
      suricata += s;
      peccary += p;
      same += Math.min(s, p);
    }
    return { suricata, peccary, same };
  }
}

/**
 * Writes the settings of both engines into `folder` and names their file. The classes that rules use are made known, so
 * that neither engine refuses one.
 */
export function writeSettings(folder: string, classes: ReadonlySet<string>, how: Comparison = {}): string {
  mkdirSync(folder, { recursive: true });
  const lines = [...classes].map((c) => `config classification: ${c},${c},3\n`);
  writeFileSync(join(folder, 'classification.config'), lines.join(''));
  writeFileSync(join(folder, 'reference.config'), 'config reference: url http://\nconfig reference: cve http://\n');
  const config = join(folder, 'engines.yaml');
  writeFileSync(config, comparisonYaml(folder, how) + (how.more ?? ''));
  return config;
}
