// Fails when package-lock.json names the host of a registry: the lock must serve every mirror alike.
import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
const hosts = text
  .split('\n')
  .flatMap((line, i) => (/"resolved":|registry\./.test(line) ? [`${i + 1}: ${line.trim()}`] : []));
if (hosts.length > 0) {
  process.stderr.write(`package-lock.json names a registry host; run npm with omit-lockfile-registry-resolved=true\n`);
  process.stderr.write(`${hosts.slice(0, 5).join('\n')}\n`);
  process.exit(1);
}
