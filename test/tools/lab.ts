/**
 * A small network of this machine's own: two namespaces joined by a veth pair, a real Apache in one, clients in the
 * other, tcpdump on the wire. Needs root, iproute2, ethtool, apache2-bin and tcpdump; `labMissing()` says what is not there.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const ClientIp = '192.168.80.10';
export const ServerIp = '10.80.0.80';

const Tools = {
  ip: 'iproute2',
  ethtool: 'ethtool',
  apache2: 'apache2-bin',
  tcpdump: 'tcpdump',
  curl: 'curl',
  ab: 'apache2-utils',
};

/** What keeps the lab from running here, in words; '' when nothing does. */
export function labMissing(): string {
  if (process.getuid?.() !== 0) return 'needs root (network namespaces)';
  const packages = Object.entries(Tools)
    .filter(([tool]) => spawnSync('which', [tool]).status !== 0)
    .map(([, name]) => name);
  if (packages.length > 0) return `needs the Debian packages ${packages.join(', ')}`;
  const name = `peccary-probe-${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', name]).status !== 0) return 'the kernel refuses network namespaces';
  spawnSync('ip', ['netns', 'del', name]);
  return '';
}

export interface LabOptions {
  /** Fills the document root; called once with its path. */
  content?: (root: string) => void;
  /** Threads a child and kept-alive requests a connection as mpm_worker takes them. */
  threads?: number;
  /** Further CGI programs by name, below /cgi-bin/. */
  cgi?: Record<string, string>;
  /** Further lines of Apache's configuration; gets the lab's directory. */
  config?: (dir: string) => string;
}

const Modules = [
  'mpm_worker',
  'authz_core',
  'authz_user',
  'authz_host',
  'authn_core',
  'authn_file',
  'auth_basic',
  'alias',
  'dir',
  'autoindex',
  'mime',
  'cgid',
  'filter',
  'deflate',
  'brotli',
  'status',
  'setenvif',
  'env',
];

/** Configuration of an Apache that needs no file of the package apache2. */
function apacheConfig(dir: string, threads: number): string {
  return `ServerName www.example.com
ServerRoot ${dir}
PidFile ${dir}/apache.pid
ErrorLog ${dir}/error.log
${Modules.map((m) => `LoadModule ${m}_module /usr/lib/apache2/modules/mod_${m}.so`).join('\n')}
LogFormat "%m %U%q %>s %b" peccary
CustomLog ${dir}/access.log peccary
Listen ${ServerIp}:80
Listen ${ServerIp}:443 http
ServerLimit 2
ThreadsPerChild ${threads}
MaxRequestWorkers ${threads * 2}
StartServers 1
MaxKeepAliveRequests 0
KeepAliveTimeout 30
Mutex file:${dir}
ScriptSock ${dir}/cgid.sock
User www-data
Group www-data
TypesConfig ${dir}/mime.types
DocumentRoot ${dir}/www
DirectoryIndex index.html
<Directory ${dir}/www>
  Options Indexes
  Require all granted
</Directory>
ScriptAlias /cgi-bin/ ${dir}/cgi/
<Directory ${dir}/cgi>
  Require all granted
</Directory>
<Location /private>
  AuthType Basic
  AuthName private
  AuthUserFile ${dir}/users
  Require valid-user
</Location>
<Location /packed>
  SetOutputFilter BROTLI_COMPRESS;DEFLATE
</Location>
<Location /zipped>
  SetOutputFilter DEFLATE
</Location>
TraceEnable on
`;
}

/** CGI programs: one that echoes the body's length, one that leaks what its query names. */
const Cgi: Record<string, string> = {
  form: `#!/bin/sh
n=$(wc -c)
printf 'Content-Type: text/plain\\r\\n\\r\\n%s bytes\\n' "$n"
`,
  leak: `#!/bin/sh
case "$QUERY_STRING" in
  sql) printf 'Status: 500\\r\\nContent-Type: text/plain\\r\\n\\r\\nYou have an error in your SQL syntax near 1\\n';;
  passwd) printf 'Content-Type: text/plain\\r\\n\\r\\nroot:x:0:0:root:/root:/bin/bash\\n';;
  id) printf 'Content-Type: text/plain\\r\\n\\r\\nuid=33(www-data) gid=33(www-data) groups=33(www-data)\\n';;
  key) printf 'Content-Type: text/plain\\r\\n\\r\\n%s\\nMIIE\\n' '-----BEGIN RSA PRIVATE KEY-----';;
  trace) printf 'Status: 500\\r\\nContent-Type: text/plain\\r\\n\\r\\nTraceback (most recent call last):\\n  File "app.py"\\n';;
  *) printf 'Content-Type: text/plain\\r\\n\\r\\nnothing\\n';;
esac
`,
};

export class Lab {
  readonly dir: string;
  protected readonly client: string;
  protected readonly server: string;
  protected readonly wire: string;
  private readonly running: ChildProcess[] = [];

  constructor(options: LabOptions = {}) {
    this.dir = mkdtempSync(join(tmpdir(), 'peccary-lab-'));
    chmodSync(this.dir, 0o755);
    const id = `${process.pid}${Math.floor(Math.random() * 100)}`;
    this.client = `pcl${id}`;
    this.server = `psv${id}`;
    this.wire = `pvb${id}`;
    try {
      this.start(id, options);
    } catch (e) {
      this.close();
      throw e;
    }
  }

  private start(id: string, options: LabOptions): void {
    this.network(id);
    mkdirSync(join(this.dir, 'www'));
    mkdirSync(join(this.dir, 'cgi'));
    for (const [name, text] of Object.entries({ ...Cgi, ...options.cgi })) {
      writeFileSync(join(this.dir, 'cgi', name), text, { mode: 0o755 });
    }
    // "secret" as apr's MD5 would need htpasswd; SHA-1 form is enough for a test account.
    writeFileSync(join(this.dir, 'users'), 'ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n');
    writeFileSync(
      join(this.dir, 'www', 'index.html'),
      '<html><head><title>Peccary test site</title></head><body>Hello</body></html>\n',
    );
    writeFileSync(
      join(this.dir, 'mime.types'),
      'text/html html\ntext/css css\napplication/javascript js\nimage/png png\n',
    );
    options.content?.(join(this.dir, 'www'));
    const config = apacheConfig(this.dir, options.threads ?? 100) + (options.config?.(this.dir) ?? '');
    writeFileSync(join(this.dir, 'apache.conf'), config);
    this.inServer('apache2', ['-f', join(this.dir, 'apache.conf'), '-k', 'start']);
    this.waitFor(
      () =>
        spawnSync('ip', ['netns', 'exec', this.client, 'curl', '-s', '-o', '/dev/null', `http://${ServerIp}/`])
          .status === 0,
      'Apache',
    );
    this.waitFor(() => existsSync(join(this.dir, 'access.log')), 'the access log');
    writeFileSync(join(this.dir, 'access.log'), '');
  }

  /** Makes the namespaces and joins them; called by the constructor. */
  protected network(id: string): void {
    const [a, b] = [`pva${id}`, `pvb${id}`];
    const run = (...args: string[]): void => void execFileSync('ip', args);
    run('netns', 'add', this.client);
    run('netns', 'add', this.server);
    run('link', 'add', a, 'netns', this.client, 'type', 'veth', 'peer', 'name', b, 'netns', this.server);
    for (const [ns, dev, addr, peer] of [
      [this.client, a, ClientIp, ServerIp],
      [this.server, b, ServerIp, ClientIp],
    ]) {
      execFileSync(
        'ip',
        ['netns', 'exec', ns, 'ethtool', '-K', dev, 'tx', 'off', 'gso', 'off', 'tso', 'off', 'gro', 'off'],
        { stdio: 'ignore' },
      );
      run('-n', ns, 'addr', 'add', `${addr}/32`, 'dev', dev);
      run('-n', ns, 'link', 'set', 'lo', 'up');
      run('-n', ns, 'link', 'set', dev, 'up');
      run('-n', ns, 'route', 'add', `${peer}/32`, 'dev', dev);
    }
  }

  /** Runs a program in the client's namespace and returns its output; a failing status is the caller's to read. */
  inClient(
    program: string,
    args: string[],
    input?: string | Buffer,
  ): { status: number | null; stdout: string; stderr: string } {
    return spawnSync('ip', ['netns', 'exec', this.client, program, ...args], {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
  }

  /** The command line that runs a program in the client's namespace, for spawn. */
  clientCommand(program: string, args: string[]): [string, string[]] {
    return ['ip', ['netns', 'exec', this.client, program, ...args]];
  }

  /** Namespaces and the server's interface, for who puts more into the network. */
  get names(): { client: string; server: string; wire: string } {
    return { client: this.client, server: this.server, wire: this.wire };
  }

  private inServer(program: string, args: string[]): void {
    execFileSync('ip', ['netns', 'exec', this.server, program, ...args], { stdio: 'pipe' });
  }

  /** curl against the server: `path` as is, quiet. */
  curl(path: string, ...args: string[]): void {
    this.inClient('curl', [
      '-s',
      '-g',
      '-o',
      '/dev/null',
      '--path-as-is',
      '--max-time',
      '10',
      '-H',
      'Host: www.example.com',
      ...args,
      `http://${ServerIp}${path}`,
    ]);
  }

  /**
   * Records everything on the server's interface while `work` runs; returns when tcpdump has written it all.
   * `bulk`: a large ring whose blocks the kernel hands over late instead of packet by packet, for gigabits.
   * Throws when the kernel dropped packets: such a recording is no ground truth.
   */
  async record(file: string, work: () => void | Promise<void>, { bulk = false } = {}): Promise<void> {
    const dump = spawn(
      'ip',
      [
        'netns',
        'exec',
        this.server,
        'nice',
        '-n',
        '-15',
        'tcpdump',
        '-i',
        this.wire,
        '-p',
        '-B',
        bulk ? '524288' : '65536',
        '-s',
        '0',
        ...(bulk ? [] : ['--immediate-mode', '-U']),
        '-w',
        file,
        'tcp',
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    this.running.push(dump);
    let said = '';
    await new Promise<void>((done, fail) => {
      dump.once('exit', (code) => fail(new Error(`tcpdump ended with ${code}`)));
      dump.stderr.on('data', (d: Buffer) => {
        said += d.toString();
        if (said.includes('listening on')) done();
      });
    });
    await work();
    let size = -1;
    while (statSync(file).size !== size) {
      size = statSync(file).size;
      await new Promise((r) => setTimeout(r, bulk ? 3000 : 500));
    }
    const ended = new Promise((done) => {
      dump.removeAllListeners('exit');
      dump.once('exit', done);
    });
    dump.kill('SIGINT');
    await ended;
    const dropped = /(\d+) packets? dropped by kernel/.exec(said);
    if (dropped === null || dropped[1] !== '0') throw new Error(`the recording is not whole: ${said.trim()}`);
  }

  /** Lines of Apache's access log: method, path, status, bytes. */
  get accessLog(): string {
    return join(this.dir, 'access.log');
  }

  private waitFor(ready: () => boolean, what: string): void {
    for (let i = 0; i < 100; i++) {
      if (ready()) return;
      spawnSync('sleep', ['0.05']);
    }
    throw new Error(`${what} did not come up in five seconds`);
  }

  /** Stops Apache and removes the namespaces and files. */
  close(): void {
    for (const p of this.running) if (p.exitCode === null) p.kill('SIGTERM');
    spawnSync('ip', ['netns', 'exec', this.server, 'apache2', '-f', join(this.dir, 'apache.conf'), '-k', 'stop']);
    const pid = join(this.dir, 'apache.pid');
    for (let i = 0; i < 60 && existsSync(pid); i++) spawnSync('sleep', ['0.05']);
    spawnSync('ip', ['netns', 'del', this.client]);
    spawnSync('ip', ['netns', 'del', this.server]);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Text of a web page of about `size` bytes, different for each seed and as compressible as real markup. */
export function pageText(seed: number, size: number): string {
  const words =
    'the network sensor looks at each request and answers with what it saw on the wire between two hosts'.split(' ');
  let x = seed >>> 0 || 1;
  const parts = ['<html><head><title>Page</title></head><body>\n'];
  let length = parts[0].length;
  while (length < size) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    const line = `<p class="c${x % 97}">${words[x % words.length]} ${words[(x >>> 8) % words.length]} ${(x >>> 4).toString(36)} ${words[(x >>> 16) % words.length]}</p>\n`;
    parts.push(line);
    length += line.length;
  }
  return `${parts.join('').slice(0, Math.max(0, size - 15))}</body></html>\n`;
}
