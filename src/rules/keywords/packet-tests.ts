/** l3_proto, rpc: older tests of a packet's headers and payload. */
import { RuleFault } from '../faults.js';
import { parseDecimal } from '../numbers.js';
import type { Keyword } from './keyword.js';

export const l3Proto: Keyword = {
  name: 'l3_proto',
  description: 'Version of IP, for a rule whose header protocol does not say it.',
  args: 'ipv4|ip4|ipv6|ip6',
  example: 'l3_proto:ipv4; content:"abc";',
  value: 'required',
  apply(b, value) {
    const m = /^\s*ip(?:v)?([46])\s*$/i.exec(value);
    if (m === null) throw new RuleFault(`l3_proto:${value} is not understood`, 'write l3_proto:ipv4 or l3_proto:ipv6');
    const { proto } = b.rule;
    if (proto.ipVersion !== 0)
      throw new RuleFault('the version of IP is given twice', `the header says ${proto.name}: remove l3_proto`);
    b.rule.proto = { ...proto, ipVersion: m[1] === '4' ? 4 : 6 };
    b.lastOption = 'flow';
  },
};

const Max32 = 0xffff_ffff;

export const rpc: Keyword = {
  name: 'rpc',
  description: 'The packet is a call of Sun RPC to this program, version and procedure (* is any).',
  args: 'PROGRAM[,VERSION|*[,PROCEDURE|*]]',
  example: 'rpc:100000,*,*;',
  value: 'required',
  apply(b, value) {
    const words = value.split(',').map((w) => w.trim());
    const number = (w: string | undefined): number | null =>
      w === undefined || w === '*' ? null : parseDecimal(w, Max32);
    const [program, version, procedure] = [number(words[0]), number(words[1]), number(words[2])];
    const read = [program, version, procedure];
    if (program === null || words.length > 3 || words.some((w, i) => w !== '*' && read[i] === null))
      throw new RuleFault(`rpc:${value} is not understood`, 'write rpc:PROGRAM,VERSION,PROCEDURE, with * for any');
    b.addCondition({ kind: 'rpc', program, version, procedure });
  },
};
