/** A strict reader of the Prometheus text format, version 0.0.4 ("Exposition formats", Prometheus documentation). */

export interface Family {
  type: string;
  help: string;
  samples: { labels: Record<string, string>; value: number }[];
}

const Name = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const Types = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
const Value = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|NaN|[+-]Inf)$/i;

/** Families by name. Throws where the text is not what the format says, or repeats a family or sample. */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment;
      if (!Name.test(name)) throw new Error(`name: ${line}`);
      if (kind === 'HELP') {
        if (families.has(name)) throw new Error(`a second time: ${line}`);
        if (/\\(?![\\n])/.test(rest)) throw new Error(`escape: ${line}`);
        families.set(name, { type: '', help: rest, samples: [] });
        current = name;
      } else {
        const family = families.get(name);
        if (family === undefined || name !== current) throw new Error(`TYPE without HELP: ${line}`);
        if (family.type !== '' || family.samples.length > 0 || !Types.includes(rest)) throw new Error(`TYPE: ${line}`);
        family.type = rest;
      }
      continue;
    }
    const sample = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample === null || !Value.test(sample[3])) throw new Error(`sample: ${line}`);
    const [, name, labelText] = sample;
    const family = families.get(name);
    if (family === undefined || family.type === '' || name !== current) throw new Error(`not of a family: ${line}`);
    const labels = labelText === undefined ? {} : parseLabels(labelText);
    const key = `${name} ${JSON.stringify(Object.entries(labels).sort())}`;
    if (seen.has(key)) throw new Error(`a second time: ${line}`);
    seen.add(key);
    const value = Number(sample[3].replace('Inf', 'Infinity'));
    if (family.type === 'counter' && !(value >= 0)) throw new Error(`a counter below zero: ${line}`);
    family.samples.push({ labels, value });
  }
  return families;
}

function parseLabels(text: string): Record<string, string> {
  const out: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/.exec(rest);
    if (label === null || label[1] in out) throw new Error(`label: ${rest}`);
    out[label[1]] = label[2].replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
    rest = rest.slice(label[0].length);
  }
  return out;
}
