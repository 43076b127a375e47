/**
 * Writes small MaxMind databases (MaxMind DB file format 2.0): a binary tree over IPv4 addresses with 24-bit records,
 * whose leaves are maps with a country.
 */

const Separator = 16;
const Marker = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');

const enum Type {
  Text = 2,
  Uint16 = 5,
  Uint32 = 6,
  Map = 7,
  Uint64 = 9,
  Array = 11,
}

/** Control byte, with its extension for types above 7 and sizes above 28; sizes below 285. */
function control(type: Type, size: number): Buffer {
  if (size > 28) return Buffer.from([(type << 5) | 29, size - 29]);
  return type > 7 ? Buffer.from([size, type - 7]) : Buffer.from([(type << 5) | size]);
}

const text = (s: string): Buffer => Buffer.concat([control(Type.Text, s.length), Buffer.from(s, 'latin1')]);
const map = (pairs: [string, Buffer][]): Buffer =>
  Buffer.concat([control(Type.Map, pairs.length), ...pairs.flatMap(([k, v]) => [text(k), v])]);

function uint(type: Type, n: number, bytes: number): Buffer {
  const b = Buffer.alloc(bytes);
  b.writeUIntBE(n, 0, bytes);
  return Buffer.concat([control(type, bytes), b]);
}

type Node = [Node | string | null, Node | string | null];

const country = (code: string): Buffer => map([['country', map([['iso_code', text(code)]])]]);

/** "64500 Example" as the record of an autonomous system. */
export function networkRecord(name: string): Buffer {
  const [number, ...words] = name.split(' ');
  return map([
    ['autonomous_system_number', uint(Type.Uint32, Number(number), 4)],
    ['autonomous_system_organization', text(words.join(' '))],
  ]);
}

/** A database of [network such as 10.0.0.0/8, country such as DE, or what `record` takes]. */
export function mmdbFile(networks: readonly [network: string, country: string][], record = country): Buffer {
  const root: Node = [null, null];
  for (const [network, leaf] of networks) {
    const [address, bits] = network.split('/');
    const value = address.split('.').reduce((a, x) => a * 256 + Number(x), 0);
    let node = root;
    for (let i = 0; i < Number(bits); i++) {
      const side = Math.floor(value / 2 ** (31 - i)) % 2;
      if (i === Number(bits) - 1) node[side] = leaf;
      else {
        if (!Array.isArray(node[side])) node[side] = [null, null];
        node = node[side];
      }
    }
  }
  const nodes: Node[] = [];
  const numbers = new Map<Node, number>();
  const walk = (n: Node): void => {
    numbers.set(n, nodes.push(n) - 1);
    for (const child of n) if (Array.isArray(child)) walk(child);
  };
  walk(root);
  const offsets = new Map<string, number>();
  let data = Buffer.alloc(0);
  for (const [, leaf] of networks) {
    if (offsets.has(leaf)) continue;
    offsets.set(leaf, data.length);
    data = Buffer.concat([data, record(leaf)]);
  }
  const tree = Buffer.alloc(nodes.length * 6);
  nodes.forEach((n, i) => {
    n.forEach((child, side) => {
      let at = nodes.length;
      if (typeof child === 'string') at += Separator + (offsets.get(child) ?? 0);
      else if (child !== null) at = numbers.get(child) ?? 0;
      tree.writeUIntBE(at, i * 6 + side * 3, 3);
    });
  });
  const metadata = map([
    ['binary_format_major_version', uint(Type.Uint16, 2, 2)],
    ['binary_format_minor_version', uint(Type.Uint16, 0, 2)],
    ['build_epoch', uint(Type.Uint64, 1_700_000_000, 6)],
    ['database_type', text('Test-Country')],
    ['description', map([['en', text('made by a test')]])],
    ['ip_version', uint(Type.Uint16, 4, 2)],
    ['languages', Buffer.concat([control(Type.Array, 1), text('en')])],
    ['node_count', uint(Type.Uint32, nodes.length, 4)],
    ['record_size', uint(Type.Uint16, 24, 2)],
  ]);
  return Buffer.concat([tree, Buffer.alloc(Separator), data, Marker, metadata]);
}
