import assert from 'node:assert/strict';
import { Settings } from '../../src/core/settings.js';
import { TunnelPorts } from '../../src/decode/tunnel-ports.js';

describe('ports of tunnels (suricata.yaml: decoder.vxlan.ports and its like)', () => {
  const read = (decoder: Record<string, string | string[]>, vars: Record<string, string> = {}): number[] => {
    const ports = new TunnelPorts([]);
    ports.configure(new Settings({ decoder: { vxlan: decoder }, vars: { 'port-groups': vars } }), 'vxlan', [4789]);
    return [1, 2, 3, 4, 4789, 8472].filter((port) => ports.has(port));
  };

  it('are a number, a text in brackets, a list, or the default', () => {
    assert.deepEqual(read({}), [4789]);
    assert.deepEqual(read({ ports: '8472' }), [8472]);
    assert.deepEqual(read({ ports: '[8472, 4789]' }), [4789, 8472]);
    assert.deepEqual(read({ ports: ['1', '2'] }), [1, 2]);
    assert.deepEqual(read({ enabled: 'no', ports: '1' }), []);
  });

  it('may be any port', () => {
    assert.deepEqual(read({ ports: 'any' }), [1, 2, 3, 4, 4789, 8472]);
  });

  it('may be a variable, as in the suricata.yaml that Suricata installs', () => {
    assert.deepEqual(read({ ports: '$VXLAN_PORTS' }, { VXLAN_PORTS: '[1, 3]' }), [1, 3]);
    assert.deepEqual(read({ ports: '$VXLAN_PORTS' }), [4789]);
  });

  it('are refused with their place when they are none', () => {
    assert.throws(
      () => read({ ports: 'many' }),
      /decoder\.vxlan\.ports: expected up to 4 port numbers or any, found "many"/,
    );
    assert.throws(() => read({ ports: '70000' }), /expected up to 4/);
    assert.throws(() => read({ ports: '[1,2,3,4,5]' }), /expected up to 4/);
  });
});
