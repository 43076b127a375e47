import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type MetricsEndpoint, openMetrics } from '../../src/control/metrics.js';
import { metricsConfig } from '../../src/control/metrics-config.js';
import { packageRoot, packageVersion } from '../../src/core/package-root.js';
import { Settings, type Tree } from '../../src/core/settings.js';
import { HealthWatch } from '../../src/sensor/health.js';
import { healthConfig } from '../../src/sensor/health-config.js';
import { type Family, parseExposition } from './exposition.js';
import { SensorDouble } from './sensor-double.js';

const settings = (metrics: { [key: string]: Tree }): Settings => new Settings({ outputs: [{ metrics }] });
const on = (listen: string): Settings => settings({ enabled: 'yes', listen });

describe('where metrics are served', () => {
  it('nowhere unless enabled; on the loopback address unless told otherwise', () => {
    assert.equal(metricsConfig(new Settings({})), null);
    assert.equal(metricsConfig(settings({ listen: '127.0.0.1:1' })), null);
    assert.deepEqual(metricsConfig(settings({ enabled: 'yes' })), { host: '127.0.0.1', port: 9945, open: false });
    assert.deepEqual(metricsConfig(on('[::1]:80')), { host: '::1', port: 80, open: false });
    assert.deepEqual(metricsConfig(on('0.0.0.0:9100')), { host: '0.0.0.0', port: 9100, open: true });
    assert.deepEqual(metricsConfig(on('[::]:9100')), { host: '::', port: 9100, open: true });
  });

  it('refuses what is no address with a port', () => {
    for (const listen of [
      '9100',
      ':9100',
      'localhost:9100',
      '127.0.0.1',
      '127.0.0.1:65536',
      '::1:80',
      '[127.0.0.1]:1',
      'a b:1',
    ]) {
      assert.throws(
        () => metricsConfig(on(listen)),
        /outputs\.metrics\.listen: expected an address and a port/,
        listen,
      );
    }
  });

  it('loads prom-client only when they are', () => {
    const control = JSON.stringify(new URL('../../src/control/control.js', import.meta.url).href);
    const probe = (metrics: string): string => `
      import { createRequire } from 'node:module';
      import { openControl } from ${control};
      const opened = await openControl({ startedMs: 0 }, { socket: null, metrics: ${metrics} }, () => undefined);
      console.log(Object.keys(createRequire(${control}).cache).some((file) => file.includes('prom-client')));
      await opened.close();`;
    const run = (metrics: string): string =>
      execFileSync(process.execPath, ['--input-type=module', '-e', probe(metrics)], { encoding: 'utf8' }).trim();
    assert.deepEqual([run('null'), run("{ host: '127.0.0.1', port: 0, open: false }")], ['false', 'true']);
  });
});

describe('metrics for Prometheus', function () {
  this.timeout(10_000);
  let sensor: SensorDouble;
  let endpoint: MetricsEndpoint;
  const notes: string[] = [];
  const open = (listen: string): Promise<MetricsEndpoint> => {
    const config = metricsConfig(on(listen));
    assert.ok(config !== null);
    return openMetrics(sensor, config, (message) => notes.push(message));
  };
  before(async () => {
    sensor = new SensorDouble();
    endpoint = await open('127.0.0.1:0');
  });
  after(() => endpoint.close());

  const families = async (): Promise<Map<string, Family>> => {
    const response = await fetch(endpoint.url);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    return parseExposition(await response.text());
  };
  const value = (of: Map<string, Family>, name: string, labels: Record<string, string> = {}): number | undefined =>
    of.get(name)?.samples.find((s) => JSON.stringify(s.labels) === JSON.stringify(labels))?.value;

  it('are text in version 0.0.4 of the format (Prometheus, "Exposition formats")', async () => {
    const all = await families();
    for (const [name, { type, help }] of all) {
      assert.match(name, /^(peccary|process)_[a-z_]+$/);
      assert.equal(type, name.endsWith('_total') ? 'counter' : 'gauge', name);
      assert.ok(help.length > 3, name);
    }
    assert.equal(value(all, 'peccary_packets_total'), 1_234_567);
    assert.equal(value(all, 'peccary_bytes_total'), 2 ** 40);
    assert.equal(value(all, 'peccary_kernel_drops_total'), 3);
    assert.equal(value(all, 'peccary_flows_total'), 4);
    assert.equal(value(all, 'peccary_alerts_total'), 5);
    assert.equal(value(all, 'peccary_events_lost_total'), 0);
    assert.equal(value(all, 'peccary_rules', { state: 'loaded' }), 12);
    assert.equal(value(all, 'peccary_rules', { state: 'failed' }), 2);
    assert.equal(value(all, 'peccary_rules_loaded_timestamp_seconds'), sensor.ruleset().atMs / 1000);
    assert.equal(value(all, 'peccary_info', { version: packageVersion() }), 1);
    assert.ok((value(all, 'peccary_uptime_seconds') ?? 0) > 61);
    assert.ok((value(all, 'process_resident_memory_bytes') ?? 0) > 10_000_000);
  });

  it('say what share of the last interval was lost, and what is wrong', async () => {
    const kind = { kind: 'one_way_flows' };
    assert.equal((await families()).get('peccary_health_share')?.samples.length, 0);
    const watch = new HealthWatch(healthConfig(new Settings({})));
    const look = (oneWay: number, twoWay: number): void => {
      sensor.healthReport = watch.look({ 'flow.tcp_one_way': oneWay, 'flow.tcp_two_way': twoWay }, 0, 60);
    };
    look(75, 25);
    const bad = await families();
    assert.equal(value(bad, 'peccary_health_share', kind), 0.75);
    assert.equal(value(bad, 'peccary_health_trouble', kind), 1);
    assert.equal(value(bad, 'peccary_health_trouble', { kind: 'kernel_drops' }), 0);
    look(75, 125);
    const good = await families();
    assert.equal(value(good, 'peccary_health_share', kind), 0);
    assert.equal(value(good, 'peccary_health_trouble', kind), 0);
  });

  it('are those of docs/metrics.md, with type and labels', async () => {
    sensor.healthReport = new HealthWatch(healthConfig(new Settings({}))).look({}, 0, 60);
    const documented = readFileSync(join(packageRoot(), 'docs/metrics.md'), 'utf8').matchAll(
      /^\| `([a-z_]+)` \| (\w+) \| (\w*) ?\| /gm,
    );
    const served = [...(await families())].map(([name, { type, samples }]) => {
      const labels = new Set(samples.flatMap((s) => Object.keys(s.labels)));
      return [name, type, [...labels].join()];
    });
    assert.deepEqual([...documented].map(([, ...row]) => row).sort(), served.sort());
  });

  it('tell each interface apart, whatever it is called', async () => {
    const all = await families();
    assert.equal(value(all, 'peccary_interface_packets_total', { interface: 'eth0' }), 10);
    assert.equal(value(all, 'peccary_interface_drops_total', { interface: 'eth0' }), 4);
    assert.equal(value(all, 'peccary_interface_up', { interface: 'eth0' }), 1);
    assert.equal(value(all, 'peccary_interface_up', { interface: 'span "1"\\' }), 0);
  });

  it('have every counter by its name, and follow it down as well as up', async () => {
    assert.equal(value(await families(), 'peccary_counter', { name: 'decoder.pkts' }), 1_234_567);
    sensor.counterValues = { ...sensor.counterValues, 'decoder.pkts': 7 };
    const all = await families();
    assert.equal(value(all, 'peccary_counter', { name: 'decoder.pkts' }), 7);
    assert.equal(value(all, 'peccary_packets_total'), 7);
    assert.equal(all.get('peccary_counter')?.samples.length, Object.keys(sensor.counterValues).length);
  });

  it('are asked for by GET or HEAD at /metrics', async () => {
    assert.equal((await fetch(new URL('/', endpoint.url))).status, 404);
    const posted = await fetch(endpoint.url, { method: 'POST', body: 'x' });
    assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
    const head = await fetch(endpoint.url, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
    assert.ok(Number(head.headers.get('content-length')) > 1000);
    assert.equal((await fetch(`${endpoint.url}?x=1`)).status, 200);
  });

  it('answer 431 to a head of more than 8 KiB, and 400 to what is not HTTP', async () => {
    const { port } = new URL(endpoint.url);
    const status = await new Promise((resolve, reject) => {
      const r = request(endpoint.url, { headers: { x: 'y'.repeat(9000) } }, (m) => resolve(m.resume().statusCode));
      r.on('error', reject).end();
    });
    assert.equal(status, 431);
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('\0\xff nonsense\r\n\r\n'));
      socket.on('data', (piece) => {
        text += piece;
      });
      socket.on('close', () => resolve(text));
    });
    assert.match(answer, /^HTTP\/1\.1 400 /);
  });

  it('take sixteen connections at a time and go on when those end', async () => {
    const { port } = new URL(endpoint.url);
    const sockets = Array.from({ length: 30 }, () => connect(Number(port), '127.0.0.1').on('error', () => undefined));
    const connected = (): number => sockets.filter((s) => !s.destroyed && !s.readableEnded && s.resume()).length;
    const wait = Date.now() + 5000;
    while (connected() > 16 && Date.now() < wait) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(connected() <= 16, `${connected()}`);
    for (const s of sockets) s.destroy();
    for (;;) {
      const again = await fetch(endpoint.url).catch(() => null);
      if (again?.status === 200 || Date.now() > wait) {
        assert.equal(again?.status, 200);
        break;
      }
    }
  });

  it('a port that is taken is an error that names the key', async () => {
    const { port } = new URL(endpoint.url);
    await assert.rejects(open(`127.0.0.1:${port}`), {
      name: 'PeccaryError',
      message: /^outputs\.metrics\.listen: .*EADDRINUSE/,
    });
  });

  it('warn who listens on more than the loopback address', async () => {
    await (await open('0.0.0.0:0')).close();
    assert.deepEqual(notes, ['metrics: whoever reaches 0.0.0.0:0 can read them']);
  });
});
