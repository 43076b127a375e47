/**
 * The thread that loads and compiles rules for a sensor, and ends: the sensor goes on meanwhile, and what compiling needed
 * of memory is free afterwards.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { giveUpCapabilities } from '../addon/privileges.js';
import { PeccaryError } from '../core/errors.js';
import { Settings } from '../core/settings.js';
import { flowNames, hostNames } from '../rules/compile/names.js';
import { type PreparedRules, prepareRules } from './prepared-rules.js';
import type { FromRulesThread, RulesRequest } from './rules-protocol.js';

const port = parentPort;
if (port === null) throw new Error('rules-thread.ts runs as a thread of its own');
const request = workerData as RulesRequest;

function load(): [FromRulesThread, PreparedRules | null] {
  flowNames.adopt(request.flowNames);
  hostNames.adopt(request.hostNames);
  const settings = new Settings(request.config, request.configOrigin, request.configPlaces);
  try {
    const prepared = prepareRules(
      {
        settings,
        only: request.onlyRules,
        extra: request.extraRules,
        ruleVersion: request.ruleVersion,
        lists: request.lists,
      },
      { cache: request.ruleCache, source: false },
    );
    const { rules, packed, report, databases, notes } = prepared;
    return [{ type: 'loaded', rules, packed, report, databases, notes, settingsRead: settings.known() }, prepared];
  } catch (e) {
    const error = e as Error;
    const known = e instanceof PeccaryError;
    const message = known ? error.message : (error.stack ?? error.message);
    return [{ type: 'failed', kind: known ? e.kind : null, message }, null];
  }
}

giveUpCapabilities();
const [answer, prepared] = load();
// The only message there is: the handles are held by who asked.
port.once('message', () => prepared?.keep());
port.postMessage(answer);
