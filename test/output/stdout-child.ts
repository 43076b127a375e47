/** Child process of the test of standard output: writes EVE to it until the port says that nobody reads. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Settings } from '../../src/core/settings.js';
import { outputConfig } from '../../src/output/config.js';
import { openOutputs } from '../../src/output/outputs.js';
import { OutputPort } from '../../src/output/port.js';
import * as samples from './samples.js';

const outputs = openOutputs({
  ...outputConfig(new Settings(), { eve: '-', logDir: '.', inline: false, live: false }),
  db: null,
  workers: 1,
  live: false,
  run: { kind: 'replay', inputs: ['/a.pcap'], append: false, version: '0', startedUs: samples.t0 },
});
await outputs.ready();
const port = new OutputPort(outputs.portMemory(0));
while (!port.unread) {
  for (let i = 0; i < 100; i++) port.push(samples.httpEvent());
  port.flush();
  await sleep(1);
}
port.close();
const s = await outputs.close(null);
process.stderr.write(`unread, lost ${s.lostEvents}, gone ${s.stdoutGone}, faults ${s.faults.length}\n`);
