import { Client } from './tcp-client.js';
import { ModelPath } from './tcp-model.js';
import { Attack, clientBytes, inspect, linux } from './tcp-sensor.js';
import { type Strategy, strategies } from './tcp-strategies.js';
import { assertSameBytes, assertTold } from './tcp-told.js';

const to = { client: '192.168.81.10', server: '10.82.0.80', clientPort: 41_000, serverPort: 80 };

async function play(s: Strategy): Promise<ModelPath> {
  const path = new ModelPath(to, { fastOpen: s.fastOpen });
  await s.run(new Client(path, to));
  return path;
}

describe('TCP evasions, a model of Linux as the server (Ptacek–Newsham, fragroute, INTANG, Geneva)', () => {
  for (const s of strategies) {
    it(s.name, async () => {
      const path = await play(s);
      const tree = s.stream === undefined ? linux : { ...linux, stream: s.stream };
      assertTold(s, inspect(path.frames, tree), path.received.includes(Attack));
      if (s.anomaly === undefined) assertSameBytes(clientBytes(path.frames, tree), path.received);
    });
  }
});
