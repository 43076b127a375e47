/**
 * A port by which a sensor beside the wire can send into the mirrored network, as a switch has it: frames for the server's
 * hardware address reach the server, others go out to the client.
 */
import { execFileSync } from 'node:child_process';
import type { MirrorLab } from './mirror-lab.js';

/** Adds it and returns its name in the sensor's namespace. */
export function addResponsePort(net: MirrorLab): string {
  const { server, wire } = net.lab.names;
  const id = wire.slice(3);
  const [inside, port] = [`prx${id}`, `pry${id}`];
  const ip = (...args: string[]): string => execFileSync('ip', args).toString();
  const tc = (...args: string[]): string => ip('netns', 'exec', server, 'tc', ...args);
  ip('link', 'add', inside, 'netns', server, 'type', 'veth', 'peer', 'name', port, 'netns', net.monitor);
  for (const [ns, dev] of [
    [server, inside],
    [net.monitor, port],
  ]) {
    ip('netns', 'exec', ns, 'ethtool', '-K', dev, 'tx', 'off', 'gro', 'off');
    ip('-n', ns, 'link', 'set', dev, 'up');
  }
  const mac = /link\/ether (\S+)/.exec(ip('-n', server, 'link', 'show', wire))?.[1];
  if (mac === undefined) throw new Error(`${wire} has no hardware address`);
  // Else the kernel takes frames for that address for somebody else's.
  ip('-n', server, 'link', 'set', inside, 'address', mac);
  tc('qdisc', 'add', 'dev', inside, 'clsact');
  const filter = ['filter', 'add', 'dev', inside, 'ingress', 'protocol', 'all', 'prio'];
  const redirect = (way: string): string[] => ['action', 'mirred', way, 'redirect', 'dev', wire];
  tc(...filter, '1', 'u32', 'match', 'ether', 'dst', mac, ...redirect('ingress'));
  tc(...filter, '2', 'u32', 'match', 'u32', '0', '0', ...redirect('egress'));
  return port;
}
