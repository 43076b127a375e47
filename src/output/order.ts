/**
 * The place of records in a replay with several workers. Keys are pairs of numbers that all workers count alike (packet and
 * level, then the flow at the end of flows); a batch carries the key of each record and the key up to which its worker is
 * done, so that the writer can put the batches of all workers together as one worker would have written them.
 */

/** Keys of the records of a batch, two numbers each, and the key before which nothing more comes of its worker. */
export interface BatchOrder {
  keys: number[];
  main: number;
  sub: number;
}

/** Worker's side: where it is, and where the records of the batch under way belong. */
export class RecordOrder {
  main = 0;
  sub = 0;
  private keys: number[] = [];
  private lineMain = 0;
  private lineSub = 0;

  at(main: number, sub: number): void {
    this.main = main;
    this.sub = sub;
  }

  /** A record of this place joins the batch. */
  note(): void {
    this.keys.push(this.main, this.sub);
  }

  /** A finished line of this place waits with others; true when the others are of another place. */
  lineMoves(waiting: number): boolean {
    return waiting > 0 && (this.lineMain !== this.main || this.lineSub !== this.sub);
  }

  beginLines(): void {
    this.lineMain = this.main;
    this.lineSub = this.sub;
  }

  /** The lines that waited join the batch as one record. */
  noteLines(): void {
    this.keys.push(this.lineMain, this.lineSub);
  }

  /** A record that goes before all others of the batch. */
  noteFirst(): void {
    this.keys.unshift(-1, 0);
  }

  take(): BatchOrder {
    const { keys, main, sub } = this;
    this.keys = [];
    return { keys, main, sub };
  }
}

/** A batch that waits for those of other workers. */
interface Waiting<B> {
  batch: B;
  order: BatchOrder;
  /** Records given out. */
  next: number;
}

/** Writer's side: batches of several workers in order of their keys. `B` is what a batch is otherwise. */
export class OrderMerge<B> {
  private readonly waiting: (Waiting<B> | null)[];
  private readonly main: Float64Array;
  private readonly sub: Float64Array;

  constructor(workers: number) {
    this.waiting = new Array(workers).fill(null);
    this.main = new Float64Array(workers).fill(-2);
    this.sub = new Float64Array(workers);
  }

  /** Whether the next batch of a worker is needed. */
  needs(worker: number): boolean {
    return this.waiting[worker] === null;
  }

  put(worker: number, batch: B, order: BatchOrder): void {
    if (order.keys.length > 0) {
      this.waiting[worker] = { batch, order, next: 0 };
      this.main[worker] = order.keys[0];
      this.sub[worker] = order.keys[1];
    } else this.pass(worker, order);
  }

  private pass(worker: number, { main, sub }: BatchOrder): void {
    this.waiting[worker] = null;
    this.main[worker] = main;
    this.sub[worker] = sub;
  }

  /**
   * Gives out the records that nothing can come before any more, in runs of one batch: `write` gets the batch and which of
   * its records. True when there were any.
   */
  take(write: (batch: B, from: number, to: number) => void): boolean {
    let any = false;
    for (let w = this.least(); this.waiting[w] !== null; w = this.least()) {
      const one = this.waiting[w] as Waiting<B>;
      const { keys } = one.order;
      const from = one.next;
      do {
        one.next++;
        if (2 * one.next === keys.length) break;
        this.main[w] = keys[2 * one.next];
        this.sub[w] = keys[2 * one.next + 1];
      } while (this.least() === w);
      write(one.batch, from, one.next);
      any = true;
      if (2 * one.next === keys.length) this.pass(w, one.order);
    }
    return any;
  }

  /** The worker whose next record, or place, is first; of equals one that has a record. */
  private least(): number {
    let best = 0;
    for (let w = 1; w < this.main.length; w++) {
      const d = this.main[w] - this.main[best] || this.sub[w] - this.sub[best];
      if (d < 0 || (d === 0 && this.waiting[best] === null)) best = w;
    }
    return best;
  }
}
