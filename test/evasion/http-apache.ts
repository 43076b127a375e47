/**
 * A real Apache that writes down every request it takes: method, target, header fields and body as a CGI program gets
 * them, and the target as Apache itself normalised it. What it wrote is what a sensor must have seen of the conversation.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClientIp, Lab, ServerIp } from '../tools/lab.js';

/** A request as Apache took it. */
export interface TakenRequest {
  /** The client's port: which conversation it belongs to. */
  port: number;
  method: string;
  /** The target as sent. */
  target: string;
  /** Path and query as Apache resolved them. */
  path: string;
  query: string;
  host: string;
  body: Buffer;
  /** All header fields, one a line. */
  fields: string;
}

/** Takes any path; each run writes one file: NUL between name and value, two NULs between pairs, the body last. */
const Recorder = `#!/usr/bin/perl
use Time::HiRes qw(time);
binmode STDIN;
my $body = '';
while (read(STDIN, my $piece, 65536)) { $body .= $piece; }
my $name = sprintf("$ENV{TAKEN_DIR}/%.6f-%d", time, $$);
open(my $to, '>', "$name.part") or die;
binmode $to;
print $to join('', map { "$_\\0$ENV{$_}\\0\\0" } sort keys %ENV), "BODY\\0", $body;
close $to;
rename("$name.part", "$name.taken");
print "Content-Type: text/plain\\r\\n\\r\\ntaken\\n";
`;

/** Everything but the index page goes to the recorder; bodies below /inflate are decoded by Apache before. */
const config = (dir: string): string => `LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so
AllowEncodedSlashes On
KeepAliveTimeout 2
Timeout 2
LimitRequestFields 1000
SetEnv TAKEN_DIR ${dir}/taken
ScriptAliasMatch "^/(?!index.html)" ${dir}/cgi/record
<Location /inflate>
  SetInputFilter DEFLATE
</Location>
`;

export class Recording {
  readonly lab: Lab;
  private readonly taken: string;

  constructor() {
    this.lab = new Lab({ cgi: { record: Recorder }, config });
    this.taken = join(this.lab.dir, 'taken');
    mkdirSync(this.taken);
    chmodSync(this.taken, 0o777);
  }

  /**
   * Sends each conversation's bytes from a port of its own (`firstPort` + its index) and records the wire in `file`;
   * with `halves` the second half of every other conversation 30 ms after the first. Returns what Apache took, in the order it took it, and what it answered.
   */
  async converse(
    file: string,
    sent: readonly Uint8Array[],
    firstPort: number,
    halves = false,
  ): Promise<{ taken: TakenRequest[]; answers: Buffer[] }> {
    const job = join(this.lab.dir, 'job.json');
    const answers = join(this.lab.dir, 'answers.json');
    const script = join(this.lab.dir, 'send.mjs');
    writeFileSync(job, JSON.stringify(sent.map((bytes) => Buffer.from(bytes).toString('base64'))));
    writeFileSync(script, sender(job, answers, firstPort, halves));
    await this.lab.record(file, () => {
      const r = this.lab.inClient(process.execPath, [script]);
      if (r.status !== 0) throw new Error(r.stderr);
    });
    const answered = JSON.parse(readFileSync(answers, 'utf8')) as string[];
    return {
      taken: this.read().filter((t) => t.port >= firstPort && t.port < firstPort + sent.length),
      answers: answered.map((text) => Buffer.from(text, 'base64')),
    };
  }

  private read(): TakenRequest[] {
    const names = readdirSync(this.taken).filter((n) => n.endsWith('.taken'));
    return names.sort().map((name) => parseTaken(readFileSync(join(this.taken, name))));
  }

  close(): void {
    this.lab.close();
  }
}

function parseTaken(bytes: Buffer): TakenRequest {
  const mark = bytes.indexOf('BODY\0', 0, 'latin1');
  const env = new Map<string, string>();
  for (const pair of bytes.toString('latin1', 0, mark).split('\0\0')) {
    const at = pair.indexOf('\0');
    if (at > 0) env.set(pair.slice(0, at), pair.slice(at + 1));
  }
  const get = (name: string): string => env.get(name) ?? '';
  return {
    port: Number(get('REMOTE_PORT')),
    method: get('REQUEST_METHOD'),
    target: get('REQUEST_URI'),
    path: get('SCRIPT_NAME') + get('PATH_INFO'),
    query: get('QUERY_STRING'),
    host: get('HTTP_HOST'),
    body: bytes.subarray(mark + 5),
    fields: [...env]
      .filter(([name]) => name.startsWith('HTTP_'))
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
  };
}

/**
 * The program that runs in the client's namespace: conversations of at most 40 at a time, each ended by the client once
 * the server was silent for 400 ms after its first byte, or 1.5 s without any.
 */
function sender(job: string, answers: string, firstPort: number, halves: boolean): string {
  return `import { connect } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
const jobs = JSON.parse(readFileSync(${JSON.stringify(job)}, 'utf8')).map((t) => Buffer.from(t, 'base64'));
const answers = jobs.map(() => '');
function one(i) {
  return new Promise((done) => {
    const got = [];
    const s = connect({ host: '${ServerIp}', port: 80, localAddress: '${ClientIp}', localPort: ${firstPort} + i });
    let timer = setTimeout(() => s.end(), 1500);
    s.setNoDelay(true);
    const half = ${halves} && i % 2 === 1 ? jobs[i].length >> 1 : jobs[i].length;
    s.on('connect', () => s.write(jobs[i].subarray(0, half)));
    if (half < jobs[i].length) setTimeout(() => s.destroyed || s.write(jobs[i].subarray(half)), 30);
    s.on('data', (d) => { got.push(d); clearTimeout(timer); timer = setTimeout(() => s.end(), 400); });
    s.on('error', () => {});
    s.on('close', () => { clearTimeout(timer); answers[i] = Buffer.concat(got).toString('base64'); done(); });
  });
}
let next = 0;
const worker = async () => { while (next < jobs.length) await one(next++); };
await Promise.all(Array.from({ length: 40 }, worker));
writeFileSync(${JSON.stringify(answers)}, JSON.stringify(answers));
`;
}
