import { ipStrategies } from './ip-strategies.js';
import { Client } from './tcp-client.js';
import { ModelPath } from './tcp-model.js';
import { Attack, clientBytes, inspect } from './tcp-sensor.js';
import { assertSameBytes, assertTold } from './tcp-told.js';

const to = { client: '192.168.81.10', server: '10.82.0.80', clientPort: 43_000, serverPort: 80 };

describe('evasions by fragments, a model of Linux as the server (Ptacek–Newsham section 5.4, fragroute)', () => {
  for (const s of ipStrategies) {
    it(s.name, async () => {
      const path = new ModelPath(to);
      await s.run(new Client(path, to));
      assertTold(s, inspect(path.frames), path.received.includes(Attack));
      if (s.anomaly === undefined) assertSameBytes(clientBytes(path.frames), path.received);
    });
  }
});
