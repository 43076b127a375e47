import assert from 'node:assert/strict';
import { Settings } from '../../src/core/settings.js';
import { parseAddress } from '../../src/decode/addresses.js';
import { configureHostOs, HostOs, hostPolicy } from '../../src/defrag/host-os.js';

function of(text: string): HostOs {
  const a = parseAddress(text);
  assert.ok(a !== null);
  return hostPolicy(a.version, ...a.words);
}

describe('host-os-policy (Suricata manual, "Host OS policy")', () => {
  after(() => configureHostOs(new Settings()));

  it('without the key IPv4 hosts are Windows, others BSD', () => {
    configureHostOs(new Settings());
    assert.equal(of('198.51.100.7'), HostOs.Windows);
    assert.equal(of('2001:db8::7'), HostOs.Bsd);
  });

  it('the most specific block wins, whatever the order', () => {
    configureHostOs(
      new Settings({
        'host-os-policy': {
          windows: ['0.0.0.0/0', '10.1.2.3'],
          linux: ['10.0.0.0/8', '2001:db8::/32'],
          solaris: ['10.1.0.0/16', '2001:db8:1::/48'],
          bsd: [],
        },
      }),
    );
    assert.equal(of('8.8.8.8'), HostOs.Windows);
    assert.equal(of('10.2.0.1'), HostOs.Linux);
    assert.equal(of('10.1.0.1'), HostOs.Solaris);
    assert.equal(of('10.1.2.3'), HostOs.Windows);
    assert.equal(of('2001:db8:2::1'), HostOs.Linux);
    assert.equal(of('2001:db8:1::1'), HostOs.Solaris);
    assert.equal(of('2001:db9::1'), HostOs.Bsd);
  });

  it('says what is wrong and where', () => {
    const bad =
      (policy: string, block: string): (() => void) =>
      () =>
        configureHostOs(new Settings({ 'host-os-policy': { [policy]: [block] } }));
    assert.throws(bad('beos', '10.0.0.1'), /host-os-policy\.beos: no such policy/);
    assert.throws(bad('linux', '10.0.0.0/33'), /host-os-policy\.linux: "10\.0\.0\.0\/33"/);
    assert.throws(bad('linux', 'localhost'), /no address/);
  });
});
