import assert from 'node:assert/strict';
import { counter, counts } from '../../src/core/counters.js';
import { Region, u8 } from '../../src/core/memory.js';
import {
  FlowVarLimit,
  flowbitIsSet,
  flowbitList,
  flowbitSet,
  flowbitToggle,
  flowbitUnset,
  flowintGet,
  flowintSet,
  flowvarGet,
  flowvarSet,
  releaseBits,
} from '../../src/flow/bits.js';

const cLimit = counter('flow.var_limit');

describe('flow bits (Suricata manual, "Flow Keywords": flowbits, flowint)', () => {
  afterEach(() => {
    releaseBits(7);
    releaseBits(8);
  });

  it('sets, unsets and toggles bits of one flow alone', () => {
    flowbitSet(7, 3);
    assert.ok(flowbitIsSet(7, 3));
    assert.ok(!flowbitIsSet(8, 3));
    flowbitToggle(7, 3);
    assert.ok(!flowbitIsSet(7, 3));
    flowbitToggle(7, 4);
    flowbitSet(7, 5);
    flowbitUnset(7, 9);
    const out = new Int32Array(8);
    assert.deepEqual([...out.subarray(0, flowbitList(7, out))].sort(), [4, 5]);
  });

  it('an integer that was never set is not 0', () => {
    assert.ok(Number.isNaN(flowintGet(7, 1)));
    flowintSet(7, 1, 0);
    assert.equal(flowintGet(7, 1), 0);
    flowintSet(7, 1, 4_000_000_000);
    assert.equal(flowintGet(7, 1), 4_000_000_000);
  });

  it('bits, integers and variables of the same id are different things', () => {
    flowbitSet(7, 1);
    flowintSet(7, 1, 9);
    u8.set(Buffer.from('value'), Region.ArenaOff);
    flowvarSet(7, 1, Region.ArenaOff, 5);
    u8.fill(0, Region.ArenaOff, Region.ArenaOff + 5);
    assert.ok(flowbitIsSet(7, 1));
    assert.equal(flowintGet(7, 1), 9);
    assert.equal(flowvarGet(7, 1)?.toString(), 'value');
  });

  it('holds a bounded number a flow and counts what it refuses', () => {
    const before = counts[cLimit];
    for (let i = 0; i < FlowVarLimit.FlowVars; i++) assert.ok(flowbitSet(7, i));
    assert.ok(!flowbitSet(7, 99_999));
    assert.equal(counts[cLimit], before + 1);
    assert.ok(flowbitSet(8, 99_999));
    releaseBits(7);
    assert.ok(!flowbitIsSet(7, 1));
    assert.ok(flowbitSet(7, 99_999));
  });
});
