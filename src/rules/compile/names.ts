/**
 * Names of flowbits, flowints, host bits and xbits as integers. A name keeps its number for the life of the process,
 * so that a reload does not change what was set before it. Flowbits and flowints share one numbering, and so do
 * host bits and xbits, because each pair shares one store.
 */
class Names {
  private readonly ids = new Map<string, number>();
  private readonly names: string[] = [''];

  /** Number of a name, from 1. */
  id(name: string): number {
    let id = this.ids.get(name);
    if (id === undefined) {
      id = this.names.push(name) - 1;
      this.ids.set(name, id);
    }
    return id;
  }

  name(id: number): string {
    return this.names[id] ?? '';
  }

  /** All names by number, for another thread. */
  all(): string[] {
    return [...this.names];
  }

  /** Takes the numbering of another thread; this thread must not have numbered otherwise. */
  adopt(names: readonly string[]): void {
    names.forEach((name, id) => {
      this.names[id] = name;
      if (id > 0) this.ids.set(name, id);
    });
  }
}

/** flowbits, flowints and pcre's flow captures. */
export const flowNames = new Names();
/** hostbits and xbits: in Suricata they are one store by address. */
export const hostNames = new Names();
