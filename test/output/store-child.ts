/** Child process of the kill test: pushes alerts for ever, and prints how many it has handed over. */
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Settings } from '../../src/core/settings.js';
import { outputConfig } from '../../src/output/config.js';
import { openOutputs } from '../../src/output/outputs.js';
import { OutputPort } from '../../src/output/port.js';
import * as samples from './samples.js';

const path = process.argv[2];
const outputs = openOutputs({
  ...outputConfig(new Settings(), { eve: null, logDir: dirname(path), inline: false, live: false }),
  db: path,
  workers: 1,
  live: false,
  run: { kind: 'replay', inputs: ['/a.pcap'], append: false, version: '0', startedUs: samples.t0 },
});
await outputs.ready();
const port = new OutputPort(outputs.portMemory(0));
port.useRules(outputs.setRules([samples.loadedRule()]));
for (let n = 1; ; n++) {
  port.push(samples.alert({ pcapCnt: n, payload: Buffer.from(`payload ${n}`) }));
  if (n % 10 !== 0) continue;
  port.flush();
  process.stdout.write(`${n}\n`);
  await sleep(2);
}
