// The reference of limits, from the table of src/sensor/limits.ts and the defaults of the configuration reference.
import { isToldByHealth, limits } from '../out/src/sensor/limits.js';
import { configurationKeys } from './docs-configuration.mjs';

const Libhtp = 'app-layer.protocols.http.libhtp.default-config.';

function row(limit, defaults) {
  const { what, keys, effect, counter, events = [] } = limit;
  const unknown = keys.filter((key) => !defaults.has(key));
  if (unknown.length > 0) throw new Error(`no stage reads ${unknown.join(', ')}`);
  const key = keys.map((k) => `\`${k.replace(Libhtp, '')}\` (${defaults.get(k) || 'none'})`).join(', ');
  const told = events.map((event) => `\`${event}\``);
  if (isToldByHealth(limit)) told.push('health log');
  return `| ${what} | ${key || 'fixed'} | ${effect} | \`${counter}\` | ${told.join(', ')} |`;
}

export function limitReference() {
  const defaults = new Map(configurationKeys().map(([key, , fallback]) => [key, fallback]));
  return `<!-- Made by \`npm run docs\` from src/sensor/limits.ts: change it there. -->

# Limits

Everything that traffic can make grow has a bound. Each is counted (\`peccary ctl dump-counters\`, stats events, the JSON
summary of a replay) and told: by an EVE anomaly, which \`decode-event\`, \`stream-event\` and \`app-layer-event\` test too, or
by the health log, which names the limits that were met in an interval once when that begins and once when it is over, with
cause, keys and remedy (\`health.json\`, \`peccary ctl health\`, the end of a replay; \`health.limits: no\` turns that off).
Keys in a column with defaults that stand alone are below \`${Libhtp.slice(0, -1)}\`.

| limit | key (default) | at the limit | counter | told by |
| --- | --- | --- | --- | --- |
${limits.map((limit) => row(limit, defaults)).join('\n')}
`;
}
