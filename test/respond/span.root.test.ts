/** Resets from a mirrored port: a real Apache that takes its time, a sensor beside the wire, and who is faster. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { ServerIp } from '../tools/lab.js';
import { LiveSensor, MirrorLab, mirrorLabMissing, realTime, until } from '../tools/mirror-lab.js';
import { addResponsePort } from '../tools/response-port.js';

const Main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const Patience = 30_000;

const Slow = `#!/bin/sh
sleep "$QUERY_STRING"
printf 'Content-Type: text/plain\\r\\n\\r\\nthe whole answer\\n'
`;

const Rules = `
reject http any any -> any any (msg:"attack"; flow:to_server; http.uri; content:"/attack"; sid:1; rev:1;)
`;

describe('resets from a mirrored port', function () {
  this.timeout(60_000);
  const why = mirrorLabMissing();
  let net: MirrorLab;
  let sensor: LiveSensor;

  before(async function () {
    if (why !== '') {
      console.log(`      skipped: ${why}`);
      this.skip();
    }
    net = new MirrorLab({ cgi: { slow: Slow } });
    const port = addResponsePort(net);
    const rules = join(net.lab.dir, 'reject.rules');
    writeFileSync(rules, Rules);
    sensor = await net.sensorWith(
      { through: realTime() },
      '-S',
      rules,
      '--respond',
      port,
      '--set',
      'flow-timeouts.tcp.closed=1',
    );
  });

  after(() => net?.close());

  /** Requests one after the other in four rows; how many did not get the whole answer. */
  const cut = async (path: string, count: number): Promise<number> => {
    const one = `curl -s --max-time 10 'http://${ServerIp}${path}' | grep -q 'the whole answer' || echo cut`;
    const row = `for i in $(seq ${count / 4}); do ${one}; done`;
    const [program, args] = net.lab.clientCommand('sh', ['-c', `${row} & ${row} & ${row} & ${row} & wait`]);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (d: Buffer) => {
      out += d.toString();
    });
    await new Promise((done) => child.once('close', done));
    return out.split('\n').filter((line) => line === 'cut').length;
  };

  /** Counters of the sensor below `respond`. */
  const counters = (): Record<string, number> => {
    const args = [Main, 'ctl', '--socket', sensor.socket, '--json', 'stats', '--all', 'respond'];
    return JSON.parse(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout) as Record<string, number>;
  };

  it('cut an attack whose response takes more than 50 ms in at least 99 of 100 tries', async () => {
    const n = await cut('/cgi-bin/slow/attack?0.06', 100);
    assert.ok(n >= 99, `${n} of 100 were cut`);
  });

  it('leave other requests alone', async () => {
    assert.equal(await cut('/cgi-bin/slow/benign?0', 20), 0);
  });

  it('are counted, and so are the connections that they stopped before the response was whole', async () => {
    const judged = (): number => counters()['respond.connections_stopped'] + counters()['respond.connections_late'];
    await until(() => judged() === 100, 'the end of 100 connections', Patience);
    const {
      'respond.connections': all,
      'respond.connections_stopped': stopped,
      'respond.resets_sent': sent,
    } = counters();
    assert.equal(all, 100);
    assert.ok(stopped >= 99, `${stopped} were stopped`);
    assert.ok(sent >= 200, `${sent} resets`);
  });

  it('cannot be asked for where there is a firewall to answer with', async () => {
    const args = [Main, 'run', '-q', '0', '--respond', 'lo'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.deepEqual([status, /--respond is for/.test(stderr)], [2, true], stderr);
  });

  it('go by the routes of the kernel where the sensor runs on the server itself (response.mode: route)', async () => {
    await sensor.stop();
    const { server, wire } = net.lab.names;
    const args = ['-S', join(net.lab.dir, 'reject.rules'), '--respond', wire, '--set', 'response.mode=route'];
    const dir = mkdtempSync(join(net.lab.dir, 'route-'));
    sensor = new LiveSensor(server, wire, dir, args, { through: realTime() });
    try {
      await sensor.says(/listening on/, Patience);
      const n = await cut('/cgi-bin/slow/attack?0.2', 20);
      assert.equal(n, 20);
    } finally {
      sensor.kill();
    }
  });
});
