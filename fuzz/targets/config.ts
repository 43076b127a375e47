/** Configuration files: whatever the text, a tree or a PeccaryError that names the file. */
import { PeccaryError } from '../../src/core/errors.js';
import { Settings } from '../../src/core/settings.js';
import { readYamlText } from '../../src/sensor/config-yaml.js';
import { lines } from '../shapes.js';
import { type FuzzTarget, ledTo, promise } from '../target.js';

const seeds = [
  '%YAML 1.1\n---\nvars:\n  address-groups:\n    HOME_NET: "[10.0.0.0/8]"\n  port-groups:\n    HTTP_PORTS: "80"\n',
  'outputs:\n  - fast:\n      enabled: no\n  - eve-log: &a\n      types: [alert, {http: {extended: yes}}]\n  - other: *a\n',
  'a: "x\\u0041"\nb: |\n  text\n  more\nc: >-\n  folded\n? complex\n: value\n',
];

export const target: FuzzTarget = {
  name: 'config',
  seeds: () => seeds.map((text) => Buffer.from(text)),
  shape: lines(),
  words: ['include: fuzz.yaml\n', '!include x', '<<: *a', '&a ', '*a', '---\n', '[', '{', ': ', '- ', '__proto__: 1\n'],
  run(input) {
    try {
      const reading = { places: {}, notes: [], nodes: 0 };
      const tree = readYamlText(Buffer.from(input).toString('utf8'), '/nowhere/fuzz.yaml', '', reading);
      const settings = new Settings(tree, 'fuzz.yaml', reading.places);
      settings.unreadNotes();
      settings.string('vars.address-groups.HOME_NET', '');
      promise(Object.getPrototypeOf(tree) === Object.prototype, 'no prototype is set by a key');
    } catch (error) {
      if (!(error instanceof PeccaryError)) throw error;
      ledTo(error.message);
      promise(
        error.kind === 'config' && error.message.length < 2000,
        'an error of the configuration, of bounded length',
      );
    }
  },
};
