/**
 * `node timed-requests.js HOST PATH COUNT`: requests one after the other on one connection; prints the milliseconds that each
 * took as a JSON list.
 */
import { Agent, get } from 'node:http';

const [host, path, count] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

const one = (): Promise<number> =>
  new Promise((done, fail) => {
    const from = performance.now();
    get({ host, path, agent }, (answer) => {
      answer.resume();
      answer.once('end', () => done(performance.now() - from));
    }).once('error', fail);
  });

const times: number[] = [];
for (let i = 0; i < Number(count); i++) times.push(await one());
process.stdout.write(JSON.stringify(times), () => process.exit(0));
