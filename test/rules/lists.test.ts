import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { Settings } from '../../src/core/settings.js';
import { parseAddress, parseAddresses, parseV4, parseV6 } from '../../src/rules/addresses.js';
import { RuleFault } from '../../src/rules/faults.js';
import { parsePorts } from '../../src/rules/ports.js';
import { normalise, subtract } from '../../src/rules/ranges.js';
import { addressVariables, portVariables, Variables } from '../../src/rules/variables.js';

const vars = new Variables('address', [
  ['HOME_NET', '[10.0.0.0/8,!10.1.0.0/16]'],
  ['EXTERNAL_NET', '!$HOME_NET'],
  ['LOOP', '[$POOL]'],
  ['POOL', '$LOOP'],
]);

function has(text: string, address: string): boolean {
  const a = parseAddress(address);
  const set = parseAddresses(text, vars);
  if (a === null) throw new Error(address);
  return a.version === 4
    ? set.v4.some(([lo, hi]) => lo <= a.value && a.value <= hi)
    : set.v6.some(([lo, hi]) => lo <= a.value && a.value <= hi);
}

describe('address lists (Suricata user guide, "Source and destination")', () => {
  it('reads addresses, prefixes, netmasks and ranges', () => {
    assert.deepEqual(parseAddresses('1.2.3.4', vars).v4, [[0x01020304, 0x01020304]]);
    assert.deepEqual(parseAddresses('1.2.3.4/8', vars).v4, [[0x01000000, 0x01ffffff]]);
    assert.deepEqual(parseAddresses('1.2.3.4/255.255.0.0', vars).v4, [[0x01020000, 0x0102ffff]]);
    assert.deepEqual(parseAddresses('1.2.3.4-1.2.3.9', vars).v4, [[0x01020304, 0x01020309]]);
    assert.deepEqual(parseAddresses('255.255.255.255/0', vars).v4, [[0, 0xffffffff]]);
    assert.deepEqual(parseAddresses('2001:db8::/126', vars).v6, [[0x20010db8n << 96n, (0x20010db8n << 96n) + 3n]]);
    assert.equal(parseAddresses('any', vars).any, true);
  });

  it('takes negated lists and variables for complements', () => {
    const table: [list: string, inside: string[], outside: string[]][] = [
      ['![10.1.0.0/16,!10.1.1.0/24]', ['10.1.1.5', '8.8.8.8'], ['10.1.0.5']],
      ['[10.0.0.0/8,![10.1.0.0/16,!10.1.1.0/24]]', ['10.9.9.9', '10.1.1.5'], ['10.1.0.5', '8.8.8.8']],
      ['$EXTERNAL_NET', ['10.1.0.5', '8.8.8.8', '::1'], ['10.9.9.9']],
      ['!$EXTERNAL_NET', ['10.9.9.9'], ['10.1.0.5', '8.8.8.8']],
      ['[10.1.0.0/16,$HOME_NET]', ['10.9.9.9'], ['10.1.0.5']],
      ['[8.8.8.8,10.0.0.0/8,!$HOME_NET]', ['8.8.8.8', '10.1.0.5'], ['10.9.9.9']],
      ['!!10.1.0.5', ['8.8.8.8'], ['10.1.0.5']],
      ['![![10.1.0.0/16]]', ['10.1.0.5'], ['8.8.8.8']],
    ];
    for (const [list, inside, outside] of table) {
      for (const a of inside) assert.ok(has(list, a), `${list} has ${a}`);
      for (const a of outside) assert.ok(!has(list, a), `${list} has not ${a}`);
    }
  });

  it('refuses a variable that refers to itself, and one that is not there, with a suggestion', () => {
    assert.throws(
      () => parseAddresses('$LOOP', vars),
      (e) => e instanceof RuleFault && e.reason.includes('LOOP > POOL > LOOP'),
    );
    assert.throws(
      () => parseAddresses('$HOME_NTE', vars),
      (e) => e instanceof RuleFault && e.hint === 'did you mean $HOME_NET?',
    );
  });

  it('refuses nesting that never ends', () => {
    assert.throws(() => parseAddresses(`${'['.repeat(2000)}any${']'.repeat(2000)}`, vars), RuleFault);
  });

  it('RFC 4291 section 2.2: every text form of an IPv6 address', () => {
    assert.equal(parseV6('::'), 0n);
    assert.equal(parseV6('::1'), 1n);
    assert.equal(parseV6('1::'), 1n << 112n);
    assert.equal(parseV6('::ffff:1.2.3.4'), 0xffff01020304n);
    assert.equal(parseV6('1:2:3:4:5:6:7:8'), 0x00010002000300040005000600070008n);
    for (const bad of ['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1::2::3', ':::', '12345::', 'g::', '1.2.3.4'])
      assert.equal(parseV6(bad), null, bad);
    for (const bad of ['1.2.3', '1.2.3.4.5', '01.2.3.4', '256.1.1.1', '1..2.3', ''])
      assert.equal(parseV4(bad), null, bad);
  });

  it('knows every variable of suricata.yaml, and the configuration overrides it', () => {
    const names = addressVariables(new Settings({ vars: { 'address-groups': { HOME_NET: '[1.0.0.0/8]' } } }));
    assert.deepEqual(parseAddresses('$SQL_SERVERS', names).v4, [[0x01000000, 0x01ffffff]]);
    assert.equal(parsePorts('$HTTP_PORTS', portVariables(new Settings({}))).ranges[0][0], 80);
    assert.deepEqual(parsePorts('$FILE_DATA_PORTS', portVariables(new Settings({}))).ranges, [
      [80, 80],
      [110, 110],
      [143, 143],
    ]);
  });
});

describe('port lists (Suricata user guide, "Ports")', () => {
  const ports = new Variables('port', []);
  it('reads ports, ranges, open ranges and negation', () => {
    assert.deepEqual(parsePorts('[80:90,!85]', ports).ranges, [
      [80, 84],
      [86, 90],
    ]);
    assert.deepEqual(parsePorts(':1023', ports).ranges, [[0, 1023]]);
    assert.deepEqual(parsePorts('1024:', ports).ranges, [[1024, 65535]]);
    assert.deepEqual(parsePorts('!80', ports).ranges, [
      [0, 79],
      [81, 65535],
    ]);
    assert.deepEqual(parsePorts('![80,!443]', ports).ranges, [[443, 443]]);
    assert.equal(parsePorts('any', ports).any, true);
  });
});

describe('ranges', () => {
  const next = (x: number): number => x + 1;
  const before = (x: number): number => x - 1;
  const range = fc.tuple(fc.nat(60), fc.nat(60)).map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a]));
  it('property: a less b holds what is in a and not in b', () => {
    fc.assert(
      fc.property(fc.array(range), fc.array(range), (a, b) => {
        const left = subtract(normalise(a, next), normalise(b, next), next, before);
        const inside = (rs: [number, number][], x: number): boolean => rs.some(([lo, hi]) => lo <= x && x <= hi);
        for (let x = 0; x <= 61; x++) assert.equal(inside(left, x), inside(a, x) && !inside(b, x));
        for (let i = 1; i < left.length; i++) assert.ok(left[i][0] > left[i - 1][1] + 1 || inside(b, left[i][0] - 1));
      }),
    );
  });
});
