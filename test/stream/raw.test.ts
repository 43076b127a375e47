import assert from 'node:assert/strict';
import { buf } from '../../src/core/memory.js';
import { Dir } from '../../src/protocol/ip.js';
import { RawChunk, setRawWanted, takeRawChunk } from '../../src/stream/stream.js';
import { Wire } from './harness.js';

describe('raw stream (Suricata manual, "Stream-engine": chunk sizes)', () => {
  const chunk = new RawChunk();
  const text = (back = 0): string => buf.toString('latin1', chunk.off - back, chunk.off + chunk.len);

  it('waits for a chunk of 2,560 acknowledged bytes', () => {
    const w = new Wire();
    w.open();
    setRawWanted(w.flow, Dir.ToServer, true);
    w.send(true, { seq: 101, ack: 501, data: 'a'.repeat(1400) });
    w.send(false, { seq: 501, ack: 1501 });
    assert.equal(takeRawChunk(w.flow, Dir.ToServer, false, chunk), false);
    w.send(true, { seq: 1501, ack: 501, data: 'b'.repeat(1400) });
    w.send(false, { seq: 501, ack: 2901 });
    assert.equal(takeRawChunk(w.flow, Dir.ToServer, false, chunk), true);
    assert.equal(text(), 'a'.repeat(1400) + 'b'.repeat(1400));
    assert.equal(takeRawChunk(w.flow, Dir.ToServer, false, chunk), false);
  });

  it('gives what there is when flushed, with the bytes before it in front', () => {
    const w = new Wire();
    w.open();
    setRawWanted(w.flow, Dir.ToServer, true);
    w.send(true, { seq: 101, ack: 501, data: 'abc' });
    w.send(false, { seq: 501, ack: 104 });
    assert.equal(takeRawChunk(w.flow, Dir.ToServer, true, chunk), true);
    assert.equal(text(), 'abc');
    w.batchEnds();
    w.send(true, { seq: 104, ack: 501, data: 'def' });
    w.send(false, { seq: 501, ack: 107 });
    assert.equal(takeRawChunk(w.flow, Dir.ToServer, true, chunk), true);
    assert.equal(text(), 'def');
    assert.equal(chunk.offset, 3);
    assert.equal(chunk.before, 3);
    assert.equal(text(chunk.before), 'abcdef');
  });

  it('ends at the depth, while data goes on', () => {
    const w = new Wire({ stream: { reassembly: { depth: 4 } } });
    w.open();
    setRawWanted(w.flow, Dir.ToServer, true);
    w.send(true, { seq: 101, ack: 501, data: 'abcdef' });
    w.send(false, { seq: 501, ack: 107 });
    assert.equal(takeRawChunk(w.flow, Dir.ToServer, false, chunk), true);
    assert.equal(text(), 'abcd');
    assert.equal(takeRawChunk(w.flow, Dir.ToServer, true, chunk), false);
    assert.equal(w.got[Dir.ToServer].text, 'abcdef');
  });

  it('inline: what arrived at once, with up to a chunk before it', () => {
    const w = new Wire({}, true);
    w.open();
    setRawWanted(w.flow, Dir.ToServer, true);
    w.send(true, { seq: 101, ack: 501, data: 'abc' });
    assert.equal(takeRawChunk(w.flow, Dir.ToServer, false, chunk), true);
    w.send(true, { seq: 104, ack: 501, data: 'def' });
    assert.equal(takeRawChunk(w.flow, Dir.ToServer, false, chunk), true);
    assert.equal(text(), 'def');
    assert.equal(text(chunk.before), 'abcdef');
  });
});
