/** Counters by their dotted names as objects within objects, as Suricata writes them. */

type CounterTree = { [key: string]: number | CounterTree };

/**
 * `{"tcp.sessions": 3}` becomes `{tcp: {sessions: 3}}`. A counter whose name is also the beginning of others (`a` beside
 * `a.b`) is called `total` among them.
 */
export function counterTree(counters: Readonly<Record<string, number>>): CounterTree {
  const root = Object.create(null) as CounterTree;
  for (const [name, value] of Object.entries(counters)) {
    const steps = name.split('.');
    const last = steps.pop() as string;
    let node = root;
    for (const step of steps) {
      const child = node[step];
      if (child !== undefined && typeof child === 'object') node = child;
      else {
        const made = Object.create(null) as CounterTree;
        if (child !== undefined) made.total = child;
        node[step] = made;
        node = made;
      }
    }
    const there = node[last];
    if (there !== undefined && typeof there === 'object') there.total = value;
    else node[last] = value;
  }
  return root;
}

/** The reverse: dotted names, in order of appearance. */
export function flatCounters(tree: unknown): [name: string, value: number][] {
  const out: [string, number][] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node === 'number') out.push([path, node]);
    else if (node !== null && typeof node === 'object') {
      for (const [key, child] of Object.entries(node)) walk(child, path === '' ? key : `${path}.${key}`);
    }
  };
  walk(tree, '');
  return out;
}
