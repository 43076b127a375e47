/** Loads rules in a thread of their own (rules-thread.ts). */
import { Worker } from 'node:worker_threads';
import { acquireHandle } from '../addon/handles.js';
import { PeccaryError } from '../core/errors.js';
import { flowNames, hostNames } from '../rules/compile/names.js';
import type { FromRulesThread, LoadedRules, RulesRequest, ToRulesThread } from './rules-protocol.js';

/**
 * Loads and compiles. This thread then holds the pattern databases (closeHandle) and knows the names. Throws PeccaryError
 * as loadRunRules does.
 */
export async function loadRulesAside(request: Omit<RulesRequest, 'flowNames' | 'hostNames'>): Promise<LoadedRules> {
  const workerData: RulesRequest = { ...request, flowNames: flowNames.all(), hostNames: hostNames.all() };
  const thread = new Worker(new URL('../sensor/rules-thread.js', import.meta.url), { workerData });
  const answer = await new Promise<FromRulesThread>((done, fail) => {
    thread.once('message', done);
    thread.once('error', fail);
    thread.once('exit', (code) => fail(new Error(`the thread that loads rules ended with ${code}`)));
  });
  if (answer.type === 'failed') {
    await thread.terminate();
    throw answer.kind === null ? new Error(answer.message) : new PeccaryError(answer.kind, answer.message);
  }
  const { type: _type, ...loaded } = answer;
  flowNames.adopt(loaded.rules.flowNames);
  hostNames.adopt(loaded.rules.hostNames);
  for (const handle of loaded.databases) {
    if (!acquireHandle(handle)) throw new Error('a pattern database is gone');
  }
  thread.removeAllListeners();
  thread.on('error', () => undefined); // it has nothing left but to fill the cache
  thread.unref();
  thread.postMessage({ type: 'taken' } satisfies ToRulesThread);
  return loaded;
}
