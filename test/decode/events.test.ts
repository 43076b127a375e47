import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { decoderEventId, decoderEventNames } from '../../src/protocol/decoder-events.js';

const source = readFileSync(new URL('../../../src/protocol/decoder-events.ts', import.meta.url), 'utf8');

describe('decoder events (Suricata manual, "Decode event")', () => {
  it('the enum and the names have one order', () => {
    const body = /const enum DecoderEvent \{([^}]*)\}/.exec(source)?.[1] ?? '';
    const members = [...body.matchAll(/^ {2}(\w+)/gm)].map((m) => m[1]).filter((m) => m !== 'End');
    const identifier = (name: string): string =>
      name.replace(/(?:^|[._])([a-z0-9])/g, (_, c: string) => c.toUpperCase());
    assert.deepEqual(members, decoderEventNames.map(identifier));
  });

  it('finds an id by name and no id for other names', () => {
    assert.equal(decoderEventId(decoderEventNames[7]), 7);
    assert.equal(decoderEventId('ipv4.no_such_thing'), undefined);
  });
});
