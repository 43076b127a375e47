/** stream_size, urilen, flow.age, flow.pkts, flow.bytes: sizes and times of flows and targets (user guide, "Flow Keywords", "HTTP Keywords"). */
import { BufferId } from '../../protocol/buffers.js';
import { RuleFault } from '../faults.js';
import type { Condition, Match, NumberTest } from '../ir.js';
import { parseDecimal, parseNumberPrefix, parseNumberTest } from '../numbers.js';
import type { Keyword } from './keyword.js';

type Side = Extract<Condition, { kind: 'stream_size' }>['side'];

export const streamSize: Keyword = {
  name: 'stream_size',
  description: 'Bytes of the TCP stream seen so far on a side.',
  args: 'server|client|both|either, <|<=|>|>=|=|!=, BYTES',
  example: 'stream_size:server,<,6;',
  value: 'required',
  apply(b, value) {
    const m = /^\s*(server|client|both|either)\s*,\s*(<=|>=|!=|<|>|=|!)\s*,\s*(\d+)\s*$/.exec(value);
    const n = m === null ? null : parseDecimal(m[3], 0xffff_ffff);
    if (m === null || n === null)
      throw new RuleFault(`stream_size:${value} is not understood`, 'write stream_size:server,<,100');
    const op = (m[2] === '!' ? '!=' : m[2]) as NumberTest['op'];
    b.addCondition({ kind: 'stream_size', side: m[1] as Side, test: { op, lo: n, hi: n } });
  },
};

export const urilen: Keyword = {
  name: 'urilen',
  description: 'Length of the request target: normalised, or with raw as sent.',
  args: 'N|<N|>N|A<>B[,norm|raw]',
  buffer: 'http.uri',
  example: 'urilen:>500;',
  value: 'required',
  apply(b, value) {
    b.requireHttp();
    const got = parseNumberPrefix(value, 0xffff);
    if (got === null) throw new RuleFault(`urilen:${value} is not understood`, 'write N, <N, >N or A<>B');
    const raw = /^\s*,\s*raw\s*$/.test(value.slice(got.used));
    const match: Match = { kind: 'bsize', test: got.test };
    b.uriLengths.push(match);
    const buffer = raw ? BufferId.HttpUriRaw : BufferId.HttpUri;
    b.add(b.section(buffer), match);
    if (b.current !== null && b.current.buffer !== buffer) b.leaveBuffer();
  },
};

export const flowAge: Keyword = {
  name: 'flow.age',
  description: 'Seconds since the first packet of the flow.',
  args: 'N|<N|>N|A-B',
  example: 'flow.age:>3600;',
  value: 'required',
  apply(b, value) {
    const test = parseNumberTest(value, 0xffff_ffff);
    if (test === null) throw new RuleFault(`flow.age:${value} is not understood`, 'write N, <N, >N or A-B');
    b.addCondition({ kind: 'flow_age', dir: 'either', test });
  },
};

type Dir = Extract<Condition, { kind: 'flow_pkts' }>['dir'];

function volume(kind: 'flow_pkts' | 'flow_bytes', name: string, what: string): Keyword {
  return {
    name,
    since: 8,
    description: `${what} of the flow so far, in a direction, in either or in both.`,
    args: '[toserver|toclient|either|both,]N|<N|>N|A-B',
    example: `${name}:toserver,>10;`,
    value: 'required',
    apply(b, value) {
      const m = /^\s*(?:(toserver|toclient|either|both)\s*,)?\s*(\S.*)$/.exec(value);
      const test = m === null ? null : parseNumberTest(m[2], Number.MAX_SAFE_INTEGER);
      if (m === null || test === null)
        throw new RuleFault(`${name}:${value} is not understood`, `write ${name}:toserver,>10`);
      b.addCondition({ kind, dir: (m[1] ?? 'either') as Dir, test });
    },
  };
}

function oneWay(kind: 'flow_pkts' | 'flow_bytes', name: string, what: string, dir: 'toserver' | 'toclient'): Keyword {
  return {
    name: `${name}_${dir}`,
    since: 8,
    description: `${what} of the flow so far ${dir === 'toserver' ? 'to the server' : 'to the client'}.`,
    args: 'N|<N|>N|A-B',
    example: `${name}_${dir}:>10;`,
    value: 'required',
    apply(b, value) {
      const test = parseNumberTest(value, Number.MAX_SAFE_INTEGER);
      if (test === null) throw new RuleFault(`${name}_${dir}:${value} is not understood`, 'write N, <N, >N or A-B');
      b.addCondition({ kind, dir, test });
    },
  };
}

/** flow.pkts and flow.bytes with their forms of one direction. */
export const flowVolumes: readonly Keyword[] = (
  [
    ['flow_pkts', 'flow.pkts', 'Packets'],
    ['flow_bytes', 'flow.bytes', 'Bytes'],
  ] as const
).flatMap(([kind, name, what]) => [
  volume(kind, name, what),
  oneWay(kind, name, what, 'toserver'),
  oneWay(kind, name, what, 'toclient'),
]);
