import assert from 'node:assert/strict';
import { counterSnapshot, resetCounters } from '../../src/core/counters.js';
import {
  addEntry,
  clearKey,
  entryCount,
  findEntry,
  HostKind,
  HostLimit,
  keyA,
  keyB,
  keyPair,
  removeEntry,
  resetHostTable,
  setEntryCount,
} from '../../src/detect/host-table.js';

describe('Host table', () => {
  beforeEach(() => {
    resetHostTable();
    resetCounters();
  });

  it('keeps kinds, ids and addresses apart', () => {
    clearKey();
    keyA(1, 0, 0, 0);
    const e = addEntry(HostKind.Threshold, 7, 0);
    setEntryCount(e, 3);
    assert.equal(findEntry(HostKind.Threshold, 7, 1), e);
    assert.equal(entryCount(e), 3);
    assert.equal(findEntry(HostKind.Bit, 7, 1), -1);
    assert.equal(findEntry(HostKind.Threshold, 8, 1), -1);
    keyA(2, 0, 0, 0);
    assert.equal(findEntry(HostKind.Threshold, 7, 1), -1);
  });

  it('a pair is the same in both directions', () => {
    const pair = (a: number, b: number) => {
      clearKey();
      keyA(a, 0, 0, 0);
      keyB(b, 0, 0, 0);
      keyPair();
    };
    pair(9, 4);
    const e = addEntry(HostKind.Bit, 1, 0);
    pair(4, 9);
    assert.equal(findEntry(HostKind.Bit, 1, 0), e);
    removeEntry(e);
    assert.equal(findEntry(HostKind.Bit, 1, 0), -1);
  });

  it('is bounded: the oldest gives way, counted, and the newest stays', () => {
    clearKey();
    const n = HostLimit.Entries + 1000;
    for (let i = 0; i < n; i++) {
      keyA(i, 0, 0, 0);
      addEntry(HostKind.Threshold, 1, i);
    }
    const counters = counterSnapshot();
    assert.ok(counters['detect.host_table_evicted'] >= 1000);
    assert.equal(counters['detect.host_table_entries'] + counters['detect.host_table_evicted'], n);
    keyA(n - 1, 0, 0, 0);
    assert.notEqual(findEntry(HostKind.Threshold, 1, n), -1);
  });
});
