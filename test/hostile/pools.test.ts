/** When flows have ended and datagrams are whole, no stage holds anything of them. */
import assert from 'node:assert/strict';
import { hostile } from '../tools/hostile.js';
import { hostileHttp } from '../tools/hostile-http.js';
import { hostilePackets } from '../tools/hostile-packets.js';
import { PipelineRun, poolsInUse } from '../tools/pipeline-run.js';

const rules = `
alert http any any -> any any (msg:"bits"; flowbits:set,seen; flowint:n,+,1; http.uri; content:"/"; sid:1;)
alert http any any -> any any (msg:"never whole"; http.uri; content:"/"; http.request_body; content:"never there"; sid:2;)
alert http any any -> any any (msg:"body"; file.data; content:"never there"; sid:3;)
alert tcp any any -> any any (msg:"raw"; content:"never there"; sid:4;)
pass http any any -> any any (msg:"pass"; http.uri; content:"/17"; sid:5;)
`;

const empty = Object.fromEntries(Object.keys(poolsInUse()).map((pool) => [pool, 0]));

describe('Pools are empty when all flows have ended', function () {
  this.timeout(60_000);
  for (const inline of [false, true]) {
    it(inline ? 'inline' : 'passive', () => {
      const run = new PipelineRun(rules, {}, inline);
      let held = 0;
      const kinds = [...hostile, ...hostilePackets, ...hostileHttp].filter((kind) => kind.waits !== true);
      for (const { name, n, make } of kinds) {
        run.feed(make(Math.ceil(n / 10)));
        held += poolsInUse().httpBytes + poolsInUse().flowBits + poolsInUse().storedCells;
        run.finish();
        assert.deepEqual(poolsInUse(), empty, name);
      }
      assert.ok(held > 0, 'something was held meanwhile');
    });
  }
});
