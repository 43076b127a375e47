/** The main thread's hold of the worker of a live sensor (live-worker.ts). */
import { Worker } from 'node:worker_threads';
import { PeccaryError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Offence } from '../respond/bans.js';
import {
  Control,
  type FromLive,
  type LiveResult,
  type LiveStart,
  type RulesMessage,
  type ToLive,
  Total,
} from './live-protocol.js';

/** How long an answer of the worker may take, milliseconds. */
const AnswerMs = 30_000;

/** What a worker is started with, but for what this class makes itself. */
export type WorkerSetup = Omit<LiveStart, 'control' | 'totals'>;

export class WorkerHandle {
  /** Paths of the configuration that the stages asked for; known once it is ready. */
  settingsRead: string[] = [];
  /** Resolves when it captures; rejects when it fails before. */
  readonly ready: Promise<void>;
  /** Resolves when it has stopped in good order; rejects when it failed or died. */
  readonly ended: Promise<LiveResult>;
  private readonly thread: Worker;
  private readonly control: Int32Array;
  private readonly totals: Float64Array;
  private counters: Float64Array | null = null;
  private names: string[] = [];
  private nextId = 1;
  /** Is given what counts towards bans. */
  onOffences: ((offences: Offence[]) => void) | null = null;
  private readonly waiting = new Map<string, (answer: FromLive) => void>();

  constructor(
    setup: WorkerSetup,
    private readonly log: Log,
  ) {
    const control = new SharedArrayBuffer(Control.Cells * 4);
    const totals = new SharedArrayBuffer(Total.Cells * 8);
    this.control = new Int32Array(control);
    this.totals = new Float64Array(totals);
    const workerData: LiveStart = { ...setup, control, totals };
    this.thread = new Worker(new URL('../sensor/live-worker.js', import.meta.url), { workerData });
    let captures: () => void = () => undefined;
    let fails: (e: Error) => void = () => undefined;
    this.ready = new Promise((done, fail) => {
      captures = done;
      fails = fail;
    });
    this.ended = new Promise((done, fail) => {
      const lost = (e: Error): void => {
        fails(e);
        fail(e);
      };
      this.thread.on('message', (m: FromLive) => {
        if (m.type === 'done') done(m);
        else if (m.type === 'failed')
          lost(m.kind === null ? new Error(m.message) : new PeccaryError(m.kind, m.message));
        else if (m.type === 'ready') captures();
        this.take(m);
      });
      this.thread.once('error', lost);
      this.thread.once('exit', (code) => lost(new Error(`the worker's thread ended with ${code}`)));
    });
    // Told to who waits; not unhandled when nobody does yet.
    this.ready.catch(() => undefined);
    this.ended.catch(() => undefined);
  }

  private take(m: FromLive): void {
    switch (m.type) {
      case 'ready':
        this.counters = new Float64Array(m.counters);
        this.names = m.names;
        this.settingsRead = m.settingsRead;
        break;
      case 'names':
        this.names.splice(m.from, m.names.length, ...m.names);
        break;
      case 'log':
        this.log(m.level, m.message);
        break;
      case 'offences':
        this.onOffences?.(m.offences);
        break;
      case 'installed':
        this.waiting.get(`rules ${m.ruleSet}`)?.(m);
        break;
      case 'dataset':
        this.waiting.get(`dataset ${m.id}`)?.(m);
        break;
      default:
    }
  }

  /** Packets, bytes, times and alerts so far, by Total. */
  total(cell: Total): number {
    return this.totals[cell];
  }

  /** Counters by name. */
  snapshot(): Record<string, number> {
    const out: Record<string, number> = {};
    const cells = this.counters;
    if (cells !== null) for (const [i, name] of this.names.entries()) out[name] = cells[i];
    return out;
  }

  /** A number that changes as long as the worker comes round. */
  beat(): number {
    return Atomics.load(this.control, Control.Beat);
  }

  /** The first rules: with them it begins to capture. */
  begin(rules: RulesMessage): void {
    this.thread.postMessage(rules);
  }

  /** Puts other rules to work; how many milliseconds the worker stood still for it. */
  async install(rules: RulesMessage): Promise<number> {
    const answer = await this.ask(`rules ${rules.ruleSet}`, rules);
    return answer.type === 'installed' ? answer.tookMs : 0;
  }

  async changeDataset(action: 'add' | 'remove', name: string, type: string, value: string): Promise<string | null> {
    const id = this.nextId++;
    const answer = await this.ask(`dataset ${id}`, { type: 'dataset', id, action, name, datasetType: type, value });
    return answer.type === 'dataset' ? answer.fault : null;
  }

  /** Gives it the handle of an interface that is back. */
  offer(index: number, handle: number): void {
    const m: ToLive = { type: 'tap', index, handle };
    this.thread.postMessage(m);
    Atomics.add(this.control, Control.Messages, 1);
  }

  /** Capture ends and what is left is inspected; see `ended`. */
  stop(): void {
    Atomics.store(this.control, Control.Stop, 1);
  }

  async terminate(): Promise<void> {
    await this.thread.terminate();
  }

  private async ask(key: string, message: ToLive): Promise<FromLive> {
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<never>((_, fail) => {
        timer = setTimeout(() => fail(new Error('the worker does not answer')), AnswerMs);
      });
      const answered = new Promise<FromLive>((done) => this.waiting.set(key, done));
      this.thread.postMessage(message);
      Atomics.add(this.control, Control.Messages, 1);
      const gone = this.ended.then((): never => {
        throw new Error('the worker has stopped');
      });
      return await Promise.race([answered, late, gone]);
    } finally {
      clearTimeout(timer);
      this.waiting.delete(key);
    }
  }
}
